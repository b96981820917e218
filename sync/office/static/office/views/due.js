/** «Ход подготовки»: what is due from two weeks before to the hand-over. */
import { h } from "../../common/dom.js";
import { date, timeOfDay } from "../../common/format.js";
import { say } from "../../common/say.js";
import { shape } from "../../common/shapes.js";
import { button, field, part, unseen } from "./parts.js";

const PHASES = ["two_weeks", "eve", "morning", "evening", "checking", "hand_over"];
const AT_ONCE = 3;
const SHAPES = { done: "check", overdue: "warn", today: "play", later: "ring" };

export function due(office) {
  const found = office.found("due");
  return part("due", say("due.title"), unseen(office, "due"), found && [
    summary(found),
    field(office, "by", say("due.by")),
    PHASES.map((phase) => phaseOf(office, phase, found.filter(({ step }) => step.phase === phase))),
  ]);
}

/** What is to be done now; the rest on demand. */
export function dueShort(office) {
  const found = office.found("due");
  const of = (wanted) => found?.filter(({ standing }) => standing === wanted) ?? [];
  const now = [...of("today"), ...of("overdue").reverse()].slice(0, AT_ONCE);
  return part("due", say("due.title"), unseen(office, "due"), found && [
    summary(found),
    now.length > 0 ? h("ul", { class: "steps", "data-key": "now" }, now.map((one) => step(office, one))) : h("p", { class: "hint", "data-key": "nothing" }, say("due.nothing")),
    h("details", { "data-key": "every" }, h("summary", {}, say("due.every", { count: found.length })),
      PHASES.map((phase) => phaseOf(office, phase, found.filter((one) => one.step.phase === phase)))),
  ]);
}

function summary(found) {
  const count = (standing) => found.filter((one) => one.standing === standing).length;
  const overdue = count("overdue");
  return h("p", { class: overdue ? "trouble" : "hint", "data-key": "summary", role: "status" },
    say("due.summary", { done: count("done"), of: found.length }), overdue > 0 && h("b", {}, ` ${say("due.overdue", { count: overdue })}`));
}

function phaseOf(office, phase, steps) {
  return h("div", { class: "phase", "data-key": phase },
    h("h3", {}, say(`phase.${phase}`), " ", h("small", {}, say("due.until", { date: date(steps[0].day) }))),
    h("ul", { class: "steps" }, steps.map((one) => step(office, one))));
}

function step(office, { step: { key, title, hint, source, until }, standing, seen, fact, tick, day }) {
  const { language } = office.facts;
  const isTicked = tick !== null && tick.done;
  return h("li", { class: `step ${standing}`, "data-key": key },
    shape(SHAPES[standing]),
    h("div", { class: "step-what" },
      h("p", {}, h("b", {}, title[language]), " ", h("span", { class: "standing-word" }, say(`standing.${standing}`, { date: date(day) })), until && ` ${say("due.time", { time: until.slice(0, 5) })}`),
      h("p", { class: "detail" }, [hint?.[language], fact?.reason?.[language], source, isTicked && ticked(tick), seen && say("due.seen")].filter(Boolean).join(" · "))),
    !seen && button("tick", say(isTicked ? "due.untick" : "due.tick"), { kind: isTicked ? "quiet" : "second", data: { step: key, done: String(!isTicked) }, "aria-label": `${say(isTicked ? "due.untick" : "due.tick")}: ${title[language]}` }));
}

function ticked({ at, by }) {
  return say(by ? "due.ticked_by" : "due.ticked", { date: date(at), time: timeOfDay(at), by });
}
