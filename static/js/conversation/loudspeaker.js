/**
 * The loudspeaker that the voice is played on, for its latency: sound leaves the jitter buffer some 10 ms before it is
 * heard, and with Bluetooth 200. Only an AudioContext can tell; nothing is played through it.
 */

import { remembered } from "../devices.js";

const MOST_MS = 1000;

export class Loudspeaker {
  #context = new AudioContext();

  constructor() {
    const { speaker } = remembered();
    if (speaker) this.#context.setSinkId?.(speaker).catch(() => {});
  }

  /** ms from the jitter buffer to the ear; 0 where the browser does not tell. */
  get latency() {
    if (this.#context.state === "suspended") this.#context.resume().catch(() => {});
    return Math.min((this.#context.outputLatency || 0) * 1000, MOST_MS);
  }

  close() {
    this.#context.close().catch(() => {});
  }
}
