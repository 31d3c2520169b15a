/**
 * What a face does besides speaking: blinks, gaze, breath, sway, nods, moods. No drawing, no clock of its own: the
 * same seed, the same calls and the same times give the same motion. Times are ms, angles degrees, lengths metres.
 * Head: pitch > 0 looks down, yaw > 0 turns to her left (the learner's right), roll > 0 leans to her left.
 */

const TICK = 1000 / 120;

/** Coefficients of each mood, held; the mouth's share gives way to speech. */
export const MOODS = {
    neutral: { mouthSmileLeft: 0.14, mouthSmileRight: 0.14, cheekSquintLeft: 0.06, cheekSquintRight: 0.06, browInnerUp: 0.08 },
    encouraging: {
        mouthSmileLeft: 0.5,
        mouthSmileRight: 0.46,
        cheekSquintLeft: 0.35,
        cheekSquintRight: 0.35,
        eyeSquintLeft: 0.16,
        eyeSquintRight: 0.16,
        browInnerUp: 0.16,
        browOuterUpLeft: 0.14,
        browOuterUpRight: 0.14,
    },
    concerned: { browInnerUp: 0.8, browDownLeft: 0.14, browDownRight: 0.14, mouthFrownLeft: 0.16, mouthFrownRight: 0.16, eyeSquintLeft: 0.12, eyeSquintRight: 0.12 },
    firm: { browDownLeft: 0.5, browDownRight: 0.5, eyeSquintLeft: 0.2, eyeSquintRight: 0.2, mouthPressLeft: 0.25, mouthPressRight: 0.25 },
    doubtful: { browOuterUpLeft: 0.7, browInnerUp: 0.15, browDownRight: 0.4, eyeSquintRight: 0.22, mouthPressLeft: 0.2, mouthDimpleRight: 0.15 },
};

/** How each state carries the head, and how the eyes behave in it. */
const STATES = {
    listening: { lean: 0.003, pitch: 0, roll: 0, blinks: 16, away: 0.08, face: {} },
    hearing: { lean: 0.014, pitch: 0.6, roll: 2.2, blinks: 15, away: 0.05, face: { browInnerUp: 0.1, browOuterUpLeft: 0.08, browOuterUpRight: 0.08 } },
    thinking: { lean: -0.003, pitch: -0.8, roll: -1.8, blinks: 19, away: 0.75, face: { browDownLeft: 0.12, browDownRight: 0.12, mouthPressLeft: 0.12, mouthPressRight: 0.12 } },
    speaking: { lean: 0.006, pitch: 0, roll: 0, blinks: 20, away: 0.16, face: {} },
};

const MOOD_ROLL = { doubtful: 3, concerned: -1.6, encouraging: 0.8 };
const MOUTH = /^(mouth|jaw|tongue|cheekPuff)/;
const EYE_LOOK_DEGREES = 30; // what a coefficient of 1 of eyeLook* turns the eye by
const SHUT_MS = 80;
const HOLD_MS = 25;
const OPEN_MS = 190;

/** Repeatable random numbers 0..1 (Mulberry32). */
export function generator(seed) {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let x = Math.imul(state ^ (state >>> 15), 1 | state);
        x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
        return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
    };
}

const smooth = (x) => (x <= 0 ? 0 : x >= 1 ? 1 : x * x * (3 - 2 * x));

/** Smooth noise -1..1 with one feature a second, at `seconds`. */
export function drift(seconds, seed) {
    const value = (i) => {
        const x = Math.sin(i * 127.1 + seed * 311.7) * 43758.5453;
        return (x - Math.floor(x)) * 2 - 1;
    };
    const i = Math.floor(seconds);
    return value(i) + (value(i + 1) - value(i)) * smooth(seconds - i);
}

/** How far the lids are shut, 0..1, `ms` after a blink began. */
export function lidAt(ms) {
    if (ms < 0 || ms > SHUT_MS + HOLD_MS + OPEN_MS) return 0;
    if (ms < SHUT_MS) return smooth(ms / SHUT_MS);
    return 1 - smooth((ms - SHUT_MS - HOLD_MS) / OPEN_MS);
}

