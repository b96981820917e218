/** Ends, each a second step: of the day, and of a take for whoever cannot hold a button. */
import { h } from "../../common/dom.js";
import { NAMED, fullName, unaccounted } from "../people.js";
import { say } from "../../common/say.js";
import { button } from "../views/parts.js";

/** `dialog`: {pin}. */
export function close({ facts, status }, dialog) {
  const left = unaccounted(facts, status);
  const named = left.slice(0, NAMED).map((person) => h("li", {}, fullName(person), " ", person.class));
  const body = [
    h("p", {}, say("close.what")),
    h("p", {}, left.length ? say("close.left", { count: left.length }) : say("close.left.none")),
    left.length > 0 &&
      h(
        "ul",
        { class: "left" },
        named,
        left.length > NAMED && h("li", {}, say("close.more", { count: left.length - NAMED })),
      ),
    facts.pin &&
      h(
        "label",
        { class: "field" },
        h("span", {}, say("close.pin")),
        h("input", {
          type: "password",
          inputmode: "numeric",
          id: "pin",
          autocomplete: "off",
          "data-type": "dialog.pin",
          "data-enter": "close_do",
          value: dialog.pin ?? "",
        }),
      ),
    button("close_do", say("close.do"), { kind: "do danger" }),
  ];
  return { title: say("close.title", { room: facts.room }), body, back: say("dialog.cancel") };
}

export function stop() {
  return {
    title: say("stop.title"),
    body: [h("p", {}, say("stop.what")), button("stop_do", say("stop.do"), { kind: "do danger" })],
    back: say("dialog.cancel"),
  };
}
