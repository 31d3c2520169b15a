/** What the page shows about the state of the conversation: phase, floor, banners, time. */

const $ = (id) => document.getElementById(id);

const FLOOR = {
  listening: () => "Listening",
  hearing: () => "Hearing you",
  thinking: () => "Thinking",
  speaking: (name) => `${name} is speaking`,
};

export class View {
  #name;
  #minutes;
  #started = null;
  #muted = false;

  constructor({ persona, minutes, started, now }) {
    this.#name = persona.name;
    this.#minutes = minutes;
    if (started) this.#started = performance.now() - (now - started);
    setInterval(() => this.#tick(), 1000);
    this.#tick();
  }

  get phase() {
    return document.body.dataset.phase;
  }

  /** `state` message: {phase, detail, queue?, minutes?}. */
  showPhase({ phase, detail, queue, minutes }) {
    if (this.phase === "ended") return;
    document.body.dataset.phase = phase;
    if (phase === "live") {
      this.#started ??= performance.now();
      this.#curtain();
      this.banner("");
    } else if (phase === "connecting") this.#curtain(`Calling ${this.#name}…`, detail || "This takes a few seconds.");
    else if (phase === "waiting") this.#curtain(`Waiting for ${this.#name}`, detail || waiting(queue, minutes));
    else if (phase === "recovering") {
      this.#curtain();
      this.banner(detail || `The line to ${this.#name} was cut and is being made anew. What you said is kept.`);
    } else if (phase === "ending") this.#curtain("One moment", detail || "Your report is being written.");
  }

  showFloor(state) {
    document.body.dataset.floor = state;
    this.#floorWords();
  }

  showMuted(muted) {
    this.#muted = muted;
    document.body.classList.toggle("muted", muted);
    $("mute").setAttribute("aria-pressed", String(muted));
    $("mute-words").textContent = muted ? "Unmute" : "Mute";
    this.#floorWords();
  }

  /** How loud the learner is, 0 to 1. */
  showLevel(level) {
    $("floor").style.setProperty("--level", level.toFixed(2));
  }

  /** The connection in two words beside the time; empty when all is well. */
  showLink(words) {
    $("link").textContent = words;
    $("link").hidden = !words;
  }

  banner(text) {
    $("banner").textContent = text;
    $("banner").hidden = !text;
  }

  /** `problem` message, or our own; `offers`: which ways on to show ("microphone", "writing"). */
  problem(message, remedy = "", offers = []) {
    $("problem-words").textContent = [message, remedy].filter(Boolean).join(" ");
    $("problem-again").hidden = !offers.includes("microphone");
    $("problem-write").hidden = !offers.includes("writing");
    $("problem").hidden = false;
  }

  noProblem() {
    $("problem").hidden = true;
  }

  askForClick(wanted) {
    $("unlock").hidden = !wanted;
    if (wanted) $("unlock-button").focus();
  }

  /** The end; the way to the report is a link that takes the focus. */
  ended(reason, report) {
    document.body.dataset.phase = "ended";
    this.banner("");
    this.noProblem();
    this.askForClick(false);
    this.showLink("");
    const words = { timeout: "The time is up.", guardrail: `${this.#name} has ended the conversation.` };
    this.#curtain("Thank you", `${words[reason] ?? "That was your conversation."} Your report is opening.`);
    const link = $("to-report");
    link.href = report;
    link.hidden = false;
    link.focus();
  }

  #curtain(title = "", words = "") {
    $("curtain-title").textContent = title;
    $("curtain-words").textContent = words;
    $("curtain").hidden = !title;
  }

  #floorWords() {
    const { floor } = document.body.dataset;
    const listening = floor === "listening" || floor === "hearing";
    $("floor-words").textContent = this.#muted && listening ? "You are muted" : FLOOR[floor]?.(this.#name) ?? "";
  }

  #tick() {
    const seconds = this.#started === null ? 0 : Math.floor((performance.now() - this.#started) / 1000);
    $("elapsed").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    $("time").classList.toggle("time-short", this.#minutes * 60 - seconds < 60);
  }
}

function waiting(queue, minutes) {
  const place = queue ? `${queue} ${queue === 1 ? "conversation is" : "conversations are"} before yours.` : "You are next.";
  const long = minutes ? ` It takes about ${minutes} ${minutes === 1 ? "minute" : "minutes"}.` : "";
  return `${place}${long} Keep this page open.`;
}
