"""Whether an attempt's statements are complete and in order."""

import pytest

from realtime.rehearsal import statements as xapi

WHOLE = "http://localhost:8000/xapi/activities/a"
OBJECTIVE = "http://adlnet.gov/expapi/activities/objective"


def statement(verb, about=WHOLE, kind="", **result):
    made = {"id": f"{verb}/{about}", "verb": {"id": f"http://example.com/verbs/{verb}"}, "object": {"id": about}}
    if kind:
        made["object"]["definition"] = {"type": kind, "name": {"en": about.rsplit("/", 1)[-1]}}
    return made | ({"result": result} if result else {})


def attempt(verdict="passed", objective="achieved"):
    return [
        statement("launched"),
        statement("initialized"),
        statement("triggered-guardrail", f"{WHOLE}/guardrails/policy"),
        statement(objective, f"{WHOLE}/objectives/triggers", OBJECTIVE),
        statement("scored", score={"scaled": 0.5, "raw": 50.0}),
        statement("completed"),
        *([statement(verdict)] if verdict else []),
        statement("terminated"),
    ]


def test_a_whole_attempt_in_order_has_nothing_wrong():
    assert xapi.disorder(attempt(), ["policy"]) == []
    assert xapi.disorder(attempt("failed", "failed")) == []
    assert xapi.disorder(attempt(verdict=None)) == []


@pytest.mark.parametrize("index", range(8))
def test_a_statement_that_is_missing_is_noticed(index):
    found = attempt()
    del found[index]
    if index in (3, 6):  # an objective may be unclear, and so may the outcome
        assert xapi.disorder(found, ["policy"]) == []
    else:
        assert xapi.disorder(found, ["policy"]) != []


@pytest.mark.parametrize("first", [0, 1, 3, 4, 5, 6])
def test_two_statements_in_the_wrong_order_are_noticed(first):
    found = attempt()
    found[first], found[first + 1] = found[first + 1], found[first]
    assert xapi.disorder(found) != []


def test_a_statement_that_is_there_twice_is_noticed():
    found = attempt()
    assert xapi.disorder([*found[:4], found[3], *found[4:]]) == ["A statement is there twice."]


def test_no_statements_at_all_are_noticed():
    assert xapi.disorder([]) == ["There are no statements."]


def test_an_objective_that_failed_is_not_the_attempt_that_failed():
    found = attempt("passed", "failed")
    assert xapi.outcome(found) == "passed"
    assert xapi.objectives(found) == [("triggers", False)]


def test_outcome_and_score_are_the_attempts():
    assert xapi.outcome(attempt("failed")) == "failed"
    assert xapi.outcome(attempt(verdict=None)) == "unclear"
    assert xapi.outcome(attempt()[:4]) is None
    assert xapi.score(attempt()) == 50.0
