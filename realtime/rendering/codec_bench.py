"""What the stream of coefficients costs: bits a second on the line, and processor time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from realtime.rendering.behaviour.ahead import Ahead
from realtime.rendering.behaviour.engine import Engine
from realtime.rendering.behaviour.events import Floor, LearnerPauses, LearnerSpeaks, Mood, Speak
from realtime.rendering.behaviour.mouth import Movement
from realtime.rendering.codec import encode
from realtime.rendering.frames import Frame

PACKET_MS = 100
ENVELOPE = 20 + 8 + 13 + 24 + 12 + 16
"""Bytes around each packet on the line: IPv4, UDP, DTLS 1.2 record, its AES-GCM nonce and tag, SCTP, DATA chunk."""

_EMOTIONS = ("neutral", "encouraging", "doubtful", "concerned", "firm")


def stream(sentences: Sequence[Movement], seed: int = 1) -> dict[str, Any]:
    """The stream of a conversation in which each sentence follows on 4 s of the learner's and 1 s of thinking.

    Returns `speaking_kbit_s`, `listening_kbit_s` and `kbit_s` (of the whole), payload and envelopes together;
    `payload_kbit_s`; `cpu_ms_per_s`, the engine's and the encoder's for each second of conversation; `seconds`;
    `sentences`.
    """
    ahead, at = Ahead(Engine(seed)), 0.0
    spent: dict[str, list[int]] = {"listening": [0, 0], "speaking": [0, 0]}  # bytes, packets
    began = time.process_time()

    def send(frames: list[Frame], state: str) -> None:
        for first in range(0, len(frames), 4):
            spent[state][0] += len(encode(frames[first : first + 4], rtp=1))
            spent[state][1] += 1

    def pass_by(ms: float, state: str) -> None:
        nonlocal at
        at += ms
        send(ahead.until(at + PACKET_MS), state)

    for place, movement in enumerate(sentences):
        for event, ms, state in (
            (Floor("hearing"), 0, "listening"),
            (LearnerSpeaks(), 3400, "listening"),
            (LearnerPauses(), 600, "listening"),
            (Floor("thinking"), 700, "listening"),
            (Mood(_EMOTIONS[place % len(_EMOTIONS)]), 300, "listening"),
            (Floor("speaking"), 0, "speaking"),
            (Speak(movement), movement.length, "speaking"),
        ):
            send(ahead.tell(event, at), state)
            pass_by(ms, state)
    cpu = time.process_time() - began
    spoken_s = sum(movement.length for movement in sentences) / 1000
    seconds = at / 1000

    def kbit(states: Sequence[str], over: float, envelope: int = ENVELOPE) -> float:
        return round(sum(spent[state][0] + envelope * spent[state][1] for state in states) * 8 / 1000 / over, 1)

    return {
        "speaking_kbit_s": kbit(["speaking"], spoken_s),
        "listening_kbit_s": kbit(["listening"], seconds - spoken_s),
        "kbit_s": kbit(["listening", "speaking"], seconds),
        "payload_kbit_s": kbit(["listening", "speaking"], seconds, 0),
        "cpu_ms_per_s": round(cpu * 1000 / seconds, 1),
        "seconds": round(seconds),
        "sentences": len(sentences),
    }
