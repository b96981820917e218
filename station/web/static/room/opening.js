/** How a page opens: the reader's words, what the room is, then the live connection. For the room's page and the
 * technician's. */
import { Cells } from "./cells.js";
import { Connection } from "./connection.js";
import { h, morph } from "../common/dom.js";
import { drawMeters } from "./meters.js";
import { say, speak } from "../common/say.js";
import * as station from "./station.js";
import { notice } from "./views/shell.js";

const AGAIN_MS = 2000;

/** Opens the page that `begin(facts, renew)` makes in the element `root`, in the words of `tables` (paths without
 * language and ending); {page, connection}, or null where this browser may not see the room. */
export async function openPage({ root, tables, begin }) {
  await readIn(tables, new URLSearchParams(location.search).get("lang") === "en" ? "en" : "ru");
  show(root, "page.loading", "");
  const facts = await untilKnown(root);
  if (facts === null) return null;
  await readIn(tables, facts.language);
  const cells = new Cells();
  const page = begin(facts, () => connection.renew());
  const connection = new Connection(`ws://${location.host}/live`, {
    told: (message) =>
      message.levels ? cells.add(message.levels.cells, performance.now() / 1000) : page.heard(message),
    changed: (isOpen) => page.connected(isOpen),
  });
  drawMeters(cells);
  return { page, connection };
}

/** The room's facts, however long it takes; null where this browser may not see them. */
async function untilKnown(root) {
  for (;;) {
    try {
      return await station.facts();
    } catch (refusal) {
      if (refusal.error?.code === "no_session") return show(root, "page.no_session", "page.no_session.do");
      show(root, "page.failed", "page.failed.do");
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

async function readIn(tables, language) {
  const read = await Promise.all(tables.map((table) => import(`${table}.${language}.js`)));
  speak(Object.assign({}, ...read.map((table) => table.default)));
  document.documentElement.lang = language;
}

function show(root, what, todo) {
  morph(document.getElementById(root), h("div", { id: root }, notice(say(what), todo && say(todo))));
  return null;
}
