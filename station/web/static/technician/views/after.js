/** The end of the day: who is missing, is all whole, onto the drive, what is delivered, close. */
import { h } from "../../common/dom.js";
import { say } from "../../common/say.js";
import { button } from "../../room/views/parts.js";
import { sheets } from "./before.js";
import { isRunning, job, part, pin, sized, unseen } from "./parts.js";

export function after(desk) {
  const summary = desk.looks.summary;
  return [
    part("close", say("close.heading"), closing(desk)),
    part("summary", say("summary.heading"), summary?.found ? tally(summary.found) : unseen(summary),
      button("look", say("look.again"), { kind: "second", data: { name: "summary" } })),
    part("sheet", say("sheet.heading"), h("p", { class: "hint" }, say("sheet.hint")), sheets()),
    part("verify", say("verify.heading"), h("p", { class: "hint" }, say("verify.hint")),
      button("verify", say("verify.begin"), { kind: "second", disabled: isRunning(desk, "verify") }), job(desk.jobs.verify, verified)),
    part("export", say("export.heading"), exporting(desk)),
    part("delivery", say("delivery.heading"), delivery(summary?.found?.delivery)),
  ];
}

/** A second step that says what it will do. */
function closing(desk) {
  const { state, publishing, stream } = desk.status;
  const isBusy = publishing.length > 0 || stream !== null;
  if (state === "closed") return h("p", { class: "hint" }, isBusy ? say("close.publishing") : say("close.closed"));
  if (desk.local.asking !== "close") return button("ask", say("close.ask"), { kind: "second", data: { what: "close" } });
  const isTalk = state === "recording" || state === "paused";
  return h("div", { class: "asked", role: "group", "aria-label": say("close.heading") },
    h("p", {}, say(isTalk ? "close.would_end" : "close.would")),
    pin(desk),
    h("div", { class: "row-of" }, button("close", say("close.do"), { kind: "do danger" }), button("unask", say("close.not"), { kind: "second" })));
}

function tally({ expected, recorded, accepted, missing, unpublished, participants }) {
  const rows = participants.map(({ number, name, class_name: group, standing, outcome, takes }) =>
    h("tr", { class: `standing-${standing}` }, [number, name, group, takes || "", words(standing, outcome)].map((cell) => h("td", {}, String(cell)))));
  const heads = ["number", "name", "class", "takes", "standing"].map((name) => h("th", { scope: "col" }, say(`summary.${name}`)));
  return [
    h("p", { class: `answer-line ${missing.length > 0 ? "warn" : "ok"}`, role: "status" }, say("summary.counts", { expected, recorded, accepted, missing: missing.length })),
    unpublished.length > 0 && h("p", { class: "trouble" }, say("summary.unpublished", { names: unpublished.join(", ") })),
    h("table", {}, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows)),
  ];
}

function words(standing, outcome) {
  return outcome && standing !== "accepted" ? say(`outcome.${outcome}`) : say(`standing.${standing}`);
}

function verified({ ok, recordings, breaches, notes }) {
  return [
    h("p", { class: `answer-line ${ok ? "ok" : "bad"}` }, ok ? say("verify.ok", { count: recordings }) : say("verify.breached", { count: breaches.length })),
    h("ul", { class: "reasons" }, breaches.map(({ invariant, file, text }) => h("li", {}, `${invariant}. ${file}: ${text}`)),
      notes.map(({ file, text }) => h("li", {}, `${file}: ${text}`))),
  ];
}

function exporting(desk) {
  const drives = desk.looks.drives?.found;
  const isBusy = isRunning(desk, "export");
  return [
    h("p", { class: "hint" }, say("export.hint")),
    !isBusy && drives?.length > 0 && pin(desk),
    drives === undefined ? unseen(desk.looks.drives) : h("ul", { class: "drives" }, drives.map((drive) => driveLine(drive, isBusy))),
    drives?.length === 0 && h("p", { class: "trouble" }, say("export.no_drive")),
    job(desk.jobs.export, exported),
  ];
}

function driveLine({ path, kind, free_bytes: free, size_bytes: size, writable }, isBusy) {
  const text = say("export.drive", { path, kind, free: sized(free), size: sized(size) });
  return h("li", { "data-key": path }, h("span", {}, text, !writable && h("span", { class: "advice" }, ` → ${say("export.not_writable")}`)),
    button("export", say("export.begin"), { kind: "do", disabled: isBusy || !writable, data: { folder: path } }));
}

function exported({ folder, copied, equal, bytes, inventory, left, too_large: large, put_by: put, same_disk: same }) {
  const named = [...left, ...large];
  return [
    h("p", { class: `answer-line ${left.length > 0 ? "warn" : "ok"}` }, say("export.done", { copied, equal, folder, size: sized(bytes), inventory: inventory[0] })),
    h("p", { class: "hint" }, say("export.eject")),
    same && h("p", { class: "trouble" }, say("export.same_disk")),
    named.length > 0 && h("ul", { class: "reasons" }, named.map(({ file, text }) => h("li", {}, `${file}: ${text}`))),
    put.length > 0 && h("details", {}, h("summary", {}, say("export.put_by")), h("ul", { class: "reasons" }, put.map(({ file, text }) => h("li", {}, `${file}: ${text}`)))),
  ];
}

function delivery(told) {
  if (!told) return h("p", { class: "hint" }, say("delivery.none"));
  if (told.error) return h("p", { class: "trouble" }, told.error);
  const isDone = told.files > 0 && told.delivered === told.files;
  return [
    h("p", { class: `answer-line ${isDone ? "ok" : "warn"}` }, say("delivery.counts", told)),
    h("ul", { class: "reasons" }, told.undelivered.slice(0, 20).map(({ file, state, reason }) => h("li", {}, `${file}: ${reason ?? say(`delivery.${state}`)}`))),
  ];
}
