/**
 * The voice connection: the microphone out, the persona's voice and face in.
 * Watches over itself and makes a new offer when the connection is lost.
 *
 * Events: "connected", "lost", "blocked" (the browser wants a click before it plays
 * sound), "face" with a packet of frames as `detail`, "film" with the face's video track.
 */

import { remembered } from "../devices.js";

const GATHER_MS = 2000; // a STUN server that does not answer must not hold up the call
const DISCONNECTED_MS = 3000; // ICE often recovers by itself before that
const UNANSWERED_MS = 12000; // a conversation's process may be starting
const CONNECT_MS = 10000;
const SETTLED_MS = 3000; // both ends do not become connected in the same instant

export class Peer extends EventTarget {
  #send;
  #iceServers;
  #audio;
  #stream;
  #camera;
  #film;
  #connection = null;
  #since = 0;
  #awaiting = false; // an answer to our offer
  #offered = ""; // the id of our newest offer
  #timer;

  /** `send` signals to the server; `audio` is the element that plays the persona's voice; `camera` a Camera, or null;
   * `film` whether the face may come as video. */
  constructor({ send, iceServers, audio, stream, camera = null, film = false }) {
    super();
    this.#send = send;
    this.#iceServers = iceServers;
    this.#audio = audio;
    this.#stream = stream;
    this.#camera = camera;
    this.#film = film;
    this.#timer = setInterval(() => this.#watch(), 500);
  }

  /** The receiver of the persona's voice, for the face's clock. */
  get receiver() {
    return this.#connection?.getReceivers().find((receiver) => receiver.track?.kind === "audio") ?? null;
  }

  /** Whether anything was offered yet. */
  get offered() {
    return this.#connection !== null;
  }

  /** The server has no connection to us: offer one, unless one is on its way. */
  needed() {
    const state = this.#connection?.connectionState;
    const waited = performance.now() - this.#since;
    if (this.#awaiting || (state === "connecting" && waited < CONNECT_MS)) return;
    if (state === "connected" && waited < SETTLED_MS) return;
    this.offer();
  }

  /** Whoever was to answer our offer is gone. */
  forgetOffer() {
    this.#awaiting = false;
  }

  /** A new connection with a complete offer; whatever was there is dropped. */
  async offer() {
    this.#drop();
    const connection = new RTCPeerConnection({ iceServers: this.#iceServers });
    this.#connection = connection;
    this.#awaiting = true;
    this.#mark();
    connection.addTransceiver(this.#stream.getAudioTracks()[0], { direction: "sendrecv", streams: [this.#stream] });
    const channel = connection.createDataChannel("face", { ordered: false, maxRetransmits: 0 });
    channel.binaryType = "arraybuffer";
    channel.addEventListener("message", ({ data }) => {
      if (data instanceof ArrayBuffer) this.dispatchEvent(new CustomEvent("face", { detail: data }));
    });
    if (this.#camera) this.#camera.channel = connection.createDataChannel("camera", { ordered: false, maxRetransmits: 0 });
    if (this.#film) connection.addTransceiver("video", { direction: "recvonly" });
    connection.addEventListener("track", ({ track }) => {
      if (track.kind === "audio") this.#play(new MediaStream([track]));
      else this.dispatchEvent(new CustomEvent("film", { detail: track }));
    });
    connection.addEventListener("connectionstatechange", () => this.#changed(connection));
    await connection.setLocalDescription();
    await gathered(connection);
    if (this.#connection !== connection) return;
    this.#offered = crypto.randomUUID();
    this.#send({ type: "offer", sdp: connection.localDescription.sdp, id: this.#offered });
  }

  /** Takes the answer to the newest offer; one to an offer that was replaced is dropped. */
  async answer({ sdp, id }) {
    const connection = this.#connection;
    if ((id && id !== this.#offered) || connection?.signalingState !== "have-local-offer") return;
    this.#awaiting = false;
    this.#mark();
    await connection.setRemoteDescription({ type: "answer", sdp });
  }

  /** Another microphone on the same connection. */
  async use(stream) {
    this.#stream = stream;
    const sender = this.#connection?.getSenders().find((candidate) => candidate.track?.kind === "audio");
    await sender?.replaceTrack(stream.getAudioTracks()[0]);
  }

  mute(muted) {
    for (const track of this.#stream.getAudioTracks()) track.enabled = !muted;
  }

  /** Play after a click, where the browser insisted on one. */
  unlock() {
    return this.#audio.play();
  }

  close() {
    clearInterval(this.#timer);
    this.#drop();
    this.#stream.getTracks().forEach((track) => track.stop());
  }

  #drop() {
    const old = this.#connection;
    this.#connection = null;
    old?.close();
  }

  #mark() {
    this.#since = performance.now();
  }

  #changed(connection) {
    if (this.#connection !== connection) return;
    this.#mark();
    if (connection.connectionState === "connected") this.dispatchEvent(new Event("connected"));
    if (["failed", "disconnected"].includes(connection.connectionState)) this.dispatchEvent(new Event("lost"));
  }

  #watch() {
    const connection = this.#connection;
    if (!connection) return;
    const waited = performance.now() - this.#since;
    const state = connection.connectionState;
    const lost =
      (this.#awaiting && waited > UNANSWERED_MS) ||
      state === "failed" ||
      state === "closed" ||
      (state === "disconnected" && waited > DISCONNECTED_MS) ||
      (state === "connecting" && !this.#awaiting && waited > CONNECT_MS);
    if (lost) this.offer();
  }

  async #play(stream) {
    this.#audio.srcObject = stream;
    const { speaker } = remembered();
    if (speaker && this.#audio.setSinkId) await this.#audio.setSinkId(speaker).catch(() => {});
    try {
      await this.#audio.play();
    } catch (error) {
      if (error.name === "NotAllowedError") this.dispatchEvent(new Event("blocked"));
    }
  }
}

/** Resolves when every candidate is in the local description, or after GATHER_MS. */
function gathered(connection) {
  if (connection.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GATHER_MS);
    connection.addEventListener("icegatheringstatechange", () => {
      if (connection.iceGatheringState !== "complete") return;
      clearTimeout(timer);
      resolve();
    });
  });
}
