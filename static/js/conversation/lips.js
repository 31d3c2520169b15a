/** From the data channel to the face: RTP time becomes page time, so that lips and voice agree. */

const RTP_PER_MS = 48;
const FALLBACK_MS = 80; // a usual jitter buffer, where the browser does not say what it plays
const PLAUSIBLE_MS = 15000; // no sentence is further away than this

/** The page time (performance.now()) at which the RTP timestamp `rtp` is heard; null if the receiver does not tell. */
export function heardAt(receiver, rtp, now = performance.now(), origin = performance.timeOrigin) {
  const source = receiver?.getSynchronizationSources?.()[0];
  if (source?.rtpTimestamp === undefined) return null;
  const played = source.timestamp > 1e11 ? source.timestamp - origin : source.timestamp;
  const ahead = ((rtp - source.rtpTimestamp) | 0) / RTP_PER_MS; // |0: the difference modulo 2³², signed
  const at = played + ahead;
  return Math.abs(at - now) < PLAUSIBLE_MS ? at : null;
}

/** Tells the face what the messages of the lips channel say. */
export class Lips {
  #face = null;
  #receiver;
  #hushedAt = 0;

  /** `receiver` gives the RTCRtpReceiver of the persona's voice at the moment. */
  constructor(receiver) {
    this.#receiver = receiver;
  }

  set face(face) {
    this.#face = face;
  }

  take(message) {
    const face = this.#face;
    if (!face) return;
    const now = performance.now();
    const time = (rtp) => heardAt(this.#receiver(), rtp, now) ?? now + FALLBACK_MS;
    if (message.type === "lips") face.lips(message, time(message.start));
    else if (message.type === "hush") face.hush((this.#hushedAt = time(message.at)));
    else if (message.type === "resume") face.shiftLips(this.#hushedAt, message.shift / RTP_PER_MS);
    else if (message.type === "mood") face.setMood(message.emotion);
  }
}
