/**
 * The stream that moves a face: packets of frames as realtime/rendering/codec.py writes them, put in order, kept in
 * step with the voice, and drawn from at any moment between two frames.
 *
 * A pose is a Float32Array of 58: the 52 coefficients in the order of COEFFICIENTS, the head's pitch, yaw and roll in
 * degrees, and its shift x, y, z in metres. Times are ms; those of `now` are performance.now()'s.
 */

export const COEFFICIENTS = [
    ...["browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight"],
    ...["cheekPuff", "cheekSquintLeft", "cheekSquintRight"],
    ...["eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight"],
    ...["eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight"],
    ...["eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight"],
    ...["jawForward", "jawLeft", "jawOpen", "jawRight"],
    ...["mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel"],
    ...["mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker"],
    ...["mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper"],
    ...["mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight"],
    ...["mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft", "noseSneerRight", "tongueOut"],
];
export const STEP_MS = 25;

const COUNT = COEFFICIENTS.length;
const CHANNELS = COUNT + 6;
const FORMAT = 0xf1;
const MOST = 80;
const UNITS = [...COEFFICIENTS.map(() => 1 / 255), 0.02, 0.02, 0.02, 0.00005, 0.00005, 0.00005];
const NAMES = [...COEFFICIENTS, "pitch", "yaw", "roll", "x", "y", "z"];
const [ZERO, SAME, SMALL, EACH] = [0, 1, 2, 3];

const KEPT_MS = 400; // of frames that were shown
const MOST_KEPT = 400; // frames, however far ahead somebody sends them
const UNTOLD_MS = 100; // before a frame is due when it comes, where the receiver doesn't tell what it plays
const STRAY_MS = 250; // a clock that is off by more is set; for a smaller difference the face waits or hurries
const HASTE = 0.25; // by this share faster; it may stand still, as the voice does where its packets come late
const STARVED_MS = 300; // without a frame
const LISTEN_MS = 50; // between two looks at what the voice plays, besides those at each packet
const FADE_MS = 400; // from the stream to the loop and back
const CALM = COEFFICIENTS.map((name) => /^(mouth|jaw|tongue|cheekPuff|eyeBlink)/.test(name)); // speech and blinks

/**
 * @param {ArrayBuffer} buffer one packet
 * @returns {{rtp: number | null, frames: {at: number, serial: number, pose: Float32Array}[]}}
 * @throws {RangeError} that names the field, for what is no packet
 */
export function unpack(buffer) {
    const view = new DataView(buffer);
    let at = 0;
    const read = (field, bytes, take) => {
        if (at + bytes > view.byteLength) throw new RangeError(`${field}: the packet ends before it`);
        at += bytes;
        return take(at - bytes);
    };
    const u16 = (field) => read(field, 2, (place) => view.getUint16(place));
    const u8 = (field) => read(field, 1, (place) => view.getUint8(place));
    const u32 = (field) => read(field, 4, (place) => view.getUint32(place));
    const i16 = (field) => read(field, 2, (place) => view.getInt16(place));
    if (u8("head") !== FORMAT) throw new RangeError("format: not known");
    const flags = u8("head");
    if (flags > 1) throw new RangeError("flags: not known");
    const count = u8("head");
    if (count < 1 || count > MOST) throw new RangeError(`frames: ${count} is not 1 to ${MOST}`);
    const serial = u16("head");
    const first = u32("head");
    const rtp = flags ? u32("rtp") : null;
    const modes = Array.from({ length: Math.ceil(CHANNELS / 4) }, () => u8("modes"));
    if (modes.at(-1) & ((1 << (8 * modes.length - 2 * CHANNELS)) - 1)) throw new RangeError("modes: the padding is not 0");
    const frames = Array.from({ length: count }, (_, i) => ({ at: first + STEP_MS * i, serial, pose: new Float32Array(CHANNELS) }));
    for (let channel = 0; channel < CHANNELS; channel++) {
        const name = NAMES[channel];
        const value = () => (channel < COUNT ? u8(name) : i16(name));
        const mode = (modes[channel >> 2] >> (6 - 2 * (channel & 3))) & 3;
        if (mode === ZERO) continue;
        let level = value();
        let halves = 0;
        for (let i = 0; i < count; i++) {
            if (i > 0 && mode === EACH) level = value();
            if (i > 0 && mode === SMALL) {
                if (i % 2) halves = u8(name);
                const half = i % 2 ? halves >> 4 : halves & 15;
                level += half > 7 ? half - 16 : half;
                if (channel < COUNT && (level < 0 || level > 255)) throw new RangeError(`${name}: leaves 0 to 1`);
            }
            frames[i].pose[channel] = level * UNITS[channel];
        }
    }
    if (at !== view.byteLength) throw new RangeError(`end: ${view.byteLength - at} bytes too many`);
    return { rtp, frames };
}

