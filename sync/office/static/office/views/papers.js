/** «Бумаги»: what can be printed, and scores to be checked. */
import { h } from "../../common/dom.js";
import { say } from "../../common/say.js";
import { button, part, unseen } from "./parts.js";

export function papers(office) {
  const found = office.found("papers");
  return part("papers", say("papers_of_day.title"), unseen(office, "papers"), found && [
    office.local.isBusy && h("p", { class: "hint", role: "status", "data-key": "busy" }, say("looking")),
    h("ul", { class: "lines", "data-key": "papers" }, found.map(paper)),
    h("div", { class: "check", "data-key": "check" }, h("h3", {}, say("scores.title")), h("p", { class: "hint" }, say("scores.what")),
      h("label", { class: "field" }, h("span", {}, say("scores.file")), h("input", { type: "file", accept: ".xlsx,.csv", "data-file": "scores" }))),
  ]);
}

function paper({ name, endings }) {
  return h("li", { "data-key": name },
    h("span", {}, h("b", {}, say(`paper.${name}`)), h("br"), h("small", {}, say(`paper.${name}.what`))),
    endings.map((ending) => button("paper", ending.toUpperCase(), { kind: "second", data: { name, ending }, "aria-label": `${say(`paper.${name}`)}, ${ending.toUpperCase()}` })));
}
