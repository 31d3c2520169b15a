"""`manage.py bench scoring --cases FILE.jsonl`: the judge measured on labelled conversations.

A case is a mapping: `id`, `objective` {`criterion`, `key_points` [{`id`, `text`, and where there are any `met_by`
and `not_met_by`}], `required`}, `turns` [{`role`: learner or coach, `text`, and where it was recognised
`confidence`}], `expected` {`met`, `key_points`} and `phenomenon`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from coachtool.activities.brief import KeyPoint, Objective
from coachtool.coaching import embed, entail, judge, labelled
from coachtool.coaching.authored import AuthoredCoach
from coachtool.coaching.labelled import CasesUnreadable, quantile
from coachtool.coaching.types import ObjectiveJudgement, Turn

ERRORS = (CasesUnreadable, embed.ModelMissing, entail.ModelMissing)


def read(path: str | Path) -> list[dict[str, Any]]:
    """The cases of a JSONL file. Raises CasesUnreadable."""
    return labelled.read(path, _checked)


def report(figures: Mapping[str, Any]) -> str:
    """The figures for a reader, with the phenomena that went wrong most often."""
    return "\n".join(labelled.lines(figures, 16))


def scoring(cases: str | Path) -> dict[str, Any]:
    """The figures of the judge on the cases of a JSONL file. Raises CasesUnreadable and the models' ModelMissing."""
    return measured(read(cases))


def measured(cases: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The figures of the judge on `cases`, and those that it got wrong.

    `met_accuracy` counts unclear as wrong; `false_met_rate` is the share of the cases expected not met that were
    judged met; `key_point_f1` is over all key points of all cases. `p50_ms` and `p95_ms` are milliseconds per case;
    `turn_p50_ms` and `turn_p95_ms` what the judge adds to one turn of the learner's, in processor milliseconds on one
    core: each turn is judged as it comes, nothing is remembered from other cases.
    """
    cases = list(cases)
    judge.warm()
    right = false_met = negatives = unclear = 0
    hits = wrong_hits = misses = 0
    times: list[float] = []
    turn_times: list[float] = []
    wrong = []
    for case in cases:
        objective, turns, expected = _objective(case["objective"]), _turns(case["turns"]), case["expected"]
        judge.forget()
        if not any(point.met_by for point in objective.key_points):
            embed.forget()  # with exemplars they are kept: to embed those anew for each case would take minutes
        judge.prepare(objective)
        began = time.perf_counter()
        judged, took = _turn_by_turn(objective, turns)
        times.append(1000 * (time.perf_counter() - began))
        turn_times += took
        met = {point.key_point for point in judged.key_points if point.verdict == "met"}
        wanted = set(expected["key_points"])
        hits, wrong_hits, misses = hits + len(met & wanted), wrong_hits + len(met - wanted), misses + len(wanted - met)
        unclear += judged.verdict == "unclear"
        negatives += not expected["met"]
        false_met += judged.verdict == "met" and not expected["met"]
        as_expected = judged.verdict == ("met" if expected["met"] else "not_met")
        right += as_expected
        if not as_expected or met != wanted:
            wrong.append(
                {
                    "id": case["id"],
                    "phenomenon": case.get("phenomenon", ""),
                    "expected": {"met": expected["met"], "key_points": sorted(wanted)},
                    "verdict": judged.verdict,
                    "key_points": {point.key_point: f"{point.verdict}: {point.reason}" for point in judged.key_points},
                }
            )
    count = max(1, len(cases))
    return {
        "cases": len(cases),
        "met_accuracy": round(right / count, 4),
        "false_met_rate": round(false_met / max(1, negatives), 4),
        "unclear_rate": round(unclear / count, 4),
        "key_point_f1": round(2 * hits / max(1, 2 * hits + wrong_hits + misses), 4),
        "p50_ms": quantile(times, 0.5),
        "p95_ms": quantile(times, 0.95),
        "turn_p50_ms": quantile(turn_times, 0.5),
        "turn_p95_ms": quantile(turn_times, 0.95),
        "judge": f"{AuthoredCoach.name}/{AuthoredCoach.version} {judge.version()}",
        "wrong": wrong,
    }


def _turn_by_turn(objective: Objective, turns: tuple[Turn, ...]) -> tuple[ObjectiveJudgement, list[float]]:
    """The judgement of the whole transcript, and the processor milliseconds that each of the learner's turns took."""
    judged, times = judge.judge_objective(objective, ()), []
    for number, turn in enumerate(turns, start=1):
        if turn.speaker != "learner":
            continue
        began = time.process_time()
        judged = judge.judge_objective(objective, turns[:number])
        times.append(1000 * (time.process_time() - began))
    return judged, times


def _checked(case: dict[str, Any]) -> dict[str, Any]:
    _objective(case["objective"]), _turns(case["turns"])
    case["expected"] = {
        "met": bool(case["expected"]["met"]),
        "key_points": list(case["expected"]["key_points"]),
    }
    case["id"] = str(case["id"])
    return case


def _objective(data: Mapping[str, Any]) -> Objective:
    points = tuple(
        KeyPoint(
            id=point["id"],
            text=point["text"],
            met_by=tuple(point.get("met_by", ())),
            not_met_by=tuple(point.get("not_met_by", ())),
        )
        for point in data["key_points"]
    )
    name = data.get("name", data["criterion"])
    return Objective(
        id=data.get("id", name),
        name=name,
        criterion=data["criterion"],
        key_points=points,
        required=int(data["required"]),
    )


def _turns(data: Iterable[Mapping[str, Any]]) -> tuple[Turn, ...]:
    return tuple(
        Turn(
            seq=number,
            speaker="learner" if turn["role"] == "learner" else "persona",
            text=turn["text"],
            confidence=float(turn.get("confidence", 1.0)),
        )
        for number, turn in enumerate(data, start=1)
    )
