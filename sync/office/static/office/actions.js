/** What each `data-act` does. An action sees the page `office` and what its element carries (`data`). */
import { say } from "../common/say.js";
import { post, run, save, send as upload } from "./asking.js";
import { fieldsOf } from "./outcomes.js";

export const ACTIONS = {
  only: (office, { which }) => office.set({ only: which }),
  leave: (office) => office.set({ sheet: null }),
  ask_release: (office) => office.open("release"),
  ask_person: (office, { number }) => office.open("person", { number: Number(number) }, fieldsOf(office, Number(number))),
  ask_settle: (office, { room }) => office.open("settle", { room }),
  ask_assign: (office, { file, sha256 }) => office.open("assign_paper", { file, sha256 }, { kind: "protocol" }),
  ask_aside: (office, { file, sha256 }) => office.open("aside", { file, sha256 }),
  assign: (office, { file, sha256, number }) => send(office, "scans/assign", { file, sha256, kind: "protocol", participant: Number(number) }),
  assign_paper: (office, { file, sha256 }) => {
    const { kind } = office.local.fields;
    const [participant, room] = [typed(office, "participant"), typed(office, "room")];
    return send(office, "scans/assign", { file, sha256, kind, participant: participant ? Number(participant) : null, room: room || null });
  },
  aside: (office, { file, sha256 }) => send(office, "scans/aside", { file, sha256, reason: typed(office, "reason") }),
  back: (office, { file, sha256 }) => send(office, "scans/back", { file, sha256 }),
  paper: async (office, { name, ending }) => {
    const lines = await save(`/api/papers/${name}.${ending}`);
    if (lines.length > 0) office.set({ sheet: { name: "said", about: { lines } } });
  },
  scores: async (office, { file }) => office.set({ sheet: { name: "said", about: { lines: await upload("/api/papers/check", file) } } }),
  ask_drive: (office, { folder }) => office.open("drive_export", { folder }),
  ask_lost: (office, { number }) => office.open("lost", { number }),
  drive_import: (office, { folder }) => command(office, "drives/import", { folder }),
  drive_receipts: (office, { folder }) => command(office, "drives/receipts", { folder }),
  drive_export: (office, { folder }) => command(office, "drives/export", { folder, by: typed(office, "by"), to: typed(office, "to") }),
  lost: (office, { number }) => command(office, "drives/lost", { number: Number(number), by: typed(office, "by"), note: typed(office, "note") }),
  ask_distribute: (office) => office.open("distribute"),
  ask_returned: (office, { name }) => office.open("returned", { name }),
  ask_export: (office, { name }) => office.open("export", { name }),
  ask_reassign: (office, { name, participant }) => office.open("reassign", { name, participant }),
  distribute: (office) => command(office, "experts/distribute", { experts: typed(office, "experts"), due: typed(office, "due") || null }),
  returned: (office, { name }) => command(office, "experts/returned", { name, participants: numbers(typed(office, "participants")) }),
  export: (office, { name }) => command(office, "experts/export", { name, folder: typed(office, "folder") }),
  reassign: (office, { name, participant }) =>
    command(office, "experts/reassign", { participant: Number(participant), expert: name, to: typed(office, "to"), reason: typed(office, "reason") }),
  ask_papers: (office) => office.open("papers"),
  release: (office) => send(office, "release", { by: typed(office, "by"), reason: typed(office, "reason") }),
  settle: (office, { room }) => send(office, "settle", { room, by: typed(office, "by"), reason: typed(office, "reason") }),
  papers: (office) => send(office, "papers", { by: typed(office, "by"), to: typed(office, "to"), note: typed(office, "note") }),
  choose: (office, { number, stem, started }) =>
    send(office, "choose", { participant: Number(number), stem, started_at: started, by: typed(office, "by"), reason: typed(office, "reason") }),
  outcome: (office, { number }) => send(office, "outcome", { participant: Number(number), ...outcome(office) }),
  tick: (office, { step, done }) => send(office, "tick", { step, done: done === "true", by: typed(office, "by") }),
};

/** Let a command run; what it printed is read in a sheet. */
async function command(office, path, body) {
  const lines = await run(`/api/${path}`, body);
  office.set({ sheet: { name: "said", about: { lines } } });
  await office.lookAgain();
}

async function send(office, name, body) {
  await post(`/api/${name}`, body);
  await office.done(say(name.startsWith("scans/") ? "done.scans" : `done.${name}`));
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

function numbers(text) {
  return (text.match(/\d+/g) ?? []).map(Number);
}
