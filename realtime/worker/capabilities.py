"""What a worker can do for a lease, and what of the conversation's messages and frames each of it wants.

A capability is a small object that is opened at the beginning of a lease and
closed at its end. `OPENINGS` lists how; whoever adds one writes its class in a
module of its own and adds a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from realtime.wire import Wire
from realtime.worker.filming import Filming, offer
from realtime.worker.hearing import Hearing
from realtime.worker.models import Engine
from realtime.worker.speaking import Speaking


class Capability(Protocol):
    """For one event loop. A handler returns at once; what takes time runs in a lane or a task of its own.

    A handler that raises ValueError refuses what was sent; the lease goes on.
    """

    messages: Mapping[str, Callable[[dict[str, Any]], None]]  # by the message's `t`
    frames: Mapping[str, Callable[[bytes], None]]  # by the frame's kind

    async def close(self) -> None: ...


class _Ears:
    """Recognition and the floor."""

    def __init__(self, engine: Engine, wire: Wire, begin: Mapping[str, Any]):
        vocabulary = tuple(str(term) for term in begin.get("vocabulary") or ())
        hearing = Hearing(engine, wire.send, str(begin.get("language") or "en"), vocabulary)
        hearing.sense(begin.get("sense"))
        self.messages = {"sense": hearing.sense, "patience": lambda message: hearing.patience(message.get("ms"))}
        self.frames = {"U": hearing.feed}
        self.close = hearing.close


class _Voice:
    """Synthesis."""

    def __init__(self, engine: Engine, wire: Wire, begin: Mapping[str, Any]):
        self._speaking = Speaking(engine, wire)
        self.messages = {"speak": self._speak, "cancel": lambda message: self._speaking.cancel()}
        self.frames: dict[str, Callable[[bytes], None]] = {}
        self.close = self._speaking.close

    def _speak(self, message: dict[str, Any]) -> None:
        sentence, text = message.get("id"), message.get("text")
        if not isinstance(sentence, str) or not isinstance(text, str):
            raise ValueError("speak needs an id and a text")
        self._speaking.speak(sentence, text)


def _eyes(engine: Engine, wire: Wire, begin: Mapping[str, Any]) -> Capability | None:
    """The camera; where no conversation may see, the landmarker isn't even imported."""
    if not begin.get("sense"):
        return None
    from realtime.worker.seeing import Seeing

    return Seeing(wire, begin)


def _camera_operator(engine: Engine, wire: Wire, begin: Mapping[str, Any]) -> Capability | None:
    """Video of the face, where this worker can render one."""
    return Filming(wire) if offer() else None


Opening = Callable[[Engine, Wire, Mapping[str, Any]], Capability | None]

# Each gets the conversation's `begin` and answers None where that does not ask for it.
OPENINGS: tuple[Opening, ...] = (_Ears, _Voice, _eyes, _camera_operator)


def opened(engine: Engine, wire: Wire, begin: Mapping[str, Any]) -> list[Capability]:
    """The capabilities that `begin` asks for. Raises what an opening raises; those opened before stay open."""
    found = (opening(engine, wire, begin) for opening in OPENINGS)
    return [capability for capability in found if capability is not None]
