/** Level cells on their way to the eye: they come in handfuls and are shown evenly, a moment later. Pure. */

export const FLOOR_DB = -60;
const CELLS_PER_S = 24;
const DELAY_S = 0.1;
const KEPT = 48;

export class Cells {
  #cells = [];
  #last = 0; // index of the newest, ever growing
  #shift = null; // seconds: index / rate + shift = time of showing

  /** Cells of one message, [[rms, peak] a seat], that came at `at` seconds. */
  add(cells, at) {
    this.#cells.push(...cells);
    this.#last += cells.length;
    this.#cells.splice(0, Math.max(0, this.#cells.length - KEPT));
    const shift = at + DELAY_S - this.#last / CELLS_PER_S;
    const isLost = this.#shift === null || Math.abs(shift - this.#shift) > 0.5;
    this.#shift = isLost ? shift : Math.max(this.#shift - 0.002, Math.min(shift, this.#shift + 0.02));
  }

  /** The cell to be seen at `at` seconds, {number, seats: [[rms, peak]]}; null where none has come for a while. */
  at(at) {
    if (this.#shift === null) return null;
    const wanted = Math.floor((at - this.#shift) * CELLS_PER_S);
    const behind = this.#last - 1 - wanted;
    if (behind < -CELLS_PER_S) return null;
    const back = Math.max(0, Math.min(behind, this.#cells.length - 1));
    return { number: this.#last - back, seats: this.#cells.at(-1 - back) };
  }
}

/** How much of a meter's width a level takes, 0 to 1. */
export function share(dbfs) {
  return Math.max(0, Math.min(1, 1 - dbfs / FLOOR_DB));
}
