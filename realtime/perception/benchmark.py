"""`manage.py bench perception`: how well is noticed what a learner does, and what noticing costs.

Each part has the seconds of one core that it takes for a second of conversation in `cost.core`.
"""

from __future__ import annotations

import os
from typing import Any

from realtime.perception import hearing_benchmark
from realtime.perception.seeing import benchmark as seeing_benchmark

PARTS = {
    "hearing": (hearing_benchmark.hearing, hearing_benchmark.report),
    "seeing": (seeing_benchmark.seeing, seeing_benchmark.report),
}
ERRORS = (*hearing_benchmark.ERRORS, *seeing_benchmark.ERRORS)
MOST = 0.15
"""The share of a core that is meant to be enough."""


def perception() -> dict[str, Any]:
    """{part: its figures, "core": the share of a core that all take together, "cores", "load"}. Raises ERRORS."""
    found = {name: measure() for name, (measure, _) in PARTS.items()}
    core = round(sum(figures["cost"]["core"] for figures in found.values()), 4)
    return {"bench": "perception", **found, "core": core, "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}


def report(figures: dict[str, Any]) -> str:
    """The figures as tables to read."""
    tables = [tell(figures[name]) for name, (_, tell) in PARTS.items()]
    tables.append(
        f"together {figures['core']:.1%} of a core (meant: at most {MOST:.0%}); "
        f"{figures['cores']} cores, load {figures['load']}"
    )
    return "\n\n".join(tables)
