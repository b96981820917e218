/** What each `data-act` does. An action sees the page `desk` and what its element carries (`data`). */
import { Refusal, command } from "../room/station.js";
import { begin, cancel, save, send } from "./asking.js";

const MOST_BYTES = 2 ** 31; // as the station takes at most

export const ACTIONS = {
  look: (desk, { name }) => desk.look(name),
  rehearse: (_desk, { quick }) => begin("rehearse", { quick: quick !== undefined }),
  accept: (desk) => command("accept_rehearsal", { by: desk.local.fields.by.trim() }).then((status) => desk.heard({ status })),
  verify: () => begin("verify"),
  export: (desk, { folder }) => begin("export", { folder }, desk.local.fields.pin),
  cancel: (_desk, { kind }) => cancel(kind),
  sheet: (_desk, { path }) => save(path),
  ask: (desk, { what }) => desk.set({ asking: what }),
  unask: (desk) => desk.set({ asking: null }),
  open: (desk) => command("open").then((status) => desk.heard({ status })),
  close: (desk) => close(desk),
  take: (desk) => take(desk),
  give_up: (desk) => desk.set({ upload: null }),
};

async function close(desk) {
  const status = await command("close", {}, desk.local.fields.pin ?? "");
  desk.set({ asking: null });
  desk.heard({ status });
  await desk.look("summary");
}

/** What was sent becomes a take. */
async function take(desk) {
  const { participant, started_at: at = "", source } = desk.local.fields;
  const started = at.length === 5 ? `${at}:00` : at;
  await begin("import", { upload: desk.local.upload.id, participant: Number(participant), started_at: started, source });
  desk.set({ upload: null });
}

/** Files dropped or chosen: one at a time, as each needs its participant. */
export async function sendFile(desk, file) {
  if (file.size === 0) return desk.refuse(new Refusal({ code: "empty" }));
  if (file.size > MOST_BYTES) return desk.refuse(new Refusal({ code: "too_large" }));
  desk.set({ upload: { name: file.name, share: 0 }, refusal: null });
  try {
    const { upload, name, size } = await send(file, (share) => desk.set({ upload: { name: file.name, share } }));
    desk.set({ upload: { id: upload, name, size } });
  } catch (refusal) {
    desk.set({ upload: null });
    desk.refuse(refusal);
  }
  return null;
}
