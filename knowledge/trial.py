"""What a question finds, and what a persona would answer from it: so that an author sees it before a learner does."""

from __future__ import annotations

from dataclasses import dataclass

from coachtool.attempts.report import where
from coachtool.coaching import quoting
from coachtool.coaching.types import Library

_PASSAGES = 5


@dataclass(frozen=True)
class Found:
    """A passage; `near` where it is near enough to the question to be answered from."""

    where: str
    text: str
    near: bool


@dataclass(frozen=True)
class Trial:
    """`answer` is what would be said, in order; empty where the documents leave the question open."""

    answer: str
    passages: tuple[Found, ...]


def of(question: str, library: Library) -> Trial:
    """The answer of a conversation, and the passages nearest to `question`, nearest first."""
    passages = library.search(question, _PASSAGES)
    near = quoting.near(passages)
    quoted = quoting.answer(question, passages)
    return Trial(
        " ".join(quoted.lines) if quoted else "",
        tuple(Found(where(each.document, each.place), each.text, each in near) for each in passages),
    )
