/** The technician's page as a view: what the station tells, what was looked up, what is typed; drawn anew on each change. */
import { h, morph } from "../common/dom.js";
import { refusalOf } from "../room/refusals.js";
import { Refusal } from "../room/station.js";
import { ACTIONS } from "./actions.js";
import { look } from "./asking.js";
import { goesOn } from "./views/parts.js";
import { TABS, page } from "./views/shell.js";

const DRIVES_MS = 3000;
const TICK_MS = 500;
const LOOKS = { before: ["ready"], during: [], after: ["summary", "drives"], dictaphone: [] };

export class Desk {
  #doing = new Set();

  constructor(facts) {
    this.facts = facts;
    this.status = null;
    this.statusAt = 0;
    this.jobs = {};
    this.looks = {}; // by name: what was seen last
    this.local = { tab: null, fields: { source: "dictaphone" }, asking: null, upload: null, refusal: null, away: null, isLost: false };
    this.root = document.getElementById("desk");
    addEventListener("hashchange", () => this.#turn());
    setInterval(() => this.#goesOn() && this.draw(), TICK_MS);
    setInterval(() => this.local.tab === "after" && document.visibilityState === "visible" && this.look("drives"), DRIVES_MS);
  }

  /** Seconds since the status came: what goes on by itself has gone on so far. */
  get sinceStatus() {
    return (performance.now() - this.statusAt) / 1000;
  }

  /** A message of the station. */
  heard({ status, age_s: age = 0, away, jobs }) {
    if (status) {
      this.status = status;
      this.statusAt = performance.now() - age * 1000;
      if (this.local.away !== null) this.#lookAll(); // the station was away: what was seen may be otherwise now
      this.local.away = null;
      if (this.local.tab === null) this.#turn();
    }
    if (away) this.local.away = away;
    if (jobs) this.#jobsTold(jobs);
    this.draw();
  }

  connected(isOpen) {
    this.set({ isLost: !isOpen });
  }

  set(changes) {
    Object.assign(this.local, changes);
    this.draw();
  }

  /** Type `value` into the field `name`. */
  type(name, value) {
    this.set({ fields: { ...this.local.fields, [name]: value } });
  }

  /** Do what a button asks for; the same thing not twice at once. */
  async act(name, data) {
    const key = `${name} ${JSON.stringify(data)}`;
    if (this.#doing.has(key)) return;
    this.#doing.add(key);
    try {
      this.local.refusal = null;
      await ACTIONS[name](this, data);
    } catch (refusal) {
      this.refuse(refusal);
    } finally {
      this.#doing.delete(key);
      this.draw();
    }
  }

  /** Look something up anew. */
  async look(name) {
    try {
      this.looks[name] = { found: await look(name) };
    } catch (refusal) {
      this.looks[name] = { error: this.#words(refusal) };
    }
    this.draw();
  }

  refuse(refusal) {
    const text = this.#words(refusal);
    this.set({ refusal: text });
    document.getElementById("announce").textContent = text;
  }

  draw() {
    if (this.local.tab !== null) morph(this.root, h("div", { id: "desk" }, page(this)));
  }

  #goesOn() {
    return this.status?.state === "recording" || Boolean(this.status?.rehearsal?.running);
  }

  #words(refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    return refusalOf(refusal.error, this.status?.state, this.facts.language);
  }

  #jobsTold(jobs) {
    const before = this.jobs;
    this.jobs = Object.fromEntries(jobs.map((job) => [job.kind, job]));
    const hasEnded = jobs.some((job) => !goesOn(job) && goesOn(before[job.kind]));
    if (hasEnded) this.#lookAll();
  }

  /** To the part of the day the address names, else to the one that is now. */
  #turn() {
    const wanted = location.hash.slice(1);
    this.set({ tab: TABS.includes(wanted) ? wanted : partOf(this.status), refusal: null });
    this.#lookAll();
    document.getElementById("desk").scrollIntoView();
  }

  #lookAll() {
    for (const name of LOOKS[this.local.tab] ?? []) this.look(name);
  }
}

function partOf(status) {
  if (status.state !== "closed") return "during";
  return status.participants.some((person) => person.takes.length > 0) ? "after" : "before";
}
