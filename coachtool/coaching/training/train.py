"""Train the judge's network on written cases: `python -m coachtool.coaching.training.train --help`.

Runs on a CPU. The arithmetic is in bfloat16 with weights in float32, nearly twice as fast where the processor has it
(AVX-512 BF16); where it has not, `--float32` is faster.

`--easy` names an exported network. What that one knows already is read one time in five and counts five-fold: the
gradient stays the same on average (Katharopoulos and Fleuret, "Not All Samples Are Created Equal", 2018).
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from coachtool.coaching import entail
from coachtool.coaching.training import cases
from coachtool.coaching.training.network import start

_TOKENS = 1800  # per batch
_MOST = 1.0  # gradient norm
_WARM = 40  # steps
_HEAD = 5  # how much faster the head learns, which begins with nothing
_EASY, _ONE_IN = 0.15, 5  # the loss below which a pair is easy, and how many of those stand for one that is read
_AT_ONCE = 24  # batches that are looked through for easy ones together


class Batch(NamedTuple):
    """Token ids, whether each pair is met (0 or 1), and for how many pairs it stands."""

    laid: list[list[int]]
    met: list[float]
    counts: list[float]


def rows(tokenizer: Tokenizer, pairs: list[cases.Pair]) -> list[list[int]]:
    """Token ids of each pair, laid out as the product does."""
    return [entail.layout(tokenizer, pair.task, pair.text, pair.said) for pair in pairs]


def tensors(laid: list[list[int]]) -> tuple[Tensor, Tensor]:
    """Ids and mask, padded to the longest."""
    ids, mask = entail.padded(laid)
    return torch.from_numpy(ids), torch.from_numpy(mask)


def train(options: argparse.Namespace) -> None:
    """One run; the weights are written every fifty steps and at the end."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    judge = start(options.start)
    judge.train()
    for part in (judge.word, judge.position, *judge.layers[: options.freeze]):
        part.requires_grad_(False)
    learning = (judge.norm, judge.distance, *judge.layers[options.freeze :])
    body = [weight for part in learning for weight in part.parameters()]
    head = [*judge.pool.parameters(), *judge.head.parameters()]
    free = body + head
    groups = [{"params": body}, {"params": head, "lr": options.rate * _HEAD}]
    optimizer = torch.optim.AdamW(groups, lr=options.rate, weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / _WARM) * max(options.floor, 1 - step / options.steps)
    )
    began, mean = time.time(), 0.0
    plan = _plan(Tokenizer.from_file(str(entail.WEIGHTS / "tokenizer.json")), options)
    for step, batch in enumerate(islice(plan, options.steps)):
        with torch.autocast("cpu", torch.bfloat16, enabled=not options.float32):
            logits = judge(*tensors(batch.laid))
        counts = torch.tensor(batch.counts)
        losses = functional.binary_cross_entropy_with_logits(logits.float(), torch.tensor(batch.met), reduction="none")
        loss = (losses * counts).sum() / counts.sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(free, _MOST)
        optimizer.step()
        schedule.step()
        mean = loss.item() if not step else 0.98 * mean + 0.02 * loss.item()
        if step % 20 == 0:
            print(f"{step}/{options.steps} loss {mean:.3f} {time.time() - began:.0f} s", flush=True)
        if step % 50 == 49 or step + 1 == options.steps:
            torch.save(judge.state_dict(), f"{options.out}.part")
            os.replace(f"{options.out}.part", options.out)


def _plan(tokenizer: Tokenizer, options: argparse.Namespace) -> Iterator[Batch]:
    """Batch after batch, epoch after epoch."""
    chance = random.Random(options.seed)
    ours = [pair for pair in cases.written(options.cases) if not cases.held_out(pair)]
    chance.shuffle(ours)
    ours = [
        pair
        for task, most in (("point", options.points), ("rule", options.rules))
        for pair in [pair for pair in ours if pair.task == task][:most]
    ]
    known = onnxruntime.InferenceSession(str(options.easy)) if options.easy else None
    while True:
        pairs = cases.varied(ours, chance)
        if options.general:
            pairs += cases.general(options.general, options.most, chance)
        epoch = _batches(rows(tokenizer, pairs), [float(pair.met) for pair in pairs], [1.0] * len(pairs), chance)
        for first in range(0, len(epoch), _AT_ONCE):
            some = epoch[first : first + _AT_ONCE]
            yield from _harder(known, some, chance) if known else some


def _batches(laid: list[list[int]], met: list[float], counts: list[float], chance: random.Random) -> list[Batch]:
    found = cases.batches([len(ids) for ids in laid], _TOKENS, chance)
    return [Batch([laid[i] for i in some], [met[i] for i in some], [counts[i] for i in some]) for some in found]


def _harder(known: onnxruntime.InferenceSession, batches: list[Batch], chance: random.Random) -> list[Batch]:
    """The same with one in `_ONE_IN` of those pairs that `known` gets right without doubt."""
    laid, met, counts = [], [], []
    for batch in batches:
        ids, mask = entail.padded(batch.laid)
        logits = known.run(None, {"ids": ids, "mask": mask})[0]
        losses = np.logaddexp(0, np.where(batch.met, -logits, logits))
        for ids, is_met, loss in zip(batch.laid, batch.met, losses, strict=True):
            easy = loss < _EASY
            if not easy or chance.random() < 1 / _ONE_IN:
                laid.append(ids)
                met.append(is_met)
                counts.append(float(_ONE_IN) if easy else 1.0)
    return _batches(laid, met, counts, chance)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    here = Path(__file__).parent
    parser.add_argument(
        "--start", type=Path, required=True, help="an MPNet (safetensors or a zip), or an earlier --out"
    )
    parser.add_argument("--cases", type=Path, default=here / "data", help="folder of our cases")
    parser.add_argument("--points", type=int, help="how many of our answers to key points at most")
    parser.add_argument("--rules", type=int, help="how many of our words beside rules at most")
    parser.add_argument("--general", type=Path, help="pairs.jsonl.gz with entailment labels, mixed in")
    parser.add_argument("--most", type=int, default=9000, help="general pairs per epoch")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--rate", type=float, default=4e-5)
    parser.add_argument("--floor", type=float, default=0.05, help="the least share of the rate")
    parser.add_argument("--freeze", type=int, default=0, help="how many of the lowest layers stay as they are")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--easy", type=Path, help="an exported network: what it knows is read less often")
    parser.add_argument("--float32", action="store_true", help="no bfloat16")
    parser.add_argument("--seed", type=int, default=7)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
