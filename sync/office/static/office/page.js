/** The page as a view: what was looked at last, what is typed, which sheet is open; drawn anew on each change. */
import { h, morph } from "../common/dom.js";
import { has, say } from "../common/say.js";
import { ACTIONS } from "./actions.js";
import { Refusal, ask } from "./asking.js";
import { sheetOf } from "./sheets.js";
import { PARTS, page } from "./views/shell.js";

const AGAIN_MS = 3000;
const LOOKS = { due: ["due"], day: ["day"], rooms: ["rooms"], scans: ["scans", "day"], experts: ["experts"], papers: ["papers"], drives: ["drives"], all: ["due", "rooms", "day", "scans", "experts", "papers", "drives"] };

export class Office {
  #doing = new Set();
  #looking = new Set();

  constructor(facts) {
    this.facts = facts;
    this.looks = {}; // by name: {found} or {error}
    this.local = { part: null, only: "all", search: "", fields: {}, sheet: null, refusal: null, isBusy: false };
    this.root = document.getElementById("office");
    this.dialog = document.getElementById("sheet");
    this.dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.set({ sheet: null, refusal: null });
    });
    addEventListener("hashchange", () => this.#turn());
    setInterval(() => document.visibilityState === "visible" && this.#lookAll(), AGAIN_MS);
    this.#turn();
  }

  /** What was found, or null as long as nothing was. */
  found(name) {
    return this.looks[name]?.found ?? null;
  }

  set(changes) {
    Object.assign(this.local, changes);
    this.draw();
  }

  /** Type `value` into the field `name`. */
  type(name, value) {
    this.set({ fields: { ...this.local.fields, [name]: value } });
  }

  /** Open a second step: its name, and what it is about. `fields`: what stands in it already. */
  open(name, about = {}, fields = {}) {
    const { by = "" } = this.local.fields;
    this.set({ sheet: { name, about }, refusal: null, fields: { by, ...fields } });
  }

  /** Do what a button asks for; the same thing not twice at once. */
  async act(name, data) {
    const key = `${name} ${JSON.stringify(data)}`;
    if (this.#doing.has(key)) return;
    this.#doing.add(key);
    this.set({ refusal: null, isBusy: true });
    try {
      await ACTIONS[name](this, data);
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      this.set({ refusal: this.words(refusal) });
    } finally {
      this.#doing.delete(key);
      this.set({ isBusy: this.#doing.size > 0 });
    }
  }

  /** Something was done: close the sheet, say so, look at everything anew. */
  async done(what) {
    this.set({ sheet: null });
    document.getElementById("announce").textContent = what;
    await this.lookAgain();
  }

  lookAgain() {
    return this.#lookAll();
  }

  words({ error }) {
    return has(`refusal.${error.code}`) ? say(`refusal.${error.code}`) : (error[this.facts.language] ?? say("refusal"));
  }

  draw() {
    if (this.local.part === null) return;
    morph(this.root, h("div", { id: "office" }, page(this)));
    const sheet = sheetOf(this);
    if (sheet === null) return this.dialog.close();
    const isOther = this.dialog.firstElementChild?.dataset.key !== sheet.dataset.key;
    morph(this.dialog, h("dialog", { id: "sheet", "aria-labelledby": "sheet-title", open: this.dialog.open }, sheet));
    if (!this.dialog.open) this.dialog.showModal();
    if (isOther) (this.dialog.querySelector("[data-focus]") ?? this.dialog.querySelector("input, button"))?.focus();
    return null;
  }

  #turn() {
    const wanted = location.hash.slice(1);
    const part = this.facts.is_small ? "all" : PARTS.includes(wanted) ? wanted : this.facts.part;
    this.set({ part, refusal: null });
    this.#lookAll();
  }

  #lookAll() {
    return Promise.all(LOOKS[this.local.part].filter((name) => this.facts.looks.includes(name)).map((name) => this.#look(name)));
  }

  async #look(name) {
    if (this.#looking.has(name)) return;
    this.#looking.add(name);
    try {
      this.looks[name] = { found: await ask(`/api/${name}`) };
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      this.looks[name] = { ...this.looks[name], error: this.words(refusal) };
    } finally {
      this.#looking.delete(name);
      this.draw();
    }
  }
}
