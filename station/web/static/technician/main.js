/** Opens the technician's page. It needs the room page's words, too: alarms and refusals are told alike on both. */
import { openPage } from "../room/opening.js";
import { say } from "../common/say.js";
import { Desk } from "./desk.js";
import { listenToInputs } from "./inputs.js";

const opened = await openPage({
  root: "desk",
  tables: ["/static/words", "/static/technician/words"],
  begin: (facts) => {
    document.title = say("desk.title", { room: facts.room });
    return new Desk(facts);
  },
});
if (opened) listenToInputs(opened.page);
