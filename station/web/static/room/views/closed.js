/** Before and after the day: is all ready, and one button. */
import { h } from "../dom.js";
import { isHere } from "../people.js";
import { lightsOf } from "../readiness.js";
import { say } from "../say.js";
import { dates, isToday, wasOpen } from "../screen.js";
import { shape } from "../shapes.js";
import { mainButton } from "./parts.js";

export function closed(c) {
  const { facts, status } = c;
  return [
    h("div", { class: "closed-start" }, c.main ? mainButton(c.main, { hasPedal: false }) : h("p", { class: "not-today" }, say("closed.not_today", dates(status, facts))),
      h("p", { class: "hint" }, say(hintKey(status, facts)))),
    h("ul", { class: "lights" }, lightsOf(status, facts).map(light)),
    h("p", { class: "hint" }, expected(facts)),
  ];
}

function hintKey(status, facts) {
  if (!isToday(status, facts)) return "closed.not_today.do";
  return wasOpen(status) ? "closed.finished" : "closed.hint";
}

function light({ isReady, text, todo }) {
  return h("li", { class: isReady ? "ready" : "unready" }, shape(isReady ? "check" : "warn"),
    h("span", {}, h("b", {}, text), todo && h("span", { class: "todo" }, " ", todo)));
}

function expected(facts) {
  const here = facts.people.filter((person) => isHere(person, facts.room)).length;
  return say("closed.expected", { count: facts.people.length, here });
}
