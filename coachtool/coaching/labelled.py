"""What benchmarks on labelled cases share: reading them, times, and a report of what went wrong."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Case = dict[str, Any]


class CasesUnreadable(ValueError):
    """The file of cases cannot be read; the message names the line and what is wrong with it."""


def read(path: str | Path, checked: Callable[[Case], Case]) -> list[Case]:
    """The cases of a JSONL file, each as `checked` returns it; what that raises is said with the case's line.

    Raises CasesUnreadable.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CasesUnreadable(f"{path}: {error}") from None
    cases = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            cases.append(checked(json.loads(line)))
        except (ValueError, TypeError, AttributeError) as error:
            raise CasesUnreadable(f"{path}, line {number}: {error}") from None
        except KeyError as error:
            raise CasesUnreadable(f"{path}, line {number}: no {error}") from None
    if not cases:
        raise CasesUnreadable(f"{path} holds no cases")
    return cases


def lines(figures: Mapping[str, Any], width: int) -> list[str]:
    """The figures for a reader, their names `width` characters wide, with the phenomena that went wrong most often."""
    found = [f"{name:{width}} {value}" for name, value in figures.items() if name != "wrong"]
    phenomena = Counter(entry["phenomenon"] for entry in figures["wrong"])
    return found + [f"  wrong {count:3} {phenomenon}" for phenomenon, count in phenomena.most_common()]


def quantile(times: list[float], share: float) -> float:
    """The time (any unit) below which `share` of `times` lie, to one digit; 0 where there are none."""
    ordered = sorted(times)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else 0.0
