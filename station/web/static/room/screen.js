/** What one glance must tell: which screen, its band, and the one big next action. Pure. */
import { date, length, timeOfDay } from "../common/format.js";
import { nextTask } from "./timer.js";
import { say } from "../common/say.js";
import { verdictOf } from "./verdict.js";

/** The person of this number; a placeholder for one whom the list no longer has. */
export function personOf(facts, number) {
  return facts.people.find((person) => person.number === number) ?? { ...UNKNOWN, number, surname: `№ ${number}` };
}

const UNKNOWN = {
  first_name: "",
  patronymic: "",
  class: "",
  room: "",
  extended: false,
  tasks: [1, 2, 3, 4],
  playback: true,
};

/** closed, idle, recording, paused, listening (review, before it is said how it is heard) or next (review, after). */
export function screenOf(status, facts, local) {
  if (status.state !== "review") return status.state;
  const { in_hand: inHand, chosen } = status;
  if (!personOf(facts, inHand.participant).playback) return "next";
  if (local.again === inHand.take) return "listening";
  const isSettled = inHand.opinion === "well" || inHand.opinion === "declined";
  return isSettled || chosen !== null || local.next === inHand.take ? "next" : "listening";
}

/** {tone, mark, title, detail}: the tone is the page's colour, the mark its shape. `paused_s`, `stream_s`: now. */
export function bandOf(screen, status, facts, { pausedS = 0, streamS = null } = {}) {
  if (screen === "closed") return { tone: "closed", mark: "square", title: closedTitle(status), detail: "" };
  if (screen === "idle") return { tone: "idle", mark: "ring", title: say("state.idle"), detail: streaming(streamS) };
  if (screen === "recording") return { tone: "recording", mark: "disc", title: say("state.recording"), detail: "" };
  if (screen === "paused") {
    const title = say("state.paused", { time: length(pausedS) });
    return { tone: "paused", mark: "bars", title, detail: say("state.paused.detail") };
  }
  return reviewBand(screen, status);
}

function reviewBand(screen, status) {
  if (screen === "next") {
    return { tone: "review", mark: "check", title: say("state.review.done"), detail: say("card.next") };
  }
  return { tone: "review", ...verdictOf(status.verdict, status.in_hand), detail: "" };
}

function closedTitle(status) {
  return say(wasOpen(status) ? "state.finished" : "state.closed");
}

function streaming(seconds) {
  return seconds === null ? say("state.idle.detail") : say("state.idle.detail_for", { time: length(seconds) });
}

/** Whether something was recorded today already. */
export function wasOpen(status) {
  return status.participants.some((each) => each.takes.length > 0);
}

/**
 * The one big next action, {act, label, sub, hold}; null where a person is to be chosen first.
 * `hold`: it is held for 3 s. `pedal`: a short press of pedal or key does the same. `isFinished`: the talk has lasted
 * longer than any should.
 */
export function mainOf(screen, status, facts, { isFinished = false } = {}) {
  if (screen === "closed") return isToday(status, facts) && !wasOpen(status) ? openMain() : null;
  if (screen === "recording") return isFinished ? stopMain() : (markMain(status, facts) ?? stopMain());
  if (screen === "paused") return { act: "resume", label: say("talk.resume"), sub: "", pedal: true };
  if (screen === "listening") return { act: "listen", label: say("review.play"), sub: "", pedal: false };
  return status.chosen === null ? null : startMain(status);
}

function openMain() {
  return { act: "open", label: say("closed.open"), sub: "", pedal: false };
}

function startMain(status) {
  const isSame = status.state === "review" && status.chosen.participant === status.in_hand.participant;
  return { act: "start", label: say(isSame ? "card.continue" : "card.start"), sub: "", pedal: true };
}

/** Marking the next task; null when all are marked. */
export function markMain(status, facts) {
  const task = nextTask(status.in_hand.marks, personOf(facts, status.in_hand.participant));
  return task === null
    ? null
    : { act: "mark", task, label: say("talk.next", { task }), sub: say(`step.${task}`), pedal: true };
}

function stopMain() {
  return { act: "stop", label: say("talk.stop.big"), sub: "", pedal: true, hold: true };
}

/** Whether the exam is today, by the station's clock. */
export function isToday(status, facts) {
  return status.now.slice(0, 10) === facts.exam_date;
}

/** Exam's date and today's, as people write them. */
export function dates(status, facts) {
  return { date: date(facts.exam_date), today: date(status.now) };
}

/** `hh:mm:ss` of now, by the station's clock, for papers. */
export function timeNow(status) {
  return timeOfDay(status.now, { seconds: true });
}
