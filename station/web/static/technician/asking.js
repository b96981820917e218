/** What the technician's page asks of the station beyond the room's commands. Every refusal is thrown as a Refusal. */
import { Refusal, pinned } from "../room/station.js";

const PATIENCE_MS = 70_000;

/** A look: ready, summary, devices or drives. */
export async function look(name) {
  return (await answered(`/api/technician/${name}`)).json();
}

/** Begin what takes long; it is told of by the live connection. */
export async function begin(kind, args = {}, pin = "") {
  await posted(`/api/technician/${kind}`, args, pinned(pin));
}

export async function cancel(kind) {
  await posted(`/api/technician/cancel/${kind}`, {}, {});
}

/** Save the room sheet as a file of this computer. */
export async function save(path) {
  const response = await answered(path);
  const name = /filename\*=utf-8''([^;]+)/.exec(response.headers.get("Content-Disposition"))?.[1] ?? "sheet";
  const url = URL.createObjectURL(await response.blob());
  const link = Object.assign(document.createElement("a"), { href: url, download: decodeURIComponent(name) });
  link.click();
  URL.revokeObjectURL(url);
}

/** Send a file; `told(share)` while it goes, 0 to 1. {upload, name, size}. */
export function send(file, told) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => event.total && told(event.loaded / event.total));
    request.addEventListener("load", () => {
      const body = parsed(request.responseText);
      if (request.status === 200) resolve(body);
      else reject(new Refusal(body.error ?? { code: "internal" }));
    });
    request.addEventListener("error", () => reject(new Refusal({ code: "offline" })));
    request.open("POST", `/api/technician/upload?name=${encodeURIComponent(file.name)}`);
    request.send(file);
  });
}

function posted(path, body, headers) {
  const all = { "Content-Type": "application/json", ...headers };
  return answered(path, { method: "POST", headers: all, body: JSON.stringify(body) });
}

async function answered(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { ...options, credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new Refusal({ code: "offline" });
  }
  if (response.ok) return response;
  throw new Refusal(parsed(await response.text()).error ?? { code: response.status === 401 ? "no_session" : "internal" });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
