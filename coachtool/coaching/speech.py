"""How the persona's turns are put together: a few short sentences, never the same phrase twice running."""

from __future__ import annotations

from coachtool.activities.brief import Brief, Persona, Phrases
from coachtool.coaching import words

LONGEST = 3
"""Sentences in one turn; a closing, and what leads to the practice, may take one more."""


def pick(phrases: tuple[str, ...], turn: int, avoid: tuple[str, ...] = ()) -> str:
    """One of `phrases`, in rotation, and not one that was just said if there is another."""
    order = [phrases[(turn + offset) % len(phrases)] for offset in range(len(phrases))]
    return next((phrase for phrase in order if not set(words.sentences(phrase)) & set(avoid)), order[0])


def question_of(prompt: str) -> str:
    """The part of a prompt that asks, to come back to it without saying it all again."""
    sentences = words.sentences(prompt)
    asking = [sentence for sentence in sentences if sentence.endswith("?")]
    return (asking or sentences or ("",))[-1]


def compose(reaction: str, lead: str, prompt: str, longest: int = LONGEST) -> tuple[str, ...]:
    """Reaction, lead and prompt as lines; where it would be too long, the lead goes first, then the reaction is cut."""
    said, leading, asked = words.sentences(reaction), words.sentences(lead), words.sentences(prompt)
    if len(said) + len(leading) + len(asked) > longest:
        leading = ()
    said = said[: max(1 if said else 0, longest - len(asked))]
    if len(said) + len(asked) > longest + 1:
        asked = asked[-longest:]
    return said + leading + asked


def who(persona: Persona, phrases: Phrases) -> str:
    """The honest line about being an AI."""
    return phrases.who or f"I'm an AI. I play {persona.name}, {persona.role}, so that you can practise."


def closing(brief: Brief, passed: bool | None) -> str:
    return {True: brief.closing_passed, False: brief.closing_not_passed, None: brief.closing_unclear}[passed]
