/**
 * The storage that an LMS keeps for tools whose cookies are blocked (LTI Client Side postMessages 1.0, LTI Platform
 * Storage 1.0). A value goes to a window of the LMS's own origin only, and is taken from there only.
 */

const CAPABILITIES_MS = 1000; // some platforms answer only the rest
const ANSWER_MS = 4000; // an app that names a storage and has none never answers
const AGAIN_MS = 400; // the LMS's page may not listen yet: what is asked may be asked again
const PARENT = "_parent";

export class Unavailable extends Error {}

export class PlatformStorage {
  #target;
  #origin;
  #window;

  /** `target`: the frame that the login named. `origin`: that of the LMS's authorisation endpoint. */
  constructor({ target, origin, page = window }) {
    this.#target = target;
    this.#origin = origin;
    this.#window = page;
  }

  async put(key, value) {
    const answer = await this.#ask("lti.put_data", { key, value });
    if (answer.value !== undefined && answer.value !== value) throw new Unavailable("kept something else");
  }

  async get(key) {
    const { value } = await this.#ask("lti.get_data", { key });
    if (typeof value !== "string" || !value) throw new Unavailable("nothing is kept");
    return value;
  }

  /** Best effort: the value is of no use any more. */
  forget(key) {
    const frame = this.#frame(this.#target);
    frame?.postMessage({ subject: "lti.put_data", message_id: newId(), key, value: null }, this.#origin);
  }

  async #ask(subject, fields) {
    this.#target = (await this.#frameFor(subject)) ?? this.#target;
    const frame = await this.#awaited(this.#target);
    return this.#exchange(frame, this.#origin, subject, fields, ANSWER_MS);
  }

  /** The frame of this name, which the platform may add to its page only after us. */
  async #awaited(name) {
    for (let waited = 0; waited < ANSWER_MS; waited += AGAIN_MS) {
      const frame = this.#frame(name);
      if (frame) return frame;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
    throw new Unavailable("the frame is not there");
  }

  /** The frame that the platform says to use; undefined if it says nothing. Holds no secret, so any origin may answer. */
  async #frameFor(subject) {
    let answer;
    try {
      answer = await this.#exchange(this.#frame(PARENT), "*", "lti.capabilities", {}, CAPABILITIES_MS);
    } catch {
      return undefined;
    }
    if (!Array.isArray(answer.supported_messages)) return undefined;
    const found = answer.supported_messages.find((message) => message?.subject === subject);
    if (!found) throw new Unavailable(`${subject} is not supported`);
    return typeof found.frame === "string" && found.frame ? found.frame : undefined;
  }

  /** A window of the platform: the one that framed or opened this one, or a frame in it. */
  #frame(name) {
    const platform = this.#window.parent !== this.#window ? this.#window.parent : this.#window.opener;
    if (!platform || name === PARENT) return platform ?? null;
    try {
      return platform.frames[name] ?? null;
    } catch {
      return null; // another site's window tells of frames that it has, and throws for others
    }
  }

  #exchange(frame, origin, subject, fields, patience) {
    if (!frame) return Promise.reject(new Unavailable("there is no platform around this page"));
    const id = newId();
    return new Promise((resolve, reject) => {
      const end = (settle, value) => {
        clearTimeout(timer);
        clearInterval(again);
        this.#window.removeEventListener("message", take);
        settle(value);
      };
      const take = ({ data, source, origin: from }) => {
        if (source !== frame || (origin !== "*" && from !== origin)) return;
        if (data?.subject !== `${subject}.response` || data.message_id !== id) return;
        if (data.error) end(reject, new Unavailable(String(data.error.code)));
        else end(resolve, data);
      };
      const timer = setTimeout(() => end(reject, new Unavailable(`no answer to ${subject}`)), patience);
      const ask = () => {
        try {
          frame.postMessage({ subject, message_id: id, ...fields }, origin);
        } catch (error) {
          end(reject, new Unavailable(String(error)));
        }
      };
      const again = setInterval(ask, AGAIN_MS);
      this.#window.addEventListener("message", take);
      ask();
    });
  }
}

function newId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
