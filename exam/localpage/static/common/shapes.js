/** The shape of each state: told apart without colour and without reading. */
import { h } from "./dom.js";

const SHAPES = {
  square: () => [h("rect", { x: 5, y: 5, width: 22, height: 22, class: "hollow" })],
  ring: () => [h("circle", { cx: 16, cy: 16, r: 12, class: "hollow" })],
  disc: () => [h("circle", { cx: 16, cy: 16, r: 13 })],
  bars: () => [h("rect", { x: 6, y: 4, width: 7, height: 24 }), h("rect", { x: 19, y: 4, width: 7, height: 24 })],
  check: () => [h("path", { d: "M4 17 L13 26 L28 7", class: "hollow" })],
  ear: () => [
    h("path", { d: "M8 12 a8 8 0 1 1 14 6 c-3 3 -3 9 -8 9 a4 4 0 0 1 -4 -4", class: "hollow" }),
    h("path", { d: "M12 13 a4 4 0 1 1 6 4", class: "hollow" }),
  ],
  wait: () => [5, 16, 27].map((cx) => h("circle", { cx, cy: 16, r: 3.5 })),
  warn: () => [
    h("path", { d: "M16 3 L30 28 H2 Z", class: "hollow" }),
    h("path", { d: "M16 12 V19 M16 22.5 V25", class: "hollow" }),
  ],
  cross: () => [h("path", { d: "M7 7 L25 25 M25 7 L7 25", class: "hollow" })],
  play: () => [h("path", { d: "M8 4 L27 16 L8 28 Z" })],
  stop: () => [h("rect", { x: 5, y: 5, width: 22, height: 22 })],
  arrow: () => [h("path", { d: "M20 6 L9 16 L20 26", class: "hollow" })],
};

/** A shape as a picture that screen readers pass over. */
export function shape(name) {
  return h(
    "svg",
    { class: `shape shape-${name}`, viewBox: "0 0 32 32", "aria-hidden": "true", focusable: "false" },
    SHAPES[name](),
  );
}
