/** Everything the page is drawn from at one moment. Pure. */
import { alarmsOf, speechInPause } from "./alarms.js";
import { later, length } from "../common/format.js";
import { countdownOf } from "./holding.js";
import { refusalOf } from "./refusals.js";
import { bandOf, mainOf, personOf, screenOf } from "./screen.js";
import { timerOf } from "./timer.js";

/**
 * `heard`: {status, at}, the last status and when it came; `at`, `heard.at`, `local.lostAt`: ms of one clock.
 * `edition`: another one with each status and facts. `player`: {at, isPlaying, failed}; `wave`: the picture of the take under review, or null.
 */
export function contextOf({ heard, facts, local, player, wave, at, edition = 0 }) {
  const { status } = heard;
  const gone = Math.max(0, (at - heard.at) / 1000);
  const now = later(status.now, gone);
  const screen = screenOf(status, facts, local);
  const inHand = status.in_hand && grown(status.in_hand, screen, gone);
  const person = inHand && personOf(facts, inHand.participant);
  const clock = isTalk(screen) ? timerOf({ ...inHand, person, steps: facts.steps, budget: facts.budget }) : null;
  return {
    edition,
    status,
    facts,
    local,
    screen,
    inHand,
    person,
    clock,
    now,
    player,
    wave,
    band: bandOf(screen, status, facts, { pausedS: inHand?.paused_s ?? 0, streamS: streamS(status, facts, gone) }),
    main: mainOf(screen, status, facts, { isFinished: clock?.isFinished }),
    isRehearsing: Boolean(status.rehearsal?.running),
    isFinished: screen === "recording" && clock.isFinished,
    refusal: local.refusal && refusalOf(local.refusal.error, status.state, facts.language),
    alarms: alarmsOf(status, now),
    speechS: screen === "paused" ? speechInPause(status, now) : null,
    countdown: isTalk(screen) ? countdownOf(local.holding, at) : null,
    hasPedal: Boolean(status.pedal?.present),
    offlineS: local.lostAt === null ? null : (at - local.lostAt) / 1000,
  };
}

/** What is said aloud when the screen changes. */
export function spoken(c) {
  return `${c.band.title}. ${isTalk(c.screen) && c.screen !== "paused" ? length(c.inHand.seconds) : c.band.detail}`;
}

function isTalk(screen) {
  return screen === "recording" || screen === "paused";
}

/** The take in hand as it is by now: a status comes only when something changes. */
function grown(inHand, screen, gone) {
  if (screen === "recording")
    return { ...inHand, seconds: inHand.seconds + gone, seconds_in_all: inHand.seconds_in_all + gone };
  return screen === "paused" ? { ...inHand, paused_s: (inHand.paused_s ?? 0) + gone } : inHand;
}

function streamS(status, facts, gone) {
  return status.stream && facts.sample_rate ? status.stream.frames / facts.sample_rate + gone : null;
}
