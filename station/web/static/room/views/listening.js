/** After the stop: the participant listens, and says how it is heard. Nothing here must be done before going on. */
import { h } from "../../common/dom.js";
import { length } from "../../common/format.js";
import { say } from "../../common/say.js";
import { leadOf, verdictOf } from "../verdict.js";
import { HEIGHT, WIDTH, place } from "../waves.js";
import { button, mainButton } from "./parts.js";

export function listening(c) {
  return [
    wave(c),
    c.player.failed ? h("p", { class: "note" }, say("review.unplayable")) : playing(c),
    c.inHand.opinion === "badly" ? badly() : question(),
    h(
      "div",
      { class: "after" },
      button("next", say("review.next"), { kind: "second", icon: null }),
      button("continue", say("review.continue"), { kind: "second" }),
      c.inHand.opinion !== "badly" && button("repair", say("card.repair")),
    ),
  ];
}

function wave({ inHand, player, wave: picture }) {
  const total = picture?.seconds ?? inHand.seconds_in_all;
  const at = Math.min(player.at, total);
  return h(
    "div",
    {
      class: "wave",
      "data-key": "wave",
      "data-act": "seek",
      role: "slider",
      tabindex: "0",
      "aria-label": say("review.wave"),
      "aria-valuemin": 0,
      "aria-valuemax": Math.round(total),
      "aria-valuenow": Math.round(at),
      "aria-valuetext": say("review.wave_at", { time: length(at), total: length(total) }),
    },
    h(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
      h("path", { class: "sound", d: picture?.path ?? `M0 ${HEIGHT / 2} H${WIDTH}` }),
      inHand.marks.map((mark) =>
        h("line", { class: "mark", y1: 0, y2: HEIGHT, ...sameX(place(mark.seconds + leadOf(inHand), total)) }),
      ),
      h("line", { class: "now", y1: 0, y2: HEIGHT, ...sameX(place(at, total)) }),
    ),
    h("span", { class: "wave-time" }, say("review.wave_at", { time: length(at), total: length(total) })),
  );
}

function sameX(x) {
  return { x1: x.toFixed(1), x2: x.toFixed(1) };
}

function playing(c) {
  const { inHand, player, status } = c;
  const lead = leadOf(inHand);
  const { places, attention } = verdictOf(status.verdict, inHand);
  const main = player.isPlaying ? { ...c.main, act: "quiet", label: say("review.stop_playing") } : c.main;
  const from = (label, at) => button("listen", label, { data: { at: Math.max(0, at) } });
  return h(
    "div",
    { class: "playing", "data-key": "playing" },
    mainButton(main, { hasPedal: false }),
    h(
      "div",
      { class: "places" },
      from(say("review.from_start"), 0),
      inHand.marks.map((mark) => from(say("review.task", { task: mark.task }), mark.seconds + lead)),
      places.map((at) => from(say("review.place", { time: length(at) }), at - 2)),
      c.wave && button("quick", say("review.quick"), { title: say("review.quick.what") }),
    ),
    attention && h("p", { class: "attention" }, attention),
  );
}

function question() {
  return h(
    "div",
    { class: "question", role: "group", "aria-label": say("review.question") },
    h("span", {}, say("review.question")),
    button("opinion", say("review.well"), { kind: "answer", icon: "check", data: { opinion: "well" } }),
    button("opinion", say("review.badly"), { kind: "answer", icon: "ear", data: { opinion: "badly" } }),
    button("opinion", say("review.declined"), { kind: "answer", data: { opinion: "declined" } }),
  );
}

function badly() {
  return h(
    "div",
    { class: "question badly" },
    h("p", {}, h("b", {}, say("review.badly.what")), ". ", say("review.badly.do")),
    button("retake", say("review.retake"), { kind: "second" }),
    button("opinion", say("review.well"), { kind: "answer", icon: "check", data: { opinion: "well" } }),
  );
}
