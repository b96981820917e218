/** Asking the station for something. Every refusal is thrown as a Refusal. */

const PATIENCE_MS = 15_000;

/** `error`: {code, ru, en, text}. */
export class Refusal extends Error {
  constructor(error) {
    super(error.code);
    this.error = error;
  }
}

/** What the room is: see /api/room. */
export function facts() {
  return ask("/api/room");
}

/** Do `command`; the status after it. `pin`: where one is wanted. */
export async function command(name, args = {}, pin = "") {
  const { status } = await post("/api/command", { command: name, args }, pinned(pin));
  return status;
}

/** The header that carries a PIN, whatever letters it has. */
export function pinned(pin) {
  return pin ? { "X-Pin": encodeURIComponent(pin) } : {};
}

/** What the participant says of the take `stem`; the status after it. */
export async function heard(stem, opinion) {
  return (await post("/api/heard", { stem, opinion })).status;
}

/** What was really played, as [from, to] seconds. */
export function listened(stem, ranges) {
  return post("/api/listening", { stem, ranges });
}

/** The picture of a take's sound: see /api/waveform. */
export function waveform(stem) {
  return ask(`/api/waveform/${encodeURIComponent(stem)}`);
}

/** Where the browser plays a take from. */
export function audioUrl(stem) {
  return `/audio/${encodeURIComponent(stem)}.wav`;
}

function post(path, body, headers = {}) {
  const all = { "Content-Type": "application/json", ...headers };
  return ask(path, { method: "POST", headers: all, body: JSON.stringify(body) });
}

async function ask(path, options = {}) {
  const response = await answered(path, options);
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  throw new Refusal(body.error ?? { code: CODES[response.status] ?? "internal" });
}

async function answered(path, options) {
  try {
    return await fetch(path, { ...options, credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new Refusal({ code: "offline" });
  }
}

const CODES = { 401: "no_session", 403: "no_session", 502: "daemon_away", 503: "daemon_away", 504: "timeout" };
