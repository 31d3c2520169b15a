"""Fit how the network's reading and the rules are weighed, and the unclear band, on words the network has not seen.

Logistic regression on the kept-out workplaces' answers, alone and joined with another answer, and, where given, on
labelled conversations; the bounds come from predictions of fits that left the case's group out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from pathlib import Path

import numpy as np

from coachtool.coaching import entail, weigh
from coachtool.coaching.training import cases

_RIDGE = 3.0  # how strongly the rules' weights are held to zero
_FOLDS = 8
_MET = 0.8  # the bound for met: the lowest at which conversations that are not held have few false ones
_BAND = 0.1  # how far below the bound for met the unclear band begins
_ANSWERS = 5000  # kept-out answers that are weighed, at most
_JOINED = 0.4  # share of the kept-out answers that are also read together with another
_CONVERSATION = 2.0  # weight of a conversation's key point beside an answer's

Row = tuple[str, str, int, bool, str, float]  # key point, words, turns, whether they show it, its group, its weight


def answers(pairs: list[cases.Pair], chance: random.Random) -> list[Row]:
    """The kept-out answers, and some of them in one breath with an answer to another key point."""
    places: dict[str, list[cases.Pair]] = {}
    for pair in pairs:
        places.setdefault(pair.workplace, []).append(pair)
    found = []
    for pair in pairs:
        found.append((pair.text, pair.said, 1, pair.met, pair.workplace, 1.0))
        other = chance.choice(places[pair.workplace])
        if other.case != pair.case and chance.random() < _JOINED:
            said = f"{pair.said} {other.said}" if chance.random() < 0.5 else f"{other.said} {pair.said}"
            found.append((pair.text, said, 2, pair.met, pair.workplace, 1.0))
    return found


def conversations(path: Path) -> list[Row]:
    """Each key point of each case beside the likeliest of the learner's turns; held cases are left alone."""
    found = []
    for case in cases.objects(path):
        if case.get("held"):
            continue
        said = [turn["text"] for turn in case["turns"] if turn["role"] == "learner"]
        windows = [(" ".join(said[i : i + n]), n) for n in (1, 2, 3) for i in range(len(said) - n + 1)]
        for point in case["objective"]["key_points"]:
            met = point["id"] in case["expected"]["key_points"]
            words, turns = max(windows, key=lambda each: _likelihood(point["text"], *each))
            found.append((point["text"], words, turns, met, case["objective"]["criterion"], _CONVERSATION))
    return found


def _likelihood(key_point: str, words: str, turns: int) -> float:
    return entail.logit("point", key_point, words) - (turns > 1)


def table(found: list[Row]) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Names and values of the features, the network's first, the labels, and the rows' weights."""
    names = ["network", *weigh.features("a", "b")]
    values = [
        [entail.logit("point", point, weigh.without_claims(said)), *weigh.features(point, said, turns).values()]
        for point, said, turns, *_ in found
    ]
    labels, weights = np.array([row[3] for row in found], float), np.array([row[5] for row in found])
    return names, np.array(values), labels, weights


def regress(values: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The features' weights and, last, the bias, by Newton's method."""
    extended = np.hstack([values, np.ones((len(values), 1))])
    ridge = np.full(extended.shape[1], _RIDGE)
    ridge[0] = ridge[-1] = 0.01
    found = np.zeros(extended.shape[1])
    for _ in range(40):
        chances = 1 / (1 + np.exp(-extended @ found))
        slope = extended.T @ (weights * (chances - labels)) + ridge * found
        curve = (extended * (weights * chances * (1 - chances))[:, None]).T @ extended + np.diag(ridge)
        found -= np.linalg.solve(curve, slope)
    return found


def unseen(values: np.ndarray, labels: np.ndarray, weights: np.ndarray, groups: list[str]) -> np.ndarray:
    """Each row's probability by a fit without its group."""
    fold = np.array([hashlib.sha256(group.encode()).digest()[0] % _FOLDS for group in groups])
    chances = np.zeros(len(labels))
    for number in range(_FOLDS):
        rest = fold != number
        found = regress(values[rest], labels[rest], weights[rest])
        chances[~rest] = 1 / (1 + np.exp(-(values[~rest] @ found[:-1] + found[-1])))
    return chances


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, default=Path(__file__).parent / "data")
    parser.add_argument("--conversations", type=Path, nargs="*", default=[])
    parser.add_argument("--met", type=float, default=_MET)
    parser.add_argument("--band", type=float, default=_BAND)
    parser.add_argument("--out", type=Path, default=entail.WEIGHTS / "fit.json")
    options = parser.parse_args()
    kept = [pair for pair in cases.written(options.cases) if cases.held_out(pair) and pair.task == "point"]
    found = answers(random.Random(4).sample(kept, min(_ANSWERS, len(kept))), random.Random(4))
    found += [row for path in options.conversations for row in conversations(path)]
    names, values, labels, weights = table(found)
    chances = unseen(values, labels, weights, [row[4] for row in found])
    for cut in (0.4, 0.5, 0.6, 0.7, 0.8, options.met):
        said = chances >= cut
        print(
            f"{cut:.3f}: right {(said == labels).mean():.3f} false {said[labels == 0].mean():.3f} "
            f"missed {(~said)[labels == 1].mean():.3f}"
        )
    weighed = regress(values, labels, weights)
    fitted = {
        "network": round(float(weighed[0]), 4),
        "bias": round(float(weighed[-1]), 4),
        "rules": {name: round(float(weight), 4) for name, weight in zip(names[1:], weighed[1:-1], strict=True)},
        "met": options.met,
        "unclear": round(options.met - options.band, 4),
        "rows": len(found),
    }
    fitted["version"] = hashlib.sha256(json.dumps(fitted, sort_keys=True).encode()).hexdigest()[:8]
    options.out.write_text(json.dumps(fitted, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(fitted))


if __name__ == "__main__":
    main()
