"""How a persona greets somebody whom it remembers, and where the conversation then begins."""

from __future__ import annotations

from coachtool.activities.brief import Brief, Phrases
from coachtool.coaching import agenda, speech, words
from coachtool.coaching.types import Recall

_LONGEST = 3  # sentences of the greeting; the first prompt follows it


def opening(brief: Brief, recall: Recall | None) -> tuple[tuple[str, ...], str]:
    """The greeting, sentence by sentence, and the id of the key point to begin at.

    Both are empty where nothing is remembered, or where the activity is in
    another language and has no such words of its own: then it opens as authored.
    The key point is the first that stalled, missed or not shown without practice;
    its objective's name is said, because its text would give the answer away.
    """
    if recall is None or _foreign(brief):
        return (), ""
    phrase, what, start_at = _remembered(brief, recall)
    greeting = words.sentences(_filled(brief, phrase, what, recall.days))
    if recall.promised:
        promised = words.sentences(_filled(brief, "recall_promised", recall.promised[0], recall.days))
        if len(greeting) + len(promised) <= _LONGEST:
            greeting += promised
    return greeting, start_at


def spoken(name: str) -> str:
    """An objective's name in the middle of a sentence: "The escalation note" gives "the escalation note".

    A first word that is written in capitals stays as it is.
    """
    name = name.strip().rstrip(".!?")
    first = name.split(" ", 1)[0]
    return name if first[1:] != first[1:].lower() else name[:1].lower() + name[1:]


def _remembered(brief: Brief, recall: Recall) -> tuple[str, str, str]:
    """Which of the phrases says it, of what, and the key point to begin at."""
    if not recall.same_activity:
        return ("recall_elsewhere", recall.stalled_on[0], "") if recall.stalled_on else ("again", "", "")
    for point, what in zip(recall.stalled, recall.stalled_on, strict=False):
        if agenda.owner(brief, point):
            return ("recall_passed" if recall.passed else "recall"), what, point
    return "again", "", ""


def _filled(brief: Brief, phrase: str, what: str, turn: int) -> str:
    return speech.pick(getattr(brief.phrases, phrase), turn).replace("{what}", what.rstrip(".!"))


def _foreign(brief: Brief) -> bool:
    """Whether the greeting would be the English default in an activity of another language."""
    return not brief.language.startswith("en") and brief.phrases.again == Phrases().again
