/** Strips under the band: no connection, a refusal, alarms. The rest of the page stays as it is. */
import { h } from "../../common/dom.js";
import { say } from "../../common/say.js";
import { length } from "../../common/format.js";
import { shape } from "../../common/shapes.js";
import { button } from "./parts.js";

/** How many strips there are: the rest makes room for them. */
export function countOf({ local, refusal, offlineS, isRehearsing, isFinished, alarms }) {
  const told = [refusal !== null, offlineS !== null || local.away !== null, isRehearsing, isFinished];
  return told.filter(Boolean).length + alarms.shown.length;
}

/** `c.offlineS`: for how long there is no connection, null while there is one. */
export function strips(c) {
  return h(
    "div",
    { class: "strips", "data-key": "strips" },
    offline(c),
    refusal(c.refusal),
    c.isRehearsing && rehearsing(),
    c.isFinished && finished(),
    alarms(c.alarms),
  );
}

function offline({ offlineS, local, status }) {
  if (offlineS === null && local.away === null) return null;
  if (offlineS === null) return strip("calm", "wait", say("away"), say("away.detail"), "away");
  if (status.state === "closed") return strip("calm", "wait", say("offline"), say("offline.closed.detail"), "offline");
  const detail = offlineS < 30 ? say("offline.detail") : say("offline.long", { time: length(offlineS) });
  return strip("calm", "wait", say("offline"), detail, "offline");
}

function refusal(text) {
  if (text === null) return null;
  return h(
    "div",
    { class: "strip refusal", role: "alert", "data-key": "refusal" },
    shape("warn"),
    h("div", { class: "strip-text" }, h("b", {}, say("refusal")), " ", h("span", {}, text)),
    button("dismiss", say("refusal.dismiss")),
  );
}

function rehearsing() {
  return strip("calm", "wait", say("rehearsing"), say("rehearsing.detail"), "rehearsing");
}

function finished() {
  return strip("warn", "warn", say("talk.finished"), say("talk.finished.safe"), "finished");
}

function alarms({ shown, more }) {
  const listed = shown.map((alarm) =>
    h(
      "div",
      { class: `strip ${alarm.tone}`, role: "status", "data-key": `alarm-${alarm.code}` },
      shape(alarm.tone === "red" ? "cross" : "warn"),
      h(
        "div",
        { class: "strip-text" },
        h("b", {}, alarm.what),
        " ",
        h("span", { class: "since" }, alarm.since),
        h("div", {}, h("span", {}, alarm.todo), " ", h("span", { class: "safe" }, alarm.safe)),
      ),
    ),
  );
  return [...listed, more > 0 && h("div", { class: "more" }, say("alarm.more", { count: more }))];
}

function strip(tone, mark, what, detail, key) {
  return h(
    "div",
    { class: `strip ${tone}`, role: "status", "data-key": key },
    shape(mark),
    h("div", { class: "strip-text" }, h("b", {}, what), " ", h("span", {}, detail)),
  );
}
