"""Exemplars for a key point: its own wording rephrased, what the judge would not be helped by left out; and what
the library's authors wrote for points like it. Text in, text out; the embedding model is all it loads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from coachtool.activities.brief import Brief, KeyPoint, Objective
from coachtool.authoring import rephrase, wording
from coachtool.authoring.outline import Definition
from coachtool.coaching import embed, judge, words
from coachtool.coaching.types import Turn

_ENOUGH = 3  # near misses suggested, at most
_ALIKE = 0.70  # cosine from which a library point is worth showing

PROBES = (
    "What else matters to you here?",
    "What would you do then?",
    "How would you put that to me?",
    "Is there anything you have left out so far?",
    "What do you want me to take away from this?",
    "And what comes after that?",
)
"""Prompts that give nothing away, for key points without one of their own."""


@dataclass(frozen=True)
class Suggestion:
    """Sentences that would show a key point, and that would not."""

    met_by: tuple[str, ...]
    not_met_by: tuple[str, ...]


@dataclass(frozen=True)
class Inspiration:
    """A key point of a library activity that is like one's own, with some of its exemplars."""

    activity: str
    text: str
    met_by: tuple[str, ...]
    not_met_by: tuple[str, ...]


def exemplars(point: Definition, *, name: str = "", role: str = "") -> Suggestion:
    """New sentences for the key point, beside those it has; what the judge itself does not take as meant is left out.

    None for a text in which nothing is named that can be heard; of two things, for the first.

    A near miss that would keep a right answer from counting does harm and is left out too.
    """
    text = str(point.get("text", ""))
    if wording.vague(text):
        return Suggestion((), ())  # what cannot be heard has no sentences
    made = rephrase.rephrase(wording.first_deed(text), name=name, role=role)
    own = tuple(point.get("met_by") or ())
    against = tuple(point.get("not_met_by") or ())
    shows = tuple(text for text in made.shows if text not in own)
    shows = tuple(text for text in shows if _takes(_point(point, (*own, *shows), against), text))
    every = (*own, *shows)
    misses: list[str] = []
    for text in made.misses if every else ():
        if len(misses) == _ENOUGH or text in against:
            continue
        trial = _point(point, every, (*against, *misses, text))
        if not _takes(trial, text) and _harmless(_point(point, every, (*against, *misses)), trial):
            misses.append(text)
    return Suggestion(shows, tuple(misses))


def alike(text: str, library: Iterable[Brief], most: int = 2) -> tuple[Inspiration, ...]:
    """The library's key points nearest to `text`, the nearest first."""
    if len(text.split()) < 2:
        return ()
    vector = embed.vector(words.plain(text))
    ranked = []
    for brief in library:
        for objective in brief.objectives:
            for point in objective.key_points:
                likeness = float(embed.vector(words.plain(point.text)) @ vector)
                if likeness >= _ALIKE:
                    ranked.append((likeness, brief.title, point))
    ranked.sort(key=lambda entry: -entry[0])
    return tuple(
        Inspiration(title, point.text, point.met_by[:4], point.not_met_by[:3]) for _, title, point in ranked[:most]
    )


def _point(point: Definition, shows: tuple[str, ...], misses: tuple[str, ...]) -> KeyPoint:
    return KeyPoint(id=str(point.get("id", "point")), text=str(point.get("text", "")), met_by=shows, not_met_by=misses)


def _takes(point: KeyPoint, said: str) -> bool:
    objective = Objective("objective", "", "", (point,), 1)
    return judge.judge_key_point(objective, point, (Turn(1, "learner", said),)).verdict == "met"


def _harmless(before: KeyPoint, after: KeyPoint) -> bool:
    """Whether each exemplar that the others let count still counts with the new near miss: nobody says it verbatim."""
    for said in before.met_by:
        others = tuple(text for text in before.met_by if text != said)
        if not others:
            continue
        if _takes(replace(before, met_by=others), said) and not _takes(replace(after, met_by=others), said):
            return False
    return True
