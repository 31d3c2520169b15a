/** What is being said now, and what was said: captions over the controls, transcript beside. */

const LINGER_MS = 6000;

export class Captions {
  #persona;
  #learner;
  #learnerWords;
  #spoken = []; // of the turn, each in an element of its own
  #done = false;
  #came = false; // sentences of the persona's turn, before the turn itself
  #timer = 0;

  constructor({ persona, learner, learnerWords }) {
    this.#persona = persona;
    this.#learner = learner;
    this.#learnerWords = learnerWords;
  }

  /** A turn in progress: the sentence that is being said, or the learner's words so far. */
  progress({ speaker, text }) {
    if (speaker === "learner") return this.#showLearner(text);
    if (this.#done) this.#spoken = [];
    this.#done = false;
    this.#came = true;
    if (this.#spoken.at(-1)?.dataset.text !== text) this.#spoken.push(sentence(text));
    this.#showPersona();
  }

  /** A finished turn. */
  finished({ speaker, text }) {
    if (speaker === "learner") {
      this.#showLearner(text);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => (this.#learner.hidden = true), LINGER_MS);
      return;
    }
    this.#done = true;
    const shown = this.#spoken.map((span) => span.dataset.text).join(" ");
    if (!this.#came || shown.length < text.length * 0.5) this.#spoken = [sentence(text)];
    this.#came = false;
    this.#showPersona(true);
  }

  /** The learner began to speak: what the persona said steps back. */
  learnerSpeaks() {
    this.#done = true;
    this.#showPersona(true);
  }

  #showPersona(over = false) {
    // Two sentences at most: the eye reads the current one and finds its way back to the one before.
    const wanted = this.#spoken.slice(-2);
    // One that stands there already is left alone: put there again, it would be read out again.
    const standing = [...this.#persona.children];
    for (const span of standing) if (!wanted.includes(span)) span.remove();
    for (const span of wanted) if (!standing.includes(span)) this.#persona.append(span);
    for (const span of wanted) span.classList.toggle("now", !over && span === wanted.at(-1));
    // A turn that came as a whole is read from its beginning.
    if (!over) this.#persona.scrollTop = this.#persona.scrollHeight;
  }

  #showLearner(text) {
    clearTimeout(this.#timer);
    this.#learnerWords.textContent = text;
    this.#learner.hidden = !text;
  }
}

function sentence(text) {
  const span = document.createElement("span");
  span.dataset.text = text;
  span.textContent = `${text} `;
  return span;
}

export class Transcript {
  #list;
  #names;
  #waiting = new Map();
  #draft = null;

  constructor(list, names) {
    this.#list = list;
    this.#names = names;
  }

  /** Words that were typed and are on their way. */
  sending(id, text) {
    const line = this.#line("learner", text);
    line.classList.add("line-sending");
    this.#waiting.set(id, line);
    this.#append(line);
  }

  /** The persona's sentences while they come, where the transcript is what one reads. */
  drafting(text) {
    if (!this.#draft) {
      this.#draft = this.#line("persona", "");
      this.#append(this.#draft);
    }
    const words = this.#draft.querySelector(".spoken");
    if (!words.textContent.endsWith(text)) words.textContent = `${words.textContent} ${text}`.trim();
    this.#follow();
  }

  /** A finished turn; `said` is the id of the typed words that it is, `citations` what it rests on, if anything. */
  finished({ speaker, text, said, citations = [] }) {
    const line = this.#line(speaker, text);
    if (citations.length) line.append(this.#sources(citations));
    const before = speaker === "persona" ? this.#draft : this.#waiting.get(said);
    if (speaker === "persona") this.#draft = null;
    this.#waiting.delete(said);
    if (before) before.replaceWith(line);
    else this.#append(line);
    this.#follow();
  }

  /** Something about the conversation, not a part of it. */
  note(text) {
    const line = document.createElement("li");
    line.className = "line line-note";
    line.textContent = text;
    this.#append(line);
  }

  #line(speaker, text) {
    const line = document.createElement("li");
    line.className = `line line-${speaker}`;
    const who = document.createElement("p");
    who.className = "line-who";
    who.textContent = this.#names[speaker];
    const words = document.createElement("p");
    words.className = "spoken";
    words.textContent = text;
    line.append(who, words);
    return line;
  }

  /** Closed until somebody asks: the words that a line rests on, and where they stand. */
  #sources(citations) {
    const fold = document.createElement("details");
    fold.className = "sources";
    const summary = document.createElement("summary");
    summary.textContent = citations.length === 1 ? "Source" : `${citations.length} sources`;
    const list = document.createElement("ul");
    list.append(...citations.map(source));
    fold.append(summary, list);
    fold.addEventListener("toggle", () => fold.open && fold.scrollIntoView({ block: "nearest" }));
    return fold;
  }

  #append(line) {
    this.#list.append(line);
    this.#follow();
  }

  #follow() {
    this.#list.parentElement.scrollTop = this.#list.parentElement.scrollHeight;
  }
}

function source({ document: title, place, quote }) {
  const item = document.createElement("li");
  const where = document.createElement("cite");
  where.textContent = place.startsWith(title) ? place : [title, place].filter(Boolean).join(", ");
  const words = document.createElement("q");
  words.textContent = quote;
  item.append(where, " ", words);
  return item;
}
