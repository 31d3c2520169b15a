/** The camera in the lobby: asked for when its box is ticked, shown to its owner, sent to nobody. */

import { Trouble, listDevices, openCamera, remember } from "../devices.js";

const $ = (id) => document.getElementById(id);

export class SelfView {
  #box = $("sense_face");
  #stream = null;

  constructor() {
    this.#box.addEventListener("change", () => (this.#box.checked ? this.#open() : this.close()));
    $("camera-again").addEventListener("click", () => this.#open());
    $("camera-choice").addEventListener("change", ({ target }) => {
      remember({ camera: target.value });
      this.#open();
    });
    window.addEventListener("pagehide", () => this.close());
  }

  openIfWanted() {
    if (this.#box.checked) this.#open();
  }

  close() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = $("self-view").srcObject = null;
    $("camera-preview").hidden = $("camera-trouble").hidden = true;
  }

  async #open() {
    this.close();
    this.#box.checked = true;
    let stream;
    try {
      stream = await openCamera();
    } catch (error) {
      return this.#trouble(error instanceof Trouble ? error : Trouble.from(error, "camera"));
    }
    if (!this.#box.checked || this.#stream) return stream.getTracks().forEach((track) => track.stop());
    this.#stream = $("self-view").srcObject = stream;
    stream.getVideoTracks()[0].addEventListener("ended", () => this.#trouble(new Trouble("missing", "camera")));
    $("camera-preview").hidden = false;
    await this.#fillChoices();
  }

  async #fillChoices() {
    const { cameras } = await listDevices();
    const current = this.#stream?.getVideoTracks()[0]?.getSettings().deviceId;
    $("camera-choice").replaceChildren(...cameras.map(({ id, label }) => new Option(label, id, false, id === current)));
    $("camera-field").hidden = cameras.length < 2;
  }

  /** Without a camera there is nothing to agree to: the box is free again. */
  #trouble(trouble) {
    this.close();
    this.#box.checked = false;
    $("camera-trouble-words").textContent = trouble.message;
    $("camera-trouble").hidden = false;
  }
}
