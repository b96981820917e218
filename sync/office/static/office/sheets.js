/** Second steps: what will be done, by whom, why. Each is a form in the dialog; null while none is open. */
import { h } from "../common/dom.js";
import { timeOfDay } from "../common/format.js";
import { say } from "../common/say.js";
import { OUTCOMES, TIMED, lineOf } from "./outcomes.js";
import { asked, button, field, submit } from "./views/parts.js";
import { faultLines } from "./views/faults.js";

const SHEETS = { release, person, settle, papers };

export function sheetOf(office) {
  const { sheet } = office.local;
  return sheet === null ? null : SHEETS[sheet.name](office, sheet.about);
}

function form(office, name, title, data, ...content) {
  return h("form", { class: "sheet", "data-key": `${name}-${Object.values(data)}`, "data-act": name, autocomplete: "off", ...asked(data) },
    h("h2", { id: "sheet-title" }, title), content,
    office.local.refusal && h("p", { class: "trouble", role: "alert" }, office.local.refusal));
}

function foot(...buttons) {
  return h("div", { class: "sheet-foot" }, button("leave", say("leave"), { kind: "second" }), buttons);
}

function release(office) {
  const day = office.found("day");
  const isFull = day.is_complete;
  return form(office, "release", say("release.title", { version: day.releases.length + 1 }), {},
    h("p", { class: isFull ? "good" : "bad" }, isFull ? say("release.full", { count: day.lines.length }) : say("release.lacks", { count: day.faults.length })),
    !isFull && h("div", { class: "lacking" }, faultLines(day.faults)),
    h("p", {}, say("release.what")),
    field(office, "by", say("by"), { required: true }),
    !isFull && field(office, "reason", say("release.reason"), { required: true }),
    foot(submit(say(isFull ? "release.do" : "release.do_incomplete"), { danger: !isFull })));
}

function person(office, { number }) {
  const line = lineOf(office, number);
  if (line === null) return null;
  const { outcome } = office.local.fields;
  const choices = line.outcome === null ? OUTCOMES : [...OUTCOMES, "clear"];
  return form(office, "outcome", `№ ${line.number} ${line.name}`, { number },
    h("p", {}, [line.class_name && say("class", { name: line.class_name }), line.rooms.length > 0 && say("room", { number: line.rooms.join(", ") })].filter(Boolean).join(" · ")),
    line.takes.length > 0 && takes(office, line),
    h("fieldset", {}, h("legend", {}, say("outcome.title")),
      choices.map((choice) => h("label", { class: "radio", "data-key": choice },
        h("input", { type: "radio", name: "outcome", value: choice, "data-field": "outcome", checked: outcome === choice }), say(`outcome.${choice}`)))),
    TIMED.has(outcome) && field(office, "at", say("outcome.at"), { type: "time", step: "1", required: true }),
    field(office, "note", say("outcome.note")),
    field(office, "by", say("by"), { required: true }),
    foot(submit(say("outcome.do"), { disabled: !outcome })));
}

function takes(office, line) {
  return h("div", {}, h("h3", {}, say("takes.title")),
    h("ul", { class: "takes" }, line.takes.map((take) => h("li", { "data-key": take.stem },
      h("span", {}, [say("room", { number: take.room }), timeOfDay(take.started_at), take.variant && say("variant", { number: take.variant }), take.decision && say(`decision.${take.decision}`)].filter(Boolean).join(" · ")),
      take.chosen ? h("b", {}, say("takes.chosen")) : line.takes.length > 1 && button("choose", say("takes.choose"), { kind: "second", data: { number: line.number, stem: take.stem } })))),
    line.takes.length > 1 && field(office, "reason", say("takes.reason")));
}

function settle(office, { room }) {
  return form(office, "settle", say("settle.title", { room }), { room },
    h("p", {}, say("settle.what")),
    field(office, "by", say("by"), { required: true }),
    field(office, "reason", say("reason"), { required: true }),
    foot(submit(say("settle.do"))));
}

function papers(office) {
  return form(office, "papers", say("papers.title"), {},
    h("p", {}, say("papers.what")),
    field(office, "by", say("papers.by"), { required: true }),
    field(office, "to", say("papers.to"), { required: true }),
    field(office, "note", say("papers.note")),
    foot(submit(say("papers.do"))));
}
