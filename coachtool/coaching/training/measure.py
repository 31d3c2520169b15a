"""A trained network on the workplaces that were kept out: `python -m coachtool.coaching.training.measure --help`."""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from coachtool.coaching.training import cases
from coachtool.coaching.training.network import Judge
from coachtool.coaching.training.train import rows, tensors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", type=Path, help="what train.py wrote")
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json of all-MiniLM-L6-v2")
    parser.add_argument("--cases", type=Path, default=Path(__file__).parent / "data")
    options = parser.parse_args()
    torch.set_num_threads(1)
    kept = [pair for pair in cases.written(options.cases) if cases.held_out(pair)]
    shown, met = _shown(options, kept), np.array([pair.met for pair in kept])
    print(f"{len(kept)} pairs of {len({pair.workplace for pair in kept})} workplaces")
    print(f"area under the curve {_area(shown, met):.3f}")
    for cut in (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95):
        said = shown >= cut
        print(
            f"at {cut:.2f}: accuracy {(said == met).mean():.3f}, false met {said[~met].mean():.3f}, "
            f"missed {(~said)[met].mean():.3f}"
        )
    kinds = defaultdict(list)
    for pair, probability in zip(kept, shown, strict=True):
        kinds[("met " if pair.met else "not ") + pair.kind].append((probability >= 0.5) == pair.met)
    for kind, right in sorted(kinds.items()):
        print(f"{kind:24} {sum(right):3} of {len(right)}")


def _shown(options: argparse.Namespace, pairs: list[cases.Pair]) -> np.ndarray:
    """The probability that each is met."""
    judge = Judge()
    judge.load_state_dict(torch.load(options.network))
    judge.eval()
    laid = rows(Tokenizer.from_file(str(options.tokenizer)), pairs)
    with torch.inference_mode():
        return np.concatenate([torch.sigmoid(judge(*tensors([each]))).numpy() for each in laid])


def _area(shown: np.ndarray, met: np.ndarray) -> float:
    return float((shown[met][:, None] > shown[~met][None, :]).mean())


if __name__ == "__main__":
    main()
