/** What each `data-act` does. An action sees the page `office` and what its element carries (`data`). */
import { say } from "../common/say.js";
import { post } from "./asking.js";
import { fieldsOf } from "./outcomes.js";

export const ACTIONS = {
  only: (office, { which }) => office.set({ only: which }),
  leave: (office) => office.set({ sheet: null }),
  ask_release: (office) => office.open("release"),
  ask_person: (office, { number }) => office.open("person", { number: Number(number) }, fieldsOf(office, Number(number))),
  ask_settle: (office, { room }) => office.open("settle", { room }),
  ask_papers: (office) => office.open("papers"),
  release: (office) => send(office, "release", { by: typed(office, "by"), reason: typed(office, "reason") }),
  settle: (office, { room }) => send(office, "settle", { room, by: typed(office, "by"), reason: typed(office, "reason") }),
  papers: (office) => send(office, "papers", { by: typed(office, "by"), to: typed(office, "to"), note: typed(office, "note") }),
  choose: (office, { number, stem }) =>
    send(office, "choose", { participant: Number(number), stem, by: typed(office, "by"), reason: typed(office, "reason") }),
  outcome: (office, { number }) => send(office, "outcome", { participant: Number(number), ...outcome(office) }),
  tick: (office, { step, done }) => send(office, "tick", { step, done: done === "true", by: typed(office, "by") }),
};

async function send(office, name, body) {
  await post(`/api/${name}`, body);
  await office.done(say(`done.${name}`));
}

function outcome(office) {
  const at = typed(office, "at");
  const told = typed(office, "outcome");
  return {
    outcome: told === "clear" ? null : told,
    at: at ? (at.length === 5 ? `${at}:00` : at) : null,
    note: typed(office, "note"),
    by: typed(office, "by"),
  };
}

function typed(office, name) {
  return (office.local.fields[name] ?? "").trim();
}
