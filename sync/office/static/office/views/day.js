/** «День»: how the package stands, what to do, the matrix of participants. */
import { h } from "../../common/dom.js";
import { date, timeOfDay } from "../../common/format.js";
import { say } from "../../common/say.js";
import { shape } from "../../common/shapes.js";
import { faults } from "./faults.js";
import { matrix } from "./matrix.js";
import { button, part, unseen } from "./parts.js";

export function day(office) {
  const found = office.found("day");
  if (found === null) return part("package", say("day.title"), unseen(office, "day"));
  return [
    part("package", say("day.title"), unseen(office, "day"), standing(office, found),
      found.releases.length > 0 && releases(found.releases),
      !found.is_ahead && found.faults.length > 0 && faults(office, found.faults)),
    part("matrix", say("matrix.title"), matrix(office, found)),
  ];
}

function standing({ facts }, { is_complete: isComplete, is_ahead: isAhead, faults: { length: count }, lines }) {
  const [tone, icon, text] = isAhead
    ? ["calm", "ring", say("day.ahead", { date: date(facts.exam_date), count: lines.length })]
    : isComplete ? ["good", "check", say("day.full")] : ["bad", "warn", say("day.lacks", { count })];
  return h("div", { class: `standing ${tone}`, "data-key": "standing" },
    h("p", { role: "status" }, shape(icon), h("b", {}, text)),
    h("div", { class: "row-of" },
      facts.papers === "by_hand" && !isAhead && button("ask_papers", say("papers"), { kind: "second" }),
      facts.reports.map((kind) => h("a", { class: "second", href: `/api/report.${kind}`, download: "" }, say(`report.${kind}`))),
      !isAhead && button("ask_release", say("release"), { kind: "do" })));
}

function releases(all) {
  return h("ul", { class: "releases", "data-key": "releases" }, all.map(({ version, at, by, incomplete, acknowledged }, index) =>
    h("li", { "data-key": version }, shape(acknowledged ? "check" : "wait"),
      h("span", {}, say("released", { version, date: date(at), time: timeOfDay(at), by }),
        incomplete && ` ${say("released.incomplete", { reason: incomplete })}`,
        ` ${say(acknowledged ? "released.acknowledged" : index < all.length - 1 ? "released.replaced" : "released.waits")}`))));
}
