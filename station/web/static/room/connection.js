/** The socket to the station: what is pushed, the page's keys, and coming back by itself. */

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 3000;
const SILENT_MS = 40_000; // the station speaks at least every 25 s

export class Connection {
  /** `told(message)` for each message; `changed(isOpen)` when the connection comes or goes. */
  constructor(url, { told, changed }) {
    this.url = url;
    this.told = told;
    this.changed = changed;
    this.pause = FIRST_PAUSE_MS;
    this.socket = null;
    document.addEventListener("visibilitychange", () => this.#tellVisible());
    addEventListener("online", () => this.#again(0));
    addEventListener("pageshow", () => this.#again(0));
    setInterval(() => this.#watch(), 5000);
    this.#open();
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /** Send, if somebody listens. A press is never kept for later. */
  send(message) {
    if (this.isOpen) this.socket.send(JSON.stringify(message));
    return this.isOpen;
  }

  /** Be told everything anew. */
  renew() {
    if (!this.isOpen) return;
    const old = this.socket;
    this.#open();
    old.close();
  }

  #open() {
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.heard = performance.now();
    socket.addEventListener("open", () => this.#opened());
    socket.addEventListener("message", (event) => this.#heard(event.data));
    socket.addEventListener("close", () => this.#closed(socket));
  }

  #opened() {
    this.pause = FIRST_PAUSE_MS;
    this.changed(true);
    this.#tellVisible();
  }

  #heard(data) {
    this.heard = performance.now();
    this.told(JSON.parse(data));
  }

  #closed(socket) {
    if (socket !== this.socket) return;
    this.changed(false);
    this.#again(this.pause);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
  }

  #again(pause) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.socket.readyState >= WebSocket.CLOSING) this.#open();
    }, pause);
  }

  /** After a sleep of the laptop a socket may seem open that nobody serves any more. */
  #watch() {
    if (!this.isOpen || performance.now() - this.heard < SILENT_MS) return;
    this.changed(false);
    this.renew();
  }

  #tellVisible() {
    this.send({ visible: document.visibilityState === "visible" });
  }
}
