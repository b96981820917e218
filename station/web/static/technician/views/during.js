/** During the day: what the room does now, what is wrong, who has been recorded. */
import { alarmsOf } from "../../room/alarms.js";
import { h } from "../../common/dom.js";
import { length, timeOfDay } from "../../common/format.js";
import { fullName } from "../../room/people.js";
import { say } from "../../common/say.js";
import { shape } from "../../common/shapes.js";
import { meters } from "../../room/views/parts.js";
import { part } from "./parts.js";

export function during(desk) {
  return [
    part("now", say("now.heading"), now(desk), meters(desk.facts)),
    part("alarms", say("alarms.heading"), alarms(desk)),
    part("done", say("done.heading"), table(desk)),
  ];
}

function now({ status, facts, sinceStatus }) {
  const more = status.state === "recording" ? sinceStatus : 0;
  const person = facts.people.find((each) => each.number === status.participant);
  const lines = [
    [say("now.state"), say(`desk.state.${status.state}`)],
    person && [say("now.person"), `${fullName(person)}${person.class ? `, ${person.class}` : ""}`],
    status.in_hand && [say("now.length"), length(status.in_hand.seconds + more)],
    status.stream && [say("now.stream"), status.stream.file],
    ...status.disk.map((disk) => [say("now.disk"), say("now.hours", { folder: disk.folder, hours: Math.floor(disk.hours_left) })]),
    status.publishing.length > 0 && [say("now.publishing"), String(status.publishing.length)],
  ];
  return h("dl", { class: "facts" }, lines.filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

/** All of them, also those that the room page keeps to itself. */
function alarms({ status }) {
  const shown = status.alarms.flatMap((alarm) => alarmsOf({ ...status, alarms: [alarm] }, status.now, new Set()).shown);
  if (shown.length === 0) return h("p", { class: "hint" }, say("alarms.none"));
  return h("ul", { class: "alarms" }, shown.map(({ tone, what, since, todo, safe, code }) =>
    h("li", { class: `strip ${tone}`, "data-key": code }, shape("warn"), h("span", { class: "strip-text" }, h("b", {}, what), ` ${since}. ${todo} ${safe}`))));
}

function table({ status, facts }) {
  const people = new Map(facts.people.map((person) => [person.number, person]));
  const rows = status.participants.filter((told) => told.takes.length > 0 || told.outcome).flatMap((told) => lines(told, people.get(told.number)));
  if (rows.length === 0) return h("p", { class: "hint" }, say("done.nobody"));
  const heads = ["number", "name", "class", "variant", "began", "length", "sound", "standing"].map((name) => h("th", { scope: "col" }, say(`done.${name}`)));
  return h("table", {}, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows));
}

function lines(told, person) {
  const takes = told.takes.length > 0 ? told.takes : [null];
  return takes.map((take) => h("tr", {}, [
    told.number, told.name, person?.class ?? "", take?.variant ?? "", take?.started_at ? timeOfDay(take.started_at, { seconds: true }) : "",
    take ? length(take.seconds) : "", take?.verdict ? say(`grade.${take.verdict.grade}`) : "", standing(told, take),
  ].map((cell) => h("td", {}, String(cell)))));
}

function standing(told, take) {
  const words = [take && (take.accepted ? say("take.accepted") : say(`take.${take.decision ?? "open"}`)), told.outcome && say(`outcome.${told.outcome}`)];
  return words.filter(Boolean).join("; ");
}
