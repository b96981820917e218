/** The whole page: whose day it is, its parts, what is refused, the part that is open. */
import { h } from "../../common/dom.js";
import { date } from "../../common/format.js";
import { say } from "../../common/say.js";
import { day } from "./day.js";
import { drives } from "./drives.js";
import { experts } from "./experts.js";
import { due, dueShort } from "./due.js";
import { papers } from "./papers.js";
import { rooms } from "./rooms.js";
import { scans } from "./scans.js";

const VIEWS = { due, rooms, day, scans, experts, papers, drives };
export const PARTS = Object.keys(VIEWS);

/** Everything on one page, in the order of the day. */
function all(office) {
  const more = [scans, experts, papers, drives].filter((view) => office.facts.looks.includes(view.name));
  return [dueShort, rooms, day, ...more].map((view) => view(office));
}

export function page(office) {
  const { local, facts } = office;
  return h("div", { class: "office", "data-key": "office", "data-part": local.part },
    h("header", { class: "head", "data-key": "head" },
      h("h1", {}, say("heading")),
      h("p", {}, [facts.school.name || facts.school.code, date(facts.exam_date)].join(" · "))),
    !facts.is_small && tabs(office),
    local.refusal && local.sheet === null && h("p", { class: "trouble", role: "alert", "data-key": "refusal" }, local.refusal),
    h("main", { "data-key": `part-${local.part}` }, (VIEWS[local.part] ?? all)(office)));
}

/** What stands there while there is nothing to show. */
export function notice(what, todo) {
  return h("main", { class: "office", "data-key": "notice" }, h("h1", {}, what), h("p", { class: "hint" }, todo));
}

function tabs({ local, facts }) {
  return h("nav", { class: "tabs", "data-key": "tabs", "aria-label": say("parts") },
    PARTS.filter((name) => facts.looks.includes(name)).map((name) => h("a", { href: `#${name}`, "aria-current": name === local.part ? "page" : null }, say(`part.${name}`))));
}
