/** What each `data-act` does. An action sees the page's context `c` and what its element carries (`data`). */
import { isBarred, isHere } from "./people.js";
import { say } from "../common/say.js";
import { personOf } from "./screen.js";
import * as station from "./station.js";
import { leadOf } from "./verdict.js";

/** Actions by name. `page`: see page.js: {local, set(changes), told(status), player}. */
export const ACTIONS = {
  open: () => station.command("open"),
  start: (c, data) => start(c, Number(data.earlier ?? 0)),
  mark: (c, data) => station.command("mark", { task: Number(data.task) }),
  pause: () => station.command("pause"),
  resume: (c, data) => station.command("resume", { earlier_s: Number(data.earlier ?? 0) }),
  continue: (c) =>
    station.command("start", { participant: c.inHand.participant, other_room: isElsewhere(c, c.inHand.participant) }),
  choose: (c, data, page) => choose(c, Number(data.number), page),
  unchoose: () => station.command("choose", { participant: null }),
  whole: (c, data, page) => page.set({ whole: !c.local.whole }),
  dismiss: (c, data, page) => page.set({ refusal: null }),
  next: (c, data, page) => page.set({ next: c.inHand.take, again: null }),
  again: (c, data, page) => page.set({ again: c.inHand.take }),
  opinion: (c, data, page) => opinion(c, data.opinion, page),
  listen: (c, data, page) => page.player.play([[Number(data.at ?? beginning(c)), null]]),
  quick: (c, data, page) => page.player.play(c.wave.parts),
  quiet: (c, data, page) => page.player.pause(),
  back: (c, data, page) => page.set({ dialog: c.local.dialog.from ?? null, refusal: null }),

  repair: (c, data, page) => page.set({ dialog: { kind: "repair", ...takeToRepair(c, data.number) } }),
  repair_by: (c, data, page) => page.set({ dialog: dialogFor(c, data.what) }),
  reassign_to: (c, data, page) =>
    page.set({ dialog: { ...c.local.dialog, to: Number(data.number), from: c.local.dialog } }),
  reassign_do: (c, data, page) => reassign(c, page),
  correct_do: (c, data, page) => correct(c, page),
  cancel_do: (c, data, page) => done(page, station.command("cancel", { take: c.local.dialog.take })),
  outcomes: (c, data, page) => page.set({ dialog: { kind: "outcomes", number: Number(data.number) } }),
  outcome_of: (c, data, page) =>
    page.set({ dialog: { ...c.local.dialog, outcome: data.outcome, at: timeNow(c), from: c.local.dialog } }),
  outcome_do: (c, data, page) => outcome(c, page),
  outcome_clear: (c, data, page) =>
    done(page, station.command("outcome", { participant: c.local.dialog.number, outcome: null })),
  retake: (c, data, page) => page.set({ dialog: { kind: "retake" } }),
  retake_consent: (c, data, page) => page.set({ dialog: { ...c.local.dialog, consent: data.consent === "yes" } }),
  retake_do: (c, data, page) => retake(c, page),
  ask_close: (c, data, page) => page.set({ dialog: { kind: "close" } }),
  close_do: (c, data, page) => done(page, station.command("close", {}, c.local.dialog.pin ?? "")),
  ask_stop: (c, data, page) => page.set({ dialog: { kind: "stop" } }),
  stop_do: (c, data, page) => done(page, station.command("stop")),
};

/** What is typed in the card goes with the start: the press must not wait for what the station knows. */
function start(c, earlier) {
  const { participant, variant, other_room } = c.status.chosen;
  const typed = c.local.variant?.participant === participant ? c.local.variant.text.trim() : (variant ?? "");
  return station.command("start", { participant, variant: typed || null, other_room, earlier_s: earlier });
}

/** Whoever is marked cannot be recorded before the mark is taken back: that is offered at once. */
function choose(c, number, page) {
  const noted = c.status.participants.find((each) => each.number === number);
  if (isBarred(noted?.outcome)) return page.set({ dialog: { kind: "outcomes", number } });
  page.set({ query: "" });
  if (c.status.chosen?.participant === number) return null;
  return station.command("choose", { participant: number, other_room: isElsewhere(c, number) });
}

function isElsewhere(c, number) {
  return !isHere(personOf(c.facts, number), c.facts.room);
}

/** Tell the station the variant as typed, and whether the document was seen. */
export function chooseAgain(c, { variant, document }) {
  const { participant, other_room } = c.status.chosen;
  return station.command("choose", {
    participant,
    variant: variant.trim() || null,
    other_room,
    document_checked: document,
  });
}

async function opinion(c, said, page) {
  await page.player.report();
  const status = await station.heard(c.inHand.take, said);
  page.player.pause();
  page.set({ again: null, next: null });
  return status;
}

function takeToRepair(c, number) {
  if (number === undefined) {
    const { take, participant, variant } = c.inHand;
    return { take, participant, variant, inHand: true };
  }
  const take = c.status.participants.find((each) => each.number === Number(number)).takes.at(-1);
  return { take: take.file.replace(/\.wav$/, ""), participant: Number(number), variant: take.variant, inHand: false };
}

function dialogFor(c, what) {
  const { dialog } = c.local;
  const isOutcome = what === "early_end" || what === "removed";
  const next = isOutcome
    ? { kind: "outcomes", number: dialog.participant, outcome: what, at: timeNow(c), inHand: dialog.inHand }
    : { ...dialog, kind: what };
  return { ...next, from: dialog };
}

function reassign({ local: { dialog } }, page) {
  const { take, to } = dialog;
  return done(page, station.command("reassign", { take, to, reason: say("reassign.reason") }));
}

function correct({ local: { dialog } }, page) {
  const variant = (dialog.text ?? "").trim();
  return variant
    ? done(page, station.command("correct", { take: dialog.take, variant, reason: say("correct.reason") }))
    : null;
}

function outcome({ local: { dialog } }, page) {
  const { number, outcome: chosen, at, note } = dialog;
  const timed = chosen === "early_end" || chosen === "removed";
  const args = { participant: number, outcome: chosen, at: timed ? wholeTime(at ?? "") : null, note: note ?? "" };
  return done(page, station.command("outcome", args));
}

/** `hh:mm:ss` of a time as people write it; what is none is for the station to refuse. */
function wholeTime(text) {
  const [, hours, rest, seconds = ":00"] = /^(\d\d?)(:\d\d)(:\d\d)?$/.exec(text.trim()) ?? [];
  return hours ? hours.padStart(2, "0") + rest + seconds : text.trim() || null;
}

/** After a yes the same participant is chosen with the new variant: one press starts the repeat. */
async function retake(c, page) {
  const { consent, text, reason } = c.local.dialog;
  const variant = consent ? (text ?? "").trim() : null;
  if (consent && !variant) return null;
  const { take, participant } = c.inHand;
  const why = (reason ?? "").trim() || say("retake.reason.text");
  const status = await done(page, station.command("retake", { reason: why, variant, consent, take }));
  return consent
    ? station.command("choose", { participant, variant, other_room: isElsewhere(c, participant) })
    : status;
}

/** The dialog goes once it is done; refused, it stays and says why. */
async function done(page, asked) {
  const status = await asked;
  page.set({ dialog: null, refusal: null });
  return status;
}

function beginning(c) {
  return c.player.at > 0 && c.player.at < c.inHand.seconds_in_all - 1 ? c.player.at : Math.max(0, leadOf(c.inHand) - 1);
}

function timeNow(c) {
  return c.now.slice(11, 19);
}
