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
# Between dashes two groups are as likely a range of amounts or years, and three may be a day.
_APART = r"(?:[ ()]{0,2}|\s*[-/]\s*|\s+\.\s+)"
_DASHED_NUMBER = re.compile(
    r"(?<![\d$€£])(?<!\d[.,])"
    r"(?!(?:\d{1,2} ?[-/.] ?\d{1,2} ?[-/.] ?\d{2}(?:\d{2})?|\d{4} ?[-/.] ?\d{1,2} ?[-/.] ?\d{1,2})(?!\d))"
    rf"(?=\+|0\d|\d+[ ()/.-]+\d+[ ()/.-]+\d)\+?\d(?:{_APART}\d){{6,}}"
    rf"(?!{_APART}\d|[.,]\d| ?(?:%|[$€£]|percent|dollars|euros|pounds))"
)
_FIGURE = r"(?:(?:double |triple )?(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)|\d)"
_SPELLED_NUMBER = re.compile(rf"\b{_FIGURE}(?:[ \-.,]{{1,3}}{_FIGURE}){{6,}}\b", re.IGNORECASE)
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
    # Evened only where that shows one: the marks of all other text stay as they are.
    plain = _without(text)
    if (without := _without(guard.seen(plain))) != guard.seen(plain):
        plain = without
    if _DASHED_NUMBER.search(guard.even(plain)):
        plain = _DASHED_NUMBER.sub("[number]", guard.even(plain))
    if guard.personal(plain):
        plain = " ".join(guard.personal(sentence) or sentence for sentence in words.sentences(plain))
        plain = guard.personal(plain) or plain
    return _SPELLED_NUMBER.sub(lambda found: "[number]" if re.search("[a-z]", found[0], re.I) else found[0], plain)


def _without(text: str) -> str:
    return _NUMBER.sub("[number]", _ADDRESS.sub("[e-mail address]", text))


def _turn(seq: int, speaker: str, text: str) -> dict[str, Any]:
    return {"seq": seq, "speaker": speaker, "text": masked(text)}
