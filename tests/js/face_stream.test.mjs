import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { COEFFICIENTS, FaceStream, Loop, STEP_MS, unpack } from "../../static/face/stream.js";

const JAW = COEFFICIENTS.indexOf("jawOpen");
const idle = (state) => readFileSync(new URL(`../../static/face/idle/${state}.frames`, import.meta.url));
const bytes = (buffer) => buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength);

let serial = 0;

/** A packet in which only the jaw moves: one value a frame, 0 to 255. */
function packet(first, jaw, rtp = null) {
    serial = (serial + 1) % 65536;
    const head = [0xf1, rtp === null ? 0 : 1, jaw.length, serial >> 8, serial & 255, ...u32(first), ...(rtp === null ? [] : u32(rtp))];
    const modes = new Array(15).fill(0);
    modes[JAW >> 2] |= 3 << (6 - 2 * (JAW & 3));
    return Uint8Array.from([...head, ...modes, ...jaw]).buffer;
}
const u32 = (value) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
const jawOf = ({ coefficients }) => coefficients.jawOpen * 255;
const near = (a, b, within = 1e-3) => assert.ok(Math.abs(a - b) <= within, `${a} is not ${b}`);

/** Draws 60 times a second; `feed(at)` gives the packet of the 100 ms that begin `at`, which comes `early` ms before. */
function watch(stream, from, to, { visit = () => {}, feed = null, early = 100 } = {}) {
    let next = Math.floor(from / 100) * 100;
    for (let now = from; now <= to; now += 1000 / 60) {
        for (; feed && next - early <= now; next += 100) stream.take(feed(next), now);
        visit(stream.at(now), now);
    }
}
const flat = (at, jaw, rtp = at * 48) => packet(at, [jaw, jaw, jaw, jaw], rtp);

test("what is no packet is refused by the name of the field", () => {
    const good = new Uint8Array(packet(0, [1, 2, 3]));
    const spoilt = (at, value) => Uint8Array.from(good, (byte, i) => (i === at ? value : byte)).buffer;
    assert.throws(() => unpack(new ArrayBuffer(0)), /head/);
    assert.throws(() => unpack(spoilt(0, 7)), /format/);
    assert.throws(() => unpack(spoilt(1, 7)), /flags/);
    assert.throws(() => unpack(spoilt(2, 0)), /frames/);
    assert.throws(() => unpack(good.slice(0, 11).buffer), /modes/);
    assert.throws(() => unpack(good.slice(0, -1).buffer), /jawOpen/);
    assert.throws(() => unpack(Uint8Array.from([...good, 0]).buffer), /end/);
});

test("no bytes, however wild, do anything but decode or be refused", () => {
    const stream = new FaceStream();
    const warn = console.warn;
    console.warn = () => {};
    let seed = 1;
    const random = (below) => ((seed = (seed * 48271) % 2147483647) % below);
    for (let i = 0; i < 3000; i++) {
        const wild = new Uint8Array(packet(1000, [1, 2, 3, 4], 5));
        for (let n = 0; n < 4; n++) wild[random(wild.length)] = random(256);
        stream.take(wild.slice(0, random(wild.length + 1)).buffer, 1000 + i);
        const { coefficients, turn } = stream.at(1000 + i);
        assert.ok(Object.values(coefficients).every((value) => value >= 0 && value <= 1));
        assert.ok(Object.values(turn).every(Number.isFinite));
    }
    console.warn = warn;
});

test("frames are shown when the voice that they belong to is heard, and evenly in between", () => {
    const stream = new FaceStream({ heardAt: (rtp) => rtp / 48 + 30 }); // RTP 0 is heard at 30 ms of the page
    const feed = (at) => packet(at, [0, 1, 2, 3].map((i) => Math.round((at + STEP_MS * i) / 20)), at * 48);
    watch(stream, 1000, 2500, { feed });
    near(jawOf(stream.at(2530)), 125, 0.6);
});

test("a frame that comes later replaces the one that was there for its time", () => {
    const stream = new FaceStream({ heardAt: (rtp) => rtp / 48 });
    watch(stream, 0, 910, { feed: (at) => flat(at, 0), early: 200 });
    stream.take(packet(950, [200, 200, 200, 200, 200, 200], 950 * 48), 905);
    near(jawOf(stream.at(920)), 0);
    near(jawOf(stream.at(975)), 200);
    near(jawOf(stream.at(1074)), 200);
    near(jawOf(stream.at(1110)), 200); // nothing newer has come yet
    stream.take(flat(1100, 0), 1000);
    near(jawOf(stream.at(1100)), 0);
});

test("packets that overtake each other do no harm, not even where the serial number begins again", () => {
    serial = 65520;
    const stream = new FaceStream({ heardAt: (rtp) => rtp / 48 });
    watch(stream, 0, 1510, { feed: (at) => flat(at, 0), early: 200 });
    const [older, later] = [flat(1550, 40), flat(1550, 200)];
    stream.take(later, 1511);
    stream.take(older, 1512);
    near(jawOf(stream.at(1575)), 200);
});

