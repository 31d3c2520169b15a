/** Saves the draft a few seconds after typing, one request at a time, and says how that stands. */

import { clock } from "./clock.js";

const REST = 2500; // ms without typing before it is saved
const AGAIN = 10000; // ms until the next try after a failure
const PATIENCE = 20000; // ms for one request
const ENDED = 403; // the visit or the session is over: trying again does not help

export class Keeper {
  unsaved = false;
  busy = false; // a request is under way
  #form;
  #state;
  #conflict;
  #timer = 0;
  #line = Promise.resolve();
  #typedSince = 0;

  constructor(form, state, conflict) {
    this.#form = form;
    this.#state = state;
    this.#conflict = conflict;
  }

  typed() {
    this.unsaved = true;
    this.#typedSince += 1;
    this.#say("Not saved yet");
    this.#later(REST);
  }

  /** Sends the form with `button`, after what is under way; resolves to the page it leads to. */
  post(button) {
    clearTimeout(this.#timer);
    return this.#inLine(async () => {
      const response = await this.#send(button);
      const html = await response.text();
      if (!response.ok && response.status !== 409) throw refused(response);
      this.unsaved = false;
      return { html, url: response.status === 409 ? "" : response.url };
    });
  }

  /** The page is left by a button that saves: nothing to warn of. Reading a long text through takes seconds. */
  leave(reads) {
    clearTimeout(this.#timer);
    this.unsaved = false;
    this.#say(reads ? "Saving and reading it through…" : "Saving…");
  }

  /** When no request is under way any more: the form then holds the newest revision. */
  async rest() {
    clearTimeout(this.#timer);
    await this.#line;
  }

  returned() {
    this.unsaved = false;
    this.#say("");
  }

  stop() {
    clearTimeout(this.#timer);
    this.unsaved = false;
  }

  /** `problem` is what a request ended with. */
  failed(problem) {
    this.unsaved = true;
    if (problem?.status === ENDED) {
      this.#say("Not saved: this page has been open for too long. Copy what you wrote last, and open it again from your course.", true);
      return;
    }
    this.#say("Not saved: the connection is gone. It is tried again by itself.", true);
    this.#later(AGAIN);
  }

  #later(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(), wait);
  }

  async #save() {
    const typed = this.#typedSince;
    try {
      await this.#inLine(async () => {
        this.#say("Saving…");
        const response = await this.#send(null);
        if (response.status === 409) {
          this.#conflict({ html: await response.text(), url: "" });
          return;
        }
        if (!response.ok) throw refused(response);
        const { saved } = await response.json();
        this.#form.elements.base.value = saved.base;
        this.#form.elements.revision.value = saved.revision;
        if (typed === this.#typedSince) this.unsaved = false;
        this.#say(`Saved ${clock(new Date(saved.at))}`);
      });
    } catch (problem) {
      this.failed(problem);
    }
  }

  #send(button) {
    const body = new FormData(this.#form);
    body.set("do", button?.value ?? "save");
    return fetch(this.#form.action, {
      method: "POST",
      body: new URLSearchParams(body),
      headers: { Accept: button ? "text/html" : "application/json", "X-Swap": "1" },
      signal: AbortSignal.timeout(PATIENCE),
    });
  }

  #inLine(work) {
    this.busy = true;
    const done = this.#line.then(work, work);
    const last = (this.#line = done.catch(() => {}).then(() => {
      if (this.#line === last) this.busy = false;
    }));
    return done;
  }

  #say(words, care = false) {
    if (care) this.#state.setAttribute("role", "alert"); // only trouble is read out: a draft is saved all the time
    else this.#state.removeAttribute("role");
    if (this.#state.textContent !== words) this.#state.textContent = words;
    this.#state.classList.toggle("state-care", care);
  }
}

function refused({ status }) {
  return Object.assign(new Error(`status ${status}`), { status });
}
