/** Opens the room page. */
import { listenToInputs } from "./inputs.js";
import { openPage } from "./opening.js";
import { Page } from "./page.js";

const opened = await openPage({
  root: "room",
  tables: ["/static/words"],
  begin: (facts, renew) => new Page(facts, renew),
});
if (opened) listenToInputs(opened.page, opened.connection);
