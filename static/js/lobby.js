/** The lobby: consent, devices with a preview, and the choice of voice or text. */

import { Trouble, listDevices, openMicrophone, remember, remembered } from "./devices.js";
import { noteDrawing } from "./drawing.js";
import { optionalImages } from "./images.js";
import { watchLevel } from "./level.js";
import { offerPicture } from "./lobby/picture.js";
import { watchPlaces } from "./lobby/places.js";
import { SelfView } from "./lobby/self_view.js";
import { localTimes } from "./localtime.js";

const HEARD = 0.35; // of the meter's range; a word at an arm's length is well above it

const $ = (id) => document.getElementById(id);
const form = $("begin");
const microphone = $("microphone");
const selfView = $("sense_face") && new SelfView();
let stream = null;
let stopMeter = () => {};
let asking = 0; // counts the requests for the microphone: only the last one is still wanted

localTimes();
optionalImages();
watchPlaces($("places"));
offerPicture($("picture-choice"), $("picture-words"), noteDrawing());

microphone.addEventListener("change", () => (microphone.checked ? listen() : silence()));
$("again").addEventListener("click", listen);
$("microphone-choice").addEventListener("change", (event) => {
  remember({ microphone: event.target.value });
  listen();
});
$("speaker-choice").addEventListener("change", (event) => remember({ speaker: event.target.value }));
$("speaker-test").addEventListener("click", testSpeaker);
$("write").addEventListener("click", writeInstead);
$("open-window").addEventListener("click", openWindow);
navigator.mediaDevices?.addEventListener?.("devicechange", () => stream && fillChoices());
for (const radio of form.elements.modality) radio.addEventListener("change", () => modalityChosen(radio.value));
form.addEventListener("submit", submit);
window.addEventListener("pagehide", silence);
if (form.elements.modality.value === "voice") {
  if (microphone.checked) listen();
  selfView?.openIfWanted();
}

async function listen() {
  microphone.checked = true;
  hideError("microphone");
  silence();
  const asked = ++asking;
  const wanted = () => asked === asking && microphone.checked && form.elements.modality.value === "voice";
  try {
    const opened = await openMicrophone();
    if (!wanted()) return opened.getTracks().forEach((track) => track.stop());
    stream = opened;
  } catch (error) {
    if (wanted()) showTrouble(error instanceof Trouble ? error : Trouble.from(error));
    return;
  }
  $("trouble").hidden = true;
  $("preview").hidden = false;
  stream.getAudioTracks()[0].addEventListener("ended", () => showTrouble(new Trouble("missing")));
  showMeter();
  await fillChoices();
}

function silence() {
  stopMeter();
  stopMeter = () => {};
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  $("preview").hidden = true;
}

function showMeter() {
  const meter = $("meter");
  const words = $("meter-words");
  words.textContent = "Say a few words: the bar should move.";
  let shown = 0;
  let heard = 0;
  stopMeter = watchLevel(stream, (level) => {
    shown = Math.max(level, shown * 0.85);
    meter.style.setProperty("--level", shown.toFixed(3));
    meter.setAttribute("aria-valuenow", Math.round(shown * 100));
    if (level > HEARD && ++heard === 6) words.textContent = "We can hear you.";
  });
}

async function fillChoices() {
  const { microphones, speakers } = await listDevices();
  const current = stream?.getAudioTracks()[0]?.getSettings().deviceId;
  fill($("microphone-choice"), microphones, current ?? remembered().microphone);
  const select = $("speaker-choice");
  const canChoose = "setSinkId" in HTMLMediaElement.prototype && speakers.length > 0;
  fill(select, canChoose ? speakers : [{ id: "", label: "Your computer’s usual loudspeaker" }], remembered().speaker);
}

function fill(select, devices, chosen) {
  select.replaceChildren(...devices.map(({ id, label }) => new Option(label, id, false, id === chosen)));
}

