"""Answers in the words of the institution's own documents.

An answer is one sentence of the nearest passage, or two, word for word, after
the name of its source. Whether a passage is near enough to be an answer depends
on the model that measured it: the cosines of one are not those of another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from coachtool.activities.brief import Brief
from coachtool.coaching import embed, judge, speech, words
from coachtool.coaching.types import Citation, KeyPointJudgement, Passage, Turn

# The least cosine of question and passage at which the passage is about the question. Set on the questions of
# tests/knowledge: asked of the document that they are about, and of each other one in the language. At these cuts
# bge-small answers 70% of the former and leaves 90% of the latter alone, e5-small 57% and 89%: for a persona an
# honest "I don't know" is better than a quote beside the point.
_NEAR = {"bge-small-en": 0.63, "e5-small": 0.84}
_LONGEST = 45  # words of a quote that can be listened to
_SHORT = 6  # words below which a sentence takes the next one along
_SHARED = 0.3  # what the question's words add to a sentence's likeness, if it has them all
_FIGURE = 0.1  # and a figure, where one is asked for
_ASKS_FIGURE = re.compile(
    r"\bhow (many|much|long|far|often|soon|fast|late|old|high)\b|\bwhen\b|\bwhat (amount|limit|date)\b"
)


@dataclass(frozen=True)
class Quoted:
    """The lines to say, and what they rest on."""

    lines: tuple[str, ...]
    citation: Citation


def question_in(text: str) -> str:
    """What is asked in `text`, to search by: its questions, or all of it where none is recognised."""
    return " ".join(sentence for sentence in words.sentences(text) if words.question(sentence)) or text


def near(passages: tuple[Passage, ...]) -> tuple[Passage, ...]:
    """The passages that are about the question; those of a model that was never calibrated are not."""
    return tuple(passage for passage in passages if passage.likeness >= _least(passage.model))


def answer(text: str, passages: tuple[Passage, ...]) -> Quoted | None:
    """The answer to the question in `text`; None where no passage is near enough, or nothing in it can be said."""
    for passage in near(passages):
        quote = _best(question_in(text), passage.text)
        if quote:
            return quoted(passage, quote)
    return None


def quoted(passage: Passage, quote: str) -> Quoted:
    """`quote` as it is said, with its citation. Raises ValueError where it is not in the passage word for word."""
    if quote not in passage.text:
        raise ValueError(f"not in passage {passage.id}: {quote!r}")
    first, *others = speech.cut(quote)
    lines = (f"{speech.says(passage.document)} {first}", *others)
    return Quoted(lines, Citation(passage.id, passage.document, passage.place, quote))


def gives_away(brief: Brief, judged: Mapping[str, KeyPointJudgement], text: str) -> bool:
    """Whether `text` says what the learner is still to say: it would show a key point, or names its figure."""
    figures = {(number.value, number.money) for number in words.numbers(text)}
    said = (Turn(0, "learner", text),)
    for objective in brief.objectives:
        rivals = judge.rivals(brief, objective)
        for point in objective.key_points:
            if judged[point.id].verdict == "met":
                continue
            if figures & {(number.value, number.money) for number in words.numbers(point.text)}:
                return True
            if judge.judge_key_point(objective, point, said, rivals).verdict == "met":
                return True
    return False


def _least(model: str) -> float:
    return next((least for name, least in _NEAR.items() if name in model), 2.0)


def _best(question: str, text: str) -> str:
    """The stretch of `text` that answers best: a sentence, with the next one where it is short. Empty if none can."""
    best, best_likeness = "", 0.0
    asked = embed.vector(words.plain(question))
    wanted, figure = _stems(question), bool(_ASKS_FIGURE.search(question.lower()))
    spans = speech.spans(text)
    for index, (start, end) in enumerate(spans):
        follows = spans[index + 1][1] if index + 1 < len(spans) else end
        if 2 < len(text[start:end].split()) < _SHORT and "\n" not in text[end:follows]:
            end = follows
        stretch = text[start:end]
        if not 2 < len(stretch.split()) <= _LONGEST or stretch.endswith("?"):
            continue
        shared = len(wanted & _stems(stretch)) / max(1, len(wanted))
        likeness = float(embed.vector(words.plain(stretch)) @ asked) + _SHARED * shared
        likeness += _FIGURE if figure and words.numbers(stretch) else 0.0
        if likeness > best_likeness:
            best, best_likeness = stretch, likeness
    return best


def _stems(text: str) -> frozenset[str]:
    """The longer words without their endings: a help in any language that inflects at the end."""
    return frozenset(word[:5] for word in re.findall(r"\w{4,}", text.lower()))
