/** When the persona's voice is heard: RTP time becomes page time, so that face and voice agree. */

const RTP_PER_MS = 48;
const STALLED_MS = 60; // without anything played: the voice waits for packets, and goes on no sooner than now
const BEFORE_MS = 5; // of the packet before, 0 to 10, are still to be played when one is decoded, which is when we are told
const PLAUSIBLE_MS = 15000; // nothing that is sent is further away than this

/**
 * The page time (performance.now()) at which the RTP timestamp `rtp` is heard; null if the receiver does not tell. What
 * the receiver plays is heard `latency` ms later (Loudspeaker).
 */
export function heardAt(receiver, rtp, latency = 0, now = performance.now(), origin = performance.timeOrigin) {
  const source = receiver?.getSynchronizationSources?.()[0];
  if (source?.rtpTimestamp === undefined) return null;
  const played = source.timestamp > 1e11 ? source.timestamp - origin : source.timestamp;
  const ahead = ((rtp - source.rtpTimestamp) | 0) / RTP_PER_MS; // |0: the difference modulo 2³², signed
  const at = Math.max(played, now - STALLED_MS) + ahead + BEFORE_MS + latency;
  return Math.abs(at - now) < PLAUSIBLE_MS ? at : null;
}
