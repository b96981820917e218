/** Opens the technician's page: the reader's words, what the room is, then the live connection. */
import { Cells } from "../room/cells.js";
import { Connection } from "../room/connection.js";
import { h, morph } from "../room/dom.js";
import { drawMeters } from "../room/meters.js";
import { say, speak } from "../room/say.js";
import { facts as askFacts } from "../room/station.js";
import { Desk } from "./desk.js";
import { listenToInputs } from "./inputs.js";
import { notice } from "./views/shell.js";

const AGAIN_MS = 2000;

async function open() {
  await readIn(new URLSearchParams(location.search).get("lang") === "en" ? "en" : "ru");
  show("page.loading", "");
  const facts = await untilKnown();
  if (facts === null) return;
  await readIn(facts.language);
  document.title = say("desk.title", { room: facts.room });
  const cells = new Cells();
  const desk = new Desk(facts);
  new Connection(`ws://${location.host}/live`, {
    told: (message) => (message.levels ? cells.add(message.levels.cells, performance.now() / 1000) : desk.heard(message)),
    changed: (isOpen) => desk.connected(isOpen),
  });
  listenToInputs(desk);
  drawMeters(cells);
}

/** The room's facts, however long it takes; null where this browser may not see them. */
async function untilKnown() {
  for (;;) {
    try {
      return await askFacts();
    } catch (refusal) {
      if (refusal.error?.code === "no_session") return show("page.no_session", "page.no_session.do");
      show("page.failed", "page.failed.do");
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

/** The room page's words, too: alarms and refusals are told alike on both. */
async function readIn(language) {
  const tables = await Promise.all([`/static/words.${language}.js`, `/static/technician/words.${language}.js`].map((path) => import(path)));
  speak(Object.assign({}, ...tables.map((table) => table.default)));
  document.documentElement.lang = language;
}

function show(what, todo) {
  morph(document.getElementById("desk"), h("div", { id: "desk" }, notice(say(what), todo && say(todo))));
  return null;
}

open();
