"""What somebody committed to in their own words: "I'll call you on Thursday."

Rather too few than a wrong one: a rule for cases ("If it's too much, I'll come
to you"), a hope, a question, or what others said is no promise. English only.
"""

from __future__ import annotations

import re

from coachtool.coaching import words

_DAY = r"(mon|tues|wednes|thurs|fri|satur|sun)day"
_WHEN = re.compile(
    rf"\b(today|tonight|tomorrow|{_DAY}s?|((by|before|on|until|at) the )?(end of (the|this) (day|week|month))|"
    r"(this|next) (morning|afternoon|evening|week|month|time)|first thing|right after (this|our)|"
    r"(in|within) (the next )?(an?|\d+|a few|a couple of) (minutes?|hours?|days?|weeks?|months?)|"
    r"by (noon|\d+)|(january|february|march|april|june|july|august|september|october|november|december))\b"
)
_COMMITTED = re.compile(r"\b(i|we) (promise|will|shall|am going to|are going to)\b(?! never\b)|\byou have my word\b")
_TO_YOU = re.compile(
    r"\b(i|we) (will|shall|am going to|are going to) (\w+ )?(promise|call|phone|email|mail|text|send|message|"
    r"get back to|come back to|follow up with) (you|it to you|that to you|them to you)\b"
)
_PROMISE = re.compile(r"\b(i|we) promise( you)?\b|\byou have my word\b")
_OPEN = re.compile(
    r"\b(if|when|whenever|once|unless|in case|as soon as|as long as|every time|any time|would|could|might|may|maybe|"
    r"perhaps|probably|possibly|hopefully|i think|i guess|i hope|try|not|said|says|told|promised)\b"
)


def promises(text: str) -> tuple[str, ...]:
    """The sentences of `text` in which the speaker commits to something, verbatim."""
    return tuple(sentence for sentence in words.sentences(text) if _promised(sentence))


def _promised(sentence: str) -> bool:
    said = words.plain(sentence)
    if not _COMMITTED.search(said) or _OPEN.search(said):
        return False
    if sentence.rstrip().endswith("?") or words.question(said) or words.reported(said):
        return False
    return bool(_WHEN.search(said) or _TO_YOU.search(said) or _PROMISE.search(said))
