/** Asking the headquarters' program for something. Every refusal is thrown as a Refusal. */

const PATIENCE_MS = 60_000;

/** `error`: {code, ru, en}, or {code} of the page's own. */
export class Refusal extends Error {
  constructor(error) {
    super(error.code);
    this.error = error;
  }
}

export function post(path, body) {
  return ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

/** The answer, as JSON. */
export async function ask(path, options = {}) {
  const response = await answered(path, options);
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  throw new Refusal(body.error ?? { code: response.status === 401 ? "no_session" : "internal" });
}

async function answered(path, options) {
  try {
    return await fetch(path, { ...options, credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new Refusal({ code: "offline" });
  }
}
