"""What a turn's sound shows beside the learner's own first minute."""

from __future__ import annotations

import math
from dataclasses import dataclass

from realtime.perception.baseline import Baseline, Spread
from realtime.perception.prosody import Prosody

LEAST_TALK_MS = 1_500  # a shorter turn says nothing about how it was said
LEAST_VOICED_MS = 800
_FILLER_MS = 400  # what a filled pause counts for
_LEAST_RANGE = 0.3  # semitones; below it every voice is flat
_LEAST_WORDS = 0.6  # of the syllables heard: below it, words were not recognised


@dataclass(frozen=True)
class Noticed:
    """One thing, in words that can stand after another: "voice flatter than before"."""

    kind: str
    words: str
    confidence: float


@dataclass(frozen=True)
class Measure:
    """`least` is the smallest difference that means anything, in the measure's unit, downwards and upwards."""

    spread: Spread
    least: tuple[float, float]
    kinds: tuple[str, str]  # for less and for more; "" where that is nothing to notice


MEASURES = {
    # ln(syllables a second of talk); people vary by .13 from one sentence to the next when they read aloud
    "pace": Measure(Spread(0.18, 0.30), (0.25, 0.25), ("slower", "faster")),
    # the share of the turn that was pauses and fillers
    "held": Measure(Spread(0.06, 0.12), (1.0, 0.15), ("", "hesitant")),
    # ln(semitones)
    "range": Measure(Spread(0.12, 0.45), (math.log(1.6), math.log(1.5)), ("flatter", "livelier")),
    # dB; a microphone's automatic gain evens most of it out
    "level": Measure(Spread(1.5, 2.0), (5.0, 5.0), ("quieter", "louder")),
}


class Voice:
    """One learner's voice, turn by turn."""

    def __init__(self) -> None:
        self._usual = {name: Baseline(measure.spread) for name, measure in MEASURES.items()}
        self._on: set[str] = set()

    def turn(self, heard: Prosody, fillers: int, syllables: int | None = None) -> tuple[Noticed, ...]:
        """What is different in this turn, whose words have so many `syllables` (None: those that were heard count).

        What was noticed in the turn before needs less to be noticed again.
        """
        if heard.talk_ms < LEAST_TALK_MS:
            return ()
        noticed = []
        for name, (value, seconds) in _values(heard, fillers, syllables).items():
            effect = self._usual[name].compare(value, seconds)
            self._usual[name].add(value, seconds)
            if effect is None:
                continue
            measure, more = MEASURES[name], effect.size > 0
            kind, least = measure.kinds[more], measure.least[more]
            share, sure = (0.6, 0.7) if kind in self._on else (1.0, 0.9)
            if kind and abs(effect.size) >= share * least and effect.confidence >= sure:
                noticed.append(Noticed(kind, _words(kind, heard, fillers), round(effect.confidence, 2)))
        self._on = {each.kind for each in noticed}
        return tuple(noticed)


def _values(heard: Prosody, fillers: int, syllables: int | None) -> dict[str, tuple[float, float]]:
    """The measures of a turn, each with the seconds of sound that it rests on."""
    talk, turn = heard.talk_ms / 1000, (heard.talk_ms + heard.pause_ms) / 1000
    found = {"held": ((heard.pause_ms + _FILLER_MS * fillers) / (1000 * turn + _FILLER_MS * fillers), turn)}
    said = heard.syllables if syllables is None else syllables
    if said and said >= _LEAST_WORDS * heard.syllables:
        found["pace"] = (math.log(said / talk), talk)
    if heard.voiced_ms >= LEAST_VOICED_MS:
        found["range"] = (math.log(max(heard.pitch_range, _LEAST_RANGE)), talk)
        found["level"] = (heard.level_db, talk)
    return found


def _words(kind: str, heard: Prosody, fillers: int) -> str:
    if kind != "hesitant":
        return _WORDS[kind]
    paused = [f"pauses of {heard.pause_ms / 1000:.1f} s together"] if heard.pause_ms else []
    filled = [f"“um” or the like {'once' if fillers == 1 else f'{fillers} times'}"] if fillers else []
    return ", ".join(paused + filled)


_WORDS = {
    "slower": "slower than before",
    "faster": "faster than before",
    "flatter": "voice flatter than before",
    "livelier": "voice livelier than before",
    "quieter": "quieter than before",
    "louder": "louder than before",
}
