/** The page as a view of the station: takes what it is told, draws it, hands presses over. It holds only what is typed
 * or open at this very moment. */
import { ACTIONS, chooseAgain } from "./actions.js";
import { contextOf, spoken } from "./context.js";
import { dialogOf } from "./dialogs/index.js";
import { h, morph } from "../common/dom.js";
import { Focus } from "./focus.js";
import { Listening } from "./hearing.js";
import { say } from "../common/say.js";
import * as station from "./station.js";
import { notice, page as drawing } from "./views/shell.js";

const TICK_MS = 200;
const QUIET_MS = 800; // after a change a second press is an accident
const SECOND_MS = 600; // longer than a double click takes
const TYPED_MS = 350;
const PROBE_MS = 5000;
const READ_MS = 5000;
const SLEPT_MS = 5000;
const STALE = new Set(["wrong_state", "not_in_review", "unknown_take", "other_take"]);
const PRESSES = new Set(["start", "mark", "pause", "resume", "continue", "opinion", "open"]);
const SECOND_STEP = /_(do|clear)$/;
const NOTHING_LOCAL = {
  query: "",
  whole: false,
  variant: null,
  dialog: null,
  next: null,
  again: null,
  refusal: null,
  holding: null,
};

export class Page {
  #last = null; // {status, at}
  #doing = new Set();
  #telling = Promise.resolve();
  #moment = "";
  #momentAt = -Infinity;
  #step = "";
  #stepAt = -Infinity;
  #ticks = 0;
  #tickedAt = performance.now();
  #edition = 0;

