"""Perception in a conversation: what may be sensed, what has come of it, and what is told the learner and the worker.

Nothing here is stored or logged; it ends with the conversation, and with the switch of the sense.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from coachtool.coaching.types import Observation
from realtime.perception.observing import Observer, fused
from realtime.perception.prosody import Prosody
from realtime.perception.seeing.message import parse

log = logging.getLogger(__name__)

SENSES = ("voice", "face")
PATIENCE_MS = 600
"""How much longer the floor is left to somebody who needs pauses."""


class Perceiving:
    """`agreed`: {"voice", "face"}, what policy and consent allow; None where nothing may be sensed.

    Whoever agreed is sensed from the beginning, until they switch it off; `switched` is how an earlier process of the
    same attempt left the switches. Times are ms of the conversation.
    """

    def __init__(
        self,
        agreed: Mapping[str, bool] | None = None,
        language: str = "en",
        switched: Mapping[str, Any] | None = None,
    ):
        self.agreed = {sense: (agreed or {}).get(sense) is True for sense in SENSES}
        self.on = {sense: self.agreed[sense] and (switched or self.agreed).get(sense) is True for sense in SENSES}
        self.patience_ms = 0
        self._observer = Observer(language)
        self._prosody: Prosody | None = None  # of the turn in progress, as far as it is known
        self._voice: Prosody | None = None  # the newest, for the learner to see
        self._at_once: tuple[Observation, ...] = ()  # of the face, between two of the learner's turns

    def switch(self, wanted: Mapping[str, Any]) -> bool:
        """The learner's wish, as far as it was agreed to; whether anything has changed. What goes off is forgotten."""
        on = {sense: wanted.get(sense) is True and self.agreed[sense] for sense in SENSES}
        for sense in SENSES:
            if self.on[sense] and not on[sense]:
                self._observer.forget(sense)
        if not on["voice"]:
            self._prosody, self._voice, self.patience_ms = None, None, 0
        if not on["face"]:
            self._at_once = ()
        changed = on != self.on
        self.on.update(on)  # in place: a worker that replaces another begins with the switches as they are
        return changed

    def heard(self, message: Mapping[str, Any]) -> None:
        """A `prosody` message of the worker's."""
        if not self.on["voice"]:
            return
        try:
            self._prosody = self._voice = Prosody.read(message)
        except ValueError as refusal:
            log.warning("the worker's message is refused: %s", refusal)

    def saw(self, message: Mapping[str, Any], at_ms: int) -> Observation | None:
        """A `sight` message of the worker's; what the learner is to be told at once."""
        if not self.on["face"]:
            return None
        try:
            sight = parse(message, at_ms)
        except ValueError as refusal:
            log.warning("the worker's message is refused: %s", refusal)
            return None
        noticed = self._observer.saw(sight)
        self._at_once += noticed
        return noticed[0] if noticed else None

    def turn(self, heard: Mapping[str, Any], ended_ms: int) -> tuple[Observation, ...]:
        """What was observed in the learner's turn that a `transcript` message tells of and that ended at `ended_ms`."""
        prosody, self._prosody = self._prosody, None
        before, self._at_once = self._at_once, ()
        if not any(self.on.values()):
            return ()
        started, ended = heard.get("started_ms", 0), heard.get("ended_ms", 0)  # of the learner's sound
        if prosody is not None and prosody.started_ms != started:
            prosody = None  # another turn's
        observed = self._observer.turn(heard["text"], ended_ms - (ended - started), ended_ms, prosody)
        self.patience_ms = PATIENCE_MS if any(each.kind == "hesitant" for each in observed) else 0
        return before + observed

    @property
    def may(self) -> bool:
        """Whether anything may be sensed in this conversation."""
        return any(self.agreed.values())

    @property
    def sensed(self) -> dict[str, Any] | None:
        """The `sensed` message to the learner's page; None while nothing is sensed."""
        if not any(self.on.values()):
            return None
        voice = None
        if self._voice is not None:
            turn_ms = max(self._voice.talk_ms + self._voice.pause_ms, 1)
            voice = {
                "rate": round(1000 * self._voice.syllables / max(self._voice.talk_ms, 1), 1),
                "pauses": round(self._voice.pause_ms / turn_ms, 2),
                "pitch": self._voice.pitch_range,
                "loudness": self._voice.level_db,
            }
        return {"type": "sensed", "voice": voice, "face": self._observer.face if self.on["face"] else None}


def told(observed: tuple[Observation, ...], text: str = "") -> dict[str, Any]:
    """The `observation` message to the learner's page: all that was observed, in the turn in which they said `text`."""
    one = fused(observed, text)
    return {"type": "observation", "kind": one.kind, "text": one.text, "confidence": one.confidence}
