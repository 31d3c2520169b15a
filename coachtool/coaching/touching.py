"""How probably words touch a rule that is known by its wording alone.

The network's reading (entail.py) is one feature. The others: what was said to rules of like wording (precedents), the
nearness of the words to the rule, whether they ask, whether they keep to the rule, and whether a passage of the
knowledge is about them. Their weights were fitted on rules that the network was not trained on
(training/fit_guard.py).
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

from coachtool.coaching import embed, entail, topics, words

FIT, PRECEDENTS = entail.WEIGHTS / "guard.json", entail.WEIGHTS / "precedents.npz"

_LOUDEST = 5.0  # hardly a logit of the network's is greater
_KNOWN, _KNOWN_WEIGHT = 0.8, -1.0  # from this cosine a passage says as much; set, as no rule was written with passages
_KIN, _WIDTH = 1.0, 0.05  # weight of the rules' likeness beside that of the words; width of the kernel, in cosines


@dataclass(frozen=True)
class Precedents:
    """Rules with what was said to them: unit vectors (float32) of the rules (R, 384) and of the words (N, 384), the
    rule of each (N), whether it touched the rule (N), and whether that rule is about the scope (N)."""

    rules: np.ndarray
    said: np.ndarray
    rule: np.ndarray
    touched: np.ndarray
    scope: np.ndarray

    def odds(self, rule: np.ndarray, said: np.ndarray, scope: bool, without: tuple[int, ...] = ()) -> float:
        """Logarithm of the odds that words of vector `said` touch a rule of vector `rule` (kernel regression).

        What is off a scope touches no other rules, and the reverse. `without`: rules whose precedents are left out.
        """
        nearness = (self.said @ said + _KIN * (self.rules @ rule)[self.rule]) / _WIDTH
        for number in without:
            nearness[self.rule == number] = -np.inf
        weight = np.exp(nearness - nearness.max())
        return math.log(
            (weight[self.touched & (self.scope == scope)].sum() + 1e-6) / (weight[~self.touched].sum() + 1e-6)
        )


# The rule is about the scope: everything that is not what it names touches it.
_SCOPE = re.compile(
    r"\bonly\b.* (answered|dealt with|discussed|talked about|spoken about|practised|covered|handled|treated|allowed|"
    r"on the agenda|in scope)\b|\bnothing to do with\b|\b(un|not )related\b|\boff[- ]topic\b|\bout of scope\b|"
    r"\b(all |any )?other (questions|topics|requests|matters|subjects)\b|\b(stick|keep|stay) (only )?(to|on|with) |"
    r"\bonly (about|for|on)\b|\banything (else|other|beyond|outside)\b"
)
_OF_TEAM = re.compile(r"\bonly (the |a |an |our )?[\w -]{2,40} (may|can|must|decides?|is allowed|are allowed)\b")
_OF_QUESTIONS = re.compile(
    r"\b(questions?|requests?|enquir\w+|asks?|asked|asking|wants? to know|answers?|answered|explain(ed)?|"
    r"advice on|advise)\b"
)
_OF_DEEDS = re.compile(
    r"\b(say|says|promise[sd]?|promises|offer\w*|insult\w*|threat\w*|remarks?|speaks? of|mention\w*)\b"
)
_FORBIDDING = re.compile(
    r"^((the|a|our) [\w ]{3,25}? (does|do|is|may|must|can)( not|n't)|we do(n't| not)|never|do not|don't|"
    r"must not|may not|"
    r"no|nobody|nothing|avoid|stay (away|out|clear) (from|of)|questions? (about|on|of)|requests? (for|about))\b "
    r"?(say|tell|give|discuss|talk about|answer|comment on|promise|recommend|ask|mention|is said about|about)?\b"
)

# Somebody keeps to the rule: says that it may not be said, or who is to be asked.
_KEEPS = re.compile(
    r"\b(i|we|he|she|they|you|nobody|staff) ((really|just|also|simply|still|unfortunately) )?(can not|may not|must not|"
    r"could not|will not|would not|should not|do not|would never|never|am not (able|allowed|in a position|going|"
    r"supposed|the (right|one))|are not (able|allowed|going|supposed)|would rather not|am in no position|"
    r"would have to (pass|refer|hand|ask)|would (pass|refer|hand|put|send) (that|this|it|you|her|him|them|the))\b|"
    r"\b(is|are) (for|up to) (the|our|a|an) \w+|\bnot (for me|mine|ours|my (place|call|job)|up to me)\b|"
    r"\b(best )?(ask|speak to|talk to|contact|call|see) (the|our|your|a|an) \w+|\b(our|"
    r"the) [\w ]{3,25} (can|will|would) "
    r"(tell|help|explain|answer|advise|decide|look)|\bno comment\b|\bplease do not\b|\bi leave that to\b"
)
_COMMAND = re.compile(
    r"^((and|so|but|okay|now|please|just|then|well|hey|come on|um|uh|like|no|never mind \w+),? )*(tell|give|show|write|"
    r"draft|explain|translate|find|help|list|name|recommend|suggest|let|make|book|sing|play|read|solve|calculate|"
    r"imagine|pretend|forget|ignore|stop|print|repeat|describe|entertain|come|drop|break|talk|speak|be|act|set|mark|"
    r"count|pass|say|admit|guess|predict|compare|send|get|teach|walk)\b"
)
_DEED = re.compile(r"\b(i|we) (would|will|am going to|have|had|just|always)\b|^(first|then|so) (i|we)\b")


def is_scope(rule: str) -> bool:
    """Whether the rule names what may be talked about, so that everything else touches it."""
    plain = words.plain(rule)
    return bool(_SCOPE.search(plain)) and not _OF_TEAM.search(plain)


def asks(said: str) -> bool:
    """Whether a sentence of `said` is a question or a request."""
    return any(words.question(part) or _COMMAND.search(words.plain(part)) for part in words.sentences(said) or (said,))


@lru_cache(maxsize=1_000)
def subjects(rule: str) -> tuple[str, ...]:
    """What the rule is about: its wording, without the forbidding, and in its alternatives."""
    plain = words.plain(rule)
    subject = _FORBIDDING.sub("", plain).strip(" .")
    parts = [part.strip() for part in re.split(r"\bor\b|[,;:.]", subject) if len(part.split()) > 2]
    return tuple(dict.fromkeys(text for text in (plain, subject, *parts) if text))


@dataclass(frozen=True)
class Reading:
    """How probably the words touch the rule, whether that is enough, and the sentence that does it most."""

    probability: float
    touched: bool
    quote: str


def reading(rule: str, said: str, knowledge: tuple[str, ...] = ()) -> Reading:
    """What `said` comes to for the rule; `knowledge` may be talked about. Raises the models' ModelMissing."""
    fitted = _fitted()
    signs, least = fitted["signs"], fitted["touched"]
    total = fitted["bias"] + _KNOWN_WEIGHT * known(said, knowledge)
    total += sum(signs[name] * value for name, value in features(rule, said).items())
    if abs(total - least) <= abs(signs["network"]) * _LOUDEST:  # otherwise the network could not turn it
        total += sum(signs[name] * value for name, value in read(rule, said).items())
    return Reading(1 / (1 + math.exp(-max(-30.0, min(30.0, total)))), total >= least, _quote(rule, said))


