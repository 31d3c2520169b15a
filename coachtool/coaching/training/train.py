"""Train the judge's network on written cases: `python -m coachtool.coaching.training.train --help`.

Runs on a CPU. The arithmetic is in bfloat16 with weights in float32, nearly twice as fast where the processor has it
(AVX-512 BF16); where it has not, `--float32` is faster.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from pathlib import Path

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
    optimizer = torch.optim.AdamW(groups, lr=options.rate, weight_decay=0.01)
    plan = _plan(Tokenizer.from_file(str(entail.WEIGHTS / "tokenizer.json")), options)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / _WARM) * max(options.floor, 1 - step / len(plan))
    )
    began, mean = time.time(), 0.0
    for step, (laid, met) in enumerate(plan):
        with torch.autocast("cpu", torch.bfloat16, enabled=not options.float32):
            logits = judge(*tensors(laid))
        loss = functional.binary_cross_entropy_with_logits(logits.float(), torch.tensor(met))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(free, _MOST)
        optimizer.step()
        schedule.step()
        mean = loss.item() if not step else 0.98 * mean + 0.02 * loss.item()
        if step % 20 == 0:
            print(f"{step}/{len(plan)} loss {mean:.3f} {time.time() - began:.0f} s", flush=True)
        if step % 50 == 49 or step + 1 == len(plan):
            torch.save(judge.state_dict(), f"{options.out}.part")
            os.replace(f"{options.out}.part", options.out)


def _plan(tokenizer: Tokenizer, options: argparse.Namespace) -> list[tuple[list[list[int]], list[float]]]:
    """Every step's batch and labels."""
    chance = random.Random(options.seed)
    ours = [pair for pair in cases.written(options.cases) if not cases.held_out(pair)]
    chance.shuffle(ours)
    ours = ours[: options.ours]
    steps = []
    for _ in range(options.epochs):
        pairs = cases.varied(ours, chance)
        if options.general:
            pairs += cases.general(options.general, options.most, chance)
        laid = rows(tokenizer, pairs)
        found = cases.batches([len(ids) for ids in laid], _TOKENS, chance)
        steps += [([laid[i] for i in batch], [float(pairs[i].met) for i in batch]) for batch in found]
    return steps[: options.steps]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    here = Path(__file__).parent
    parser.add_argument(
        "--start", type=Path, required=True, help="an MPNet (safetensors or a zip), or an earlier --out"
    )
    parser.add_argument("--cases", type=Path, default=here / "data", help="folder of our cases")
    parser.add_argument("--ours", type=int, default=10**9, help="how many of our answers at most")
    parser.add_argument("--general", type=Path, help="pairs.jsonl.gz with entailment labels, mixed in")
    parser.add_argument("--most", type=int, default=9000, help="general pairs per epoch")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--steps", type=int, default=10**9, help="stop after so many")
    parser.add_argument("--rate", type=float, default=4e-5)
    parser.add_argument("--floor", type=float, default=0.05, help="the least share of the rate")
    parser.add_argument("--freeze", type=int, default=0, help="how many of the lowest layers stay as they are")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--float32", action="store_true", help="no bfloat16")
    parser.add_argument("--seed", type=int, default=7)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
