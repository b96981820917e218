/** Alarms in words: what happened, since when, what to do, what is safe. Pure. */
import { secondsBetween, timeOfDay } from "../common/format.js";
import { say, sayFirst } from "../common/say.js";

const FOR_A_BREAK = new Set(["rehearsal_missing", "clock_step"]);
const TOLD_BY_A_LIGHT = new Set(["rehearsal_missing", "second_copy_failed", "disk_low"]);
const LEFT_OUT = { closed: TOLD_BY_A_LIGHT, idle: new Set() };
const RANK = { red: 0, warn: 1 };
const SHOWN = 2;

/**
 * {shown: [strip…], more}: the worst first; what can wait waits until nobody is in the room.
 * `now`: ISO, the station's clock; `leftOut`: causes not told of.
 */
export function alarmsOf(status, now, leftOut = LEFT_OUT[status.state] ?? FOR_A_BREAK) {
  const standing = status.alarms.filter((alarm) => !leftOut.has(cause(alarm)));
  standing.sort((one, other) => RANK[one.severity] - RANK[other.severity]);
  const shown = standing.slice(0, SHOWN);
  return { shown: shown.map((alarm) => stripOf(alarm, status.state, now)), more: standing.length - shown.length };
}

function cause(alarm) {
  return alarm.cause || alarm.code;
}

/** An alarm this page has no words for is told in the daemon's. */
function stripOf(alarm, state, now) {
  const code = cause(alarm);
  const what = sayFirst([`alarm.${code}.${alarm.seat}`, `alarm.${code}`]);
  return {
    code,
    tone: alarm.severity === "red" ? "red" : "warn",
    what: what ?? alarm.text,
    since: sinceOf(alarm.since, now),
    todo: what === null ? "" : (sayFirst([`alarm.${code}.do`]) ?? ""),
    safe: what === null ? "" : safeOf(code, state),
  };
}

/** A closed day records nothing: then no alarm may say that it does. */
function safeOf(code, state) {
  return state === "closed" ? say("alarm.safe.closed") : sayFirst([`alarm.${code}.safe`, "alarm.safe"]);
}

/** For how long, while that is easily grasped; else since when. */
export function sinceOf(since, now) {
  const seconds = Math.max(0, Math.floor(secondsBetween(since, now)));
  if (seconds < 90) return say("since.seconds", { seconds });
  if (seconds < 600) return say("since.minutes", { minutes: Math.floor(seconds / 60) });
  return say("since.time", { time: timeOfDay(since) });
}

/** How much earlier a take must go on to hold what was said since the alarm, in seconds; null without the alarm. */
export function speechInPause(status, now) {
  const alarm = status.alarms.find((each) => cause(each) === "speech_in_pause");
  return alarm ? Math.min(900, Math.max(0, secondsBetween(alarm.since, now)) + LEAD_S) : null;
}

const LEAD_S = 15; // the alarm comes only after some seconds of speech
