"""`bench scoring --cases`: the format, the figures, and what a broken file is answered with."""

import json

import pytest
from django.core.management import CommandError, call_command

from coachtool.coaching import bench

CASE = {
    "id": "e1",
    "objective": {
        "name": "opening",
        "criterion": "The learner opens the call as the script requires.",
        "key_points": [{"id": "recorded", "text": "Says that the call is recorded."}],
        "required": 1,
    },
    "turns": [{"role": "learner", "text": "Just so you know, this call is being recorded."}],
    "expected": {"met": True, "key_points": ["recorded"]},
    "phenomenon": "direct",
}


def written(tmp_path, *cases):
    path = tmp_path / "cases.jsonl"
    path.write_text("".join(json.dumps(case) + "\n" for case in cases), encoding="utf-8")
    return path


def test_the_figures_are_those_that_the_format_names(tmp_path, capsys):
    silent = {**CASE, "id": "e2", "turns": [{"role": "learner", "text": "It rained all weekend."}]}
    silent["expected"] = {"met": False, "key_points": []}
    call_command("bench", "scoring", cases=str(written(tmp_path, CASE, silent)), json=True)
    figures = json.loads(capsys.readouterr().out)
    assert figures["cases"] == 2
    assert figures["met_accuracy"] == 1.0 and figures["key_point_f1"] == 1.0
    assert figures["false_met_rate"] == figures["unclear_rate"] == 0.0
    assert 0 < figures["p50_ms"] <= figures["p95_ms"]
    assert 0 < figures["turn_p50_ms"] <= figures["turn_p95_ms"]
    assert "authored/" in figures["judge"] and "judge-mpnet-int8@" in figures["judge"]
    assert figures["wrong"] == []


def test_a_case_that_is_judged_wrong_is_listed_with_its_verdicts(tmp_path):
    wrong = {**CASE, "expected": {"met": False, "key_points": []}}
    figures = bench.scoring(written(tmp_path, wrong))
    assert figures["met_accuracy"] == 0.0 and figures["false_met_rate"] == 1.0
    (entry,) = figures["wrong"]
    assert entry["id"] == "e1" and entry["key_points"]["recorded"].startswith("met")
    assert "direct" in bench.report(figures)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no cases"),
        ("{", "line 1"),
        (json.dumps({**CASE, "objective": {"criterion": "x"}}), "no 'key_points'"),
        (json.dumps({key: value for key, value in CASE.items() if key != "expected"}), "no 'expected'"),
    ],
)
def test_a_file_that_is_no_set_of_cases_is_refused_with_its_line(tmp_path, text, says):
    path = tmp_path / "cases.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match=says):
        call_command("bench", "scoring", cases=str(path))


def test_scoring_needs_cases_and_says_so():
    with pytest.raises(CommandError, match="needs --cases"):
        call_command("bench", "scoring")
