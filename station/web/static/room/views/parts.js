/** What several screens share: buttons, a person's line, meters. */
import { h } from "../../common/dom.js";
import { fullName } from "../people.js";
import { say } from "../../common/say.js";
import { shape } from "../../common/shapes.js";

/** A button that does `act`; `data` is handed to the action. */
export function button(act, label, { kind = "quiet", icon = null, data = {}, ...more } = {}) {
  const given = Object.fromEntries(Object.entries(data).map(([key, value]) => [`data-${key}`, value]));
  return h(
    "button",
    { type: "button", class: kind, "data-act": act, ...given, ...more },
    icon && shape(icon),
    h("span", {}, label),
  );
}

/** The one big next action. */
export function mainButton(main, { hasPedal }) {
  const hint = say(main.hold ? "key.hold" : hasPedal ? "key.pedal" : "key.space");
  return h(
    "button",
    {
      type: "button",
      class: "main",
      "data-key": `main-${main.act}`,
      "data-act": main.hold ? "ask_stop" : main.act,
      "data-task": main.task,
      "data-hold": main.hold ? "stop" : null,
      "data-pedal": main.pedal && !main.hold,
      "data-focus": true,
    },
    main.act === "listen" && shape("play"),
    h("span", { class: "main-label" }, main.label),
    main.sub && h("span", { class: "main-sub" }, main.sub),
    (main.pedal || main.hold) && h("span", { class: main.hold || hasPedal ? "main-hint" : "main-hint main-key" }, hint),
  );
}

/** Stop, a hold of three seconds; whoever cannot hold is asked instead. */
export function stopButton() {
  return h(
    "button",
    { type: "button", class: "stop", "data-key": "stop", "data-act": "ask_stop", "data-hold": "stop" },
    shape("stop"),
    h("span", {}, say("talk.stop")),
    h("small", {}, say("talk.stop.hold")),
  );
}

/** Name and class, as wherever a person is chosen. */
export function personLine(person) {
  return h(
    "span",
    { class: "who" },
    h("b", {}, fullName(person)),
    person.class && h("span", { class: "class" }, ` ${person.class}`),
  );
}

/** "variant 12" or that there is none. */
export function variantWords(variant) {
  return variant === null ? say("person.no_variant") : say("person.variant", { variant });
}

/** A meter for each microphone. */
export function meters(facts) {
  const seats = facts.seats.length > 1 ? facts.seats : ["room"];
  return h(
    "div",
    { class: "meters" },
    seats.map((seat, index) => {
      const name = say(`meter.${seat}`);
      return h(
        "div",
        { class: "meter" },
        h("span", { "aria-hidden": "true" }, name),
        h("canvas", {
          "data-own": true,
          "data-key": `meter-${index}`,
          "data-seat": index,
          height: 10,
          role: "img",
          "aria-label": say("meter.label", { seat: name }),
        }),
      );
    }),
  );
}

/** Beginning earlier than the press: one, two or five minutes. */
export function earlier(act, label) {
  return h(
    "div",
    { class: "earlier", role: "group", "aria-label": label },
    h("span", {}, label),
    h(
      "div",
      {},
      [1, 2, 5].map((minutes) =>
        button(act, say("card.late.minutes", { minutes }), { data: { earlier: minutes * 60 } }),
      ),
    ),
  );
}
