/** What another recorder kept: a file dropped here becomes a participant's take. */
import { h } from "../../common/dom.js";
import { fullName } from "../../room/people.js";
import { say } from "../../common/say.js";
import { button } from "../../room/views/parts.js";
import { field, isRunning, job, part, sized } from "./parts.js";

const SOURCES = ["dictaphone", "conference", "other_pc"];

export function dictaphone(desk) {
  const { upload } = desk.local;
  return part("dictaphone", say("dictaphone.heading"), h("p", { class: "hint" }, say("dictaphone.hint")),
    upload === null ? drop() : upload.id === undefined ? sending(upload) : asking(desk, upload),
    job(desk.jobs.import, ({ lines }) => h("ul", { class: "reasons" }, lines.map((line) => h("li", {}, line)))));
}

/** A label, so that the keyboard reaches the file chooser within. */
function drop() {
  return h("label", { class: "drop", "data-key": "drop" }, h("b", {}, say("dictaphone.drop")), h("span", {}, say("dictaphone.choose")),
    h("input", { type: "file", class: "unseen", accept: "audio/*,video/*,.amr,.dvf,.wma" }));
}

function sending({ name, share }) {
  return h("div", { class: "job running", "data-key": "sending" }, h("p", {}, say("dictaphone.sending", { name })),
    h("progress", { max: 1, value: share, "aria-label": say("dictaphone.sending", { name }) }));
}

function asking(desk, { name, size }) {
  const { participant, started_at: at = "", source } = desk.local.fields;
  const isComplete = Boolean(participant) && /^\d\d:\d\d(:\d\d)?$/.test(at);
  return h("div", { class: "asked", "data-key": "asked" },
    h("p", {}, h("b", {}, name), ` · ${sized(size)}`),
    select("participant", say("dictaphone.participant"), [["", "—"], ...desk.facts.people.map((person) => [String(person.number), `${fullName(person)}, ${person.class} (№ ${person.number})`])], participant),
    field(desk, "started_at", say("dictaphone.began"), { placeholder: "10:05:00", inputmode: "numeric" }),
    select("source", say("dictaphone.source"), SOURCES.map((each) => [each, say(`source.${each}`)]), source),
    h("div", { class: "row-of" },
      button("take", say("dictaphone.take"), { kind: "do", disabled: !isComplete || isRunning(desk, "import") }),
      button("give_up", say("dictaphone.not"), { kind: "second" })));
}

function select(name, label, options, chosen) {
  return h("label", { class: "field" }, h("span", {}, label),
    h("select", { "data-field": name, "data-key": name }, options.map(([value, text]) => h("option", { value, selected: value === chosen }, text))));
}
