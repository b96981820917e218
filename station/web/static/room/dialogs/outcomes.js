/** Why a participant has no ordinary recording: first which, then what that will do. It can be taken back. */
import { h } from "../../common/dom.js";
import { fullName } from "../people.js";
import { say } from "../../common/say.js";
import { personOf } from "../screen.js";
import { button } from "../views/parts.js";

const OUTCOMES = ["absent", "written", "extra_date", "early_end", "removed"];
const WITH_TIME = new Set(["early_end", "removed"]);

/** `dialog`: {number, outcome: chosen, at, note}. */
export function outcomes(c, dialog) {
  const name = fullName(personOf(c.facts, dialog.number));
  const noted = c.status.participants.find((each) => each.number === dialog.number)?.outcome ?? null;
  if (dialog.outcome) return confirm(c, dialog, name);
  return noted ? takeBack(name, noted) : choose(c, dialog, name);
}

function choose(c, { number }, name) {
  const hasTake = c.status.participants.find((each) => each.number === number)?.takes.length > 0;
  const possible = OUTCOMES.filter((outcome) => !hasTake || !["absent", "written"].includes(outcome));
  const list = possible.map((outcome) =>
    h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "choice", "data-act": "outcome_of", "data-outcome": outcome },
        h("b", {}, say(`outcome.${outcome}.do`)),
        h("span", {}, say(`outcome.${outcome}.what`)),
      ),
    ),
  );
  return {
    title: `${name}: ${say("outcome.title").toLowerCase()}`,
    body: h("ul", { class: "choices" }, list),
    back: say("dialog.cancel"),
  };
}

function confirm(c, dialog, name) {
  const { outcome, number } = dialog;
  const word = say(`outcome.${outcome}`);
  const stops = c.inHand?.participant === number && (c.screen === "recording" || c.screen === "paused");
  const body = [
    h(
      "p",
      {},
      say(`outcome.${outcome}.what`),
      ". ",
      stops && say("outcome.confirm.stops"),
      " ",
      say("outcome.confirm.undo"),
    ),
    WITH_TIME.has(outcome) &&
      field("at", say("outcome.at"), dialog.at ?? "", {
        inputmode: "numeric",
        pattern: "\\d\\d:\\d\\d:\\d\\d",
        maxlength: 8,
      }),
    field("note", say("outcome.note"), dialog.note ?? "", { maxlength: 200 }),
    button("outcome_do", say("outcome.confirm.do", { outcome: word }), {
      kind: outcome === "removed" ? "do danger" : "do",
    }),
  ];
  return { title: say("outcome.confirm", { outcome: word, name }), body };
}

function takeBack(name, noted) {
  const outcome = say(`outcome.${noted}`);
  const body = [
    h("p", {}, say("outcome.is.what")),
    button("outcome_clear", say("outcome.clear", { outcome }), { kind: "do" }),
  ];
  return { title: say("outcome.is", { name, outcome }), body, back: say("dialog.cancel") };
}

function field(key, label, value, more) {
  return h(
    "label",
    { class: "field" },
    h("span", {}, label),
    h("input", {
      type: "text",
      id: `outcome-${key}`,
      autocomplete: "off",
      "data-type": `dialog.${key}`,
      "data-enter": "outcome_do",
      value,
      ...more,
    }),
  );
}
