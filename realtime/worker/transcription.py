"""The words of one turn while it grows.

Only the newest stretch is decoded at the end of a turn: what lies before a
pause, once it is long enough to stand for itself, is settled when the learner
goes on, and a long stretch without a pause is settled at its quietest moment.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from realtime.floor.words import Completeness, completeness
from realtime.perception.protocols import RATE, Heard, Recogniser
from realtime.worker.lanes import FINAL, PARTIAL, Lane
from realtime.worker.sound import Sound

BEFORE_MS = 250  # a first consonant is heard before voice activity notices it
SETTLE_MS = 4_000  # a stretch at least this long is settled at a pause
LONGEST_MS = 12_000  # and one this long is settled anyhow
_QUIET_MS = 100
_KEEP_MS = 500


@dataclass(frozen=True)
class _Settled:
    heard: Heard
    seconds: float


class Transcription:
    """The turn that began at `started_ms` of `sound`. For one event loop."""

    def __init__(
        self,
        sound: Sound,
        started_ms: int,
        recogniser: Recogniser,
        lane: Lane,
        language: str,
        vocabulary: tuple[str, ...],
    ):
        self._sound, self._recogniser, self._lane = sound, recogniser, lane
        self._language, self._vocabulary = language, vocabulary
        self._settled: list[_Settled] = []
        self._from_ms = max(0, started_ms - BEFORE_MS)
        self._newest: tuple[int, int, Heard] | None = None  # from, to, and what was heard there
        self._one_at_a_time = asyncio.Lock()

    @property
    def pending_ms(self) -> int:
        """How much sound has not been settled yet."""
        return self._sound.end_ms - self._from_ms

    async def upto(self, end_ms: int, superseded: Callable[[], bool], priority: int = FINAL) -> Heard:
        """All words of the turn up to `end_ms`. Raises Superseded."""
        async with self._one_at_a_time:
            while end_ms - self._from_ms > LONGEST_MS + SETTLE_MS:
                await self._settle_quietest(min(end_ms, self._from_ms + LONGEST_MS + SETTLE_MS), superseded, priority)
            heard = await self._decode(self._from_ms, end_ms, superseded, priority)
            if priority == FINAL:  # a partial ends anywhere, perhaps within a word: never settle there
                self._newest = (self._from_ms, end_ms, heard)
            return self._with_settled(heard, end_ms - self._from_ms)

    def went_on(self) -> None:
        """The learner speaks again after the pause up to which was decoded last: settle what is long enough."""
        if self._newest is None:
            return
        (began, end, heard), self._newest = self._newest, None
        if began == self._from_ms and end - began >= SETTLE_MS and heard.text:
            self._settle(heard, end)

    async def settle_long(self, superseded: Callable[[], bool]) -> None:
        """Settle a stretch of a long turn without pauses. Raises Superseded."""
        async with self._one_at_a_time:
            await self._settle_quietest(self._sound.end_ms - _KEEP_MS, superseded, PARTIAL)

    async def _settle_quietest(self, end_ms: int, superseded: Callable[[], bool], priority: int) -> None:
        at = quietest(self._sound.between(self._from_ms, end_ms), self._from_ms, self._from_ms + SETTLE_MS)
        self._settle(await self._decode(self._from_ms, at, superseded, priority), at)

    def _settle(self, heard: Heard, at_ms: int) -> None:
        if heard.text:
            self._settled.append(_Settled(heard, (at_ms - self._from_ms) / 1000))
        self._from_ms, self._newest = at_ms, None

    async def _decode(self, start_ms: int, end_ms: int, superseded: Callable[[], bool], priority: int) -> Heard:
        return await self._lane.run(
            self._recogniser.recognise,
            self._sound.between(start_ms, end_ms),
            language=self._language,
            vocabulary=self._vocabulary,
            before=self._settled[-1].heard.text if self._settled else "",
            superseded=superseded,
            priority=priority,
        )

    def _with_settled(self, heard: Heard, ms: int) -> Heard:
        parts = [*self._settled, *([_Settled(heard, max(ms, 1) / 1000)] if heard.text else [])]
        if not parts:
            return heard
        seconds = sum(part.seconds for part in parts)
        confidence = sum(part.heard.confidence * part.seconds for part in parts) / seconds
        return Heard(joined([part.heard.text for part in parts]), round(confidence, 3), heard.ending)


def quietest(samples: np.ndarray, from_ms: int, earliest_ms: int) -> int:
    """The middle of the quietest tenth of a second not before `earliest_ms`; `samples` begin at `from_ms`."""
    size = RATE * _QUIET_MS // 1000
    blocks = len(samples) // size
    loudness = np.square(samples[: blocks * size].reshape(blocks, size)).mean(axis=1)
    first = min(max((earliest_ms - from_ms) // _QUIET_MS, 0), max(blocks - 1, 0))
    return from_ms + int(first + np.argmin(loudness[first:])) * _QUIET_MS + _QUIET_MS // 2


def joined(texts: list[str]) -> str:
    """Stretches of one turn as one text: a full stop that a pause made, and nothing else, goes away."""
    text = ""
    for part in (part.strip() for part in texts if part.strip()):
        if text:
            goes_on = part[0].islower() or completeness(text) is Completeness.UNFINISHED
            if goes_on:
                text = re.sub(r"(\.\.\.|…|[.—–-])$", "", text).rstrip()
                part = _uncapitalised(part)
            text += " " + part
        else:
            text = part
    return text


def _uncapitalised(text: str) -> str:
    first = text.split()[0]
    plain = first.isalpha() and first[1:].islower() and first.lower() in _COMMON
    return text[0].lower() + text[1:] if plain else text


_COMMON = frozenset(
    word
    for line in (
        "the a an and or but so to of in on at for with from by as if when because that this these those it he she we",
        "they you my your our their his her its is was were are had has have what which who how not no then there",
        "after before any all some one two three more",
    )
    for word in line.split()
)
