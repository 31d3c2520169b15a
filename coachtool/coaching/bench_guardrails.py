"""`manage.py bench guardrails --cases FILE.jsonl`: the guard measured on labelled conversations.

A case is a mapping: `id`, `guardrails` [{`name`, `rule`, `action`}], `knowledge` [passages], `turns` [{`role`: learner
or coach, `text`}], `expected`: the name of the guardrail that the last of the learner's turns touches, or null; and
where there is one `phenomenon`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from coachtool.activities.brief import Brief, Guardrail, Persona
from coachtool.coaching import embed, entail, guard, labelled, touching
from coachtool.coaching.labelled import CasesUnreadable, quantile
from coachtool.coaching.types import Passage, Turn

ERRORS = (CasesUnreadable, embed.ModelMissing, entail.ModelMissing)


def read(path: str | Path) -> list[dict[str, Any]]:
    """The cases of a JSONL file. Raises CasesUnreadable."""
    return labelled.read(path, _checked)


def report(figures: Mapping[str, Any]) -> str:
    """The figures for a reader, with the cases that went wrong."""
    wrong = [
        f"  {entry['id']}: expected {entry['expected']}, triggered {entry['triggered']}: {entry['said']}"
        for entry in figures["wrong"]
    ]
    return "\n".join(labelled.lines(figures, 20) + wrong)


def guardrails(cases: str | Path) -> dict[str, Any]:
    """The figures of the guard on the cases of a JSONL file. Raises CasesUnreadable and ModelMissing."""
    return measured(read(cases))


def measured(cases: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The figures of the guard on `cases`, and those that it got wrong.

    `recall` is the share of the cases with an expected guardrail in which the last turn triggered one,
    `right_guardrail_rate` the share of these in which it was the expected one, `false_trigger_rate` the share of the
    other cases that triggered any; times in milliseconds per check, with all of a case's guardrails.
    """
    guard.warm()
    expected = caught = right = others = false = 0
    times, wrong = [], []
    for case in cases:
        brief, passages, turn = _brief(case), _passages(case), _last(case)
        guard.prepare(brief)
        began = time.perf_counter()
        found = guard.check(brief, turn, passages)
        times.append(1000 * (time.perf_counter() - began))
        name = found[0].name if found else None
        if case["expected"] is None:
            others, false = others + 1, false + (name is not None)
        else:
            expected, caught, right = expected + 1, caught + (name is not None), right + (name == case["expected"])
        if name != case["expected"]:
            wrong.append(
                {
                    "id": case["id"],
                    "phenomenon": case.get("phenomenon", ""),
                    "expected": case["expected"],
                    "triggered": name,
                    "said": turn.text,
                }
            )
    return {
        "cases": expected + others,
        "recall": round(caught / max(1, expected), 4),
        "false_trigger_rate": round(false / max(1, others), 4),
        "right_guardrail_rate": round(right / max(1, caught), 4),
        "p50_ms": quantile(times, 0.5),
        "p95_ms": quantile(times, 0.95),
        "guard": touching.version(),
        "wrong": wrong,
    }


def _checked(case: dict[str, Any]) -> dict[str, Any]:
    case["id"] = str(case["id"])
    case["expected"] = case["expected"] or None
    names = [guardrail.name for guardrail in _brief(case).guardrails]
    _passages(case), _last(case)
    if case["expected"] is not None and case["expected"] not in names:
        raise ValueError(f"expected is {case['expected']!r}, which is none of the guardrails {names}")
    return case


def _brief(case: Mapping[str, Any]) -> Brief:
    found = []
    for number, entry in enumerate(case["guardrails"], start=1):
        if entry["action"] not in guard.ACTIONS:
            raise ValueError(f"action is {entry['action']!r}; it is one of {', '.join(guard.ACTIONS)}")
        found.append(Guardrail(f"guardrail-{number}", str(entry["name"]), str(entry["rule"]), entry["action"]))
    persona = Persona("persona", "Alex", "")
    return Brief("case", "", "", "", "", "", persona, "", (), "", "", guardrails=tuple(found))


def _passages(case: Mapping[str, Any]) -> tuple[Passage, ...]:
    return tuple(
        Passage(str(number), str(text), "", "", 0.0) for number, text in enumerate(case.get("knowledge", ()), start=1)
    )


def _last(case: Mapping[str, Any]) -> Turn:
    turns = [
        Turn(number, "learner" if turn["role"] == "learner" else "persona", str(turn["text"]))
        for number, turn in enumerate(case["turns"], start=1)
    ]
    said = [turn for turn in turns if turn.speaker == "learner"]
    if not said:
        raise ValueError("turns hold none of the learner's")
    return said[-1]
