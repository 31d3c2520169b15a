"""A key point that is known by its wording alone: what the network reads in the words, weighed against the rules.

The network's reading (entail.py) is one feature; what can be told from the words (figures, order, polarity, stance)
are the others. Their weights and the two bounds of the unclear band were fitted on answers that the network was not
trained on, see training/README.md.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from coachtool.coaching import derive, entail, words

DENIALS = ("negated", "another figure", "other order")
"""Reasons for which words that are about the key point speak against it."""

# The learner talks about the exercise: that a point is done, what a sheet asks for, that it will come later.
_CLAIMED = re.compile(
    r"\b(ticks?|ticked|in the bag|that counts|full marks|(that|it) is (a|the|that) (point|pass|one|box)|"
    r"(is|are|been|be|as) (now )?(covered|done|met|fulfilled|handled|ticked)|point,? (done|covered|met|ticked)|"
    r"(mark|log|note|count) (that|this|it|the))\b|"
    r"^(so |well |right )?i have (already |now |just )?(\w+ed|said|told|shown|given|named|made|taken|set|put) "
)
_TASK = re.compile(
    r"\bi am (supposed|meant|not) to\b|\bthis (one )?is (the (part|bit|point) )?where i\b|\bit (says|wants)\b|"
    r"\bmy (task|sheet|notes|next point)\b|\bnext (heading|item|point|is)\b|\bhere (i|it says)\b|"
    r"\bi have to (say|state|name|explain|ask|give|tell|mention)\b|\bwhat i need to do\b|\bfirst item\b|"
    r"\bthe (requirement|criterion|objective|heading|key point)\b|\bi need to (sum|say|name|explain|state|mention)\b"
)
_LATER = re.compile(
    r"\bi (will|would) (\w+ ){0,12}(later|afterwards|in a (moment|minute|second|bit)|when i|once|next time|tomorrow|"
    r"after)\b|\b(come|get) (back )?(on )?to (that|it|you|what|how)\b|\blater on\b|\bone thing\b"
)
_WARY = 0.7  # what is wanted more of several turns than the fit says, in logits: joined, they are believed too easily
_LONG = 40  # words from which a turn is long
_ABOUT = 0.34  # share of the key point's words from which an utterance is about it


@dataclass(frozen=True)
class Reading:
    """How probably the words show the key point, the verdict that this gives by itself, and what speaks against it."""

    probability: float
    verdict: str  # met, unclear or not_met
    reason: str


@lru_cache(maxsize=20_000)
def reading(key_point: str, said: str, turns: int = 1) -> Reading:
    """What `said`, in so many turns, comes to for the key point. Raises entail.ModelMissing."""
    said = without_claims(said)
    if not words.content(said) and not words.question(said):
        return Reading(0.0, "not_met", "vague")
    fitted, found = _fitted(), features(key_point, said, turns)
    total = fitted["bias"] + fitted["network"] * entail.logit("point", key_point, said)
    total += sum(fitted["rules"].get(name, 0.0) * value for name, value in found.items())
    total -= _WARY * (turns > 1)
    probability = 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
    reason = next((text for name, text in _REASONS.items() if found[name]), "vague")
    if reason in DENIALS and found["overlap"] < _ABOUT:
        reason = "vague"
    if probability >= fitted["met"] and not found["listed"]:
        return Reading(probability, "met", "")
    return Reading(probability, "unclear" if probability >= fitted["unclear"] else "not_met", reason)


def without_claims(said: str) -> str:
    """The words without talk about the scoring, which is no evidence, and none against what else is said."""
    return " ".join(sentence for sentence in words.sentences(said) if not words.meta(sentence))


_REASONS = {
    "listed": "listed",
    "other_figure": "another figure",
    "order": "other order",
    "unsure": "unsure",
    "reported": "reported",
    "asked": "asked back",
    "polarity": "negated",
    "claimed": "about the scoring",
    "task": "about the task",
    "later": "put off",
}


@lru_cache(maxsize=20_000)
def features(key_point: str, said: str, turns: int = 1) -> dict[str, float]:
    """What the words alone say, from 0 to 1 each."""
    sentences = words.sentences(said) or (said,)
    nearest = max(sentences, key=lambda sentence: len(words.content(sentence) & words.content(key_point)))
    wanted, given = _figures(key_point), _figures(said)
    asks, asking = derive.asks(key_point), words.question(nearest)
    return {
        "listed": float(words.listed(said)),
        "missing_figure": len(wanted - given) / len(wanted) if wanted else 0.0,
        "other_figure": float(bool(wanted - given) and bool(given - wanted)),
        "all_figures": float(bool(wanted) and wanted <= given),
        "order": float(words.order_swapped(said, key_point)),
        "polarity": float(words.negated(nearest) != words.negated(key_point)),
        "unsure": float(any(words.hedged(sentence) for sentence in sentences)),
        "reported": float(any(words.reported(sentence) for sentence in sentences)),
        "asked": float(asking and not asks),
        "asked_rightly": float(asking and asks),
        "corrects": float(words.corrects(said)),
        "length": min(1.0, len(said.split()) / _LONG),
        "claimed": float(any(_CLAIMED.search(words.plain(sentence)) for sentence in sentences)),
        "task": float(any(_TASK.search(words.plain(sentence)) for sentence in sentences)),
        "later": float(any(_LATER.search(words.plain(sentence)) for sentence in sentences)),
        "fragment": float(len(said.split()) < 4),
        "overlap": len(words.content(said) & words.content(key_point)) / max(1, len(words.content(key_point))),
        "joined": float(turns > 1),
        "clash": float(_clash(key_point, said)),
        "other_side": float(_other_side(key_point, said)),
    }


def _clash(key_point: str, said: str) -> bool:
    """Whether a figure of the key point is given otherwise: another amount, or another count of the same thing."""
    mine, given = words.numbers(said), _figures(said)
    return any(
        f"{wanted.value:g}" not in given and any(_comparable(number, wanted) for number in mine)
        for wanted in words.numbers(key_point)
    )


def _other_side(key_point: str, said: str) -> bool:
    """Whether a bound of the key point is named from its other side only: above for below."""
    if words.bounded_both_ways(said):
        return False
    mine = words.numbers(said)
    for wanted in words.numbers(key_point):
        sides = {each.direction for each in mine if _comparable(each, wanted) and each.value == wanted.value}
        if wanted.direction and sides and sides <= {-wanted.direction}:
            return True
    return False


def _comparable(number: words.Number, other: words.Number) -> bool:
    return number.money == other.money and (number.money or number.noun == other.noun)


def _figures(text: str) -> frozenset[str]:
    """The figures of `text`; a one is left out, which is "one of them" as often as a number."""
    return frozenset(re.findall(r"\d+(?:\.\d+)?", words.plain(text))) - {"1"}


def version() -> str:
    """The network's and the fit's name, for the record."""
    return f"{entail.model_name()} fit-{_fitted()['version']}"


@cache
def _fitted() -> dict[str, Any]:
    return json.loads((entail.WEIGHTS / "fit.json").read_text(encoding="utf-8"))
