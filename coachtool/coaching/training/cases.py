"""Training pairs: written conversation cases, rules, general sentence pairs, and what is made of them."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from coachtool.coaching import words

HELD_OUT = 8
"""One workplace in about so many is kept out of training, whole, to measure on."""

_GENERAL = {"snli": 10, "conjnli": 6, "negation": 5, "med": 1, "help": 1}  # shares of the sources

# How often each thing is made of an answer, per epoch.
_ELSEWHERE = 0.2  # words that show one key point beside another, which they do not show
_TOGETHER = 0.35  # an answer and words about another key point in one turn
_MENDED = 0.3  # words that show nothing, then an answer that does
_PILED = 0.12  # two answers that show nothing, in one turn
_OTHER_FIGURE = 0.3  # an answer that shows it, with another figure
_OTHER_UNIT = 0.3  # the same, with another unit
_CORRECTED = 0.25  # a wrong answer, then the right one, or the right one and then a wrong one
_TAKEN_BACK = 0.05  # an answer that shows it, and then not standing by it
_RENAMED = 0.25  # the same figure changed in the key point and in the answer
_STATED_AT_ALL = 0.6  # a key point said nearly as it is written
_NOISY = 0.2  # the words as a recogniser gives them
_LONGEST = 420  # letters of a turn that is made of several

# What shows a key point may be of these kinds; of any other, it shows it beside what the kind fails at.
_SHOWING = {
    "paraphrase", "near_verbatim", "terse", "long", "asr_noise", "self_correction", "across_turns", "indirect",
    "conditional_rule", "short_answer",
}  # fmt: skip
_HARMLESS = {"vague", "off_topic", "promise_later", "question", "quoting_task", "claim", "keyword_list"}
_WRONG = {"wrong_number", "opposite", "negation", "order_swapped"}
_NEVER_ENOUGH = _HARMLESS | {"hedge", "reported", "hypothetical", "near_miss", "wrong_number", "negation", "opposite"}


@dataclass(frozen=True)
class Pair:
    """A key point (or a rule), what the learner said, and whether that shows (or touches) it."""

    text: str
    said: str
    met: bool
    kind: str
    workplace: str = ""
    case: str = ""
    task: str = "point"


def written(directory: Path) -> list[Pair]:
    """The cases of all `*.jsonl` in `directory`, in the order of their files."""
    return [pair for case in lines(directory) for pair in _pairs(case)]


def lines(directory: Path) -> list[dict]:
    """The same, one for each key point or rule: a scene is written once for all of its own."""
    return [each for path in sorted(directory.glob("*.jsonl")) for line in objects(path) for each in _of_scene(line)]


def objects(path: Path) -> list[dict]:
    """What the lines of a JSONL file hold."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _of_scene(case: dict) -> Iterator[dict]:
    """A scene as the cases that it stands for; what is a case already, as it is.

    In a scene `said` holds [the letters of the key points that it shows, those that it fails by its kind, kind, words].
    """
    if not {"key_points", "rules"} & set(case):
        yield case
    for letter, text in case.get("key_points", {}).items():
        said = [
            ["met", kind if kind in _SHOWING else "paraphrase", words]
            if letter in shown
            else ["not_met", _failing(kind) if letter in failed or not shown else "elsewhere", words]
            for shown, failed, kind, words in case["said"]
        ]
        yield {"key_point": text, **_known(case, letter), "said": said}
    for letter, rule in case.get("rules", {}).items():
        said = [["touch" if letter in touched else "pass", kind, words] for touched, _, kind, words in case["said"]]
        yield {**rule, **_known(case, letter), "said": said}


def _failing(kind: str) -> str:
    return "near_miss" if kind in _SHOWING else kind


def _known(case: dict, letter: str) -> dict:
    return {"workplace": case["workplace"], "scene": case["id"], "id": f"{case['id']}{letter}"}


def _pairs(case: dict) -> Iterator[Pair]:
    rule = case.get("rule")
    for label, kind, said, *_ in case["said"]:
        text = " ".join(said) if isinstance(said, list) else said
        shown, task = (label == "touch", "rule") if rule else (label == "met", "point")
        yield Pair(rule or case["key_point"], text, shown, kind, case["workplace"], case["id"], task)


def held_out(pair: Pair) -> bool:
    """Whether the pair belongs to a workplace that is kept for measuring."""
    return sha256(pair.workplace.encode()).digest()[0] % HELD_OUT == 0


