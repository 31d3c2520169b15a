"""Train the judge's network on written cases: `python -m coachtool.coaching.training.train --help`.

Runs on a CPU in about an hour. Every worker is a process with one thread, and their gradients are averaged:
on a machine that does other things as well, that is faster than one process with several threads.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, distributed, multiprocessing
from torch.nn import functional

from coachtool.coaching import entail
from coachtool.coaching.training import cases
from coachtool.coaching.training.network import start

_TOKENS = 900  # per batch and worker
_MOST = 1.0  # gradient norm


def rows(tokenizer: Tokenizer, pairs: list[cases.Pair]) -> list[tuple[list[int], list[int]]]:
    """Token ids and segments of each pair, laid out as the product does."""
    return [entail.layout(tokenizer, pair.task, pair.text, pair.said) for pair in pairs]


def tensors(laid: list[tuple[list[int], list[int]]]) -> tuple[Tensor, Tensor, Tensor]:
    """Ids, mask and segments, padded to the longest."""
    ids, mask, segments = entail.padded(laid)
    return torch.from_numpy(ids), torch.from_numpy(mask), torch.from_numpy(segments)


def train(rank: int, options: argparse.Namespace) -> None:
    """One worker: its share of each step's batch, with gradients averaged over all workers."""
    torch.set_num_threads(1)
    torch.manual_seed(options.seed + rank)
    if options.workers > 1:
        os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
        distributed.init_process_group(
            "gloo", init_method=f"tcp://127.0.0.1:{options.port}", rank=rank, world_size=options.workers
        )
    judge = start(options.start)
    judge.word.weight.requires_grad = False
    for layer in judge.layers[: options.freeze]:
        layer.requires_grad_(False)
    free = [weight for weight in judge.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(free, lr=options.rate, weight_decay=0.01)
    plan = _plan(Tokenizer.from_file(str(entail.WEIGHTS / "tokenizer.json")), options)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / 30) * max(options.floor, 1 - step / len(plan))
    )
    began, mean = time.time(), 0.0
    for step, shares in enumerate(plan):
        laid, met = shares[rank]
        judge.train()
        loss = functional.binary_cross_entropy_with_logits(judge(*tensors(laid)), torch.tensor(met))
        optimizer.zero_grad()
        loss.backward()
        _average(free, options.workers)
        torch.nn.utils.clip_grad_norm_(free, _MOST)
        optimizer.step()
        schedule.step()
        mean = loss.item() if not step else 0.98 * mean + 0.02 * loss.item()
        if rank == 0 and step % 20 == 0:
            print(f"{step}/{len(plan)} loss {mean:.3f} {time.time() - began:.0f} s", flush=True)
        if rank == 0 and (step % 50 == 49 or step + 1 == len(plan)):
            torch.save(judge.state_dict(), f"{options.out}.part")
            os.replace(f"{options.out}.part", options.out)
    if options.workers > 1:
        distributed.destroy_process_group()


def _plan(tokenizer: Tokenizer, options: argparse.Namespace) -> list[list[tuple[list, list[float]]]]:
    """Every step's batches, one for each worker; the same in all of them."""
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
        found = cases.batches([len(ids) for ids, _ in laid], _TOKENS, chance)
        ready = [([laid[i] for i in batch], [float(pairs[i].met) for i in batch]) for batch in found]
        steps += [ready[i : i + options.workers] for i in range(0, len(ready) - options.workers + 1, options.workers)]
    return steps[: options.steps]


def _average(free: list[Tensor], workers: int) -> None:
    if workers == 1:
        return
    flat = torch.cat([weight.grad.view(-1) for weight in free])
    distributed.all_reduce(flat)
    flat /= workers
    cursor = 0
    for weight in free:
        weight.grad.copy_(flat[cursor : cursor + weight.numel()].view_as(weight))
        cursor += weight.numel()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    here = Path(__file__).parent
    parser.add_argument("--start", type=Path, required=True, help="model.onnx of the reranker, or an earlier --out")
    parser.add_argument("--cases", type=Path, default=here / "data", help="folder of our cases")
    parser.add_argument("--ours", type=int, default=10**9, help="how many of our answers at most")
    parser.add_argument("--general", type=Path, help="pairs.jsonl.gz with entailment labels, mixed in")
    parser.add_argument("--most", type=int, default=9000, help="general pairs per epoch")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--steps", type=int, default=10**9, help="stop after so many")
    parser.add_argument("--rate", type=float, default=8e-5)
    parser.add_argument("--floor", type=float, default=0.05, help="the least share of the rate")
    parser.add_argument("--freeze", type=int, default=0, help="how many of the lowest layers stay as they are")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--port", type=int, default=29571)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    if options.workers == 1:
        train(0, options)
    else:
        multiprocessing.spawn(train, args=(options,), nprocs=options.workers)


if __name__ == "__main__":
    main()
