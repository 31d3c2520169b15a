"""Fit what weighs the guard's signs (../touching.py): `python -m coachtool.coaching.training.fit_guard`.

Writes weights/precedents.npz (rules and what was said to them, as vectors) and weights/guard.json (coefficients and
bound). Fitted on rules that the network was not trained on: those of the kept-out workplaces, those of precedents/,
and those of labelled conversations that are not held. Run it again after the network was trained: a few minutes on one
core.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from coachtool.coaching import embed, entail, touching, words
from coachtool.coaching.training import cases

HERE = Path(__file__).parent
READ, UNREAD = HERE / "data", HERE / "precedents"

_MOST_FALSE = 0.05  # share of the turns that touch nothing and may be stopped all the same: they are near misses
_PENALTY = 5.0  # on the squares of the coefficients of features of unit variance
_STRANGE = 0.2  # weight of words beside a rule that they were not written for: most of these are easy
_CONVERSATION = 2.0  # weight of a labelled conversation's turn beside one of its guardrails
_KIN = 0.8  # from this cosine two rules may be about the same: not used as strangers
_FOLDS = 6


@dataclass(frozen=True)
class Row:
    """A rule, what was said, whether that touches it, and how much that weighs.

    `case` is the number of the rule that the words were written for, -1 for none; rows of one `group` are left out of
    a fit together, and those of one `turn` are the same words beside several rules.
    """

    rule: str
    said: str
    touched: bool
    weight: float
    case: int
    group: str
    turn: str


def rules(directory: Path) -> list[dict]:
    """The rules of all files in `directory`, each with what was said to it."""
    return [case for case in cases.lines(directory) if "rule" in case]


def precedents(written: list[dict]) -> touching.Precedents:
    """The vectors of rules and words. Turns in which other matters come first are left out: they are near to those.

    So are scenes: beside a rule with exceptions, words on both sides of one lie as near.
    """
    said, rule, touched, scope = [], [], [], []
    for number, case in enumerate(written):
        for label, kind, text, *_ in () if "scene" in case else case["said"]:
            if kind != "buried":
                said.append(embed.vector(words.plain(text)))
                rule.append(number)
                touched.append(label == "touch")
                scope.append(touching.is_scope(case["rule"]))
    laws = np.stack([embed.vector(words.plain(case["rule"])) for case in written])
    return touching.Precedents(laws, np.stack(said), np.array(rule), np.array(touched), np.array(scope))


def rows(written: list[dict], kept: list[int], chance: random.Random) -> list[Row]:
    """What was said to the rules `kept`, beside its own rule and beside another that is about something else.

    In a scene the others are the other rules of it.
    """
    laws = np.stack([embed.vector(words.plain(case["rule"])) for case in written])
    found = []
    for number in kept:
        case = written[number]
        strangers = [
            other
            for other in kept
            if laws[other] @ laws[number] < _KIN and not touching.is_scope(written[other]["rule"])
        ]
        for turn, (label, _, text, *_) in enumerate(case["said"]):
            scene = case.get("scene")
            of = number, scene or case["id"], f"{scene or number} {turn}"
            found.append(Row(case["rule"], text, label == "touch", 1.0, *of))
            if not scene:
                found.append(Row(written[chance.choice(strangers)]["rule"], text, False, _STRANGE, *of))
    return found


def conversations(path: Path) -> list[Row]:
    """The last turn of each case that is not held, beside each of its guardrails; scenes are told by their rules."""
    found = []
    for case in cases.objects(path):
        if case.get("held"):
            continue
        said = next(turn["text"] for turn in reversed(case["turns"]) if turn["role"] == "learner")
        scene = " ".join(each["rule"] for each in case["guardrails"])
        for each in case["guardrails"]:
            touched = each["name"] == case["expected"]
            found.append(Row(each["rule"], said, touched, _CONVERSATION, -1, scene, case["id"]))
    return found


def matrix(found: list[Row], written: list[dict], known: touching.Precedents) -> tuple[list[str], np.ndarray]:
    """The features of each row, judged without the precedents of its rule and of the rule its words were said to."""
    number = {case["rule"]: index for index, case in enumerate(written)}
    table = [
        touching.features(row.rule, row.said, known, (number.get(row.rule, -1), row.case))
        | touching.read(row.rule, row.said)
        for row in found
    ]
    return list(table[0]), np.array([list(entry.values()) for entry in table])


def fit(values: np.ndarray, touched: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, float]:
    """Coefficients and bias of a logistic regression, rows weighed by `share`, with a penalty on the squares (Newton's
    method)."""
    mean, spread = values.mean(0), values.std(0) + 1e-6
    table = np.hstack([(values - mean) / spread, np.ones((len(values), 1))])
    penalty = np.diag([_PENALTY] * values.shape[1] + [1e-6])
    found = np.zeros(table.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-table @ found))
        slope = table.T @ (share * (chance - touched)) + penalty @ found
        curve = (table * (share * chance * (1 - chance))[:, None]).T @ table + penalty
        found -= np.linalg.solve(curve, slope)
    return found[:-1] / spread, float(found[-1] - (found[:-1] * mean / spread).sum())


def by_turn(found: list[Row], scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each turn: its highest score, whether it touches its rule, and whether that rule has the highest score."""
    turns: dict[str, list[int]] = {}
    for index, row in enumerate(found):
        turns.setdefault(row.turn, []).append(index)
    best = [max(indices, key=lambda index: scores[index]) for indices in turns.values()]
    touches = np.array([any(found[index].touched for index in indices) for indices in turns.values()])
    return scores[best], touches, np.array([found[index].touched for index in best])


