/** Every participant's line: what was expected, recorded and so on to the centre's word. */
import { h } from "../../common/dom.js";
import { say } from "../../common/say.js";
import { mark } from "./parts.js";

const FILTERS = ["all", "lacks"];

export function matrix(office, day) {
  const shown = chosen(day.lines, office.local);
  const stages = day.is_ahead ? [] : day.stages; // nobody lacks anything yet
  return [
    filters(office, day.lines, day.is_ahead ? ["all"] : FILTERS),
    h("div", { class: "wide", "data-key": "wide" }, h("table", { class: day.is_ahead ? "matrix ahead" : "matrix" },
      h("caption", { class: "unseen" }, say("matrix.title")),
      h("thead", {}, h("tr", {},
        ["number", "name", "class", "room", "variant"].map((name) => h("th", { scope: "col", class: `col-${name}` }, say(`col.${name}`))),
        stages.map((stage) => h("th", { scope: "col", class: "col-stage" }, say(`stage.${stage}`), h("small", {}, total(day, stage)))))),
      h("tbody", {}, shown.map((line) => row(office, line, stages.length))))),
    shown.length === 0 && h("p", { class: "hint", "data-key": "nobody" }, say("matrix.nobody")),
  ];
}

function chosen(lines, { only, search }) {
  const wanted = search.trim().toLowerCase();
  return lines.filter((line) => (only === "all" || line.lacks) && (!wanted || `${line.number} ${line.name} ${line.rooms.join(" ")}`.toLowerCase().includes(wanted)));
}

function total({ lines, totals }, stage) {
  const { yes = 0, not_needed: without = 0 } = totals[stage] ?? {};
  return say("total", { count: yes + without, of: lines.length });
}

function filters({ local }, lines, offered) {
  const counts = { all: lines.length, lacks: lines.filter((line) => line.lacks).length };
  return h("div", { class: "filters", "data-key": "filters" },
    h("div", { role: "group", "aria-label": say("filter") }, offered.map((which) =>
      h("button", { type: "button", class: "choice", "data-act": "only", "data-which": which, "aria-pressed": String(local.only === which) }, say(`filter.${which}`, { count: counts[which] })))),
    h("label", { class: "search" }, h("span", { class: "unseen" }, say("search")),
      h("input", { type: "search", "data-local": "search", placeholder: say("search"), value: local.search })));
}

function row(office, line, count) {
  const told = line.outcome && say(`outcome.${line.outcome}`);
  return h("tr", { "data-key": line.number, class: line.lacks && count > 0 ? "lacks" : null },
    h("td", { class: "col-number" }, line.number),
    h("th", { scope: "row", class: "col-name" },
      h("button", { type: "button", class: "link", "data-act": "ask_person", "data-number": line.number }, line.name), told && h("small", {}, told)),
    h("td", {}, line.class_name), h("td", {}, line.rooms.join(", ")), h("td", {}, line.variant ?? "–"),
    cells(office, line.cells.slice(0, count)));
}

function cells(office, all) {
  const told = new Set();
  return all.map((cell) => {
    const why = cell.reason?.[office.facts.language];
    const isStop = why !== undefined && !told.has(why); // the same reason is not a stop of the keyboard twice
    told.add(why);
    return h("td", { class: `cell ${cell.mark}` }, mark(cell, { language: office.facts.language, isStop }));
  });
}
