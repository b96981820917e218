/** While somebody speaks, or the recording is paused: the time, the steps, and what comes next. Nothing else. */
import { h } from "../../common/dom.js";
import { say } from "../../common/say.js";
import { markMain } from "../screen.js";
import { shape } from "../../common/shapes.js";
import { button, earlier, mainButton, meters, stopButton } from "./parts.js";

export function talking(c) {
  const { clock } = c;
  return [
    h("div", { class: "clock", "data-key": "clock" }, c.countdown ? countdown(c.countdown) : time(clock)),
    h("ol", { class: "steps", "data-key": "steps" }, clock.steps.map(step)),
    meters(c.facts),
    c.screen === "paused" ? pausedActions(c) : recordingActions(c),
    h("div", { class: "talk-more", "data-key": "more" }, button("repair", say("talk.repair"))),
  ];
}

function time({ text, caption, prompt, isOver }) {
  return h(
    "div",
    { class: `time ${isOver ? "over" : ""}`, "data-key": "time" },
    prompt && h("p", { class: "prompt" }, prompt),
    h("p", { class: "digits", role: "timer", "aria-live": "off" }, text),
    h("p", { class: "caption" }, caption),
  );
}

function countdown({ seconds, passed }) {
  return h(
    "div",
    { class: "countdown", "data-key": "countdown", role: "status" },
    h(
      "svg",
      { class: "dial", viewBox: "0 0 100 100", "aria-hidden": "true" },
      h("circle", { cx: 50, cy: 50, r: 44, class: "dial-ground" }),
      h("circle", {
        cx: 50,
        cy: 50,
        r: 44,
        class: "dial-passed",
        pathLength: 1,
        "stroke-dasharray": `${passed.toFixed(2)} 2`,
      }),
    ),
    h(
      "div",
      {},
      h("p", { class: "countdown-what" }, say("hold.title", { seconds })),
      h("p", { class: "countdown-release" }, say("hold.release")),
    ),
  );
}

function step({ task, name, state, text, isOver }) {
  return h(
    "li",
    { class: `step ${state} ${isOver ? "over" : ""}`, "aria-current": state === "now" ? "step" : null },
    h(
      "span",
      { class: "step-name" },
      state === "done" ? shape("check") : task > 0 && h("b", {}, String(task)),
      " ",
      name,
    ),
    state === "done" && h("span", { class: "unseen" }, say("step.done")),
    text && h("span", { class: "step-time" }, text),
    isOver && h("span", { class: "step-over" }, say("step.over")),
  );
}

function recordingActions(c) {
  return h(
    "div",
    { class: "actions", "data-key": "actions-recording" },
    mainButton(c.main, { hasPedal: c.hasPedal }),
    c.main.hold && nextButton(c),
    button("pause", say("talk.pause"), { kind: "second", icon: "bars" }),
    !c.main.hold && stopButton(),
  );
}

function nextButton({ status, facts }) {
  const next = markMain(status, facts);
  return next && button("mark", next.label, { kind: "second", data: { task: next.task } });
}

function pausedActions(c) {
  return [
    h(
      "div",
      { class: "actions", "data-key": "actions-paused" },
      mainButton(c.main, { hasPedal: c.hasPedal }),
      stopButton(),
    ),
    c.speechS === null
      ? earlier("resume", say("talk.late"))
      : h(
          "div",
          { class: "earlier speech" },
          button("resume", say("talk.speech"), { kind: "second", data: { earlier: c.speechS } }),
        ),
  ];
}
