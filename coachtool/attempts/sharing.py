"""What goes to a person with a question: just what the learner consented to share, without numbers of people.

As kept on an escalation: {"question", "seq", "name", "turns": [{"seq", "speaker", "text"}]}. `seq` is the journal's
number of the turn that asked, `name` whether reviewers are told who asked, `turns` the talk around the question with
the question in it, empty where only the question is shared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from coachtool.coaching import guard, words
from coachtool.coaching.types import Turn

QUESTION, EXCERPT = "question", "excerpt"
AROUND = 2  # turns before the question, and after it

_NUMBER = re.compile(r"\d(?:[ \-./()]{0,2}\d){6,}")  # a telephone, account or card number
_ADDRESS = re.compile(r"\S+@\S+\.\w+")


def share(consent: Mapping[str, Any], question: str, seq: int, said: Sequence[Turn]) -> dict[str, Any]:
    """What is shared of a `question` asked in turn `seq`, of all that was `said` so far.

    A consent that says nothing of it shares the question alone.
    """
    turns: list[dict[str, Any]] = []
    if consent.get("share") == EXCERPT:
        before = [turn for turn in said if turn.seq < seq][-AROUND:]
        turns = [_turn(turn.seq, turn.speaker, turn.text) for turn in before]
        turns.append(_turn(seq, "learner", question))
    return {"question": masked(question), "seq": seq, "name": bool(consent.get("share_name")), "turns": turns}


def followed(shared: Mapping[str, Any], seq: int, speaker: str, text: str) -> dict[str, Any] | None:
    """`shared` with a turn that came after the question; None where that turn is not shared."""
    turns = shared.get("turns", [])
    after = sum(turn["seq"] > shared["seq"] for turn in turns) if turns else AROUND
    if after >= AROUND:
        return None
    return {**shared, "turns": [*turns, _turn(seq, speaker, text)]}


def masked(text: str) -> str:
    """`text` without e-mail addresses and numbers that belong to a person, spelled out or in digits."""
    plain = _NUMBER.sub("[number]", _ADDRESS.sub("[e-mail address]", text))
    if not guard.personal(plain):
        return plain
    plain = " ".join(guard.personal(sentence) or sentence for sentence in words.sentences(plain))
    return guard.personal(plain) or plain


def _turn(seq: int, speaker: str, text: str) -> dict[str, Any]:
    return {"seq": seq, "speaker": speaker, "text": masked(text)}
