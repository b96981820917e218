/** What the parts of the page are made of. */
import { h } from "../../common/dom.js";
import { say } from "../../common/say.js";
import { shape } from "../../common/shapes.js";

const SHAPES = { yes: "check", no: "cross", open: "wait", not_needed: "ring" };

export function part(key, title, ...content) {
  return h("section", { class: "part", "data-key": key, "aria-labelledby": `h-${key}` }, h("h2", { id: `h-${key}` }, title), content);
}

/** `data-*` attributes of what an action is about. */
export function asked(data) {
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [`data-${name}`, value]));
}

export function button(act, text, { kind = "do", data = {}, ...more } = {}) {
  return h("button", { type: "button", class: kind, "data-act": act, ...asked(data), ...more }, text);
}

export function submit(text, { danger = false, disabled = false } = {}) {
  return h("button", { type: "submit", class: danger ? "do danger" : "do", disabled }, text);
}

/** A field with its label; what is typed is kept by the page. */
export function field(office, name, label, attributes = {}) {
  return h("label", { class: "field", "data-key": `field-${name}` }, h("span", {}, label),
    h("input", { type: "text", maxlength: 500, autocomplete: "off", "data-field": name, value: office.local.fields[name] ?? "", ...attributes }));
}

/** A mark as shape and word; why it is so is seen when pointed at or tabbed to, and read aloud in either case. */
export function mark({ mark: kind, reason }, { language, isStop = true }) {
  const seen = [shape(SHAPES[kind]), h("span", {}, say(`mark.${kind}`))];
  if (!reason) return h("span", { class: `mark ${kind}` }, seen);
  return h("button", { type: "button", class: `mark ${kind} has-why`, tabindex: isStop ? null : "-1" }, seen,
    h("span", { class: "why" }, h("span", { class: "unseen" }, ": "), reason[language]));
}

/** What could not be looked at, or that it is being looked at; null when all is well. */
export function unseen(office, name) {
  const look = office.looks[name];
  if (!look) return h("p", { class: "hint" }, say("looking"));
  return look.error ? h("p", { class: "trouble", role: "alert" }, look.error) : null;
}

/** So many bytes as people read them. */
export function sized(bytes) {
  const gigabytes = bytes / 1e9;
  return gigabytes < 1 ? say("megabytes", { count: Math.ceil(bytes / 1e6) }) : say("gigabytes", { count: gigabytes.toFixed(1) });
}
