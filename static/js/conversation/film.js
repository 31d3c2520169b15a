/**
 * The persona's face as video, in place of the canvas: while it is wanted, a worker offers it and pictures come. When
 * they stop, the canvas is there again.
 */

import { remember } from "../devices.js";
import { wantsVideo } from "../drawing.js";

const STALE_MS = 1000;
const LOOK_MS = 250;
const HEIGHTS = [360, 720, 1080];
const $ = (id) => document.getElementById(id);

export class Film {
  #video = $("film");
  #button = $("film-toggle");
  #send;
  #wanted = wantsVideo();
  #offered = false;
  #last = -Infinity;
  #timer;

  /** `send` signals to the server. */
  constructor(send) {
    this.#send = send;
    this.#button.addEventListener("click", () => this.#choose(!this.#wanted));
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    const seen = () => {
      this.#last = performance.now();
      this.#video.requestVideoFrameCallback(seen);
    };
    this.#video.requestVideoFrameCallback?.(seen);
    this.#label();
  }

  /** Whether this browser can tell when pictures come; without that it draws by itself. */
  static get possible() {
    return "requestVideoFrameCallback" in HTMLVideoElement.prototype;
  }

  /** The server's `picture`: whether a worker offers video at the moment. */
  offered(video) {
    this.#offered = video;
    this.#button.hidden = !video;
    if (video) this.#ask();
  }

  /** The connection's video. */
  play(track) {
    this.#video.srcObject = new MediaStream([track]);
    this.#video.play().catch(() => {}); // it is muted: only a page that is being left refuses
  }

  /** For good: the call is over. */
  close() {
    this.#send({ type: "picture", video: false });
    clearInterval(this.#timer);
    this.#video.srcObject = null;
    this.#button.hidden = true;
    this.#show(false);
  }

  #choose(wanted) {
    this.#wanted = wanted;
    remember({ picture: wanted ? "video" : "drawn" });
    this.#label();
    this.#ask();
  }

  #ask() {
    const pixels = $("face").clientHeight * (globalThis.devicePixelRatio || 1);
    const height = HEIGHTS.find((high) => high >= pixels * 0.75) ?? HEIGHTS.at(-1);
    this.#send({ type: "picture", video: this.#wanted, height, dark: matchMedia("(prefers-color-scheme: dark)").matches });
  }

  #label() {
    this.#button.setAttribute("aria-pressed", String(this.#wanted));
    this.#button.title = this.#wanted ? "The face is sent as video" : "The face is drawn by this browser";
  }

  #look() {
    this.#show(this.#wanted && performance.now() - this.#last < STALE_MS);
  }

  #show(shown) {
    this.#video.hidden = !shown;
    $("face").classList.toggle("filmed", shown);
  }
}
