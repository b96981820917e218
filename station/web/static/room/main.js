/** Opens the room page: the reader's words, what the room is, then the live connection. */
import { Cells } from "./cells.js";
import { Connection } from "./connection.js";
import { h, morph } from "./dom.js";
import { drawMeters } from "./meters.js";
import { listenToInputs } from "./inputs.js";
import { Page } from "./page.js";
import { say, speak } from "./say.js";
import * as station from "./station.js";
import { notice } from "./views/shell.js";

const AGAIN_MS = 2000;

async function open() {
  await readIn(new URLSearchParams(location.search).get("lang") === "en" ? "en" : "ru");
  show("page.loading", "");
  const facts = await untilKnown();
  if (facts === null) return;
  await readIn(facts.language);
  const cells = new Cells();
  const page = new Page(facts, () => connection.renew());
  const connection = new Connection(`ws://${location.host}/live`, {
    told: (message) =>
      message.levels ? cells.add(message.levels.cells, performance.now() / 1000) : page.heard(message),
    changed: (isOpen) => page.connected(isOpen),
  });
  listenToInputs(page, connection);
  drawMeters(cells);
}

/** The room's facts, however long it takes; null where this browser may not see them. */
async function untilKnown() {
  for (;;) {
    try {
      return await station.facts();
    } catch (refusal) {
      if (refusal.error?.code === "no_session") return show("page.no_session", "page.no_session.do");
      show("page.failed", "page.failed.do");
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

async function readIn(language) {
  speak((await import(`/static/words.${language}.js`)).default);
  document.documentElement.lang = language;
}

function show(what, todo) {
  morph(document.getElementById("room"), h("div", { id: "room" }, notice(say(what), todo && say(todo))));
  return null;
}

open();