/** Two soft notes through the chosen loudspeaker. */
async function testSpeaker() {
  const words = $("speaker-words");
  const audio = new AudioContext();
  try {
    const sink = $("speaker-choice").value;
    if (sink && audio.setSinkId) await audio.setSinkId(sink);
    await audio.resume();
    [523.25, 659.25].forEach((pitch, index) => {
      const start = audio.currentTime + 0.05 + index * 0.22;
      const tone = new OscillatorNode(audio, { frequency: pitch });
      const gain = new GainNode(audio, { gain: 0 });
      gain.gain.linearRampToValueAtTime(0, start);
      gain.gain.linearRampToValueAtTime(0.2, start + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.001, start + 0.5);
      tone.connect(gain).connect(audio.destination);
      tone.start(start);
      tone.stop(start + 0.55);
    });
    words.textContent = "You should have heard two notes. If not, turn the volume up or choose another loudspeaker.";
  } catch {
    words.textContent = "This loudspeaker did not play. Choose another one.";
  }
  setTimeout(() => audio.close().catch(() => {}), 1500);
}

function showTrouble(trouble) {
  silence();
  $("trouble-words").textContent = trouble.message;
  $("open-window").hidden = !trouble.windowMayHelp;
  $("again").hidden = trouble.reason === "framed";
  $("trouble").hidden = false;
}

function modalityChosen(modality) {
  hideError("modality");
  if (modality === "text") {
    silence();
    selfView?.close();
    $("trouble").hidden = true;
    return;
  }
  if (microphone.checked) listen();
  selfView?.openIfWanted();
}

function writeInstead() {
  const text = [...form.elements.modality].find((radio) => radio.value === "text");
  text.checked = true;
  modalityChosen("text");
  text.focus();
}

/** The iframe's cookies are not known in a window of its own: a key that works once carries the visit over. */
async function openWindow() {
  const opened = window.open("about:blank", "_blank");
  try {
    const answer = await fetch(form.dataset.window, {
      method: "POST",
      headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
      signal: AbortSignal.timeout(10000),
    });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const { url } = await answer.json();
    if (!opened) throw new Error("the window was blocked");
    opened.opener = null;
    opened.location = url;
  } catch {
    opened?.close();
    $("trouble-words").textContent =
      "The new window could not be opened. Allow pop-up windows for this page and try again, or write instead.";
  }
}

function submit(event) {
  const modality = form.elements.modality.value;
  const wrong = [];
  if (!modality) wrong.push(["modality", form.elements.modality[0]]);
  if (modality === "voice" && !stream && !microphone.checked) wrong.push(["microphone", microphone]);
  if (!form.elements.ai_disclosure.checked) wrong.push(["ai_disclosure", form.elements.ai_disclosure]);
  for (const name of ["modality", "microphone", "ai_disclosure"]) hideError(name);
  const stuck = modality === "voice" && microphone.checked && !stream && !$("trouble").hidden;
  if (wrong.length || stuck) {
    event.preventDefault();
    for (const [name] of wrong) showError(name);
    (wrong[0]?.[1] ?? $("trouble").querySelector("button:not([hidden])")).focus();
    return;
  }
  const button = $("start");
  button.setAttribute("aria-busy", "true");
  button.textContent = "Opening the conversation…";
}

/** A hidden message would still be read out where it describes a field, so the two are joined only while it is shown. */
function showError(name) {
  form.querySelector(`[data-error="${name}"]`).hidden = false;
  const field = form.querySelector(`[data-field="${name}"]`);
  field.setAttribute("aria-describedby", `${name}-error`);
  if (field.localName === "input") field.setAttribute("aria-invalid", "true");
}

function hideError(name) {
  form.querySelector(`[data-error="${name}"]`).hidden = true;
  const field = form.querySelector(`[data-field="${name}"]`);
  field.removeAttribute("aria-describedby");
  field.removeAttribute("aria-invalid");
}

form.elements.ai_disclosure.addEventListener("change", () => hideError("ai_disclosure"));
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  const button = $("start");
  button.removeAttribute("aria-busy");
  button.textContent = "Start the conversation";
});
