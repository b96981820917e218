/** Where the keyboard goes when what had it is gone, for those who use it. */

export class Focus {
  #lastWasKey = false;
  #screen = "";
  #chosen = null;
  #sheet = null;
  #had = null;

  constructor(dialog) {
    this.dialog = dialog;
    addEventListener("keydown", () => (this.#lastWasKey = true), true);
    addEventListener("pointerdown", () => (this.#lastWasKey = false), true);
    addEventListener("focusin", ({ target }) => (this.#had = target));
  }

  /** The page has been drawn for `c`. */
  after(c) {
    const isOther = c.screen !== this.#screen;
    const chosen = c.status.chosen?.participant ?? null;
    const isNew = chosen !== null && chosen !== this.#chosen;
    this.#screen = c.screen;
    this.#chosen = chosen;
    if (c.local.dialog !== null) return this.#intoSheet();
    this.#sheet = null;
    if (!this.#lastWasKey) return null;
    if (isNew && !isOther) return find("#variant", "[data-focus]")?.focus();
    return this.#isLost(isOther) ? find("[data-focus]", "#search")?.focus() : null;
  }

  /** Nobody has the focus because what had it is gone; who tabs past the end of the page is let through. */
  #isLost(isOther) {
    if (document.activeElement !== document.body) return false;
    return isOther || this.#had === null || !this.#had.checkVisibility() || this.#had.disabled;
  }

  #intoSheet() {
    const sheet = this.dialog.firstElementChild?.dataset.key;
    const isLost = !this.dialog.contains(document.activeElement) || document.activeElement === this.dialog;
    if (sheet === this.#sheet && !isLost) return;
    this.#sheet = sheet;
    this.dialog.querySelector("input:not([type=checkbox]), .choice, .do, button")?.focus();
  }
}

function find(...selectors) {
  return selectors.map((selector) => document.querySelector(selector)).find((element) => element && !element.disabled);
}
