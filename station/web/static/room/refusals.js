/** Why something was not done, in the reader's language, with the way out. Pure. */
import { say, sayFirst } from "../common/say.js";

/** `error`: {code, ru, en, text} of the daemon, or {code} of the page's own; `state`: the room's now. */
export function refusalOf(error, state, language) {
  const words = sayFirst([`refusal.${error.code}.${state}`, `refusal.${error.code}`]);
  return words ?? error[language] ?? error.text ?? say("refusal");
}