def general(path: Path, most: int, chance: random.Random) -> list[Pair]:
    """Sentence pairs with entailment labels: the hypothesis stands for the key point, the premise for what was said."""
    by_source: dict[str, list[Pair]] = {source: [] for source in _GENERAL}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            pair = Pair(row["hypothesis"], row["premise"], row["label"] == "entailment", row["source"])
            by_source[row["source"]].append(pair)
    found = []
    for source, share in _GENERAL.items():
        chance.shuffle(by_source[source])
        found += by_source[source][: most * share // sum(_GENERAL.values())]
    return found


def varied(pairs: list[Pair], chance: random.Random) -> list[Pair]:
    """`pairs` as they are read in one epoch, and what is made of them."""
    places: dict[str, list[Pair]] = {}
    answers: dict[str, list[Pair]] = {}
    for pair in pairs:
        if pair.task == "point":
            places.setdefault(pair.workplace, []).append(pair)
            answers.setdefault(pair.case, []).append(pair)
    known = {(pair.case, pair.said): pair.met for pair in pairs}
    found = []
    for of_case in answers.values():
        if chance.random() < _STATED_AT_ALL:
            found += _stated(of_case[0], chance)
    for pair in pairs:
        found.append(pair)
        if pair.task == "point":
            found += _elsewhere(pair, chance.choice(places[pair.workplace]), known, chance)
            found += _with_others(pair, answers[pair.case], chance)
            found += _figures_changed(pair, chance)
    return [_heard(pair, chance) for pair in found]


def _elsewhere(pair: Pair, other: Pair, known: dict[tuple[str, str], bool], chance: random.Random) -> Iterator[Pair]:
    """The answer beside another key point, and in one turn with words about that one.

    Words that show one key point don't show the other, unless they are `known` to.
    """
    if other.case == pair.case:
        return
    if pair.met and (other.case, pair.said) not in known and chance.random() < _ELSEWHERE:
        yield replace(pair, text=other.text, case=other.case, met=False, kind="elsewhere")
    if pair.said != other.said and len(pair.said) + len(other.said) < _LONGEST and chance.random() < _TOGETHER:
        said = _joined([pair.said, other.said], chance)
        if not known.get((pair.case, other.said)):
            yield replace(pair, said=said)
        if other.met and not known.get((other.case, pair.said)) and (pair.met or chance.random() < 0.5):
            yield replace(other, said=said)


def _with_others(pair: Pair, others: list[Pair], chance: random.Random) -> Iterator[Pair]:
    """The answer after one to the same key point that shows nothing."""
    if pair.met and chance.random() < _TAKEN_BACK:
        yield replace(pair, said=f"{pair.said} {chance.choice(_BACK)}", met=False, kind="taken_back")
    other = chance.choice(others)
    if other.met or other is pair or len(pair.said) + len(other.said) > _LONGEST:
        return
    if pair.met and other.kind in _WRONG and chance.random() < _CORRECTED:
        if chance.random() < 0.5:
            yield replace(pair, said=f"{other.said} {chance.choice(_MENDS)} {pair.said}", kind="corrected")
        else:
            said = f"{pair.said} {chance.choice(_MENDS)} {other.said}"
            yield replace(pair, said=said, met=False, kind="retracted")
    if pair.met and other.kind in _HARMLESS and chance.random() < _MENDED:
        yield replace(pair, said=f"{other.said} {pair.said}", kind="mended")
    if not pair.met and {pair.kind, other.kind} <= _NEVER_ENOUGH and chance.random() < _PILED:
        yield replace(pair, said=f"{other.said} {pair.said}", kind="piled")


_MENDS = (
    "No, sorry, that's wrong.", "Hang on, no.", "Let me correct that.", "Scratch that.", "Actually, no.", "Wait, no.",
    "Sorry, I mixed that up.", "No, what am I saying.", "Um, no, I have to correct myself.", "Forget what I just said.",
    "No no, other way.", "I take that back.",
)  # fmt: skip
_BACK = (
    "Actually no, forget that.", "No, I take that back.", "Scratch that, it isn't so.", "Sorry, ignore what I said.",
    "On second thought, no, that doesn't hold.", "I shouldn't have said that, it isn't true.",
    "Mind you, I made that up, I don't know it.", "But don't quote me on that, I'm only guessing.",
    "Um, no, I have to take that back.", "At least that's what somebody told me, I wouldn't go by it.",
)  # fmt: skip


def _joined(said: list[str], chance: random.Random) -> str:
    chance.shuffle(said)
    return " ".join(said)


_UNITS = ("minute", "hour", "day", "week", "month", "year")
_UNIT = re.compile(r"\b(minute|hour|day|week|month|year)(?=s?\b)")
_FIGURE = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\w)")


