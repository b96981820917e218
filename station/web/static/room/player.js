/** Plays a take to the participant, and tells the station what was really played. One for the page. */
import * as station from "./station.js";

const REPORT_MS = 2000;

export class Player {
  #stem = null;
  #parts = [];

  /** `changed()` whenever what is shown of it may have changed. */
  constructor(audio, changed) {
    this.audio = audio;
    this.failed = false;
    for (const event of ["play", "pause", "ended", "seeked", "loadedmetadata"]) audio.addEventListener(event, changed);
    audio.addEventListener("timeupdate", () => this.#passed(changed));
    audio.addEventListener("pause", () => this.report());
    audio.addEventListener("error", () => {
      this.failed = this.#stem !== null;
      changed();
    });
    setInterval(() => this.isPlaying && this.report(), REPORT_MS);
  }

  get isPlaying() {
    return !this.audio.paused && !this.audio.ended;
  }

  get at() {
    return this.audio.currentTime;
  }

  /** Have this take of `seconds` ready, none if null; what was playing stops. */
  load(stem, seconds) {
    this.report();
    this.#stem = stem;
    this.failed = false;
    this.#parts = [];
    if (stem === null) this.audio.removeAttribute("src");
    else this.audio.src = `${station.audioUrl(stem)}?seconds=${seconds}`; // a take that went on is another sound
    this.audio.load();
  }

  /** Play `parts`, [[from, to] s], one after another. */
  async play(parts) {
    const [[from], ...rest] = parts;
    this.#parts = parts[0][1] === null ? [] : [parts[0], ...rest];
    this.audio.currentTime = from;
    await this.audio.play().catch(() => {}); // a pause that comes before it began
  }

  pause() {
    this.audio.pause();
  }

  /** Go to `seconds`, playing or not. */
  seek(seconds) {
    this.#parts = [];
    this.audio.currentTime = Math.max(0, seconds);
  }

  /** Tell what has been played so far; a report that does not arrive is made up by the next. */
  async report() {
    const { played } = this.audio;
    const stem = this.#stem;
    const ranges = Array.from({ length: played.length }, (_, index) => [played.start(index), played.end(index)]);
    if (stem !== null && ranges.length) await station.listened(stem, ranges).catch(() => {});
  }

  #passed(changed) {
    const [part, ...rest] = this.#parts;
    if (part && this.at >= part[1]) {
      this.#parts = rest;
      if (rest.length) this.audio.currentTime = rest[0][0];
      else this.audio.pause();
    }
    changed();
  }
}
