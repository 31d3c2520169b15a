"""From a voice and a face over time to observations in plain words: hearing and seeing fused. Pure, without a clock.

Everything is measured against the learner's own first minute, nothing against other people, and nothing is said of
feelings, attention or engagement: only what could be heard and seen.
"""

from __future__ import annotations

import re
from typing import Any

from coachtool.coaching.intents import claim_of_understanding
from coachtool.coaching.types import Observation
from realtime.perception.fillers import fillers
from realtime.perception.heard import Noticed, Voice
from realtime.perception.prosody import Prosody
from realtime.perception.seen import Face
from realtime.perception.sights import Sight
from realtime.perception.spoken import syllables

_QUOTED = 5  # words of the learner's, at most


class Observer:
    """One learner's. Keeps what is usual for them, and the frames of the last half minute as numbers; no more."""

    def __init__(self, language: str = "en"):
        self._language = language
        self._voice, self._face = Voice(), Face()

    def forget(self, sense: str) -> None:
        """Drop all that is known of the learner's `voice` or `face`: it is not sensed any more."""
        if sense == "voice":
            self._voice = Voice()
        else:
            self._face = Face()

    @property
    def face(self) -> dict[str, Any] | None:
        """See Face.now."""
        return self._face.now

    def saw(self, sight: Sight) -> tuple[Observation, ...]:
        """The next frame; what has to be said at once."""
        return tuple(_observation(each, sight.at_ms) for each in self._face.saw(sight))

    def turn(self, text: str, began_ms: int, ended_ms: int, prosody: Prosody | None = None) -> tuple[Observation, ...]:
        """What was different in the learner's turn, the surest first; times are the conversation's, as a Sight's."""
        noticed = list(self._face.turn(began_ms, ended_ms))
        if prosody is not None:
            noticed += self._voice.turn(prosody, fillers(text, self._language), self._syllables(text))
        noticed.sort(key=lambda each: -each.confidence)
        return tuple(_observation(each, ended_ms) for each in noticed)

    def _syllables(self, text: str) -> int | None:
        return syllables(text) if self._language == "en" else None


def fused(observed: tuple[Observation, ...], text: str = "") -> Observation:
    """Observations as one: 'Said “I understand”, voice flatter than before, looked away for 1.2 s.'

    It is as sure as the least sure of them, and of the kind of the first, which is the surest.
    """
    quoted = [f"said “{quote(text)}”"] if text else []
    words = ", ".join(quoted + [each.text for each in observed])
    sure = min(each.confidence for each in observed)
    return Observation(observed[0].kind, f"{words[0].upper()}{words[1:]}.", sure, observed[-1].at_ms)


def quote(text: str) -> str:
    """A few of the learner's own words: that they understand, if they say so, or how they began."""
    said = claim_of_understanding(text) or text
    words = said.split()
    return re.sub(r"[.,;:?!–-]+$", "", " ".join(words[:_QUOTED])) + ("…" if len(words) > _QUOTED else "")


def _observation(noticed: Noticed, at_ms: int) -> Observation:
    return Observation(noticed.kind, noticed.words, noticed.confidence, at_ms)
