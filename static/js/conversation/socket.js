/**
 * The conversation's WebSocket: comes back by itself, asks for what it missed, and
 * says again what the server has not confirmed. Messages: docs/architecture.md.
 *
 * Events: "up", "down", "refused" (this page may not speak here), and "message" with the message as `detail`; a durable
 * message (one with a `seq`) is passed on once.
 */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;
const NOT_ADMITTED = 4403;

export class Socket extends EventTarget {
  #url;
  #modality;
  #socket = null;
  #wait = FIRST_WAIT_MS;
  #timer = 0;
  #closed = false;
  #lastSeq = 0;
  #seen = new Set();
  #unconfirmed = new Map();
  #finishing = false;

  constructor(path, modality) {
    super();
    this.#url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
    this.#modality = modality;
    window.addEventListener("online", () => this.#soon(0));
    window.addEventListener("offline", () => this.#lost());
  }

  get up() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  open() {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      if (this.#socket !== socket) return;
      this.#wait = FIRST_WAIT_MS;
      this.#greet();
      this.dispatchEvent(new Event("up"));
    });
    socket.addEventListener("message", (event) => {
      if (this.#socket === socket) this.#take(JSON.parse(event.data));
    });
    socket.addEventListener("close", ({ code }) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      if (this.#closed) return;
      if (code === NOT_ADMITTED) {
        this.close();
        this.dispatchEvent(new Event("refused"));
        return;
      }
      this.#comeBack();
    });
  }

  /** Greet again in another modality, over a new connection. */
  reopen(modality) {
    this.#modality = modality;
    const old = this.#socket;
    this.#socket = null;
    old?.close();
    this.open();
  }

  /** Send what only matters now (an offer, an interruption); it is not sent later. */
  send(message) {
    if (this.up) this.#put(message);
  }

  /** Send words that must arrive; returns their id. */
  say(text) {
    const message = { type: "say", text, id: crypto.randomUUID() };
    this.#unconfirmed.set(message.id, message);
    if (this.up) this.#put(message);
    return message.id;
  }

  /** The learner ends the conversation; said again after a reconnect. */
  finish() {
    this.#finishing = true;
    this.send({ type: "finish" });
  }

  /** For good. */
  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  /** Without a network the browser takes up to a minute to call the connection closed. */
  #lost() {
    const old = this.#socket;
    if (!old || this.#closed) return;
    this.#socket = null;
    old.close();
    this.#comeBack();
  }

  #comeBack() {
    this.dispatchEvent(new Event("down"));
    this.#soon(this.#wait * (0.75 + Math.random() / 2));
    this.#wait = Math.min(LONGEST_WAIT_MS, this.#wait * 2);
  }

  #soon(milliseconds) {
    if (this.#closed || this.#socket) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.open(), milliseconds);
  }

  /** Say who is here and what was not confirmed: to a new connection, or to a new process behind this one. */
  #greet() {
    this.#put({ type: "hello", after: this.#lastSeq, modality: this.#modality });
    for (const message of this.#unconfirmed.values()) this.#put(message);
    if (this.#finishing) this.#put({ type: "finish" });
  }

  #put(message) {
    this.#socket.send(JSON.stringify(message));
  }

  #take(message) {
    if (message.seq !== undefined) {
      if (this.#seen.has(message.seq)) return;
      this.#seen.add(message.seq);
      this.#lastSeq = Math.max(this.#lastSeq, message.seq);
    }
    if (message.anew) this.#greet();
    if (message.type === "utterance" && message.speaker === "learner") message.said = this.#confirm(message);
    this.dispatchEvent(new CustomEvent("message", { detail: message }));
  }

  /** The id of the typed words that this utterance is, or undefined. */
  #confirm({ id, text }) {
    const matching = [...this.#unconfirmed.values()].find((said) => said.id === id || said.text === text);
    if (matching) this.#unconfirmed.delete(matching.id);
    return matching?.id ?? id;
  }
}
