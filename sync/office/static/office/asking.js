/** Asking the headquarters' program for something. Every refusal is thrown as a Refusal. */

const PATIENCE_MS = 60_000;
const LONG_MS = 1_800_000; // a drive is written meanwhile

/** `error`: {code, ru, en}, or {code} of the page's own. */
export class Refusal extends Error {
  constructor(error) {
    super(error.code);
    this.error = error;
  }
}

export function post(path, body, patience = PATIENCE_MS) {
  return ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }, patience);
}

/** Something that takes long; the lines that the command printed. */
export async function run(path, body) {
  return (await post(path, body, LONG_MS)).said;
}

/** The answer, as JSON. */
export async function ask(path, options = {}, patience = PATIENCE_MS) {
  const response = await answered(path, options, patience);
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  throw new Refusal(body.error ?? { code: response.status === 401 ? "no_session" : "internal" });
}

async function answered(path, options, patience) {
  try {
    return await fetch(path, { ...options, credentials: "same-origin", signal: AbortSignal.timeout(patience) });
  } catch {
    throw new Refusal({ code: "offline" });
  }
}
