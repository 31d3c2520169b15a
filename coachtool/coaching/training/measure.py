"""The network alone, as it is shipped, on the kept-out workplaces: by kind, and what each threshold gives."""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

from coachtool.coaching import entail
from coachtool.coaching.training import cases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, default=Path(__file__).parent / "data")
    options = parser.parse_args()
    kept = [pair for pair in cases.written(options.cases) if cases.held_out(pair)]
    print(entail.model_name())
    for task in ("point", "rule"):
        _report(task, [pair for pair in kept if pair.task == task])


def _report(task: str, pairs: list[cases.Pair]) -> None:
    shown = np.array([entail.probability(task, pair.text, pair.said) for pair in pairs])
    met = np.array([pair.met for pair in pairs])
    print(f"{task}: {len(pairs)} answers of {len({pair.workplace for pair in pairs})} workplaces")
    print(f"area under the curve {_area(shown, met):.3f}")
    for cut in (0.3, 0.5, 0.7, 0.8, 0.9, 0.95):
        said = shown >= cut
        print(
            f"at {cut:.2f}: accuracy {(said == met).mean():.3f}, false {said[~met].mean():.3f}, "
            f"missed {(~said)[met].mean():.3f}"
        )
    kinds = defaultdict(list)
    for pair, probability in zip(pairs, shown, strict=True):
        kinds[("yes " if pair.met else "no ") + pair.kind].append((probability >= 0.5) == pair.met)
    for kind, right in sorted(kinds.items()):
        print(f"{kind:24} {sum(right):3} of {len(right)}")


def _area(shown: np.ndarray, met: np.ndarray) -> float:
    return float((shown[met][:, None] > shown[~met][None, :]).mean())


if __name__ == "__main__":
    main()
