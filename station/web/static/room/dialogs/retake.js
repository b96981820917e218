/** A repeat, only after a person has said that it is badly heard: today by another variant, or on another date. */
import { h } from "../../common/dom.js";
import { timeOfDay } from "../../common/format.js";
import { fullName, usedVariants } from "../people.js";
import { say } from "../../common/say.js";
import { personOf } from "../screen.js";
import { button } from "../views/parts.js";

/** `dialog`: {consent: true, false, or undefined while nobody has asked, text, reason}. */
export function retake(c, dialog) {
  const person = personOf(c.facts, c.inHand.participant);
  const title = say("retake.title", { name: fullName(person) });
  const body = [
    h("p", {}, say("retake.what")),
    h(
      "div",
      { class: "question", role: "group", "aria-label": say("retake.consent") },
      h("span", {}, say("retake.consent")),
      answer("yes", dialog.consent === true),
      answer("no", dialog.consent === false),
    ),
    dialog.consent === true && today(c, dialog, person),
    dialog.consent === false && anotherDate(c, dialog),
  ];
  return { title, body, back: say("dialog.cancel") };
}

function answer(consent, isChosen) {
  return button("retake_consent", say(`retake.${consent}`), {
    kind: "answer",
    data: { consent },
    "aria-pressed": String(isChosen),
  });
}

function today(c, dialog, person) {
  const used = usedVariants(c.status.participants.find((each) => each.number === person.number));
  const text = (dialog.text ?? "").trim();
  return h(
    "div",
    { class: "stack", "data-key": "today" },
    h(
      "label",
      { class: "field" },
      h("span", {}, say("retake.variant")),
      h("input", {
        type: "text",
        inputmode: "numeric",
        maxlength: 12,
        id: "retake-variant",
        autocomplete: "off",
        "data-type": "dialog.text",
        "data-enter": "retake_do",
        value: dialog.text ?? "",
      }),
    ),
    used.length > 0 && h("p", { class: "hint" }, say("retake.used", { variants: used.join(", ") })),
    reason(dialog),
    button("retake_do", say(text ? "retake.do" : "retake.do.blank", { variant: text }), {
      kind: "do",
      disabled: !text,
    }),
  );
}

function anotherDate(c, dialog) {
  const take = c.status.participants
    .flatMap((each) => each.takes)
    .find((each) => each.file.startsWith(`${c.inHand.take}.`));
  const time = take?.ended_at ? timeOfDay(take.ended_at, { seconds: true }) : "";
  return h(
    "div",
    { class: "stack", "data-key": "date" },
    h("p", {}, say("retake.date.what", { time })),
    reason(dialog),
    button("retake_do", say("retake.date.do"), { kind: "do" }),
  );
}

function reason(dialog) {
  return h(
    "label",
    { class: "field" },
    h("span", {}, say("retake.reason")),
    h("input", {
      type: "text",
      id: "retake-reason",
      maxlength: 200,
      autocomplete: "off",
      "data-type": "dialog.reason",
      value: dialog.reason ?? say("retake.reason.text"),
    }),
  );
}
