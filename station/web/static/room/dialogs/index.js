/** Dialogs: second steps that name what they will do. Each is drawn from `c` and its own draft. */
import { h } from "../../common/dom.js";
import { say } from "../../common/say.js";
import { button } from "../views/parts.js";
import { cancel, correct, reassign, repair } from "./repairs.js";
import { close, stop } from "./ends.js";
import { outcomes } from "./outcomes.js";
import { retake } from "./retake.js";

const DIALOGS = { repair, reassign, correct, cancel, outcomes, retake, close, stop };

/** What stands in the dialog that is open. */
export function dialogOf(c) {
  const { title, body, back = say("dialog.back") } = DIALOGS[c.local.dialog.kind](c, c.local.dialog);
  return h(
    "div",
    { class: "sheet", "data-key": `dialog-${c.local.dialog.kind}` },
    h("h2", { id: "dialog-title" }, title),
    body,
    c.refusal && h("p", { class: "dialog-refusal", role: "alert" }, c.refusal),
    h("div", { class: "sheet-foot" }, button("back", back, { kind: "second" })),
  );
}
