import assert from "node:assert/strict";
import { test } from "node:test";

import { heardAt } from "../../static/js/conversation/playout.js";

const ORIGIN = 1_700_000_000_000; // performance.timeOrigin
const BEFORE = 5; // ms, of the packet before, that are still to be played when a packet is decoded
const plays = (rtpTimestamp, timestamp) => ({ getSynchronizationSources: () => [{ rtpTimestamp, timestamp }] });

test("a frame 4,800 samples ahead of what plays is heard 100 ms later", () => {
  assert.equal(heardAt(plays(96_000, 5_000), 100_800, 0, 5_000, ORIGIN), 5_100 + BEFORE);
});

test("a receiver that tells the time of day is understood", () => {
  assert.equal(heardAt(plays(96_000, ORIGIN + 5_000), 91_200, 0, 5_000, ORIGIN), 4_900 + BEFORE);
});

test("RTP time wraps at 2^32 in both directions", () => {
  assert.equal(heardAt(plays(2 ** 32 - 480, 5_000), 480, 0, 5_000, ORIGIN), 5_020 + BEFORE);
  assert.equal(heardAt(plays(480, 5_000), 2 ** 32 - 480, 0, 5_000, ORIGIN), 4_980 + BEFORE);
});

test("without a receiver, without packets and with an absurd distance there is no time", () => {
  assert.equal(heardAt(null, 0, 0, 5_000, ORIGIN), null);
  assert.equal(heardAt({ getSynchronizationSources: () => [] }, 0, 0, 5_000, ORIGIN), null);
  assert.equal(heardAt(plays(0, 5_000), 48_000 * 60, 0, 5_000, ORIGIN), null);
});

test("while the voice waits for packets, what comes after it waits as well", () => {
  assert.equal(heardAt(plays(96_000, 5_000), 96_480, 0, 5_040, ORIGIN), 5_010 + BEFORE);
  assert.equal(heardAt(plays(96_000, 5_000), 96_480, 0, 6_000, ORIGIN), 5_950 + BEFORE);
});

test("what is played is heard as much later as the loudspeaker needs", () => {
  assert.equal(heardAt(plays(96_000, 5_000), 100_800, 180, 5_000, ORIGIN), 5_280 + BEFORE);
});