  /** `renew()`: asks the station to be told anew. */
  constructor(facts, renew) {
    this.facts = facts;
    this.renew = renew;
    this.local = { ...NOTHING_LOCAL, away: null, lostAt: performance.now() };
    this.root = document.getElementById("room");
    this.dialog = document.getElementById("dialog");
    this.focus = new Focus(this.dialog);
    this.listening = new Listening(document.getElementById("audio"), () => this.draw());
    this.player = this.listening.player;
    setInterval(() => this.#tick(), TICK_MS);
  }

  /** A message of the station. */
  heard({ status, age_s: age = 0, away, holding, refusal }) {
    if (status) this.told(status, age);
    if (away) this.set({ away });
    if (holding !== undefined)
      this.set({ holding: holding && { at: performance.now() - holding.since_ms, needs: holding.needs_ms } });
    if (refusal) this.refuse(refusal);
  }

  /** A newer status, which was true `age` seconds ago. */
  told(status, age = 0) {
    const before = this.#last?.status;
    this.#last = { status, at: performance.now() - age * 1000 };
    this.#edition += 1;
    const changes = { away: null };
    if (before && before.state !== status.state)
      Object.assign(changes, { query: "", whole: false, holding: null, refusal: this.#freshRefusal() });
    if (this.local.variant?.participant !== status.chosen?.participant) changes.variant = null;
    if (status.pedal?.holding !== before?.pedal?.holding)
      changes.holding = status.pedal?.holding ? { at: performance.now() - 500, needs: 3000 } : null;
    this.#forgetDialog(status, before);
    this.set(changes);
    const refused = status.pedal?.refusal;
    if (before && refused && refused.at !== before.pedal?.refusal?.at) this.refuse(refused);
  }

  connected(isOpen) {
    if (isOpen) {
      this.set({ lostAt: null });
      this.#renewFacts();
    } else if (this.local.lostAt === null) {
      this.set({ lostAt: performance.now(), holding: null });
      setTimeout(() => this.local.lostAt !== null && this.#renewFacts(), PROBE_MS);
    }
  }

  set(changes) {
    Object.assign(this.local, changes);
    this.draw();
  }

  /** Do what a button asks for; a press that is an accident, or repeats one still on its way, does nothing. */
  async act(name, data) {
    if (this.#last === null || this.#doing.has(name) || this.#isAccident(name)) return;
    this.#doing.add(name);
    try {
      clearTimeout(this.typing);
      const status = await ACTIONS[name](this.context(), data, this);
      if (PRESSES.has(name)) this.local.refusal = null;
      if (status) this.#answered(status);
    } catch (refusal) {
      if (!(refusal instanceof station.Refusal)) throw refusal;
      this.refuse(refusal.error);
    } finally {
      this.#doing.delete(name);
    }
  }

  /** A press right after what it is about has changed; a double click must not also take the second step. */
  #isAccident(name) {
    const now = performance.now();
    if (SECOND_STEP.test(name)) return now - this.#stepAt < SECOND_MS;
    return PRESSES.has(name) && now - this.#momentAt < QUIET_MS;
  }

  /** What is typed for the variant is told to the station when the typing pauses. */
  typeVariant(text) {
    this.set({ variant: { participant: this.#last.status.chosen.participant, text }, refusal: null });
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.tellChoice(), TYPED_MS);
  }

  /** Variant and document as they stand in the card: one telling after another, so that the last one stays. */
  tellChoice() {
    clearTimeout(this.typing);
    this.#telling = this.#telling.catch(() => null).then(() => this.#tellChoice());
    return this.#telling;
  }

  async #tellChoice() {
    const { chosen } = this.#last.status;
    if (chosen === null) return;
    const variant = this.local.variant?.text ?? chosen.variant ?? "";
    const document_ = document.getElementById("document")?.checked ?? chosen.document_checked;
    try {
      this.#answered(await chooseAgain(this.context(), { variant, document: document_ }));
    } catch (refusal) {
      this.refuse(refusal.error);
    }
  }

  /** Say why not. If the room is not what the page takes it for, the page is told anew. */
  refuse(error) {
    if (STALE.has(error.code)) this.renew();
    this.set({ refusal: { error, at: performance.now() } });
  }

  context() {
    const { player, wave } = this.listening;
    const at = performance.now();
    return contextOf({
      heard: this.#last,
      facts: this.facts,
      local: this.local,
      player,
      wave,
      at,
      edition: this.#edition,
    });
  }

  draw() {
    if (this.#last === null) return this.#drawWaiting();
    const c = this.context();
    this.#note(c);
    this.listening.follow(c);
    morph(this.root, h("div", { id: "room" }, drawing(c)));
    this.#drawDialog(c);
    this.focus.after(c);
    return null;
  }

  #drawWaiting() {
    const isLong = performance.now() - this.local.lostAt > 3000;
    const words = this.local.away
      ? ["away", "away.detail"]
      : isLong
        ? ["offline", "offline.detail"]
        : ["page.loading", null];
    morph(this.root, h("div", { id: "room" }, notice(say(words[0]), words[1] && say(words[1]))));
  }

  #drawDialog(c) {
    const { kind, to, outcome, consent } = this.local.dialog ?? {};
    const step = `${kind} ${to} ${outcome} ${consent}`;
    if (step !== this.#step) [this.#step, this.#stepAt] = [step, performance.now()];
    if (this.local.dialog === null) {
      if (this.dialog.open) this.dialog.close();
      return;
    }
    morph(
      this.dialog,
      h("dialog", { id: "dialog", "aria-labelledby": "dialog-title", open: this.dialog.open }, dialogOf(c)),
    );
    if (!this.dialog.open) this.dialog.showModal();
  }

  /** A change of what the page is about, told aloud, and the beginning of a quiet time for presses. */
  #note(c) {
    const moment = `${c.screen} ${c.inHand?.take} ${c.inHand?.marks.length}`;
    if (moment === this.#moment) return;
    const [screen] = this.#moment.split(" ");
    this.#moment = moment;
    if (screen) this.#momentAt = performance.now();
    document.title = `${c.band.title} — ${say("page.room", { room: this.facts.room })}`;
    if (screen !== c.screen) document.getElementById("announce").textContent = spoken(c);
  }

  /** A dialog about the take in hand makes no sense once that take is another, or has gone on. */
  #forgetDialog(status, before) {
    const isAbout = this.local.dialog?.inHand || ["retake", "stop"].includes(this.local.dialog?.kind);
    const hasGone =
      status.in_hand?.take !== before?.in_hand?.take ||
      (this.local.dialog?.kind !== "repair" && status.state !== before?.state);
    if (before && isAbout && hasGone) this.local.dialog = null;
  }

  /** What was refused because the room had changed is still to be read when that change is seen. */
  #freshRefusal() {
    const { refusal } = this.local;
    return refusal && performance.now() - refusal.at < READ_MS ? refusal : null;
  }

  #answered(status) {
    if (status.version >= (this.#last?.status.version ?? 0)) this.told(status);
  }

  #tick() {
    this.#ticks += 1;
    const now = performance.now();
    // what waited while the browser slept is told as if it were of now
    if (now - this.#tickedAt > SLEPT_MS && document.visibilityState === "visible") this.renew();
    this.#tickedAt = now;
    const isCalm = this.#last !== null && ["closed", "idle"].includes(this.#last.status.state);
    if (!isCalm || this.#ticks % 5 === 0) this.draw();
  }

  async #renewFacts() {
    try {
      this.facts = await station.facts();
      this.#edition += 1;
      this.draw();
    } catch (refusal) {
      if (refusal.error?.code === "no_session") this.refuse(refusal.error);
    }
  }
}