def bound(scores: np.ndarray, touches: np.ndarray, most: float = _MOST_FALSE) -> float:
    """The least score that at most the share `most` of the turns that touch nothing reach."""
    return float(np.quantile(scores[~touches], 1 - most))


def area(scores: np.ndarray, touched: np.ndarray) -> float:
    """Area under the ROC curve."""
    rank = np.empty(len(scores))
    rank[np.argsort(scores)] = np.arange(1, len(scores) + 1)
    count = touched.sum()
    return float((rank[touched].sum() - count * (count + 1) / 2) / count / (len(scores) - count))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=float, default=_MOST_FALSE, help="share of false triggers that sets the bound")
    parser.add_argument("--bound", type=float, help="the bound itself, instead of --most")
    parser.add_argument(
        "--conversations", type=Path, nargs="*", default=[], help="labelled cases, as the bench reads them"
    )
    options = parser.parse_args()
    read, unread = rules(READ), rules(UNREAD)
    written = read + unread
    kept = [
        number
        for number, case in enumerate(written)
        if number >= len(read) or cases.held_out(cases.Pair("", "", False, "", case["workplace"]))
    ]
    known = precedents(written)
    found = rows(written, kept, random.Random(7))
    found += [row for path in options.conversations for row in conversations(path)]
    names, values = matrix(found, written, known)
    touched = np.array([row.touched for row in found])
    share = np.array([row.weight for row in found])
    fold = np.array([int(sha256(row.group.encode()).hexdigest(), 16) % _FOLDS for row in found])
    scores = np.zeros(len(found))
    for each in range(_FOLDS):
        inside = fold != each
        weights, bias = fit(values[inside], touched[inside], share[inside])
        scores[fold == each] = values[fold == each] @ weights + bias
    best, touches, right = by_turn(found, scores)
    least = bound(best, touches, options.most) if options.bound is None else options.bound
    print(f"{len(kept)} rules, {len(touches)} turns, {len(found)} rows; every rule judged without its own precedents")
    print(f"area {area(scores, touched):.3f}; by turn {area(best, touches):.3f}")
    for most in (0.01, 0.02, 0.03, 0.05, 0.1):
        over = best >= bound(best, touches, most)
        print(f"  false {most:.2f}: recall {over[touches].mean():.3f}, right {right[over & touches].mean():.3f}")
    weights, bias = fit(values, touched, share)
    print("  ".join(f"{name} {weight:.2f}" for name, weight in zip(names, weights, strict=True)))
    np.savez_compressed(
        touching.PRECEDENTS,
        rules=np.round(known.rules * 127).astype(np.int8),
        said=np.round(known.said * 127).astype(np.int8),
        rule=known.rule.astype(np.int16),
        touched=known.touched,
        scope=known.scope,
    )
    coefficients = {name: round(float(weight), 4) for name, weight in zip(names, weights, strict=True)}
    data = {"bias": round(bias, 4), "signs": coefficients, "touched": round(least, 3), "rows": len(found)}
    touching.FIT.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    print(f"written: {touching.FIT.name}, {touching.PRECEDENTS.name} ({entail.model_name()})")


if __name__ == "__main__":
    main()
