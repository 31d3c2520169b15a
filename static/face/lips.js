/** The mouth's timetable: sentences of ARKit key frames at points of time in milliseconds (performance.now()). */

const RELEASE_MS = 120; // how long the mouth takes to close when speech stops
const HANDOVER_MS = 50; // the same when the next sentence has begun
const ATTACK_MS = 40; // how long it takes to open again where a sentence is taken up in its middle

const smooth = (x) => (x <= 0 ? 0 : x >= 1 ? 1 : x * x * (3 - 2 * x));

export class LipTrack {
    #pieces = []; // {sentence, origin, from, until}: `sentence` heard from `from` to `until`, its time 0 at `origin`
    #held = []; // what a hush cut off, in case it is resumed

    /**
     * @param {{names: string[], times: number[], values: number[][]}} sentence times in ms from its first sample
     * @param {number} startAt when that sample is heard
     */
    add(sentence, startAt) {
        this.#held = [];
        const last = sentence.times.at(-1) ?? 0;
        this.#pieces.push({ sentence, origin: startAt, from: startAt, until: startAt + last });
    }

    /** What would be heard after `afterMs` is heard `shiftMs` later; takes up what a hush has cut off. */
    shift(afterMs, shiftMs) {
        const later = [];
        const kept = [];
        for (const piece of this.#pieces) {
            if (piece.until <= afterMs) kept.push(piece);
            else if (piece.from >= afterMs) later.push(piece);
            else {
                kept.push({ ...piece, until: afterMs });
                later.push({ ...piece, from: afterMs });
            }
        }
        const moved = [...later, ...this.#held].map((piece) => ({
            ...piece,
            origin: piece.origin + shiftMs,
            from: piece.from + shiftMs,
            until: piece.until + shiftMs,
        }));
        this.#held = [];
        this.#pieces = [...kept, ...moved];
    }

    /** Nothing is heard from `atMs` on. */
    hush(atMs) {
        const kept = [];
        for (const piece of this.#pieces) {
            if (piece.until <= atMs) kept.push(piece);
            else if (piece.from >= atMs) this.#held.push(piece);
            else {
                kept.push({ ...piece, until: atMs });
                this.#held.push({ ...piece, from: atMs });
            }
        }
        this.#pieces = kept;
    }

    /**
     * @returns {{coefficients: Record<string, number>, voice: number}} the mouth at `t`; `voice` is 1 while a sentence
     *   is heard and falls to 0 as the mouth closes after it
     */
    at(t) {
        this.#pieces = this.#pieces.filter((piece) => piece.until + 2000 > t);
        const current = this.#pieces.some((piece) => piece.from <= t && t < piece.until);
        const coefficients = {};
        let voice = 0;
        for (const piece of this.#pieces) {
            if (t < piece.from) continue;
            let weight = piece.from > piece.origin ? smooth((t - piece.from) / ATTACK_MS) : 1;
            if (t >= piece.until) weight = 1 - smooth((t - piece.until) / (current ? HANDOVER_MS : RELEASE_MS));
            if (weight <= 0) continue;
            voice = Math.max(voice, weight);
            const { names, times, values } = piece.sentence;
            const at = Math.min(t, piece.until) - piece.origin;
            const [i, share] = locate(times, at);
            const before = values[i];
            const after = values[Math.min(i + 1, values.length - 1)];
            for (let n = 0; n < names.length; n++) {
                const value = (before[n] + (after[n] - before[n]) * share) * weight;
                coefficients[names[n]] = Math.max(coefficients[names[n]] ?? 0, value);
            }
        }
        return { coefficients, voice };
    }

    /** When the last sentence ends, or null when nothing is to be said. */
    get endsAt() {
        return this.#pieces.length ? Math.max(...this.#pieces.map((piece) => piece.until)) : null;
    }
}

/** Syllables that carry weight: {at, strength} for the peaks of the jaw, at least 350 ms apart; `at` from the start. */
export function beats({ names, times, values }) {
    const jaw = names.indexOf("jawOpen");
    if (jaw < 0) return [];
    const found = [];
    for (let i = 1; i < times.length - 1; i++) {
        const open = values[i][jaw];
        if (open < 0.12 || open < values[i - 1][jaw] || open <= values[i + 1][jaw]) continue;
        const last = found.at(-1);
        if (last && times[i] - last.at < 350) {
            if (open > last.strength) found[found.length - 1] = { at: times[i], strength: open };
        } else found.push({ at: times[i], strength: open });
    }
    return found;
}

function locate(times, at) {
    if (at <= times[0]) return [0, 0];
    let low = 0;
    let high = times.length - 1;
    if (at >= times[high]) return [high, 0];
    while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (times[middle] <= at) low = middle;
        else high = middle;
    }
    return [low, (at - times[low]) / (times[high] - times[low])];
}
