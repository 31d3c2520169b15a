"""`bench guardrails`: its figures, and what it says of a file that it cannot read."""

import json

import pytest

from coachtool.coaching import bench_guardrails as bench
from coachtool.coaching import guard

CASE = {
    "id": "a",
    "guardrails": [
        {"name": "law", "rule": "Do not answer legal questions.", "action": "escalate"},
        {"name": "insults", "rule": "Nobody is insulted.", "action": "end"},
    ],
    "knowledge": ["A decision takes five days."],
    "turns": [{"role": "coach", "text": "Yes?"}, {"role": "learner", "text": "Hello."}],
    "expected": None,
}


def written(tmp_path, *cases):
    path = tmp_path / "cases.jsonl"
    path.write_text("".join(json.dumps(case) + "\n" for case in cases))
    return path


@pytest.fixture
def triggering(monkeypatch):
    """What the guard is made to say of each text: the name of a guardrail."""
    says = {}

    def check(brief, turn, passages):
        named = [guardrail for guardrail in brief.guardrails if guardrail.name == says.get(turn.text)]
        return (named[0], None) if named else None

    monkeypatch.setattr(guard, "check", check)
    monkeypatch.setattr(guard, "prepare", lambda brief: None)
    return says


def case(name, said, expected):
    return CASE | {"id": name, "turns": [{"role": "learner", "text": said}], "expected": expected}


def test_figures_count_what_was_caught_what_was_right_and_what_was_stopped_for_nothing(tmp_path, triggering):
    triggering.update({"Can I sue?": "law", "You fool.": "law", "Hello.": "insults"})
    figures = bench.guardrails(
        written(
            tmp_path,
            case("1", "Can I sue?", "law"),
            case("2", "You fool.", "insults"),
            case("3", "May I appeal?", "law"),
            case("4", "Hello.", None),
            case("5", "Five days.", None),
        )
    )
    assert figures["recall"] == pytest.approx(2 / 3, abs=1e-4)
    assert (figures["right_guardrail_rate"], figures["false_trigger_rate"]) == (0.5, 0.5)
    assert [(entry["id"], entry["triggered"]) for entry in figures["wrong"]] == [
        ("2", "law"),
        ("3", None),
        ("4", "insults"),
    ]
    assert "3: expected law, triggered None: May I appeal?" in bench.report(figures)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"expected": "lawyers"}, "line 1: expected is 'lawyers', which is none of the guardrails ['law', 'insults']"),
        ({"guardrails": [{"name": "a", "rule": "b", "action": "shout"}]}, "line 1: action is 'shout'; it is one of"),
        ({"turns": [{"role": "coach", "text": "Yes?"}]}, "line 1: turns hold none of the learner's"),
    ],
)
def test_a_case_that_cannot_be_read_is_named_with_its_line(tmp_path, change, message):
    with pytest.raises(bench.CasesUnreadable) as raised:
        bench.read(written(tmp_path, CASE | change))
    assert message in str(raised.value)


def test_a_missing_field_an_empty_file_and_no_file_are_said(tmp_path):
    path = written(tmp_path, {key: value for key, value in CASE.items() if key != "turns"})
    with pytest.raises(bench.CasesUnreadable, match="line 1: no 'turns'"):
        bench.read(path)
    path.write_text("\n")
    with pytest.raises(bench.CasesUnreadable, match="holds no cases"):
        bench.read(path)
    with pytest.raises(bench.CasesUnreadable, match="No such file"):
        bench.read(tmp_path / "none.jsonl")
