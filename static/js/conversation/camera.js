/** The learner's camera: small JPEG pictures on a data channel, the newest only, a few a second. */

import { openCamera } from "../devices.js";

const WIDTH = 320;
const HEIGHT = 240;
const QUALITY = 0.6;
const EVERY_MS = 250;
const WAITING_BYTES = 16384; // on the channel, from which a picture would come too late

/** Events: "gone", when the camera was unplugged or taken. */
export class Camera extends EventTarget {
  #channel = null;
  #stream = null;
  #timer = 0;
  #encoding = false;
  #video = document.createElement("video");
  #canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT });

  constructor() {
    super();
    this.#video.muted = this.#video.playsInline = true;
  }

  /** The data channel of the newest connection. */
  set channel(channel) {
    this.#channel = channel;
  }

  /** What the camera sees now, for the self-view; null while it is closed. */
  get stream() {
    return this.#stream;
  }

  /** Rejects with a Trouble. */
  async open() {
    this.close();
    const stream = await openCamera();
    this.close();
    this.#stream = this.#video.srcObject = stream;
    stream.getVideoTracks()[0].addEventListener("ended", () => {
      this.close();
      this.dispatchEvent(new Event("gone"));
    });
    this.#timer = setInterval(() => this.#send(), EVERY_MS);
    await this.#video.play().catch(() => {}); // it shows what there is as soon as it may
  }

  close() {
    clearInterval(this.#timer);
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = this.#video.srcObject = null;
  }

  async #send() {
    const { videoWidth: width, videoHeight: height } = this.#video;
    if (this.#encoding || !width || this.#channel?.readyState !== "open") return;
    if (this.#channel.bufferedAmount > WAITING_BYTES) return;
    const scale = Math.max(WIDTH / width, HEIGHT / height);
    const [w, h] = [width * scale, height * scale];
    this.#canvas.getContext("2d").drawImage(this.#video, (WIDTH - w) / 2, (HEIGHT - h) / 2, w, h);
    this.#encoding = true;
    try {
      const picture = await new Promise((resolve) => this.#canvas.toBlob(resolve, "image/jpeg", QUALITY));
      const bytes = await picture?.arrayBuffer();
      if (bytes && this.#stream && this.#channel?.readyState === "open") this.#channel.send(bytes);
    } finally {
      this.#encoding = false;
    }
  }
}