/** @returns {Float32Array} between two poses, `share` 0 to 1 */
export function mixed(before, after, share) {
    return before.map((value, i) => value + (after[i] - value) * share);
}

/** Whether a packet's serial number is later than another's; both begin again after 65535. */
function newer(serial, other) {
    return ((serial - other) & 0xffff) < 0x8000;
}

/** A pose as the renderer takes it. */
export function shown(pose) {
    const [pitch, yaw, roll, x, y, z] = pose.slice(COUNT);
    return {
        coefficients: Object.fromEntries(COEFFICIENTS.map((name, i) => [name, pose[i]])),
        turn: { pitch, yaw, roll },
        shift: { x, y, z },
    };
}

/** Frames that go round and round: what a face does while nothing is sent. */
export class Loop {
    /** @param {ArrayBuffer} recording packets without a gap, each after its length as u16 */
    constructor(recording) {
        const view = new DataView(recording);
        this.poses = [];
        for (let at = 0; at < recording.byteLength; ) {
            const length = view.getUint16(at);
            this.poses.push(...unpack(recording.slice(at + 2, at + 2 + length)).frames.map(({ pose }) => pose));
            at += 2 + length;
        }
        if (!this.poses.length) throw new RangeError("recording: it is empty");
    }

    at(now) {
        const place = now / STEP_MS;
        const i = Math.floor(place) % this.poses.length;
        return mixed(this.poses[i], this.poses[(i + 1) % this.poses.length], place % 1);
    }
}

const STILL = { at: () => new Float32Array(CHANNELS) };

/** The frames that have come, by their time, and when that is. */
class Timeline {
    #frames = [];
    #offset = null; // page time less the face's
    #aim = null; // what that should be
    #last = null; // when it was last drawn from

    clear() {
        this.#frames = [];
        this.#offset = this.#aim = null;
    }

