/** «Эксперты»: who listens to what, what is overdue, what nobody has. */
import { h } from "../../common/dom.js";
import { date, length } from "../../common/format.js";
import { say } from "../../common/say.js";
import { shape } from "../../common/shapes.js";
import { button, part, unseen } from "./parts.js";

export function experts(office) {
  const found = office.found("experts")?.standing ?? null;
  return part("experts", say("experts.title"), unseen(office, "experts"), found && [
    h("div", { class: "row-of", "data-key": "until" },
      h("p", { class: "hint" }, say("experts.until", { date: date(found.due) })),
      button("ask_distribute", say("distribute"), { kind: found.experts.length === 0 ? "do" : "second" })),
    h("ul", { class: "rooms", "data-key": "experts" }, found.experts.map(card)),
    waiting(found.not_given.filter((one) => !one.lawful)),
  ]);
}

function card({ name, seconds, waiting: left, overdue, shares }) {
  const tone = overdue ? "overdue" : left.length === 0 ? "done" : "today";
  return h("li", { class: `room step ${tone}`, "data-key": name },
    h("h3", {}, shape(SHAPES[tone]), name),
    h("p", { class: "standing-word" }, say(`experts.${tone}`)),
    h("p", {}, say("experts.given", { count: shares.length, time: length(seconds), back: shares.length - left.length })),
    h("details", {}, h("summary", {}, say("experts.whose")), h("ul", {}, shares.map((share) => one(name, share)))),
    h("div", { class: "row-of" },
      button("ask_export", say("export"), { kind: "second", data: { name } }),
      left.length > 0 && button("ask_returned", say("returned"), { kind: "second", data: { name } })));
}

const SHAPES = { overdue: "warn", done: "check", today: "ear" };

function one(expert, { participant, name, second, replaced, returned_at: back }) {
  const words = [second && say("experts.second"), replaced && say("experts.replaced"), back && say("experts.back")].filter(Boolean);
  return h("li", { class: "share", "data-key": `${participant} ${second}` },
    h("span", {}, `№ ${participant} ${name}`, words.length > 0 && ` · ${words.join(" · ")}`),
    !back && button("ask_reassign", say("reassign"), { kind: "quiet", data: { name: expert, participant }, "aria-label": `${say("reassign")} № ${participant} ${name}` }));
}

function waiting(left) {
  if (left.length === 0) return null;
  return h("details", { class: "fault", "data-key": "not_given", open: left.length <= 5 },
    h("summary", {}, shape("warn"), h("b", {}, say("experts.nobody")), h("span", { class: "count" }, left.length)),
    h("ul", {}, left.map(({ participant, name, reason }) => h("li", { "data-key": participant }, `№ ${participant} ${name}`, reason && `: ${reason}`))));
}
