/** While something is being read, the page is asked for again, and the entries that have changed are put in place. */

import { localTimes } from "../localtime.js";

const SOON = 1500; // ms
const LATEST = 15000;

export class Live {
  #region;
  #told;
  #wait = SOON;
  #timer = 0;

  constructor(region, told) {
    this.#region = region;
    this.#told = told;
  }

  get busy() {
    return this.#region.hasAttribute("data-busy");
  }

  start() {
    clearTimeout(this.#timer);
    if (this.busy) this.#timer = setTimeout(() => this.now(), this.#wait);
  }

  /** Look once; go on looking while something is under way. A page that nobody sees asks for nothing. */
  async now() {
    clearTimeout(this.#timer);
    if (document.hidden) {
      this.#timer = setTimeout(() => this.now(), this.#wait);
      return;
    }
    try {
      const answer = await fetch(this.#region.dataset.live || location.pathname, { headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(this.#region.id);
      if (fresh) this.#wait = this.#take(fresh) ? SOON : Math.min(this.#wait * 1.3, LATEST);
    } catch {
      this.#wait = Math.min(this.#wait * 2, LATEST);
    }
    this.start();
  }

  /** Puts in place what has changed; whether anything had. Nobody's focus is taken away, no fold is closed. */
  #take(fresh) {
    const was = this.busy;
    this.#region.toggleAttribute("data-busy", fresh.hasAttribute("data-busy"));
    if (was && !this.busy) this.#told.textContent = "Everything has been read.";
    for (const words of fresh.querySelectorAll("[data-if-script]")) words.hidden = false;
    for (const words of fresh.querySelectorAll("[data-unless-script]")) words.hidden = true;
    localTimes(fresh);
    const folds = new Map([...this.#region.querySelectorAll("details[id]")].map((fold) => [fold.id, fold.open]));
    for (const fold of fresh.querySelectorAll("details[id]")) fold.open = folds.get(fold.id) ?? fold.open;
    const same = names(this.#region) === names(fresh);
    if (!same && !holdsFocus(this.#region)) {
      this.#region.replaceChildren(...fresh.childNodes);
      return true;
    }
    let changed = !same;
    for (const entry of fresh.querySelectorAll("[data-item]")) {
      const shown = document.getElementById(entry.id);
      if (!shown || shown.outerHTML === entry.outerHTML) continue;
      changed = true;
      if (!holdsFocus(shown)) shown.replaceWith(document.importNode(entry, true));
    }
    return changed;
  }
}

const names = (region) => [...region.querySelectorAll("[data-item]")].map((entry) => entry.id).join(" ");
const holdsFocus = (element) => element.contains(document.activeElement);
