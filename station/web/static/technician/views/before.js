/** Before the day: is all ready, the test recording, the microphones of this computer, the blank room sheet. */
import { h } from "../../common/dom.js";
import { timeOfDay, date } from "../../common/format.js";
import { say } from "../../common/say.js";
import { audioUrl } from "../../room/station.js";
import { button, meters } from "../../room/views/parts.js";
import { field, isRunning, job, light, part, unseen } from "./parts.js";

const STEPS = ["silence", "interlocutor", "participant"];

export function before(desk) {
  return [
    part("ready", say("ready.heading"), readiness(desk.looks.ready), button("look", say("look.again"), { kind: "second", data: { name: "ready" } })),
    part("rehearsal", say("rehearsal.heading"), rehearsal(desk)),
    part("devices", say("devices.heading"), meters(desk.facts), devices(desk.looks.devices),
      button("look", say("devices.show"), { kind: "second", data: { name: "devices" } })),
    part("blank", say("blank.heading"), h("p", { class: "hint" }, say("blank.hint")), sheets("?blank=1")),
  ];
}

/** Buttons that save the room sheet. */
export function sheets(query = "") {
  return h("div", { class: "row-of" }, ["pdf", "xlsx"].map((ending) =>
    button("sheet", say(`sheet.${ending}`), { kind: "second", data: { path: `/api/technician/sheet.${ending}${query}` } })));
}

function readiness(look) {
  if (!look?.found) return unseen(look);
  const { ready, lights } = look.found;
  return [
    h("p", { class: `answer-line ${ready ? "ok" : "bad"}`, role: "status" }, say(ready ? "ready.yes" : "ready.no")),
    h("ul", { class: "lights-list" }, lights.map(light)),
  ];
}

function rehearsal(desk) {
  const told = desk.status.rehearsal;
  if (told?.running) return [steps(told.running, desk.sinceStatus), job({ ...desk.jobs.rehearse, said: "" })];
  const isBusy = isRunning(desk, "rehearse");
  return [
    h("p", { class: "hint" }, say("rehearsal.hint")),
    h("div", { class: "row-of" },
      button("rehearse", say("rehearsal.begin"), { kind: "do", disabled: isBusy, data: { quick: false } }),
      button("rehearse", say("rehearsal.quick"), { kind: "second", disabled: isBusy, data: { quick: true } })),
    ended(desk.jobs.rehearse, told),
    told?.published && heard(desk, told),
  ];
}

/** What came of the last one: its verdict says more than the command does. */
function ended(last, told) {
  return job(last?.state === "failed" && told?.grade === "fail" ? { ...last, said: "" } : last);
}

/** The steps, the present one large, with what to do now. */
function steps({ step, listening, seconds_left: then, prompt }, since) {
  const left = Math.max(0, then - since);
  return [
    h("ol", { class: "steps-of" }, STEPS.map((name) =>
      h("li", { "aria-current": name === step ? "step" : null }, say(`rehearsal.step.${name}`)))),
    h("p", { class: "prompt", role: "status" }, prompt),
    h("p", { class: "detail" }, say(listening ? "rehearsal.listening" : "rehearsal.get_ready", { seconds: Math.ceil(left) })),
  ];
}

function heard(desk, told) {
  const stem = told.file.replace(/\.wav$/, "");
  const bad = (told.verdict?.metrics ?? []).filter((metric) => metric.grade === "warn" || metric.grade === "fail");
  return h("div", { class: "heard" },
    h("p", { class: `answer-line ${told.grade === "fail" ? "bad" : told.grade === "pass" ? "ok" : "warn"}` },
      say(`grade.${told.grade ?? "unknown"}`), " · ", `${date(told.at)} ${timeOfDay(told.at)}`,
      told.accepted_by && ` · ${say("rehearsal.accepted", { by: told.accepted_by })}`),
    h("ul", { class: "reasons" }, bad.map(({ reason, advice }) => h("li", {}, reason, advice && h("span", { class: "advice" }, ` → ${advice}`)))),
    h("img", { class: "picture", "data-key": `picture-${stem}`, src: `/api/technician/rehearsal.png?${encodeURIComponent(stem)}`,
      alt: say("rehearsal.picture"), width: 1280, height: 720 }),
    h("audio", { "data-own": true, "data-key": `audio-${stem}`, controls: true, preload: "none", src: audioUrl(stem), "aria-label": say("rehearsal.listen") }),
    !told.accepted_by && accepting(desk));
}

function accepting(desk) {
  const name = (desk.local.fields.by ?? "").trim();
  return h("div", { class: "row-of" }, field(desk, "by", say("rehearsal.by")),
    button("accept", say("rehearsal.accept"), { kind: "second", disabled: !name }));
}

function devices(look) {
  if (!look) return h("p", { class: "hint" }, say("devices.hint"));
  if (!look.found) return unseen(look);
  const rows = look.found.map((device) => h("tr", {}, [device.name, device.identity || "—", device.channels, device.sample_rate].map((cell) => h("td", {}, String(cell)))));
  const heads = ["name", "identity", "channels", "rate"].map((name) => h("th", { scope: "col" }, say(`devices.${name}`)));
  return h("table", {}, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows));
}