/** A value that follows its target without overshoot; `settle` is the time to get within 2 % of it, in seconds. */
class Follower {
    constructor(value, settle) {
        this.value = value;
        this.target = value;
        this.speed = 0;
        this.rate = 5.83 / settle;
    }

    tick(seconds) {
        const force = this.rate * this.rate * (this.target - this.value) - 2 * this.rate * this.speed;
        this.speed += force * seconds;
        this.value += this.speed * seconds;
        return this.value;
    }
}

export class Behaviour {
    #random;
    #now = null;
    #state = "listening";
    #mood = "neutral";
    #face = new Map();
    #lean = new Follower(0, 1.2);
    #pitch = new Follower(0, 0.9);
    #roll = new Follower(0, 1.4);
    #headYaw = new Follower(0, 0.8);
    #headPitch = new Follower(0, 0.8);
    #gazeYaw = new Follower(0, 0.09);
    #gazePitch = new Follower(0, 0.09);
    #energy = new Follower(0, 0.6);
    #level = 0;
    #blinks = [];
    #nextBlink = 1200;
    #lastBlink = -1e9;
    #glance = { until: 0, away: false, yaw: 0, pitch: 0 };
    #fixation = { until: 0, yaw: 0, pitch: 0 };
    #nods = []; // {at, depth, length}
    #lastNod = -1e9;
    #lifts = []; // brow raises: {at, height}
    #heard = { since: null, quietSince: null, nodded: true };

    /** @param {number} seed @param {{still?: boolean}} options `still`: only blinks and mood, no motion of the head */
    constructor(seed, { still = false } = {}) {
        this.seed = seed;
        this.still = still;
        this.#random = generator(seed);
    }

