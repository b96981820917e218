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

/** Let a file be looked through; what was said of it. */
export async function send(path, file) {
  return (await ask(`${path}?${new URLSearchParams({ name: file.name })}`, { method: "POST", body: file }, LONG_MS)).said;
}

/** Save a file that is made for it; what was said of it, as lines. */
export async function save(path) {
  const response = await answered(path, {}, LONG_MS);
  if (!response.ok) throw await refusalOf(response);
  const name = /filename\*=utf-8''([^;]+)/.exec(response.headers.get("Content-Disposition"))?.[1] ?? "paper";
  const url = URL.createObjectURL(await response.blob());
  Object.assign(document.createElement("a"), { href: url, download: decodeURIComponent(name) }).click();
  URL.revokeObjectURL(url);
  return decodeURIComponent(response.headers.get("X-Said") ?? "").split(" · ").filter(Boolean);
}

/** The answer, as JSON. */
export async function ask(path, options = {}, patience = PATIENCE_MS) {
  const response = await answered(path, options, patience);
  if (response.ok) return response.json().catch(() => ({}));
  throw await refusalOf(response);
}

async function refusalOf(response) {
  const body = await response.json().catch(() => ({}));
  return new Refusal(body.error ?? { code: response.status === 401 ? "no_session" : "internal" });
}

async function answered(path, options, patience) {
  try {
    return await fetch(path, { ...options, credentials: "same-origin", signal: AbortSignal.timeout(patience) });
  } catch {
    throw new Refusal({ code: "offline" });
  }
}
