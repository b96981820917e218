/** The verdict on a take in neutral words, for the adult: what to listen to, never a mark. Pure. */
import { say } from "../common/say.js";

const WANTS_LISTENING = new Set(["warn", "fail"]);
const NAMED = 3;
const PLACES = 3;
const APART_S = 10;

/** {mark, title, attention, places: [seconds]}; `verdict` null: not known yet. */
export function verdictOf(verdict, inHand) {
  if (verdict === null) return { mark: "wait", title: say("state.review.checking"), attention: "", places: [] };
  const doubted = verdict.metrics.filter((metric) => WANTS_LISTENING.has(metric.grade));
  if (!WANTS_LISTENING.has(verdict.grade)) {
    return { mark: "check", title: say("state.review.good"), attention: "", places: [] };
  }
  const places = doubted.flatMap((metric) => metric.places ?? []).map((place) => place.start_s);
  return { mark: "ear", title: titleOf(places, inHand), attention: attentionOf(doubted), places: firstOf(places) };
}

/** The task being answered at `at` seconds of the file; 0: before the first. */
export function taskAt(at, inHand) {
  const lead = leadOf(inHand);
  return inHand.marks.filter((mark) => mark.seconds + lead <= at).at(-1)?.task ?? 0;
}

/** Seconds of the file before the start was pressed. */
export function leadOf(inHand) {
  return Math.max(0, inHand.seconds_in_all - inHand.seconds);
}

function titleOf(places, inHand) {
  if (!places.length || !inHand.marks.length) return say("state.review.listen");
  const tasks = [...new Set(places.map((at) => taskAt(at, inHand)))].filter(Boolean).sort();
  if (!tasks.length) return say("state.review.listen_beginning");
  return tasks.length > 1
    ? say("state.review.listen_tasks", { tasks: tasks.join(", ") })
    : say("state.review.listen_task", { task: tasks[0] });
}

function attentionOf(doubted) {
  const what = [...new Set(doubted.map(quality))].slice(0, NAMED).join(", ");
  return what ? say("review.attention", { what }) : "";
}

function quality(metric) {
  const what = say(`quality.${metric.name}`);
  return metric.voice ? say(`quality.of.${metric.voice}`, { what }) : what;
}

function firstOf(places) {
  const apart = [];
  for (const at of places.map(Math.floor).sort((one, other) => one - other)) {
    if (!apart.length || at - apart.at(-1) >= APART_S) apart.push(at);
  }
  return apart.slice(0, PLACES);
}
