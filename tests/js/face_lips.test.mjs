import assert from "node:assert/strict";
import { test } from "node:test";

import { beats, LipTrack } from "../../static/face/lips.js";

const NAMES = ["jawOpen", "mouthClose", "mouthPressLeft"];
/** "ama": open, shut for 80 ms, open, done. */
const AMA = {
    names: NAMES,
    times: [0, 100, 200, 280, 400, 500],
    values: [
        [0, 0, 0],
        [0.5, 0, 0],
        [0.02, 0.02, 0.5],
        [0.02, 0.02, 0.5],
        [0.5, 0, 0],
        [0, 0, 0],
    ],
};

const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

test("between key frames the mouth moves evenly", () => {
    const track = new LipTrack();
    track.add(AMA, 1000);
    near(track.at(1050).coefficients.jawOpen, 0.25);
    near(track.at(1100).coefficients.jawOpen, 0.5);
    near(track.at(1150).coefficients.jawOpen, 0.26);
});

test("nothing is said before the sentence begins, nor after its mouth has closed", () => {
    const track = new LipTrack();
    track.add(AMA, 1000);
    assert.deepEqual(track.at(999), { coefficients: {}, voice: 0 });
    assert.equal(track.at(1250).voice, 1);
    assert.deepEqual(track.at(1700), { coefficients: {}, voice: 0 });
});

test("the lips of p, b and m are shut for the whole of their time", () => {
    const track = new LipTrack();
    track.add(AMA, 0);
    for (let t = 200; t <= 280; t += 5) {
        const { coefficients } = track.at(t);
        assert.ok(coefficients.jawOpen <= 0.0201);
        assert.ok(coefficients.mouthPressLeft >= 0.4999);
    }
});

test("an m at the start of the next sentence is not held open by the end of the one before", () => {
    const track = new LipTrack();
    track.add({ names: NAMES, times: [0, 300], values: [[0.6, 0, 0], [0.6, 0, 0]] }, 0);
    track.add({ names: NAMES, times: [0, 120, 200], values: [[0.02, 0.02, 0.5], [0.02, 0.02, 0.5], [0.5, 0, 0]] }, 300);
    assert.ok(track.at(355).coefficients.jawOpen < 0.03);
});

test("sentences queue up", () => {
    const track = new LipTrack();
    track.add(AMA, 0);
    track.add(AMA, 500);
    assert.equal(track.endsAt, 1000);
    near(track.at(600).coefficients.jawOpen, 0.5);
});

test("an interruption closes the mouth smoothly within 120 ms and takes back what was queued", () => {
    const track = new LipTrack();
    track.add(AMA, 0);
    track.add(AMA, 500);
    track.hush(100);
    let last = track.at(100).coefficients.jawOpen;
    near(last, 0.5);
    for (let t = 100; t < 220; t += 10) {
        const now = track.at(t).coefficients.jawOpen ?? 0;
        assert.ok(now <= last + 1e-9 && last - now < 0.1, `at ${t}`);
        last = now;
    }
    assert.deepEqual(track.at(221).coefficients, {});
    assert.deepEqual(track.at(600).coefficients, {});
});

test("what was interrupted can be taken up later where it stopped", () => {
    const track = new LipTrack();
    track.add(AMA, 0);
    track.add(AMA, 500);
    track.hush(350);
    track.at(700);
    track.shift(350, 1000);
    near(track.at(1400).coefficients.jawOpen, 0.5);
    near(track.at(1600).coefficients.jawOpen, 0.5);
    assert.equal(track.endsAt, 2000);
});

test("a shift without an interruption moves only what comes after it", () => {
    const track = new LipTrack();
    track.add(AMA, 0);
    track.add(AMA, 500);
    track.shift(500, 250);
    near(track.at(100).coefficients.jawOpen, 0.5);
    near(track.at(850).coefficients.jawOpen, 0.5);
});

test("a new sentence after an interruption forgets what was cut off", () => {
    const track = new LipTrack();
    track.add(AMA, 0);
    track.hush(50);
    track.add(AMA, 2000);
    track.shift(2000, 100);
    assert.equal(track.endsAt, 2600);
});

test("weighty syllables are the widest peaks of the jaw, at least 350 ms apart", () => {
    assert.deepEqual(beats(AMA), [{ at: 100, strength: 0.5 }]);
    const long = { names: ["jawOpen"], times: [0, 100, 200, 700, 800], values: [[0], [0.3], [0], [0.6], [0]] };
    assert.deepEqual(beats(long), [{ at: 100, strength: 0.3 }, { at: 700, strength: 0.6 }]);
});