    /** Of two frames for the same time the one that was sent later counts, whichever comes first. */
    add(frames, due, now) {
        const first = frames[0].at;
        if (this.#frames.length && Math.abs(first - this.#frames.at(-1).at) > 60000) this.clear(); // another conversation's process
        if (due !== null) this.follow(due - first);
        else this.#guess(now + UNTOLD_MS - first);
        const past = now - this.#offset - KEPT_MS;
        const byTime = new Map(this.#frames.filter(({ at }) => at > past).map((frame) => [frame.at, frame]));
        for (const frame of frames) {
            const there = byTime.get(frame.at);
            if (!there || newer(frame.serial, there.serial)) byTime.set(frame.at, frame);
        }
        this.#frames = [...byTime.values()].sort((a, b) => a.at - b.at).slice(-MOST_KEPT);
    }

    /** The pose at `now`; null before the first frame and once the newest is long past. */
    at(now) {
        const passed = Math.max(now - (this.#last ?? now), 0);
        this.#last = now;
        this.#offset += Math.min(Math.max(this.#aim - this.#offset, -HASTE * passed), passed);
        const t = now - this.#offset;
        const frames = this.#frames;
        if (!frames.length || t < frames[0].at || t > frames.at(-1).at + STARVED_MS) return null;
        const after = frames.findIndex(({ at }) => at > t);
        if (after < 0) return frames.at(-1).pose;
        const [a, b] = [frames[after - 1], frames[after]];
        return mixed(a.pose, b.pose, (t - a.at) / (b.at - a.at));
    }

    /** Packets come unevenly: a guess is given up for none that is but a little different. */
    #guess(offset) {
        if (this.#aim === null || Math.abs(offset - this.#aim) > 2 * STRAY_MS) this.follow(offset);
    }

    /** The page's time less the face's, as the voice has it. */
    follow(offset) {
        this.#aim = offset;
        if (this.#offset === null || Math.abs(this.#aim - this.#offset) > STRAY_MS) this.#offset = this.#aim;
    }
}

/** What moves a face: the stream while there is one, else the loop of the conversation's state. */
export class FaceStream {
    #timeline = new Timeline();
    #heardAt;
    #told = null; // the newest packet's RTP time and its first frame's, where the voice tells when that is
    #listened = -Infinity; // when the voice was last asked what it plays
    #calm;
    #loops = {};
    #state = "listening";
    #loop = STILL;
    #before = STILL;
    #turned = 1; // from the loop before to this one
    #live = null;
    #share = 0; // of the stream in what is shown
    #last = null;

    /**
     * @param {object} options
     * @param {(rtp: number) => number | null} [options.heardAt] page time at which the voice's RTP timestamp is heard
     * @param {boolean} [options.calm] reduced motion: the face only speaks and blinks
     */
    constructor({ heardAt = () => null, calm = false } = {}) {
        this.#heardAt = heardAt;
        this.#calm = calm;
    }

    /** Fetches the loops; without them the face rests where nothing is sent. */
    async load(directory) {
        await Promise.all(
            ["listening", "thinking"].map(async (state) => {
                const answer = await fetch(`${directory}/${state}.frames`, { signal: AbortSignal.timeout(20000) });
                if (!answer.ok) throw new Error(`the loop could not be loaded (${answer.status})`);
                this.#loops[state] = new Loop(await answer.arrayBuffer());
            }),
        );
        return this;
    }

    /** listening, hearing, thinking or speaking; the stream shows it by itself. */
    set state(name) {
        this.#state = name;
    }

    /** One packet; what is none is dropped. */
    take(packet, now = performance.now()) {
        let rtp, frames;
        try {
            ({ rtp, frames } = unpack(packet));
        } catch (problem) {
            console.warn("A packet of the face was dropped:", problem.message);
            return;
        }
        const due = rtp === null ? null : this.#heardAt(rtp);
        this.#told = due === null ? null : { rtp, at: frames[0].at };
        this.#listened = now;
        this.#timeline.add(frames, due, now);
    }

    /** A new connection, whose times are others. */
    reset() {
        this.#told = null;
        this.#timeline.clear();
    }

    /** What the renderer shows at `now`: see `shown`. */
    at(now) {
        const passed = this.#last === null ? FADE_MS : Math.max(now - this.#last, 0);
        this.#last = now;
        this.#listen(now);
        const live = this.#timeline.at(now);
        this.#live = live ?? this.#live;
        this.#share = Math.min(Math.max(this.#share + (live ? passed : -passed) / FADE_MS, 0), 1);
        if (!this.#share) this.#live = null;
        let pose = this.#resting(now, passed);
        if (this.#live) pose = this.#share < 1 ? mixed(pose, this.#live, this.#share) : this.#live;
        if (this.#calm) pose = pose.map((value, i) => (CALM[i] ? value : 0));
        return shown(pose);
    }

    /** The voice may wait for packets, or catch up, while none of ours come. */
    #listen(now) {
        if (this.#told === null || now - this.#listened < LISTEN_MS) return;
        this.#listened = now;
        const due = this.#heardAt(this.#told.rtp);
        if (due !== null) this.#timeline.follow(due - this.#told.at);
    }

    #resting(now, passed) {
        const loop = this.#loops[this.#state] ?? this.#loops.listening ?? STILL;
        if (loop !== this.#loop) [this.#loop, this.#before, this.#turned] = [loop, this.#loop, 0];
        this.#turned = Math.min(this.#turned + passed / FADE_MS, 1);
        const pose = loop.at(now);
        return this.#turned < 1 ? mixed(this.#before.at(now), pose, this.#turned) : pose;
    }
}
