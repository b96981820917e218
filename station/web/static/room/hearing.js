/** The recording under review, ready to be played: its sound and its picture. */
import { Player } from "./player.js";
import * as station from "./station.js";
import { outline, together } from "./waves.js";

const AGAIN_MS = 1000;

export class Listening {
  #key = null;

  /** `changed()` when the picture has come or playing goes on. */
  constructor(audio, changed) {
    this.player = new Player(audio, changed);
    this.changed = changed;
    this.wave = null;
  }

  /** Have ready what the screen is about; nothing where nobody may listen now. */
  follow({ status, inHand, person, screen }) {
    const isHeard = status.state === "review" && person.playback;
    const key = isHeard ? `${inHand.take} ${inHand.seconds_in_all}` : null;
    if (screen !== "listening" && this.player.isPlaying) this.player.pause();
    if (key === this.#key) return;
    this.#key = key;
    this.wave = null;
    this.player.load(isHeard ? inHand.take : null, inHand?.seconds_in_all);
    if (isHeard) this.#draw(inHand.take, key);
  }

  async #draw(take, key) {
    try {
      const picture = await station.waveform(take);
      if (key === this.#key)
        this.wave = {
          seconds: picture.seconds,
          parts: Object.values(picture.parts),
          path: outline(together(picture.columns)),
        };
      this.changed();
    } catch {
      setTimeout(() => key === this.#key && this.#draw(take, key), AGAIN_MS);
    }
  }
}
