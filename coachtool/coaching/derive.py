"""Exemplars for a key point: the author's own, or made from its text where there are none."""

from __future__ import annotations

import re
from functools import lru_cache

from coachtool.activities.brief import KeyPoint
from coachtool.coaching import words

_HEAD = re.compile(
    r"^(the )?((learner|trainee|manager|student|user|agent|employee|speaker|nurse|he|she|they) )?"
    r"(clearly |explicitly |correctly |also )?"
    r"(?P<verb>says?|states?|mentions?|names?|gives?|explains?|tells?|asks?|identif(?:y|ies)|describes?|offers?|"
    r"confirms?|"
    r"checks?|points? out|notes?|shows?|acknowledges?|recogni[sz]es?|agrees?|proposes?|suggests?|invites?|listens?|"
    r"apologi[sz]es?|thanks?|greets?|promises?|announces?|reports?|informs?|warns?|reminds?|expresses?|sets?|uses?)\b"
    r"(?P<or> or \w+s)?"
    r"(?P<whom> (the |a |an )?(patient|customer|client|caller|employee|guest|user|learner|person|team|family|parent|"
    r"student|"
    r"maya|them|him|her)(?!'s| (?:of|may|might|is|has|can|should|must|will|needs))\b)?"
    r"(?P<link> (?:that|whether|if|about|for|to|of|on|at))?\b",
    re.IGNORECASE,
)
_ASKING = ("ask", "invit", "check", "listen", "offer", "propos", "suggest", "agree", "confirm", "greet")


@lru_cache(maxsize=2_000)
def complement(text: str) -> str:
    """What is said, without who says it: "Says that the call is recorded." gives "the call is recorded"."""
    head = _HEAD.match(text)
    rest = text[head.end() :] if head else text
    rest = rest.strip(" .,:") or text.strip(" .")
    return re.sub(r"^(their|his|her) (own )?", "my ", rest)


@lru_cache(maxsize=2_000)
def asks(text: str) -> bool:
    """Whether a question of the learner's can show the key point."""
    head = _HEAD.match(text)
    return bool(head) and head["verb"].lower().startswith(_ASKING)


@lru_cache(maxsize=2_000)
def exemplars(point: KeyPoint) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sentences that show the key point and sentences that do not, in the plain form that is compared."""
    if point.met_by:
        return _plain(point.met_by), _plain(point.not_met_by)
    said = complement(point.text)
    shows = [point.text.strip(), said, f"I would say that {said}."]
    head = _HEAD.match(point.text)
    if head and asks(point.text):
        shows += [f"Can I ask about {said}?", f"Do you have {said}?", f"I would {_base(head['verb'])} {said}."]
    elif head:
        shows += [f"I would {_base(head['verb'])} {said}.", f"It is {said}."]
    return _plain(tuple(shows)), _plain(point.not_met_by)


def _base(verb: str) -> str:
    verb = verb.lower()
    if verb.endswith("ies"):
        return verb[:-3] + "y"
    return verb[:-1] if verb.endswith("s") and not verb.endswith("ss") else verb


def _plain(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words.plain(text) for text in texts))
