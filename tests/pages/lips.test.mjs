import assert from "node:assert/strict";
import { test } from "node:test";

import { Lips, heardAt } from "../../static/js/conversation/lips.js";

const ORIGIN = 1_700_000_000_000; // performance.timeOrigin
const plays = (rtpTimestamp, timestamp) => ({ getSynchronizationSources: () => [{ rtpTimestamp, timestamp }] });

test("a sentence 4,800 samples ahead of what plays is heard 100 ms later", () => {
  assert.equal(heardAt(plays(96_000, 5_000), 100_800, 5_000, ORIGIN), 5_100);
});

test("a receiver that tells the time of day is understood", () => {
  assert.equal(heardAt(plays(96_000, ORIGIN + 5_000), 91_200, 5_000, ORIGIN), 4_900);
});

test("RTP time wraps at 2^32 in both directions", () => {
  assert.equal(heardAt(plays(2 ** 32 - 480, 5_000), 480, 5_000, ORIGIN), 5_020);
  assert.equal(heardAt(plays(480, 5_000), 2 ** 32 - 480, 5_000, ORIGIN), 4_980);
});

test("without a receiver, without packets and with an absurd distance there is no time", () => {
  assert.equal(heardAt(null, 0, 5_000, ORIGIN), null);
  assert.equal(heardAt({ getSynchronizationSources: () => [] }, 0, 5_000, ORIGIN), null);
  assert.equal(heardAt(plays(0, 5_000), 48_000 * 60, 5_000, ORIGIN), null);
});

test("what was paused goes on later by the shift, counted from where it stopped", () => {
  const told = [];
  const lips = new Lips(() => plays(0, 0));
  lips.face = {
    lips: (sentence, at) => told.push(["lips", sentence.id, Math.round(at)]),
    hush: (at) => told.push(["hush", Math.round(at)]),
    shiftLips: (after, by) => told.push(["shift", Math.round(after), by]),
    setMood: (mood) => told.push(["mood", mood]),
  };
  lips.take({ type: "lips", id: "1.0", start: 4_800 });
  lips.take({ type: "hush", at: 9_600 });
  lips.take({ type: "resume", shift: 24_000 });
  lips.take({ type: "mood", emotion: "encouraging" });
  assert.deepEqual(told, [["lips", "1.0", 100], ["hush", 200], ["shift", 200, 500], ["mood", "encouraging"]]);
});

test("until there is a face, nothing is asked of it", () => {
  new Lips(() => null).take({ type: "lips", start: 0 });
});
