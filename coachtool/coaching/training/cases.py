"""Training pairs: written conversation cases, general sentence pairs, and what is made of both."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

HELD_OUT = 8
"""One workplace in about so many is kept out of training, whole, to measure on."""

_GENERAL = {"snli": 10, "conjnli": 6, "negation": 5, "med": 1, "help": 1}  # shares of the sources
_ELSEWHERE = 0.2  # how often words that show one key point are set beside another, which they do not show
_TOGETHER = 0.1  # how often two answers are said in one turn
_UNHEARD = 0.4  # how often what was said before is left out
_BARE = 0.15  # how often the words come as a recogniser gives them, without punctuation


@dataclass(frozen=True)
class Pair:
    """A key point, what was said before, what the learner said, and whether that shows the key point."""

    key_point: str
    before: str
    said: str
    met: bool
    kind: str
    workplace: str = ""
    case: str = ""


def written(directory: Path) -> list[Pair]:
    """The cases of all `*.jsonl` in `directory`, in the order of their files."""
    pairs = []
    for path in sorted(directory.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                pairs += _pairs(json.loads(line))
    return pairs


def _pairs(case: dict) -> Iterator[Pair]:
    for label, kind, said, *own in case["said"]:
        text = " ".join(said) if isinstance(said, list) else said
        before = own[0] if own else case["before"]
        yield Pair(case["key_point"], before, text, label == "met", kind, case["workplace"], case["id"])


def held_out(pair: Pair) -> bool:
    """Whether the pair belongs to a workplace that is kept for measuring."""
    return sha256(pair.workplace.encode()).digest()[0] % HELD_OUT == 0


def general(path: Path, most: int, chance: random.Random) -> list[Pair]:
    """Sentence pairs with entailment labels: the hypothesis stands for the key point, the premise for what was said."""
    by_source: dict[str, list[Pair]] = {source: [] for source in _GENERAL}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            pair = Pair(row["hypothesis"], "", row["premise"], row["label"] == "entailment", row["source"])
            by_source[row["source"]].append(pair)
    found = []
    for source, share in _GENERAL.items():
        chance.shuffle(by_source[source])
        found += by_source[source][: most * share // sum(_GENERAL.values())]
    return found


def varied(pairs: list[Pair], chance: random.Random) -> list[Pair]:
    """`pairs` as they are read in one epoch: some answers beside another key point, some two in one turn."""
    places: dict[str, list[Pair]] = {}
    for pair in pairs:
        places.setdefault(pair.workplace, []).append(pair)
    found = []
    for case in {pair.case: pair for pair in pairs}.values():
        found += _stated(case, chance)
    for pair in pairs:
        found.append(_heard(pair, chance))
        other = chance.choice(places[pair.workplace])
        if other.case == pair.case:
            continue
        if pair.met and chance.random() < _ELSEWHERE:
            found.append(_heard(replace(pair, key_point=other.key_point, met=False, kind="elsewhere"), chance))
        if other.met and len(pair.said) + len(other.said) < 350 and chance.random() < _TOGETHER:
            said = [pair.said, other.said]
            chance.shuffle(said)
            found.append(_heard(replace(pair, said=" ".join(said)), chance))
    return found


_STATED = re.compile(
    r"^(?:[A-Z]\w+s(?: [\w' ]{1,30})? that (?P<rest>.+)|(?P<whole>(?:The|It|A|An|If|When|We|Every|No) .+))$"
)
_LEADS = ("", "", "Just so you know, ", "Right, ", "So ", "The thing is, ", "Okay, ")
_DOUBTS = ("Is it right that {}?", "My colleague says that {}.", "Maybe {}, I'm not sure.", "I doubt that {}.")


def _stated(case: Pair, chance: random.Random) -> Iterator[Pair]:
    """A key point that is a statement, said nearly as it is written: plainly, with another figure, or in doubt."""
    found = _STATED.match(case.key_point.rstrip("."))
    if not found:
        return
    stated = found["rest"] or found["whole"][0].lower() + found["whole"][1:]
    yield replace(case, said=f"{chance.choice(_LEADS)}{stated}.", met=True, kind="stated", before="")
    if chance.random() < 0.5:
        yield replace(case, said=chance.choice(_DOUBTS).format(stated), met=False, kind="stated", before="")
    if figure := re.search(r"\d+", stated):
        other = str(max(2, int(figure[0]) * chance.choice((2, 3, 10)) // chance.choice((1, 3))))
        if other != figure[0]:
            said = f"{chance.choice(_LEADS)}{stated[: figure.start()]}{other}{stated[figure.end() :]}."
            yield replace(case, said=said, met=False, kind="stated", before="")


def _heard(pair: Pair, chance: random.Random) -> Pair:
    before = "" if chance.random() < _UNHEARD else pair.before
    said = re.sub(r"[^\w\s'$£€%]", "", pair.said) if chance.random() < _BARE else pair.said
    return replace(pair, before=before, said=said)


def batches(lengths: Iterable[int], tokens: int, chance: random.Random) -> list[list[int]]:
    """Indices in batches of about `tokens` tokens each, padded little: neighbours are of like length."""
    order = sorted(enumerate(lengths), key=lambda entry: (entry[1] // 6, chance.random()))
    found, batch, widest = [], [], 0
    for index, length in order:
        if batch and max(widest, length) * (len(batch) + 1) > tokens:
            found.append(batch)
            batch, widest = [], 0
        batch.append(index)
        widest = max(widest, length)
    if batch:
        found.append(batch)
    chance.shuffle(found)
    return found
