/** The conversation page: brings socket, voice, face, captions and controls together. */

import { Camera } from "./conversation/camera.js";
import { Captions, Transcript } from "./conversation/captions.js";
import { becomeText, showComposer, wire } from "./conversation/controls.js";
import { openFace, openStream } from "./conversation/face.js";
import { Film } from "./conversation/film.js";
import { Loudspeaker } from "./conversation/loudspeaker.js";
import { Peer } from "./conversation/peer.js";
import { heardAt } from "./conversation/playout.js";
import { Sensing } from "./conversation/sensing.js";
import { Socket } from "./conversation/socket.js";
import { View } from "./conversation/view.js";
import { Trouble, openMicrophone } from "./devices.js";
import { optionalImages } from "./images.js";
import { watchLevel } from "./level.js";

const REPORT_MS = 2500; // long enough to read that it is over

const $ = (id) => document.getElementById(id);
const data = JSON.parse($("conversation-data").textContent);
const view = new View(data);
const socket = new Socket(data.socket, data.modality);
const captions = new Captions({
  persona: $("caption-persona"),
  learner: $("caption-learner"),
  learnerWords: $("caption-learner-words"),
});
const transcript = new Transcript($("lines"), { persona: data.persona.name, learner: "You" });
const frames = openStream((rtp) => heardAt(peer?.receiver, rtp, loudspeaker?.latency));

const camera = data.sense?.face ? new Camera() : null;
const sensing = data.sense
  ? new Sensing({ agreed: data.sense, send: (message) => socket.send(message), camera, attempt: data.attempt })
  : null;

const film = data.modality === "voice" && Film.possible ? new Film((message) => socket.send(message)) : null;

let peer = null;
let loudspeaker = null;
let face = null;
let stopLevel = () => {};
let muted = false;
let over = false;
let deaf = false; // the learner's microphone is missing, which no later message makes good

const inText = () => document.body.dataset.modality === "text";

const take = {
  state(message) {
    view.showPhase(message);
    if (message.phase === "recovering") peer?.forgetOffer();
    if (message.offer) peer?.needed();
  },
  floor({ state }) {
    view.showFloor(state);
    frames.state = state;
    if (state === "hearing") captions.learnerSpeaks();
  },
  caption(message) {
    captions.progress(message);
    if (message.speaker === "persona" && inText()) transcript.drafting(message.text);
  },
  utterance(message) {
    if (message.speaker === "learner" && !deaf) view.noProblem();
    captions.finished(message);
    transcript.finished(message);
  },
  guardrail({ message }) {
    if (!message) return;
    transcript.note(message);
    if (inText()) return;
    view.banner(message);
    setTimeout(() => $("banner").textContent === message && view.banner(""), 12000);
  },
  sensed: (message) => sensing?.take(message),
  observation: (message) => sensing?.noticed(message),
  picture: ({ video }) => film?.offered(video),
  answer(message) {
    peer?.answer(message).catch(() => peer.offer());
  },
  ended({ reason, report }) {
    end(reason, report || data.report);
  },
  problem({ code, message, remedy }) {
    if (code === "not_admitted") socket.close();
    if (code === "speech_unavailable" || code === "busy") showComposer(true, false);
    if (code === "speech_unavailable" && deaf) return;
    view.problem(message, remedy, (code === "microphone_lost" || deaf) && !inText() ? ["microphone", "writing"] : []);
  },
};

socket.addEventListener("message", ({ detail }) => take[detail.type]?.(detail));
socket.addEventListener("down", () => {
  view.showLink("Reconnecting…");
  if (view.phase === "live") view.banner("Reconnecting… nothing you said is lost.");
});
socket.addEventListener("up", () => {
  view.showLink("");
  if (view.phase === "live") view.banner("");
  sensing?.tell();
  // An answer that was on its way went to the old connection; the greeting says whether an offer is wanted.
  peer?.forgetOffer();
  if (peer && !peer.offered) peer.offer();
});
socket.addEventListener("refused", () =>
  view.problem("This conversation was opened in another launch.", "Go back to your course and open the activity again."),
);

wire({
  mute(wanted) {
    muted = wanted;
    peer?.mute(muted);
    view.showMuted(muted);
  },
  interrupt: () => socket.send({ type: "interrupt" }),
  say: (text) => transcript.sending(socket.say(text), text),
  typing: () => socket.send({ type: "typing" }),
  finish() {
    socket.finish();
    view.showPhase({ phase: "ending", detail: "Your report is being written." });
  },
  again: openVoice,
  write: goOnInWriting,
  unlock: () => peer?.unlock().then(() => view.askForClick(false), () => {}),
});

optionalImages();
socket.open();
if (inText()) showComposer(true);
else openVoice();
openFace($("face-canvas"), { face: data.persona.face, source: frames, onShown: () => $("face").classList.add("drawn") }).then((opened) => {
  if (over) return opened?.dispose();
  face = opened;
});
window.addEventListener("pageshow", ({ persisted }) => persisted && location.reload());

/** Microphone first, then the offer: a call without a voice is no call. */
async function openVoice() {
  view.noProblem();
  let stream;
  try {
    stream = await openMicrophone();
  } catch (error) {
    deaf = true;
    const trouble = error instanceof Trouble ? error : Trouble.from(error);
    view.problem(trouble.message, "", trouble.reason === "framed" ? ["writing"] : ["microphone", "writing"]);
    return;
  }
  if (over) return stream.getTracks().forEach((track) => track.stop());
  deaf = false;
  stream.getAudioTracks()[0].addEventListener("ended", () => {
    deaf = true;
    view.problem("Your microphone is gone.", "Plug it in and try again, or go on in writing.", ["microphone", "writing"]);
  });
  stopLevel();
  stopLevel = watchLevel(stream, (level) => view.showLevel(muted ? 0 : level));
  if (peer) await peer.use(stream);
  else connect(stream);
  peer.mute(muted);
  sensing?.begin();
}

function connect(stream) {
  loudspeaker = new Loudspeaker();
  peer = new Peer({ send: (message) => socket.send(message), iceServers: data.iceServers, audio: $("voice"), stream, camera, film: film !== null });
  peer.addEventListener("connected", () => {
    frames.reset();
    view.showLink("");
  });
  peer.addEventListener("lost", () => view.showLink("Sound is reconnecting…"));
  peer.addEventListener("blocked", () => view.askForClick(true));
  peer.addEventListener("film", ({ detail }) => film.play(detail));
  peer.addEventListener("face", ({ detail }) => frames.take(detail));
  if (socket.up) peer.offer();
}

function hangUp() {
  stopLevel();
  stopLevel = () => {};
  peer?.close();
  peer = null;
  loudspeaker?.close();
  loudspeaker = null;
  film?.close();
  sensing?.close();
}

function goOnInWriting() {
  hangUp();
  deaf = false;
  view.noProblem();
  view.showLink("");
  becomeText();
  socket.reopen("text");
}

function end(reason, report) {
  if (over) return;
  over = true;
  socket.close();
  hangUp();
  view.ended(reason, report);
  setTimeout(() => {
    face?.dispose();
    location.assign(report);
  }, REPORT_MS);
}
