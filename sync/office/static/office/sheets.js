/** Second steps: what will be done, by whom, why. Each is a form in the dialog; null while none is open. */
import { h } from "../common/dom.js";
import { timeOfDay } from "../common/format.js";
import { say } from "../common/say.js";
import { OUTCOMES, TIMED, lineOf } from "./outcomes.js";
import { asked, button, field, sized, submit } from "./views/parts.js";
import { faultLines } from "./views/faults.js";
import { picture } from "./views/scans.js";

const SHEETS = { release, person, settle, papers, distribute, returned, export: exported, reassign, said, assign_paper: assigned, aside, drive_export: driveWritten, lost };

export function sheetOf(office) {
  const { sheet } = office.local;
  return sheet === null ? null : SHEETS[sheet.name](office, sheet.about);
}

function form(office, name, title, data, ...content) {
  return h("form", { class: "sheet", "data-key": `${name}-${Object.values(data)}`, "data-act": name, autocomplete: "off", ...asked(data) },
    h("h2", { id: "sheet-title" }, title), content,
    office.local.isBusy && h("p", { class: "hint", role: "status", "data-key": "busy" }, say("busy")),
    office.local.refusal && h("p", { class: "trouble", role: "alert", "data-key": "refusal" }, office.local.refusal));
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
    h("ul", { class: "takes" }, line.takes.map((take) => h("li", { "data-key": `${take.stem} ${take.started_at}` },
      h("span", {}, [say("room", { number: take.room }), timeOfDay(take.started_at), take.variant && say("variant", { number: take.variant }), take.decision && say(`decision.${take.decision}`)].filter(Boolean).join(" · ")),
      take.chosen ? h("b", {}, say("takes.chosen")) : line.takes.length > 1 && button("choose", say("takes.choose"), { kind: "second", data: { number: line.number, stem: take.stem, started: take.started_at } })))),
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

function distribute(office) {
  return form(office, "distribute", say("distribute.title"), {},
    h("p", {}, say("distribute.what")),
    field(office, "experts", say("distribute.experts")),
    field(office, "due", say("distribute.due"), { type: "date" }),
    foot(submit(say("distribute.do"), { disabled: office.local.isBusy })));
}

function returned(office, { name }) {
  return form(office, "returned", say("returned.title", { name }), { name },
    field(office, "participants", say("returned.participants"), { inputmode: "numeric" }),
    foot(submit(say("returned.do"), { disabled: office.local.isBusy })));
}

function reassign(office, { name, participant }) {
  return form(office, "reassign", say("reassign.title", { name, participant }), { name, participant },
    field(office, "to", say("reassign.to"), { required: true }),
    field(office, "reason", say("reason"), { required: true }),
    foot(submit(say("reassign.do"), { disabled: office.local.isBusy })));
}

function exported(office, { name }) {
  const drives = (office.found("experts")?.drives ?? []).filter((drive) => drive.is_writable);
  const { folder } = office.local.fields;
  return form(office, "export", say("export.title", { name }), { name },
    h("p", {}, say("export.what")),
    drives.length === 0 ? h("p", { class: "trouble" }, say("drives.none")) : h("fieldset", {}, h("legend", {}, say("drives.which")),
      drives.map((drive) => h("label", { class: "radio", "data-key": drive.path },
        h("input", { type: "radio", name: "folder", value: drive.path, "data-field": "folder", checked: folder === drive.path }),
        say("drives.one", { path: drive.path, free: sized(drive.free_bytes) })))),
    foot(submit(say("export.do"), { disabled: !folder || office.local.isBusy })));
}

const KINDS = ["protocol", "form_c1", "room_sheet", "act", "other"];

function assigned(office, { file, sha256 }) {
  const { kind } = office.local.fields;
  return form(office, "assign_paper", say("assign.title"), { file, sha256 },
    h("p", {}, h("b", {}, file)),
    h("img", { class: "large", src: picture(file, sha256), alt: say("scans.picture", { file }) }),
    h("fieldset", {}, h("legend", {}, say("assign.kind")), KINDS.map((one) => h("label", { class: "radio", "data-key": one },
      h("input", { type: "radio", name: "kind", value: one, "data-field": "kind", checked: kind === one }), say(`kind.${one}`)))),
    (kind === "protocol" || kind === "act") && field(office, "participant", say("assign.participant"), { type: "number", min: 1, required: true }),
    kind === "room_sheet" && field(office, "room", say("assign.room"), { required: true }),
    foot(submit(say("assign.do"))));
}

function aside(office, { file, sha256 }) {
  return form(office, "aside", say("aside.title"), { file, sha256 },
    h("p", {}, h("b", {}, file)), h("p", {}, say("aside.what")),
    field(office, "reason", say("aside.reason"), { required: true }),
    foot(submit(say("aside.do"))));
}

function driveWritten(office, { folder }) {
  return form(office, "drive_export", say("drive.export.title"), { folder },
    h("p", {}, h("b", {}, folder)), h("p", {}, say("drive.export.what")),
    field(office, "by", say("drive.by"), { required: true }),
    field(office, "to", say("drive.to"), { placeholder: "age1…" }),
    foot(submit(say("drive.export.do"), { disabled: office.local.isBusy })));
}

function lost(office, { number }) {
  return form(office, "lost", say("lost.title", { number }), { number },
    field(office, "by", say("lost.by"), { required: true }),
    field(office, "note", say("lost.note"), { required: true }),
    foot(submit(say("lost.do"), { disabled: office.local.isBusy })));
}

function said(_office, { lines }) {
  return h("div", { class: "sheet", "data-key": "said" }, h("h2", { id: "sheet-title", tabindex: "-1", "data-focus": true }, say("said.title")),
    h("ul", { class: "bare" }, lines.map((line) => h("li", {}, line))),
    h("div", { class: "sheet-foot" }, button("leave", say("said.close"))));
}
