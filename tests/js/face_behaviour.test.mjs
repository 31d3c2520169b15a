import assert from "node:assert/strict";
import { test } from "node:test";

import { Behaviour, MOODS, lidAt } from "../../static/face/behaviour.js";

const FRAME = 1000 / 60;
const HUSHED = { coefficients: {}, voice: 0 };

/** Lives through `seconds` at 60 frames a second; `visit(pose, t)` sees each frame. */
function live(behaviour, seconds, visit, { from = 0, lips = () => HUSHED, before = () => {} } = {}) {
    for (let i = 0; i <= seconds * 60; i++) {
        const t = from + i * FRAME;
        before(t);
        visit(behaviour.at(t, lips(t)), t);
    }
}

function blinkStarts(state, minutes, seed) {
    const behaviour = new Behaviour(seed);
    behaviour.setState(state);
    const starts = [];
    let shut = false;
    live(behaviour, minutes * 60, ({ coefficients }, t) => {
        const now = coefficients.eyeBlinkLeft > 0.5;
        if (now && !shut) starts.push(t);
        shut = now;
    });
    return starts;
}

for (const [state, low, high] of [["listening", 12, 20], ["hearing", 11, 20], ["thinking", 14, 26], ["speaking", 15, 26]]) {
    test(`she blinks ${low} to ${high} times a minute while ${state}`, () => {
        for (const seed of [1, 2, 3]) {
            const rate = blinkStarts(state, 12, seed).length / 12;
            assert.ok(rate >= low && rate <= high, `seed ${seed}: ${rate.toFixed(1)} a minute`);
        }
    });
}

test("blinks come unevenly, some of them double, never in a long stare", () => {
    const starts = blinkStarts("listening", 20, 7);
    const gaps = starts.slice(1).map((t, i) => t - starts[i]);
    const mean = gaps.reduce((a, b) => a + b) / gaps.length;
    const spread = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    assert.ok(spread / mean > 0.4, `spread ${spread / mean}`);
    assert.ok(gaps.some((gap) => gap < 500));
    assert.ok(Math.max(...gaps) < 13000);
});

test("lids shut fully and open again within a third of a second", () => {
    assert.equal(lidAt(-1), 0);
    assert.equal(lidAt(90), 1);
    assert.equal(lidAt(310), 0);
});

test("nothing jumps, whatever is asked of her", () => {
    const behaviour = new Behaviour(11);
    const states = ["listening", "hearing", "thinking", "speaking"];
    const moods = Object.keys(MOODS);
    let last = null;
    let worst = { step: 0 };
    live(
        behaviour,
        300,
        (pose) => {
            if (last) {
                for (const [name, value] of Object.entries(pose.coefficients)) {
                    // Eyes are quick: 0.24 a frame is a saccade of 430 degrees a second.
                    const limit = name.startsWith("eyeBlink") ? 0.4 : name.startsWith("eyeLook") ? 0.24 : name.startsWith("eyeSquint") ? 0.16 : 0.08;
                    const step = Math.abs(value - (last.coefficients[name] ?? 0));
                    assert.ok(step <= limit, `${name} steps by ${step.toFixed(3)}`);
                    assert.ok(value >= 0 && value <= 1);
                }
                for (const axis of ["pitch", "yaw", "roll"]) {
                    const step = Math.abs(pose.head[axis] - last.head[axis]);
                    if (step > worst.step) worst = { step, axis };
                }
                assert.ok(Math.abs(pose.head.lean - last.head.lean) < 0.001);
            }
            last = pose;
        },
        {
            before: (t) => {
                if (Math.round(t / FRAME) % 97 === 0) {
                    behaviour.setState(states[Math.floor(t / 700) % 4]);
                    behaviour.setMood(moods[Math.floor(t / 1100) % moods.length]);
                }
                if (Math.round(t / FRAME) % 200 === 0) behaviour.emphasise([{ at: t + 200, strength: 0.6 }, { at: t + 900, strength: 0.9 }]);
                behaviour.setLevel(Math.sin(t / 900) > 0 ? 0.5 : 0);
            },
        },
    );
    assert.ok(worst.step < 0.7, `${worst.axis} steps by ${worst.step} degrees`);
});