def known(said: str, knowledge: tuple[str, ...]) -> float:
    """How far a passage of `knowledge` says what is said or answers what is asked: 0 for hardly, up to 2."""
    passages = embed.matrix(tuple(words.plain(text) for text in knowledge))
    likeness = max(embed.nearest(vector, passages)[0] for vector in _vectors(said))
    return 10 * max(0.0, likeness - _KNOWN)


def _vectors(said: str) -> list[np.ndarray]:
    """Of the whole, and of each sentence."""
    return [embed.vector(text) for text in dict.fromkeys(words.plain(part) for part in (said, *words.sentences(said)))]


def read(rule: str, said: str) -> dict[str, float]:
    """What the network reads. Raises entail.ModelMissing."""
    return {"network": entail.logit("rule", rule, said)}


def prepare(rule: str) -> None:
    """Embed the rule now, so that the first turn does not wait for it. Raises embed.ModelMissing."""
    embed.matrix(subjects(rule))


def of_deeds(rule: str) -> bool:
    """Whether the rule forbids saying something, rather than answering questions."""
    return bool(_OF_DEEDS.search(words.plain(rule)))


def version() -> str:
    """The network's and the fit's name, for the record."""
    return f"{entail.model_name()} guard-{_fitted()['version']}"


def _quote(rule: str, said: str) -> str:
    sentences = words.sentences(said)
    if len(sentences) < 2:
        return said
    law, known, scope = embed.vector(words.plain(rule)), _precedents(), is_scope(rule)
    return max(sentences, key=lambda sentence: known.odds(law, embed.vector(words.plain(sentence)), scope))


@cache
def _precedents() -> Precedents:
    with np.load(PRECEDENTS) as held:
        rules, said = (held[name].astype(np.float32) / 127 for name in ("rules", "said"))
        return Precedents(rules, said, held["rule"].astype(np.int64), held["touched"], held["scope"])


@cache
def _fitted() -> dict[str, Any]:
    if not FIT.is_file() or not PRECEDENTS.is_file():
        raise entail.ModelMissing(
            f"coachtool/coaching/weights/{FIT.name} or {PRECEDENTS.name} is missing: they are part of the source, and "
            "python -m coachtool.coaching.training.fit_guard writes them."
        )
    text = FIT.read_text(encoding="utf-8")
    return json.loads(text) | {"version": hashlib.sha256(text.encode()).hexdigest()[:8]}


def features(
    rule: str, said: str, precedents: Precedents | None = None, without: tuple[int, ...] = ()
) -> dict[str, float]:
    """What there is to weigh, without the network's reading; `precedents` and `without` are for the fit."""
    precedents = precedents or _precedents()
    plain = words.plain(said)
    vectors = _vectors(said)
    law = embed.vector(words.plain(rule))
    about = embed.matrix(subjects(rule))
    asked, scope = asks(said), is_scope(rule)
    of_questions = bool(_OF_QUESTIONS.search(words.plain(rule)))
    odds = [precedents.odds(law, vector, scope, without) for vector in vectors]
    near = max(embed.nearest(vector, about)[0] for vector in vectors)
    ruled, heard = topics.of_rule(rule), topics.of_words(said)
    keeps = bool(_KEEPS.search(plain)) and not asked
    return {
        "precedents": max(odds),
        "precedents_whole": odds[0],
        "near": 10 * (near - 0.7),
        "asks": float(asked),
        "told_of": float(not asked and of_questions),
        "keeps": float(keeps),
        "deed": float(bool(_DEED.search(plain)) and not asked),
        "overlap": min(3, len(words.content(said) & words.content(rule))),
        "length": min(1.0, len(plain.split()) / 40),
        "topic": float(bool(ruled & heard)),
        "topic_missed": float(bool(ruled) and not ruled & heard),
        "topic_kept": float(bool(ruled & heard) and keeps),
        "topic_asked": float(bool(ruled & heard) and asked),
        "scope": float(scope),
        "scope_asks": float(scope and asked),
        "scope_near": float(scope) * 10 * (near - 0.7),
    }
