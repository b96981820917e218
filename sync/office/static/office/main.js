/** Opens the headquarters' page: the reader's words, what the school is, then looks again and again. */
import { h, morph } from "../common/dom.js";
import { say, speak } from "../common/say.js";
import { Refusal, ask } from "./asking.js";
import { listenToInputs } from "./inputs.js";
import { Office } from "./page.js";
import { notice } from "./views/shell.js";

const AGAIN_MS = 3000;

await speakIn(new URLSearchParams(location.search).get("lang") === "en" ? "en" : "ru");
const facts = await untilKnown();
if (facts !== null) {
  await speakIn(facts.language);
  document.title = say("title");
  listenToInputs(new Office(facts));
}

async function speakIn(language) {
  speak((await import(`./words.${language}.js`)).default);
  document.documentElement.lang = language;
}

/** What the school is, however long it takes; null where this browser may not see it. */
async function untilKnown() {
  for (;;) {
    show(say("opening"));
    try {
      return await ask("/api/office");
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      if (refusal.error.code === "no_session") return show(say("no_session"), say("no_session.do"));
      show(say("not_opened"), refusal.error[document.documentElement.lang] ?? say("not_opened.do"));
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

function show(what, todo = "") {
  morph(document.getElementById("office"), h("div", { id: "office" }, notice(what, todo)));
  return null;
}