test("she looks at the learner nearly always while the learner speaks, and often away while she thinks", () => {
    const share = (state) => {
        const behaviour = new Behaviour(5);
        behaviour.setState(state);
        let at = 0;
        let all = 0;
        live(behaviour, 240, ({ coefficients: c, head }) => {
            const yaw = (c.eyeLookOutLeft - c.eyeLookInLeft) * 30 + head.yaw;
            const pitch = (c.eyeLookDownLeft - c.eyeLookUpLeft) * 30 + head.pitch;
            at += Math.hypot(yaw, pitch) < 3;
            all++;
        });
        return at / all;
    };
    assert.ok(share("hearing") > 0.85, `hearing ${share("hearing")}`);
    assert.ok(share("thinking") < 0.75, `thinking ${share("thinking")}`);
});

test("she nods when the learner pauses after speaking, not in the middle of it", () => {
    let during = 0;
    let after = 0;
    for (let seed = 0; seed < 20; seed++) {
        const behaviour = new Behaviour(seed);
        behaviour.setState("hearing");
        let baseline = 0;
        live(
            behaviour,
            6,
            ({ head }, t) => {
                if (t > 1000 && t < 3900) baseline = Math.max(baseline, head.pitch);
                if (t > 4000) after = Math.max(after, head.pitch - baseline);
                during = Math.max(during, t < 3900 ? head.pitch : 0);
            },
            { before: (t) => behaviour.setLevel(t > 500 && t < 4000 ? 0.6 : 0) },
        );
    }
    assert.ok(during < 3.2, `during ${during}`);
    assert.ok(after > 1.2, `after ${after}`);
});

test("a smile gives way to lips that close", () => {
    const behaviour = new Behaviour(3);
    behaviour.setMood("encouraging");
    let smiling = 0;
    live(behaviour, 3, ({ coefficients }) => (smiling = coefficients.mouthSmileLeft));
    const closed = { coefficients: { jawOpen: 0, mouthClose: 0.05, mouthPressLeft: 0.4 }, voice: 1 };
    const { coefficients } = behaviour.at(3000 + FRAME, closed);
    assert.equal(coefficients.jawOpen, 0);
    assert.equal(coefficients.mouthPressLeft, 0.4);
    assert.ok(coefficients.mouthSmileLeft < smiling * 0.5);
});

test("with reduced motion the head rests and the eyes stay, but she still blinks", () => {
    const behaviour = new Behaviour(9, { still: true });
    behaviour.setState("thinking");
    let blinked = false;
    live(behaviour, 60, ({ coefficients, head, breath }) => {
        assert.equal(Math.abs(head.pitch) + Math.abs(head.yaw) + Math.abs(head.roll) + Math.abs(head.lean) + Math.abs(breath), 0);
        assert.equal(coefficients.eyeLookOutLeft + coefficients.eyeLookUpLeft, 0);
        blinked ||= coefficients.eyeBlinkLeft > 0.9;
    });
    assert.ok(blinked);
});

test("the same seed and the same calls give the same motion", () => {
    const run = () => {
        const behaviour = new Behaviour(42);
        const poses = [];
        live(behaviour, 20, (pose) => poses.push(pose));
        return poses;
    };
    assert.deepEqual(run(), run());
});

test("a page that was hidden for an hour goes on at once", () => {
    const behaviour = new Behaviour(8);
    behaviour.at(0);
    const began = performance.now();
    behaviour.at(3_600_000);
    assert.ok(performance.now() - began < 50);
    let blinks = 0;
    live(behaviour, 60, ({ coefficients }) => (blinks += coefficients.eyeBlinkLeft > 0.9), { from: 3_600_000 });
    assert.ok(blinks > 0);
});
