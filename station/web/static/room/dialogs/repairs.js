/** Ordinary mistakes: the wrong participant, the wrong variant, a press by accident. The recording is never touched. */
import { h } from "../../common/dom.js";
import { fullName, listOf } from "../people.js";
import { say } from "../../common/say.js";
import { personOf } from "../screen.js";
import { button, variantWords } from "../views/parts.js";
import { nobody, row } from "../views/choosing.js";

/** `dialog`: {take: its name, participant, variant, inHand: whether it is the one in hand}. */
export function repair(c, { variant, inHand }) {
  const choices = [
    ["reassign"],
    ["correct", { variant: variantWords(variant) }],
    ...(inHand ? [["cancel"], ["early_end"], ["removed"]] : []),
  ];
  const list = choices.map(([what, values]) =>
    h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "choice", "data-act": "repair_by", "data-what": what },
        h("b", {}, say(`repair.${what}`)),
        h("span", {}, say(`repair.${what}.what`, values)),
      ),
    ),
  );
  return {
    title: say("repair.title"),
    body: [h("ul", { class: "choices" }, list), h("p", { class: "hint" }, say("repair.safe"))],
    back: say("dialog.cancel"),
  };
}

/** First who it is, then what that will do. */
export function reassign(c, dialog) {
  const from = fullName(personOf(c.facts, dialog.participant));
  return dialog.to === undefined ? askWho(c, dialog, from) : confirm(c, dialog, from);
}

function askWho({ facts, status }, dialog, from) {
  const { rows, similar } = listOf(facts, status, { query: dialog.query ?? "", whole: true });
  const isOther = (person) => person.number !== dialog.participant;
  const others = rows.filter(isOther);
  const body = [
    h("p", {}, say("reassign.now", { name: from })),
    h(
      "label",
      { class: "search" },
      h("span", { class: "unseen" }, say("list.search")),
      h("input", {
        type: "search",
        autocomplete: "off",
        id: "reassign-search",
        "data-type": "dialog.query",
        value: dialog.query ?? "",
        placeholder: say("list.search.placeholder"),
      }),
    ),
    others.length
      ? h(
          "ul",
          { class: "rows" },
          others.map((person) => row(person, "reassign_to")),
        )
      : nobody(dialog.query ?? "", 0, similar.filter(isOther), "reassign_to"),
  ];
  return { title: say("reassign.title"), body };
}

function confirm({ facts }, { to }, from) {
  const name = fullName(personOf(facts, to));
  const body = [
    h("p", {}, say("reassign.confirm", { name }), ". ", say("reassign.confirm.what", { from })),
    button("reassign_do", say("reassign.do", { name }), { kind: "do" }),
  ];
  return { title: say("repair.reassign"), body };
}

/** The variant as it should have been typed. */
export function correct({ facts }, { participant, variant, text }) {
  const name = fullName(personOf(facts, participant));
  const body = [
    h("p", {}, say("correct.now", { name, variant: variantWords(variant) })),
    h(
      "label",
      { class: "field" },
      h("span", {}, say("card.variant")),
      h("input", {
        type: "text",
        inputmode: "numeric",
        maxlength: 12,
        id: "correct-variant",
        autocomplete: "off",
        "data-type": "dialog.text",
        "data-enter": "correct_do",
        value: text ?? "",
      }),
    ),
    button("correct_do", say("correct.do"), { kind: "do", disabled: !(text ?? "").trim() }),
  ];
  return { title: say("correct.title"), body };
}

/** The take is not wanted at all. */
export function cancel({ facts }, { participant }) {
  const name = fullName(personOf(facts, participant));
  return {
    title: say("cancel.title", { name }),
    body: [h("p", {}, say("cancel.what")), button("cancel_do", say("cancel.do"), { kind: "do danger" })],
  };
}
