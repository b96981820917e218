/** What several parts of the technician's page share. */
import { h } from "../../common/dom.js";
import { say, sayFirst } from "../../common/say.js";
import { shape } from "../../common/shapes.js";
import { button } from "../../room/views/parts.js";
import { length } from "../../common/format.js";

const SHAPES = { ok: "check", warn: "warn", bad: "cross", off: "ring" };

/** A part with its heading; `level` 2 by default. */
export function part(key, title, ...content) {
  return h("section", { class: "part", "data-key": key, "aria-labelledby": `h-${key}` }, h("h2", { id: `h-${key}` }, title), content);
}

/** One line of readiness. */
export function light({ code, state, text, advice }) {
  return h("li", { class: `light ${state}`, "data-key": `${code}-${text}` }, shape(SHAPES[state]),
    h("span", { class: "unseen" }, `${say(`light.state.${state}`)}: `),
    h("span", {}, h("b", {}, say(`light.${code}`)), " ", text, advice && h("span", { class: "advice" }, ` → ${advice}`)));
}

/** Whether it has not ended yet, asked to or not. */
export function goesOn(job) {
  return job?.state === "running" || job?.state === "ending";
}

/** What somebody waits for: how far it has come, how it ended. `done`: what is shown of its result. */
export function job(job, done) {
  if (!job?.kind) return null;
  if (goesOn(job)) return running(job);
  const key = `job.${job.kind}.${job.state}`;
  return h("div", { class: `job ${job.state}`, "data-key": `job-${job.kind}` },
    h("p", { role: "status" }, shape(job.state === "done" ? "check" : "warn"), h("b", {}, sayFirst([key, `job.${job.state}`])), job.said && ` ${job.said}`),
    job.result && done?.(job.result));
}

function running({ kind, state, progress, said, about }) {
  const share = progress && progress.whole ? progress.done / progress.whole : null;
  return h("div", { class: "job running", "data-key": `job-${kind}` },
    h("p", {}, h("b", {}, say(state === "ending" ? "job.ending" : `job.${kind}.running`)), about && ` ${about}`),
    h("progress", { max: 1, value: share, "aria-label": say(`job.${kind}.running`) }),
    progress && h("p", { class: "detail" }, say("job.files", progress), progress.left_s !== null && ` · ${say("job.left", { time: length(progress.left_s) })}`),
    !progress && said && h("p", { class: "detail" }, said),
    button("cancel", say("job.cancel"), { kind: "second", disabled: state === "ending", data: { kind } }));
}

export function isRunning(desk, kind) {
  return goesOn(desk.jobs[kind]);
}

/** A field with its label; what is typed is kept by the page. */
export function field(desk, name, label, attributes = {}) {
  return h("label", { class: "field" }, h("span", {}, label),
    h("input", { type: "text", autocomplete: "off", "data-field": name, "data-key": name, value: desk.local.fields[name] ?? "", ...attributes }));
}

/** The PIN, where one is configured. */
export function pin(desk) {
  return desk.facts.pin && field(desk, "pin", say("pin"), { type: "password", inputmode: "numeric" });
}

/** What could not be looked up, or that it is being looked up. */
export function unseen(look) {
  return h("p", { class: look ? "trouble" : "hint" }, look ? look.error : say("looking"));
}

/** So many bytes as people read them. */
export function sized(bytes) {
  const gigabytes = bytes / 1e9;
  return gigabytes < 1 ? say("megabytes", { count: Math.ceil(bytes / 1e6) }) : say("gigabytes", { count: gigabytes.toFixed(gigabytes < 10 ? 1 : 0) });
}
