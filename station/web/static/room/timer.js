/** What the clock of an interview shows. Pure: warns, never stops anything. */
import { length, timer } from "../common/format.js";
import { say } from "../common/say.js";

const PROMPT_S = 120;

/**
 * `seconds`: recorded since the start, pauses left out; `marks`: [{task, seconds}]; `person`: who speaks (tasks,
 * extended); `steps`, `budget`: the limits, as /api/room tells them.
 */
export function timerOf({ seconds, marks, person, steps, budget }) {
  const began = marks.length ? marks[0].seconds : null;
  const spoken = began === null ? seconds : Math.max(0, seconds - began);
  const allowed = budget.ordinary_s + (person.extended ? budget.extra_s : 0);
  const isOver = began !== null && Math.floor(spoken) > allowed;
  return {
    text: timer(spoken),
    prompt: began === null && seconds < PROMPT_S ? say("timer.prompt") : "",
    caption: caption(began, isOver, allowed, person),
    isOver,
    steps: began === null ? ahead(person) : shown(seconds, marks, person, steps),
    isFinished: seconds >= budget.finished_after_s + (person.extended ? budget.extra_s : 0),
  };
}

/** The task a press marks next, or null when none is left. */
export function nextTask(marks, person) {
  const last = Math.max(0, ...marks.map((mark) => mark.task));
  return person.tasks.find((task) => task > last) ?? null;
}

function caption(began, isOver, allowed, person) {
  const minutes = Math.round(allowed / 60);
  if (began === null) return say("timer.since_start");
  if (isOver) return say("timer.over", { minutes });
  return person.extended ? say("timer.budget", { minutes }) : say("timer.since_task");
}

function ahead(person) {
  const introduction = { task: 0, name: say("step.0"), state: "now", text: "", isOver: false };
  return [introduction, ...person.tasks.map((task) => step(task, "ahead"))];
}

function shown(seconds, marks, person, steps) {
  const now = marks.at(-1);
  const marked = new Set(marks.map((mark) => mark.task));
  return person.tasks.map((task) => {
    if (task === now.task) return running(task, seconds - now.seconds, person, steps);
    return step(task, marked.has(task) ? "done" : "ahead");
  });
}

function step(task, state) {
  return { task, name: say(`step.${task}`), state, text: "", isOver: false };
}

/** With 30 minutes more a participant spreads the time as they like: no limit of one task is shown. */
function running(task, elapsed, person, steps) {
  const limit = steps.find((each) => each.task === task);
  const allowed = person.extended || !limit ? null : limit.prepare_s + limit.answer_s;
  const isOver = allowed !== null && Math.floor(elapsed) > allowed;
  const text = allowed === null ? length(elapsed) : `${length(elapsed)} / ${length(allowed)}`;
  return { ...step(task, "now"), text, isOver };
}
