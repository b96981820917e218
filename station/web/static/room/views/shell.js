/** The whole page: band, strips, the state's screen, a quiet line at the bottom. */
import { h } from "../../common/dom.js";
import { fullName } from "../people.js";
import { say } from "../../common/say.js";
import { shape } from "../../common/shapes.js";
import { choosing } from "./choosing.js";
import { closed } from "./closed.js";
import { listening } from "./listening.js";
import { button, meters, variantWords } from "./parts.js";
import { countOf, strips } from "./strips.js";
import { talking } from "./talking.js";

const SCREENS = { closed, idle: choosing, next: choosing, listening, recording: talking, paused: talking };
const TALK = new Set(["recording", "paused"]);

/** The page for the context `c`, see context.js. */
export function page(c) {
  return h(
    "div",
    {
      class: `page tone-${c.band.tone}`,
      "data-key": "page",
      "data-screen": c.screen,
      "data-strips": Math.min(countOf(c), 3),
    },
    band(c),
    strips(c),
    h(
      "main",
      { class: `screen screen-${c.screen}`, "data-key": `screen-${c.screen}`, id: "screen" },
      SCREENS[c.screen](c),
    ),
    footer(c),
  );
}

/** What stands there while there is nothing to show: `what` happened, what `todo`. */
export function notice(what, todo) {
  return h(
    "div",
    { class: "page tone-closed", "data-key": "notice" },
    h("header", { class: "band" }, shape("wait"), h("h1", {}, what)),
    h("main", { class: "screen notice" }, h("p", {}, todo)),
  );
}

function band({ band: { mark, title, detail }, screen, person, inHand, facts }) {
  const isOfOne = TALK.has(screen) || screen === "listening";
  return h(
    "header",
    { class: "band", "data-key": "band" },
    shape(mark),
    h("h1", {}, title),
    h("span", { class: "band-detail" }, detail),
    isOfOne
      ? h(
          "span",
          { class: "band-person" },
          h("b", {}, fullName(person)),
          h("span", {}, [person.class, variantWords(inHand.variant)].filter(Boolean).join(" · ")),
        )
      : h("span", { class: "band-room" }, say("page.room", { room: facts.room })),
  );
}

function footer(c) {
  const isTalk = TALK.has(c.screen);
  const mayClose = c.screen === "idle" || c.screen === "next";
  return h(
    "footer",
    { class: "foot", "data-key": "foot" },
    !isTalk && c.screen !== "closed" && meters(c.facts),
    mayClose && c.status.pedal?.present === false && h("span", { class: "hint" }, say("idle.no_pedal")),
    mayClose && button("ask_close", say("idle.close")),
    !isTalk && h("a", { class: "quiet-link", href: "/technician" }, say("page.technician")),
  );
}
