/** Before the day: is all ready, and one button. After it: what there is of it. */
import { h } from "../../common/dom.js";
import { NAMED, fullName, unaccounted } from "../people.js";
import { lightsOf } from "../readiness.js";
import { say } from "../../common/say.js";
import { dates, isToday, wasOpen } from "../screen.js";
import { shape } from "../../common/shapes.js";
import { button, mainButton } from "./parts.js";

export function closed(c) {
  return wasOpen(c.status) ? after(c) : before(c);
}

function before({ facts, status, main }) {
  const isPossible = isToday(status, facts);
  return [
    h(
      "div",
      { class: "closed-start" },
      main
        ? mainButton(main, { hasPedal: false })
        : h("p", { class: "not-today" }, say("closed.not_today", dates(status, facts))),
      h("p", { class: "hint" }, say(isPossible ? "closed.hint" : "closed.not_today.do")),
    ),
    h("ul", { class: "lights" }, lightsOf(status, facts).map(light)),
  ];
}

function after({ facts, status }) {
  const recorded = status.participants.filter((each) => each.takes.length > 0).length;
  const noted = status.participants.filter((each) => each.outcome !== null).length;
  const left = unaccounted(facts, status);
  const more = left.length > NAMED ? [say("close.more", { count: left.length - NAMED })] : [];
  const names = [...left.slice(0, NAMED).map(fullName), ...more].join(", ");
  return [
    h(
      "ul",
      { class: "lights" },
      light({ isReady: true, text: say("closed.recorded", { count: recorded }) }),
      noted > 0 && light({ isReady: true, text: say("closed.noted", { count: noted }) }),
      left.length > 0 && light({ isReady: false, text: say("close.left", { count: left.length }), todo: names }),
    ),
    h(
      "div",
      { class: "closed-start" },
      h("p", { class: "hint" }, say("closed.finished")),
      isToday(status, facts) && button("open", say("closed.again"), { kind: "second" }),
    ),
  ];
}

function light({ isReady, text, todo }) {
  return h(
    "li",
    { class: isReady ? "ready" : "unready" },
    shape(isReady ? "check" : "warn"),
    h("span", {}, h("b", {}, text), todo && h("span", { class: "todo" }, " ", todo)),
  );
}