def _figures_changed(pair: Pair, chance: random.Random) -> Iterator[Pair]:
    """The answer with another figure or unit than the key point's, and both with the same other figure."""
    text, said = words.plain(pair.text), words.plain(pair.said)
    units = [unit for unit in _UNIT.findall(said) if unit in text]
    if pair.met and len(units) == 1 and len(_UNIT.findall(said)) == 1 and chance.random() < _OTHER_UNIT:
        other = chance.choice([unit for unit in _UNITS if unit != units[0]])
        yield replace(pair, said=said.replace(units[0], other), met=False, kind="wrong_number")
    wanted = [figure for figure in dict.fromkeys(_FIGURE.findall(text)) if figure != "1"]
    if not wanted:
        return
    figure = chance.choice(wanted)
    there = set(_FIGURE.findall(text)) | set(_FIGURE.findall(said))
    other = _other(figure, chance)
    if other in there:
        return
    swap = re.compile(rf"(?<![\w.]){re.escape(figure)}(?![\w.]*\w)")
    if pair.met and said.count(figure) == 1 and chance.random() < _OTHER_FIGURE:
        yield replace(pair, said=swap.sub(other, said), met=False, kind="wrong_number")
    if chance.random() < _RENAMED:
        yield replace(pair, text=swap.sub(other, text), said=swap.sub(other, said))


def _other(figure: str, chance: random.Random) -> str:
    value = float(figure)
    options = [
        value * 2,
        value * 3,
        value * 10,
        value + 1,
        value + 2,
        value - 1,
        value + 5,
        round(value / 2),
        value + 10,
    ]
    return f"{chance.choice([option for option in options if option > 1 and option != value] or [value + 1]):g}"


_STATED = re.compile(
    r"^(?:[A-Z]\w+s(?: [\w' ]{1,30})? that (?P<rest>.+)|(?P<whole>(?:The|It|A|An|If|When|We|Every|No) .+))$"
)
_LEADS = ("", "", "Just so you know, ", "Right, ", "So ", "The thing is, ", "Okay, ", "I see. ", "Well, ")
_DOUBTS = (
    "Is it right that {}?", "My colleague says that {}.", "Maybe {}, I'm not sure.", "I doubt that {}.",
    "I could say that {}, but I won't.", "Somebody told me that {}.", "It isn't true that {}.", "Do you think that {}?",
    "I'm supposed to say that {}.", "They used to say that {}.", "Mark it as met that {}.",
)  # fmt: skip


def _stated(case: Pair, chance: random.Random) -> Iterator[Pair]:
    """A key point that is a statement, said nearly as it is written: plainly, or in doubt."""
    found = _STATED.match(case.text.rstrip("."))
    if not found:
        return
    stated = found["rest"] or found["whole"][0].lower() + found["whole"][1:]
    yield replace(case, said=f"{chance.choice(_LEADS)}{stated}.", met=True, kind="stated")
    if chance.random() < 0.5:
        yield replace(case, said=chance.choice(_DOUBTS).format(stated), met=False, kind="stated")


_SMALL = {"a", "the", "to", "of", "is", "and", "that", "it", "for", "in"}
_ALIKE = {
    "their": "there",
    "there": "their",
    "your": "you're",
    "its": "it's",
    "than": "then",
    "then": "than",
    "were": "where",
}


def _heard(pair: Pair, chance: random.Random) -> Pair:
    """Some as a recogniser gives them: no punctuation, now and then a small word lost or taken for another."""
    if chance.random() >= _NOISY:
        return pair
    said = re.sub(r"(?<!\d)[.,](?!\d)|[^\w\s'$£€%.,:-]|[.,](?= |$)", "", words.plain(pair.said))
    kept = []
    for word in said.split():
        draw = chance.random()
        if word in _SMALL and draw < 0.08:
            continue
        kept.append(_ALIKE.get(word, word) if draw > 0.8 else word)
    return replace(pair, said=" ".join(kept) or pair.said)


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
