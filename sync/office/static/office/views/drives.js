/** «Накопители»: what is plugged in and what can be done with it; the drives that were written here. */
import { h } from "../../common/dom.js";
import { date, timeOfDay } from "../../common/format.js";
import { say } from "../../common/say.js";
import { shape } from "../../common/shapes.js";
import { button, part, sized, unseen } from "./parts.js";

export function drives(office) {
  const found = office.found("drives");
  return part("drives", say("drives.title"), unseen(office, "drives"), found && [
    office.local.isBusy && office.local.sheet === null && h("p", { class: "trouble", role: "status", "data-key": "busy" }, say("busy")),
    found.plugged.length === 0 ? h("p", { class: "hint", "data-key": "none" }, say("drives.none")) : h("ul", { class: "lines", "data-key": "plugged" }, found.plugged.map((drive) => plugged(drive, office.local.isBusy))),
    found.written.length > 0 && [h("h3", {}, say("drives.written")), h("ul", { class: "lines", "data-key": "written" }, found.written.map(written))],
  ]);
}

function plugged({ path, free_bytes: free, is_writable: isWritable }, disabled) {
  const data = { folder: path };
  return h("li", { "data-key": path }, h("span", {}, h("b", {}, path), ` (${say("drives.free", { free: sized(free) })})`),
    button("drive_import", say("drive.import"), { kind: "second", data, disabled }),
    isWritable && button("ask_drive", say("drive.export"), { kind: "second", data, disabled }),
    button("drive_receipts", say("drive.receipts"), { kind: "second", data, disabled }));
}

function written({ number, at, by, is_encrypted: isEncrypted, files, size, is_made: isMade, lost }) {
  const state = lost !== null ? "lost" : isMade ? "made" : "unfinished";
  const words = [`${date(at)} ${timeOfDay(at)}, ${by}`, say("drives.held", { files, size: sized(size) }), say(isEncrypted ? "drives.encrypted" : "drives.plain"), say(`drives.${state}`, { lost })];
  return h("li", { "data-key": number }, shape(state === "made" ? "check" : "warn"),
    h("span", {}, h("b", {}, `№ ${number}`), ` · ${words.join(" · ")}`),
    isMade && h("a", { class: "second", href: `/api/drives/slip-${number}.pdf`, download: "" }, say("drives.slip")),
    lost === null && button("ask_lost", say("drives.lose"), { kind: "second", data: { number } }));
}