test("a small error of the clock is made up for slowly, a large one at once", () => {
    let error = 0;
    const stream = new FaceStream({ heardAt: (rtp) => rtp / 48 + error });
    const feed = (at) => packet(at, [0, 1, 2, 3].map((i) => Math.round((at + STEP_MS * i) / 50)), at * 48);
    watch(stream, 0, 2000, { feed });
    let last = jawOf(stream.at(2010));
    error = 60;
    const visit = (pose) => {
        assert.ok(Math.abs(jawOf(pose) - last) < 1.5);
        last = jawOf(pose);
    };
    watch(stream, 2020, 5000, { feed, visit });
    near(last, (5000 - 60) / 50, 0.5);
    error = 5000;
    watch(stream, 5010, 5600, { feed: (at) => feed(at - 5000) });
    near(jawOf(stream.at(5600)), 12, 0.6);
});

test("a face waits for a voice that waits, and neither goes back nor jumps", () => {
    let stalled = 0;
    const stream = new FaceStream({ heardAt: (rtp) => rtp / 48 + stalled });
    const feed = (at) => packet(at, [0, 1, 2, 3].map((i) => Math.round((at + STEP_MS * i) / 50)), at * 48);
    watch(stream, 0, 2000, { feed });
    let last = jawOf(stream.at(2010));
    const visit = (pose, now) => {
        stalled = Math.max(0, Math.min(now - 2050, 600));
        assert.ok(jawOf(pose) - last > -0.01 && jawOf(pose) - last < 1.5);
        last = jawOf(pose);
    };
    watch(stream, 2020, 5000, { feed, visit });
    near(last, (5000 - 600) / 50, 0.6);
});

test("a voice that waits is noticed while no packets come, which are held up with it", () => {
    let stalled = 0;
    const stream = new FaceStream({ heardAt: (rtp) => rtp / 48 + stalled });
    const feed = (at) => packet(at, [0, 1, 2, 3].map((i) => Math.round((at + STEP_MS * i) / 50)), at * 48);
    watch(stream, 0, 2000, { feed, early: 200 });
    const before = jawOf(stream.at(2010));
    watch(stream, 2020, 2200, { visit: (_, now) => (stalled = now - 2010) });
    near(jawOf(stream.at(2200)), before, 2);
});

test("another process's frames are not held to the voice of the one before", () => {
    let tells = true;
    const stream = new FaceStream({ heardAt: (rtp) => (tells ? rtp / 48 : null) });
    watch(stream, 0, 2000, { feed: (at) => flat(at, 90) });
    tells = false;
    watch(stream, 2010, 3000, { feed: (at) => flat(at + 500_000, 180, null) });
    tells = true;
    watch(stream, 3010, 3200);
    near(jawOf(stream.at(3210)), 180);
});

test("without a voice to go by, frames are shown a tenth of a second after they came", () => {
    const stream = new FaceStream();
    watch(stream, 5000, 7000, { feed: (at) => flat(at - 5000, (at - 5000) / 10, null), early: 0 });
    near(jawOf(stream.at(7000)), 190, 1);
});

test("a loop has no seam and never ends", () => {
    for (const state of ["listening", "thinking"]) {
        const loop = new Loop(bytes(idle(state)));
        const still = COEFFICIENTS.map((name) => !/^eye/.test(name));
        for (let i = 0; i < loop.poses.length; i++) {
            const after = loop.poses[(i + 1) % loop.poses.length];
            loop.poses[i].forEach((value, c) => {
                if (still[c] && c < 52) assert.ok(Math.abs(after[c] - value) < 0.12, `${state} ${i} ${COEFFICIENTS[c]}`);
                if (c >= 52 && c < 55) assert.ok(Math.abs(after[c] - value) < 1, `${state} ${i} turn`);
            });
        }
        assert.ok(loop.at(1e9).length === 58);
    }
});

test("while nothing is sent the loop is shown, and the stream fades in and out of it without a jump", async () => {
    const fetched = globalThis.fetch;
    globalThis.fetch = async (url) => ({ ok: true, arrayBuffer: async () => bytes(idle(/(\w+)\.frames/.exec(url)[1])) });
    const stream = await new FaceStream({ heardAt: (rtp) => rtp / 48 }).load("idle");
    globalThis.fetch = fetched;
    let last = null;
    let open = 0;
    for (let now = 0; now < 9000; now += 1000 / 60) {
        const at = Math.floor(now / 100) * 100 + 100;
        if (now > 3000 && now < 6000) stream.take(flat(at, 150), now);
        if (now > 7000) stream.state = "thinking";
        const jaw = jawOf(stream.at(now));
        if (last !== null) assert.ok(Math.abs(jaw - last) < 12, `${now}: ${last} to ${jaw}`);
        if (now > 4000 && now < 6000) near(jaw, 150);
        if (now > 6800) open = Math.max(open, jaw);
        last = jaw;
    }
    assert.ok(open < 12);
});

test("with reduced motion the face only speaks and blinks", () => {
    const stream = new FaceStream({ heardAt: (rtp) => rtp / 48, calm: true });
    watch(stream, 1000, 2000, { feed: (at) => flat(at, 90) });
    near(jawOf(stream.at(2000)), 90);
    const full = new Uint8Array(idle("thinking"));
    const first = full.slice(2, 2 + (full[0] << 8) + full[1]).buffer;
    const moved = new FaceStream({ calm: true });
    moved.take(first, 0);
    const visit = ({ coefficients, turn, shift }) => {
        for (const [name, value] of Object.entries(coefficients)) {
            if (/^(brow|eyeLook|eyeSquint|cheekSquint|nose)/.test(name)) assert.equal(value, 0, name);
        }
        for (const value of [...Object.values(turn), ...Object.values(shift)]) assert.equal(value, 0);
    };
    watch(moved, 0, 900, { visit });
});
