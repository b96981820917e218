/** The whole page: whose room it is, the parts of the day, what is refused, the part that is open. */
import { h } from "../../common/dom.js";
import { date } from "../../common/format.js";
import { say } from "../../common/say.js";
import { shape } from "../../common/shapes.js";
import { after } from "./after.js";
import { before } from "./before.js";
import { dictaphone } from "./dictaphone.js";
import { during } from "./during.js";

const PARTS = { before, during, after, dictaphone };
export const TABS = Object.keys(PARTS);

export function page(desk) {
  const { tab } = desk.local;
  return h("div", { class: "desk", "data-key": "desk", "data-part": tab },
    heading(desk), tabs(tab), strips(desk),
    h("main", { "data-key": `part-${tab}` }, PARTS[tab](desk)));
}

/** What stands there while there is nothing to show. */
export function notice(what, todo) {
  return h("div", { class: "desk", "data-key": "notice" }, h("header", { class: "head" }, h("h1", {}, what)), h("p", { class: "hint" }, todo));
}

function heading({ facts, status }) {
  const place = [facts.school.name || facts.school.code, say("page.room", { room: facts.room }), date(facts.exam_date)];
  return h("header", { class: "head", "data-key": "head" },
    h("h1", {}, say("desk.heading")),
    h("p", {}, place.join(" · "), " · ", h("b", { class: `state state-${status.state}` }, say(`desk.state.${status.state}`))),
    h("a", { class: "quiet-link", href: "/" }, say("desk.to_room")));
}

function tabs(open) {
  return h("nav", { class: "tabs", "data-key": "tabs", "aria-label": say("desk.parts") },
    TABS.map((name) => h("a", { href: `#${name}`, "aria-current": name === open ? "page" : null }, say(`desk.part.${name}`))));
}

function strips({ local: { refusal, away, isLost } }) {
  return h("div", { class: "strips", "data-key": "strips" },
    isLost && strip(say("desk.offline")),
    away && !isLost && strip(say("desk.away")),
    refusal && h("div", { role: "alert" }, strip(refusal)));
}

function strip(text) {
  return h("div", { class: "strip warn" }, shape("warn"), h("span", { class: "strip-text" }, text));
}
