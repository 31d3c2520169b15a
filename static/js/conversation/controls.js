/** Buttons, keys and the text field; what they mean is decided by the callbacks given to `wire`. */

const TYPING_MS = 2000;
const $ = (id) => document.getElementById(id);

/**
 * on: {mute(muted), interrupt(), say(text), typing(), finish(), again(), write(), unlock()}
 */
export function wire(on) {
  $("mute").addEventListener("click", () => on.mute($("mute").getAttribute("aria-pressed") !== "true"));
  $("interrupt").addEventListener("click", on.interrupt);
  $("type").addEventListener("click", () => showComposer($("composer").hidden));
  $("problem-again").addEventListener("click", on.again);
  $("problem-write").addEventListener("click", on.write);
  $("problem-close").addEventListener("click", () => ($("problem").hidden = true));
  $("unlock-button").addEventListener("click", on.unlock);
  $("transcript-toggle").addEventListener("click", () => showTranscript($("transcript").hidden));
  $("transcript-close").addEventListener("click", () => showTranscript(false));
  composer(on);
  finishing(on);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || $("finish-dialog").open) return;
    const speaking = ["speaking", "thinking"].includes(document.body.dataset.floor);
    if (!speaking && document.body.dataset.modality === "voice" && !$("transcript").hidden) showTranscript(false);
    else on.interrupt();
  });
}

export function showComposer(shown, focus = true) {
  $("composer").hidden = !shown;
  $("type").setAttribute("aria-expanded", String(shown));
  if (shown && focus) $("words").focus();
}

export function showTranscript(shown) {
  $("transcript").hidden = !shown;
  $("transcript-toggle").setAttribute("aria-expanded", String(shown));
  if (shown) $("log").scrollTop = $("log").scrollHeight;
  if (shown) $("transcript-close").focus();
  else $("transcript-toggle").focus();
}

/** From voice to writing, for the rest of this conversation. */
export function becomeText() {
  document.body.dataset.modality = "text";
  $("transcript").hidden = false;
  showComposer(true);
}

function composer(on) {
  const words = $("words");
  let lastTyping = -Infinity;
  const fit = () => {
    words.style.height = "auto";
    words.style.height = `${Math.min(words.scrollHeight + 2, 144)}px`;
  };
  words.addEventListener("input", () => {
    fit();
    const now = performance.now();
    if (now - lastTyping > TYPING_MS) {
      lastTyping = now;
      on.typing();
    }
  });
  words.addEventListener("keydown", (event) => {
    // isComposing: Enter that ends the input of a Chinese or Japanese word does not send.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    $("composer").requestSubmit();
  });
  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = words.value.trim();
    if (!text) return words.focus();
    on.say(text);
    words.value = "";
    fit();
    words.focus();
  });
}

function finishing(on) {
  const dialog = $("finish-dialog");
  $("finish").addEventListener("click", () => {
    dialog.returnValue = "";
    dialog.showModal();
  });
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "finish") on.finish();
  });
}
