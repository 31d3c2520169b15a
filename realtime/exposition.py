"""The pool's figures in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from realtime.pool import Pool
from realtime.worker.metrics import BUCKETS

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[str, Mapping[str, str], float]  # what follows the metric's name, labels, value


def text(pool: Pool, counts: Mapping[str, float]) -> str:
    """One block per metric; `counts` as `pool.counts` has them."""
    workers = pool.workers

    def each(figure: str) -> list[Sample]:
        return [("", {"worker": worker.name}, getattr(worker, figure)) for worker in workers]

    blocks = (
        _block("slots", "gauge", "Conversations that a worker serves at a time", each("slots")),
        _block("leases", "gauge", "Conversations that a worker serves now", each("taken")),
        _block("draining", "gauge", "1 while a worker is about to end", each("draining")),
        _block("seen_seconds", "gauge", "Since a worker's last sign of life", each("age")),
        _block("waiting", "gauge", "Conversations that wait for a worker", [("", {}, len(pool.waiting))]),
        _block("leases_total", "counter", "Leases that are over", [("", {}, counts["leases"])]),
        _block(
            "failover_seconds",
            "summary",
            "How long conversations that lost their worker had none",
            [("_sum", {}, counts["failover_seconds"]), ("_count", {}, counts["failovers"])],
        ),
        _block(
            "stage_seconds",
            "histogram",
            "How long each stage of a worker takes",
            [
                sample
                for worker in workers
                for stage, kept in sorted(worker.stages.items())
                for sample in _histogram({"worker": worker.name, "stage": stage}, kept)
            ],
        ),
    )
    return "".join(blocks)


def _histogram(labels: Mapping[str, str], kept: Mapping) -> Iterable[Sample]:
    runs = 0
    for bound, count in zip([*map(str, BUCKETS), "+Inf"], kept["counts"], strict=True):
        runs += count
        yield "_bucket", {**labels, "le": bound}, runs
    yield "_sum", labels, kept["seconds"]
    yield "_count", labels, runs


def _block(name: str, kind: str, meaning: str, samples: Iterable[Sample]) -> str:
    name = f"coachtool_{name}"
    lines = [f"# HELP {name} {meaning}.", f"# TYPE {name} {kind}"]
    for suffix, labels, value in samples:
        named = ",".join(f'{label}="{_escaped(is_)}"' for label, is_ in labels.items())
        lines.append(f"{name}{suffix}{{{named}}} {value:g}" if named else f"{name}{suffix} {value:g}")
    return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
