/** What keeps the package from being complete, the same kind of thing together, with what can be done here. */
import { h } from "../../common/dom.js";
import { say, sayFirst } from "../../common/say.js";
import { shape } from "../../common/shapes.js";
import { button } from "./parts.js";

const AT_ONCE = 5;

export function faults(office, found) {
  return h("div", { class: "faults", "data-key": "faults" }, [...grouped(found)].map(([code, same]) => kind(office, code, same)));
}

/** In short: a sentence where there is one of a kind, else how many. */
export function faultLines(found) {
  const language = document.documentElement.lang;
  return h("ul", { class: "bare" }, [...grouped(found)].map(([code, same]) =>
    h("li", { "data-key": code }, same.length === 1 ? same[0].reason[language] : say("faults.counted", { kind: kindOf(code), count: same.length }))));
}

function kind(office, code, same) {
  return h("details", { class: "fault", "data-key": code, open: same.length <= AT_ONCE },
    h("summary", {}, shape("warn"), h("b", {}, kindOf(code)), h("span", { class: "count" }, same.length)),
    h("ul", {}, same.map((fault) => h("li", { "data-key": `${fault.participant} ${fault.room} ${fault.file}` },
      h("span", {}, fault.reason[office.facts.language]), remedy(fault)))));
}

function kindOf(code) {
  return sayFirst([`fault.${code}`]) ?? say("fault");
}

function remedy({ code, participant, room }) {
  if (code === "room_open" || code === "no_record_of_room" || code === "no_stream") return button("ask_settle", say("settle"), { kind: "second", data: { room } });
  if (code.startsWith("scan_")) return h("a", { class: "second", href: "#scans" }, say("part.scans"));
  return participant !== null && WITH_SHEET.has(code) ? button("ask_person", say("person"), { kind: "second", data: { number: participant } }) : null;
}

const WITH_SHEET = new Set(["no_recording", "two_accepted", "absent_but_recorded", "not_accepted"]);

/** By kind; whatever is wrong with scans is one. */
function grouped(found) {
  const kinds = new Map();
  for (const fault of found) {
    const code = fault.code.startsWith("scan_") ? "scan" : fault.code;
    kinds.set(code, [...(kinds.get(code) ?? []), fault]);
  }
  return kinds;
}
