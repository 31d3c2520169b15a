"""The hearing half of `manage.py bench perception`: what is noticed in real speech and in the same speech otherwise.

Three people read aloud, from Debian's packages: LibriVox's Sense and Sensibility (a man, English), and the prompts of
a telephone exchange (Allison Smith, English; Carlo Flora, Italian). Their recordings are cut into turns at pauses.
The first minute is the baseline; each later turn is heard as it was recorded and in every variant of variants.py.
Where somebody has read less than two minutes, every turn is once the later one. English is recognised, for pace is
counted by the words.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from django.conf import settings

from realtime.perception.heard import LEAST_TALK_MS, Voice
from realtime.perception.prosody import Prosody, contour, prosody
from realtime.perception.protocols import RATE
from realtime.perception.silero import FRAME, Silero
from realtime.perception.spoken import syllables
from realtime.perception.variants import VARIANTS
from realtime.perception.weights import WeightsError
from realtime.perception.whisper import Whisper

ERRORS = (WeightsError,)
REMEDY = "apt-get install pocketsphinx-testdata asterisk-core-sounds-en-g722 asterisk-core-sounds-it-g722"
_SPEAKERS = {
    "LibriVox": ("en", "/usr/share/pocketsphinx/test/data/librivox/*.wav"),
    "Allison Smith": ("en", "/usr/share/asterisk/sounds/en_US_f_Allison/*.g722"),
    "Carlo Flora": ("it", "/usr/share/asterisk/sounds/it_IT_m_Carlo/*.g722"),
}
_SPEECH = 0.35
_PAUSE = 0.25  # s, at which a recording may be cut
_TURN = 4.0  # s, from which it is
_BASELINE = 60.0  # s
_LATER = 8  # turns of each speaker, at most
_PROMPT_BYTES = 48_000  # of 8,000 a second: shorter prompts are single words and names


def hearing() -> dict[str, Any]:
    """{"cost", "kinds": {kind: {"precision", "recall", "n"}}, "turns", "variants", "speakers": seconds of each}.

    Raises WeightsError where the recordings are not installed.
    """
    silero, counts, cost, heard_s = Silero(), _Counts(), 0.0, 0.0
    recogniser = Whisper(settings.DATA_DIR / "models")
    speakers = {}
    for name, (language, pattern) in _SPEAKERS.items():
        turns = list(_turns(silero, pattern))
        speakers[name] = round(sum(map(len, turns)) / RATE)

        @cache
        def measured(
            number: int, variant: str, turns: list[np.ndarray] = turns, language: str = language
        ) -> tuple[Prosody, int | None, float, float]:
            samples = VARIANTS[variant][1](turns[number])
            activity = _activity(silero, samples)
            began = time.process_time()
            found = prosody(contour(samples, activity, FRAME), 0)
            seconds = time.process_time() - began
            said = syllables(recogniser.recognise(samples, language=language).text) if language == "en" else None
            return found, said, seconds, len(samples) / RATE

        for before, later in _splits([len(turn) / RATE for turn in turns]):
            for variant, (kind, _) in VARIANTS.items():
                found, said, seconds, length = measured(later, variant)
                cost, heard_s = cost + seconds, heard_s + length
                if found.talk_ms < LEAST_TALK_MS:
                    continue
                voice = Voice()
                for number in before:
                    usual, usually_said, *_ = measured(number, "as recorded")
                    voice.turn(usual, 0, usually_said)
                counts.add({kind} - {""}, {each.kind for each in voice.turn(found, 0, said)})
    return {
        "cost": {"core": round(cost / heard_s, 4)},
        "kinds": counts.figures(),
        "turns": counts.turns,
        "variants": list(VARIANTS),
        "speakers": speakers,
    }


def report(figures: dict[str, Any]) -> str:
    """The figures as a table to read."""
    rows = [f"{'hearing':20}{'precision':>10}{'recall':>8}{'n':>5}"]
    rows += [
        f"{kind:20}{_share(row['precision']):>10}{_share(row['recall']):>8}{row['n']:5}"
        for kind, row in figures["kinds"].items()
    ]
    rows.append(f"{figures['turns']} turns; {', '.join(figures['variants'])}")
    rows.append(", ".join(f"{name}: {seconds} s" for name, seconds in figures["speakers"].items()))
    rows.append(f"{figures['cost']['core']:.1%} of a core while the learner speaks, beside voice activity")
    return "\n".join(rows)


class _Counts:
    def __init__(self) -> None:
        self._hits, self._false, self._wanted, self.turns = Counter(), Counter(), Counter(), 0

    def add(self, wanted: set[str], noticed: set[str]) -> None:
        self.turns += 1
        self._wanted.update(wanted)
        self._hits.update(noticed & wanted)
        self._false.update(noticed - wanted)

    def figures(self) -> dict[str, dict[str, Any]]:
        return {
            kind: {
                "precision": _ratio(self._hits[kind], self._hits[kind] + self._false[kind]),
                "recall": _ratio(self._hits[kind], self._wanted[kind]),
                "n": self._wanted[kind],
            }
            for kind in sorted({*self._wanted, *self._false})
        }


def _splits(seconds: list[float]) -> Iterator[tuple[list[int], int]]:
    """(the turns of the baseline, a later one), by number."""
    total = sum(seconds)
    if total < 2 * _BASELINE:
        yield from (([each for each in range(len(seconds)) if each != later], later) for later in range(len(seconds)))
        return
    ends = np.cumsum(seconds)
    first = int(np.searchsorted(ends, _BASELINE)) + 1
    later = range(first, len(seconds))
    yield from ((list(range(first)), each) for each in later[:: max(1, len(later) // _LATER)][:_LATER])


def _turns(silero: Silero, pattern: str) -> Iterator[np.ndarray]:
    folder, names = Path(pattern).parent, Path(pattern).name
    paths = [path for path in sorted(folder.glob(names)) if path.suffix != ".g722" or _is_prompt(path)]
    if not paths:
        raise WeightsError(f"The recordings in {folder} are not installed. Run: {REMEDY}")
    for path in paths:
        samples = _read(path)
        activity, start, silent = _activity(silero, samples), 0, 0
        for number, talking in enumerate(activity):
            if talking and silent * FRAME >= _PAUSE * RATE and number * FRAME - start >= _TURN * RATE:
                cut = (number - silent // 2) * FRAME
                yield samples[start:cut]
                start = cut
            silent = 0 if talking else silent + 1
        if len(samples) - start > 0.6 * _TURN * RATE:
            yield samples[start:]


def _is_prompt(path: Path) -> bool:
    return path.stat().st_size > _PROMPT_BYTES


def _read(path: Path) -> np.ndarray:
    with av.open(str(path), format="g722" if path.suffix == ".g722" else None) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])


def _activity(silero: Silero, samples: np.ndarray) -> np.ndarray:
    stream = silero.stream()
    starts = range(0, len(samples) - FRAME + 1, FRAME)
    return np.array([stream.probability(samples[start : start + FRAME]) >= _SPEECH for start in starts], bool)


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
