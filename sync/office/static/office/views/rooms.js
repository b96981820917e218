/** «Аудитории»: what each room does now. */
import { h } from "../../common/dom.js";
import { timeOfDay } from "../../common/format.js";
import { say, sayFirst } from "../../common/say.js";
import { shape } from "../../common/shapes.js";
import { part, sized, unseen } from "./parts.js";

const SHAPES = { unknown: "wait", closed: "square", idle: "ring", recording: "disc", paused: "bars", review: "ear", finished: "check" };

export function rooms(office) {
  const found = office.found("rooms");
  return part("rooms", say("rooms.title"), unseen(office, "rooms"),
    found?.length === 0 && h("p", { class: "hint" }, say("rooms.none")),
    found && h("ul", { class: "rooms" }, found.map((room) => card(office, room))));
}

function card({ facts: { language } }, { number, stations, state, done, expected, words }) {
  return h("li", { class: `room state-${state}`, "data-key": number },
    h("h3", {}, shape(SHAPES[state]), say("room", { number })),
    h("p", { class: "state" }, say(`state.${state}`)),
    h("p", { class: "progress" }, h("progress", { max: expected || 1, value: done, "aria-label": say("rooms.done") }), say("rooms.counted", { done, expected })),
    words.length === 0 ? h("p", { class: "hint" }, say("rooms.silent")) : words.map((word) => computer(word, language, stations.length > 1, state === "finished")));
}

function computer({ station, heard_at: heardAt, is_late: isLate, size, grew, rehearsed, readiness, alarms, clock_off_s: off }, language, isOneOfMany, isOver) {
  return h("div", { class: isLate ? "computer late" : "computer", "data-key": station },
    h("p", {}, isOneOfMany && h("b", {}, `${station}: `), say(isLate ? "rooms.late" : "rooms.heard", { time: timeOfDay(heardAt, { seconds: true }) })),
    size !== null && h("p", {}, sized(size), grew !== null && ` · ${say(grew ? "rooms.grows" : "rooms.still")}`),
    rehearsed !== null && !isOver && h("p", { class: rehearsed ? null : "trouble" }, say(rehearsed ? "rooms.rehearsed" : "rooms.not_rehearsed")),
    Math.abs(off) > 30 && h("p", { class: "trouble" }, say("rooms.clock", { seconds: Math.round(off) })),
    !isOver && readiness.map(({ code, text }) => h("p", { class: "trouble" }, h("b", {}, lightName(code), ": "), text)),
    alarms.map((reason) => h("p", { class: "trouble" }, reason[language])));
}

function lightName(code) {
  return sayFirst([`light.${code}`]) ?? code;
}