    setState(name) {
        if (!(name in STATES) || name === this.#state) return;
        this.#state = name;
        this.#glance.until = 0; // look anew
        if (this.#now !== null && this.#now - this.#lastBlink > 900 && this.#random() < 0.55) {
            this.#nextBlink = Math.min(this.#nextBlink, this.#now + 60 + 160 * this.#random());
        }
        if (name !== "hearing") this.#heard = { since: null, quietSince: null, nodded: true };
    }

    setMood(name) {
        if (name in MOODS) this.#mood = name;
    }

    /** @param {number} level loudness of the learner, 0..1 */
    setLevel(level) {
        this.#level = Math.min(Math.max(level, 0), 1);
    }

    /** Weighty syllables of a sentence to come: the head and the brows go with some of them. */
    emphasise(beats) {
        let last = -1e9;
        for (const { at, strength } of beats) {
            if (at - last < 500) continue;
            const chance = this.#random();
            if (chance > 0.62) continue;
            last = at;
            this.#nods.push({ at: at - 90, depth: (0.7 + 1.6 * this.#random()) * Math.min(1, 0.5 + strength), length: 420 });
            if (chance < 0.24) this.#lifts.push({ at: at - 120, height: 0.2 + 0.2 * this.#random() });
        }
    }

    /** Forgets emphasis after `at`, because the speech stops there; `shift` moves it instead. */
    cut(at, shift = null) {
        const move = (list) => list.filter((e) => e.at < at || shift !== null).map((e) => (e.at < at ? e : { ...e, at: e.at + shift }));
        this.#nods = move(this.#nods);
        this.#lifts = move(this.#lifts);
    }

    /**
     * @param {number} t ms, never earlier than before
     * @param {{coefficients: Record<string, number>, voice: number}} lips what the mouth says at `t`
     * @returns {{coefficients: Record<string, number>, head: {pitch: number, yaw: number, roll: number, lean: number},
     *   breath: number}} breath -1..1
     */
    at(t, lips = { coefficients: {}, voice: 0 }) {
        if (this.#now === null || t - this.#now > 1000) {
            this.#now ??= t;
            // After a pause (a hidden page) go on from here instead of living it through.
            const skipped = t - this.#now > 1000 ? t - this.#now : 0;
            this.#now = t;
            this.#nextBlink = skipped || this.#nextBlink === 1200 ? t + 600 + 1500 * this.#random() : this.#nextBlink;
            this.#glance.until = Math.min(this.#glance.until, t);
        }
        while (this.#now + TICK <= t) this.#tick((this.#now += TICK), TICK / 1000);
        return this.#pose(t, lips);
    }

    #tick(t, seconds) {
        const state = STATES[this.#state];
        this.#listen(t);
        this.#blink(t, state);
        this.#look(t, state);
        const face = { ...MOODS[this.#mood] };
        for (const [name, value] of Object.entries(state.face)) face[name] = (face[name] ?? 0) + value;
        for (const name of Object.keys(face)) if (!this.#face.has(name)) this.#face.set(name, new Follower(0, 0.7));
        for (const [name, follower] of this.#face) {
            follower.target = face[name] ?? 0;
            follower.tick(seconds);
        }
        this.#lean.target = state.lean;
        this.#pitch.target = state.pitch;
        this.#roll.target = state.roll + (MOOD_ROLL[this.#mood] ?? 0);
        this.#headYaw.target = this.#gazeYaw.target * 0.3;
        this.#headPitch.target = this.#gazePitch.target * 0.25;
        this.#energy.target = this.#state === "speaking" ? 1 : 0;
        for (const part of [this.#lean, this.#pitch, this.#roll, this.#headYaw, this.#headPitch, this.#gazeYaw, this.#gazePitch, this.#energy]) {
            part.tick(seconds);
        }
    }

    /** Nods where the learner pauses after having spoken for a while. */
    #listen(t) {
        if (this.#state !== "hearing") return;
        const heard = this.#heard;
        if (this.#level > 0.1) {
            if (heard.since === null || heard.nodded) Object.assign(heard, { since: t, nodded: false });
            heard.quietSince = null;
        } else if (heard.since !== null && !heard.nodded) {
            heard.quietSince ??= t;
            if (t - heard.quietSince > 260) {
                heard.nodded = true;
                const spoke = heard.quietSince - heard.since;
                if (spoke > 900 && t - this.#lastNod > 2200 && this.#random() < 0.75) {
                    this.#lastNod = t;
                    const depth = 2.2 + 2 * this.#random();
                    this.#nods.push({ at: t, depth, length: 620 });
                    if (this.#random() < 0.5) this.#nods.push({ at: t + 520, depth: depth * 0.6, length: 560 });
                }
            }
        }
    }

    #blink(t, state) {
        if (t < this.#nextBlink) return;
        this.#blinks = this.#blinks.filter((start) => t - start < 1000);
        this.#blinks.push(t);
        this.#lastBlink = t;
        if (this.#random() < 0.1) {
            this.#nextBlink = t + SHUT_MS + HOLD_MS + OPEN_MS + 40;
            return;
        }
        // Between blinks: a refractory time and a skewed remainder; about a tenth are double.
        const mean = (60000 / state.blinks) * 1.08;
        const skewed = -Math.log(1 - this.#random()) * 0.5 - Math.log(1 - this.#random()) * 0.5;
        this.#nextBlink = t + Math.min(700 + (mean - 700) * skewed, 11000);
    }

    #look(t, state) {
        const glance = this.#glance;
        if (t >= glance.until) {
            const away = this.#random() < state.away && !(glance.away && this.#state !== "thinking");
            const wasAway = glance.away;
            const chance = this.#random() < 0.5 ? -1 : 1;
            const side = wasAway ? Math.sign(glance.yaw) : chance;
            this.#glance = {
                away,
                until: t + (away ? 600 + 1300 * this.#random() : 1400 + 2600 * this.#random()),
                yaw: away ? side * (6 + 7 * this.#random()) : 0,
                pitch: away ? (this.#state === "thinking" ? -(3 + 5 * this.#random()) : 2 + 6 * this.#random()) : 0,
            };
            this.#fixation.until = t;
            if (away !== wasAway && t - this.#lastBlink > 700 && this.#random() < 0.35) this.#nextBlink = Math.min(this.#nextBlink, t);
        }
        if (t >= this.#fixation.until) {
            // On a face the gaze goes between the eyes and the mouth; each hold has its own small error.
            const reach = this.#glance.away ? 0.9 : 0.75;
            this.#fixation = {
                until: t + 280 + 900 * this.#random(),
                yaw: (this.#random() * 2 - 1) * reach,
                pitch: (this.#random() * 2 - 1) * reach * 0.7,
            };
        }
        this.#gazeYaw.target = this.#glance.yaw + this.#fixation.yaw;
        this.#gazePitch.target = this.#glance.pitch + this.#fixation.pitch;
    }

    #pose(t, lips) {
        const s = t / 1000;
        const coefficients = {};
        const give = (name, value) => (coefficients[name] = (coefficients[name] ?? 0) + value);
        for (const [name, { value }] of this.#face) {
            const shape = MOUTH.test(name) ? (name.startsWith("mouthPress") ? 1 - lips.voice : 1 - 0.6 * lips.voice) : 1;
            give(name, value * shape);
        }
        for (const [name, value] of Object.entries(lips.coefficients)) give(name, value);

        let nod = 0;
        this.#nods = this.#nods.filter(({ at, length }) => at + length > t);
        for (const { at, depth, length } of this.#nods) {
            const x = (t - at) / length;
            if (x > 0 && x < 1) nod += depth * Math.sin(Math.PI * x) ** 2;
        }
        this.#lifts = this.#lifts.filter(({ at }) => at + 700 > t);
        for (const { at, height } of this.#lifts) {
            const lift = height * smooth((t - at) / 230) * (1 - smooth((t - at - 280) / 420));
            if (lift > 0) for (const name of ["browInnerUp", "browOuterUpLeft", "browOuterUpRight"]) give(name, lift);
        }

        const lively = 1 + 0.9 * this.#energy.value;
        const breath = Math.sin(2 * Math.PI * (0.24 * s + 0.12 * drift(s / 9, this.seed + 4)));
        const move = this.still ? 0 : 1;
        const head = {
            pitch: move * (this.#pitch.value + this.#headPitch.value + nod + (0.7 * drift(s * 0.37, this.seed) + 0.35 * drift(s * 1.1, this.seed + 1)) * lively + 0.15 * breath),
            yaw: move * (this.#headYaw.value + (1.1 * drift(s * 0.29, this.seed + 2) + 0.45 * drift(s * 0.9, this.seed + 5)) * lively),
            roll: move * (this.#roll.value + 0.8 * drift(s * 0.23, this.seed + 3) * lively),
            lean: move * this.#lean.value,
        };
        const still = this.still ? 0 : 1;
        const jitter = (offset) => 0.12 * drift(s * 2.3, this.seed + offset);
        // The eyes hold their aim while the head moves under them.
        const yaw = still * (this.#gazeYaw.value + jitter(7)) - head.yaw;
        const pitch = still * (this.#gazePitch.value + jitter(8)) - head.pitch;
        const up = Math.max(-pitch, 0) / EYE_LOOK_DEGREES;
        const down = Math.max(pitch, 0) / EYE_LOOK_DEGREES;
        const left = Math.max(yaw, 0) / EYE_LOOK_DEGREES;
        const right = Math.max(-yaw, 0) / EYE_LOOK_DEGREES;
        for (const side of ["Left", "Right"]) {
            give(`eyeLookUp${side}`, up);
            give(`eyeLookDown${side}`, down);
        }
        give("eyeLookOutLeft", left);
        give("eyeLookInRight", left);
        give("eyeLookInLeft", right);
        give("eyeLookOutRight", right);

        const lid = this.#blinks.reduce((shut, start) => Math.max(shut, lidAt(t - start)), 0);
        for (const side of ["Left", "Right"]) {
            // A lid that already follows the gaze down, or squints, has less way to go.
            const shut = (coefficients[`eyeLookDown${side}`] ?? 0) * 0.35 + (coefficients[`eyeSquint${side}`] ?? 0) * 0.3;
            coefficients[`eyeBlink${side}`] = lid * (1 - Math.min(shut, 0.4));
            for (const other of ["eyeSquint", "eyeWide"]) if (coefficients[other + side]) coefficients[other + side] *= 1 - 0.6 * lid;
        }
        for (const name of Object.keys(coefficients)) coefficients[name] = Math.min(Math.max(coefficients[name], 0), 1);
        return { coefficients, head, breath: move * breath };
    }
}
