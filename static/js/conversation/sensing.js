/** What is sensed: its values in plain words, what was noticed, and a switch for voice and face each. */

import { Trouble } from "../devices.js";

const SHOWN_MS = 8000; // a thing noticed, on the stage
const KEPT = 5;
const ASIDE = 15; // degrees

const $ = (id) => document.getElementById(id);

export class Sensing {
  #on;
  #send;
  #camera;
  #key;
  #hiding = 0;

  /**
   * `agreed`: {voice, face}, what the learner agreed to; `send` signals to the server; `camera` is a Camera, or null
   * where the face is not sensed; `attempt` is the one that the switches are remembered for.
   */
  constructor({ agreed, send, camera, attempt }) {
    this.#send = send;
    this.#camera = camera;
    this.#key = `coachtool.sensing.${attempt}`;
    this.#on = { ...agreed };
    for (const sense of this.#recall()) this.#on[sense] = false;
    for (const sense of ["voice", "face"]) {
      this.#part(sense)?.querySelector("[data-switch]").addEventListener("change", ({ target }) => this.#switch(sense, target.checked));
    }
    $("sensed-toggle").addEventListener("click", () => this.#show($("sensed").hidden));
    $("sensed-close").addEventListener("click", () => this.#show(false));
    $("sensed").addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.#show(false);
    });
    camera?.addEventListener("gone", () => this.#noCamera(new Trouble("missing", "camera")));
    this.#draw();
  }

  /** Opens the camera, if it is wanted, and says what may be sensed; again for every new connection to the server. */
  async begin() {
    if (this.#on.face && !this.#camera.stream) await this.#openCamera();
    this.tell();
  }

  tell() {
    this.#send({ type: "sense", ...this.#on });
  }

  close() {
    this.#camera?.close();
    this.#on = { voice: false, face: false };
    this.#draw();
    this.#show(false);
  }

  /** A `sensed` message: {voice, face}, each its values or null. */
  take(values) {
    for (const sense of ["voice", "face"]) {
      const part = this.#part(sense);
      if (!part || !this.#on[sense]) continue;
      const rows = values[sense] ? READ[sense](values[sense]) : [];
      part.querySelector("[data-words]").textContent = rows.length ? "" : WAITING[sense];
      const list = part.querySelector("[data-values]");
      list.hidden = !rows.length;
      list.replaceChildren(...rows.flatMap(([name, words]) => [node("dt", name), node("dd", words)]));
    }
  }

  /** An `observation` message: {kind, text, confidence}. */
  noticed({ kind, text, confidence }) {
    const line = document.createElement("li");
    line.dataset.kind = kind;
    const time = node("time", new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" }));
    const sure = confidence >= 0.8 ? "quite sure" : confidence >= 0.6 ? "likely" : "perhaps";
    line.append(time, " ", node("span", text), " ", node("span", `(${sure})`, "soft"));
    $("noticed").prepend(line);
    while ($("noticed").children.length > KEPT) $("noticed").lastElementChild.remove();
    $("noticed-none").hidden = true;
    $("noticed-now").textContent = `Noticed: ${text}`;
    $("noticed-now").hidden = false;
    clearTimeout(this.#hiding);
    this.#hiding = setTimeout(() => ($("noticed-now").hidden = true), SHOWN_MS);
  }

  async #switch(sense, wanted) {
    this.#on[sense] = wanted;
    if (sense === "face" && wanted) await this.#openCamera();
    if (sense === "face" && !wanted) this.#camera.close();
    this.#remember();
    this.tell();
    this.#draw();
  }

  async #openCamera() {
    try {
      await this.#camera.open();
      if (!this.#on.face) this.#camera.close();
      this.#draw();
    } catch (error) {
      this.#noCamera(error instanceof Trouble ? error : Trouble.from(error, "camera"));
    }
  }

  #noCamera(trouble) {
    this.#on.face = false;
    this.tell();
    this.#draw();
    this.#part("face").querySelector("[data-words]").textContent = trouble.message;
  }

  /** Switches, the camera's picture and the button's words, as things are. */
  #draw() {
    for (const sense of ["voice", "face"]) {
      const part = this.#part(sense);
      if (!part) continue;
      part.querySelector("[data-switch]").checked = this.#on[sense];
      const values = part.querySelector("[data-values]");
      if (!this.#on[sense]) values.hidden = true;
      if (values.hidden) part.querySelector("[data-words]").textContent = this.#on[sense] ? WAITING[sense] : OFF;
    }
    const view = $("self-view");
    if (view) {
      view.srcObject = this.#camera.stream;
      view.hidden = !this.#camera.stream;
    }
    const { voice, face } = this.#on;
    $("sensed-words").textContent = voice && face ? "Voice and camera sensed" : voice ? "Voice sensed" : face ? "Camera sensed" : "Nothing sensed";
    $("sensed-toggle").classList.toggle("sensing-off", !voice && !face);
  }

  #show(wanted) {
    const held = $("sensed").contains(document.activeElement);
    $("sensed").hidden = !wanted;
    $("sensed-toggle").setAttribute("aria-expanded", String(wanted));
    if (wanted) $("sensed-close").focus();
    else if (held) $("sensed-toggle").focus();
  }

  #part(sense) {
    return document.querySelector(`[data-sense="${sense}"]`);
  }

  /** A reload does not switch on again what was switched off. */
  #recall() {
    try {
      return JSON.parse(sessionStorage.getItem(this.#key)) ?? [];
    } catch {
      return [];
    }
  }

  #remember() {
    try {
      sessionStorage.setItem(this.#key, JSON.stringify(Object.keys(this.#on).filter((sense) => !this.#on[sense])));
    } catch {
      // A browser without storage for us starts again from what was agreed to.
    }
  }
}

const OFF = "Off. Nothing is measured.";
const WAITING = {
  voice: "On. Values come once you have said something.",
  face: "On. Values come in a moment.",
};

const READ = {
  voice: ({ rate, pauses, pitch, loudness }) => [
    ...row("Pace", rate, (value) => `${value.toFixed(1)} syllables a second`),
    ...row("Pauses", pauses, (value) => `${Math.round(value * 100)} % of the time`),
    ...row("Pitch moves over", pitch, (value) => `${value.toFixed(1)} semitones`),
    ...row("Loudness", loudness, (value) => `${Math.round(value)} dB`),
  ],
  face: ({ present, away, turn, brows_up, brows_down, smile, blinks }) =>
    present
      ? [
          ...row("You look", away, (value) => (value ? "away" : "where you usually do")),
          ["Your head", head(turn)],
          ["Your brows", brows_down > 0.35 ? "drawn together" : brows_up > 0.5 ? "raised" : "at rest"],
          ["Your smile", smile > 0.5 ? "clear" : smile > 0.25 ? "slight" : "none"],
          ...row("Blinks", blinks, (value) => `${Math.round(value)} a minute`),
        ]
      : [["You", "not in the picture"]],
};

/** No row where the value is not known yet. */
function row(name, value, words) {
  return value === null || value === undefined ? [] : [[name, words(value)]];
}

/** Pitch, yaw and roll in degrees, as one would say it. */
function head([pitch, yaw, roll]) {
  const words = [];
  if (Math.abs(yaw) > ASIDE) words.push(`to your ${yaw > 0 ? "left" : "right"}`);
  if (Math.abs(pitch) > ASIDE) words.push(pitch > 0 ? "down" : "up");
  if (Math.abs(roll) > ASIDE) words.push(`leaning to your ${roll > 0 ? "left" : "right"}`);
  return words.join(", ") || "straight";
}

function node(name, text, className = "") {
  return Object.assign(document.createElement(name), { textContent: text, className });
}
