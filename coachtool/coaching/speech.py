"""How the persona's turns are put together: a few short sentences, never the same phrase twice running."""

from __future__ import annotations

import re

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


INVITES = re.compile(
    r"((and|so|now|then|okay|well|right|please),? )*((tell|give|show|walk) me|describe|explain|say (how|what|why))\b",
    re.IGNORECASE,
)
"""How a sentence begins that asks without a question mark: "Tell me your rule."."""

_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)|\n+")
_ABBREVIATED = re.compile(
    r"(?:^|[\s(])(?:mrs?|ms|dr|prof|sr|sra|st|no|nos|nr|vs|etc|e\.g|i\.e|z\.b|d\.h|p\.ej|approx|ca|fig|sec|art|abs|pp?|\w"
    r")\.$",
    re.IGNORECASE,
)


def spans(text: str) -> tuple[tuple[int, int], ...]:
    """Where the sentences of written text begin and end; a line of its own is one too."""
    found, start = [], 0
    for end in [match.end() for match in _END.finditer(text)] + [len(text)]:
        inside = text[end : end + 2].strip()[:1].islower() or _ABBREVIATED.search(text[start:end])
        if end < len(text) and inside and "\n" not in text[start:end].lstrip():
            continue
        stretch = text[start:end]
        if re.search(r"\w", stretch):
            lead = len(stretch) - len(stretch.lstrip())
            found.append((start + lead, start + len(stretch.rstrip())))
        start = end
    return tuple(found)


def cut(text: str) -> tuple[str, ...]:
    """Written text cut into its sentences, every character of them kept."""
    return tuple(text[start:end] for start, end in spans(text))


def says(document: str) -> str:
    """What introduces a quote: "The claims handbook says:"."""
    name = _titled(document)
    several = name.endswith("s") and not name.endswith("ss")
    return f"{name[:1].upper()}{name[1:]} {'say' if several else 'says'}:"


def place(document: str, place: str) -> str:
    """Where a quote stands, as it is said: "the claims handbook, page 4, Limits"."""
    where = place.removeprefix(document).lstrip(" ,:;–-")
    return ", ".join(part for part in (_titled(document), where) if part)


def stands_in(source: str) -> str:
    """The answer to "where does it say that?"."""
    return f"That's in {source.rstrip('.')}."


def _titled(document: str) -> str:
    """A document's name in a sentence: "Claims handbook.pdf" gives "the claims handbook"."""
    name = re.sub(r"\.\w{2,5}$", "", document.strip()).replace("_", " ").strip() or "document"
    first, _, rest = name.partition(" ")
    if first.lower() in ("the", "our", "your"):
        return f"{first.lower()} {rest}"
    if first[1:] == first[1:].lower() and first.isalpha() and rest == rest.lower():
        name = f"{first.lower()} {rest}".strip()
    return f"the {name}"


def who(persona: Persona, phrases: Phrases) -> str:
    """The honest line about being an AI."""
    return phrases.who or f"I'm an AI. I play {persona.name}, {persona.role}, so that you can practise."


def closing(brief: Brief, passed: bool | None) -> str:
    return {True: brief.closing_passed, False: brief.closing_not_passed, None: brief.closing_unclear}[passed]
