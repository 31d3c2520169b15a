"""Synthetic learners through the whole product: launch, voice, score, gradebook, record store."""

import httpx
import pytest

pytestmark = [pytest.mark.whole, pytest.mark.timeout(300)]

BEGINNING = ["launched", "initialized"]
ENDING = ["scored", "completed", "passed", "terminated"]


def _persona(result: dict) -> list[str]:
    """What the persona said, turn by turn."""
    return [turn["text"] for turn in result["turns"] if turn["speaker"] == "persona"]


def test_a_learner_who_knows_passes_and_the_grade_and_the_statements_are_there(world):
    result = world.result(world.rehearse("claims-pass"))
    assert result["errors"] == []
    assert result["outcome"] == "passed"
    assert result["grade_in_lms"] == result["score"]
    assert result["statements"][:2] == BEGINNING and result["statements"][-4:] == ENDING
    assert result["interruptions_of_learner"] == 0


def test_a_learner_who_cuts_in_is_let_in_and_the_transcript_holds_only_what_was_heard(world):
    result = world.result(world.rehearse("feedback-interrupt"))
    assert result["errors"] == []
    assert result["outcome"] == "passed"
    assert any(turn["speaker"] == "persona" and turn.get("interrupted") for turn in result["turns"])


def test_pauses_in_mid_sentence_are_waited_out(world):
    result = world.result(world.rehearse("feedback-pause"))
    assert result["errors"] == []
    assert result["interruptions_of_learner"] == 0
    assert result["outcome"] == "passed"


def test_a_question_outside_the_playbook_goes_to_a_reviewer_whose_answer_is_there_at_the_next_launch(world):
    result = world.result(world.rehearse("claims-out-of-scope", "--text"))
    assert result["succeeded"] and result["errors"] == []
    assert result["outcome"] == "passed"
    assert result["guardrails"]
    assert "escalated" in result["statements"]
    assert "comprehensive" in result["answer"]


def test_a_learner_who_misses_one_trigger_practises_exactly_that_one_and_is_greeted_with_it_the_next_time(world):
    result = world.result(world.rehearse("claims-practice", "--text"))
    assert result["succeeded"] and result["errors"] == []
    assert result["outcome"] == result["then"]["outcome"] == "passed"
    practice, greeting = _persona(result)[-2], _persona(result["then"])[0]
    assert "A passenger tells you not to worry about her" in practice
    assert "three triggers for escalation" in greeting and "A passenger tells you not to worry about her" in greeting


def test_a_learner_who_does_not_know_fails_and_gets_that_grade(world):
    result = world.result(world.rehearse("claims-fail", "--text"))
    assert result["errors"] == []
    assert result["outcome"] == "failed"
    assert result["grade_in_lms"] == result["score"] < 70
    assert "failed" in result["statements"]


def test_the_strict_lms_found_nothing_wrong_with_any_of_it(world):
    verdicts = httpx.get(f"{world.product.sandbox_url}/verdicts.json", timeout=10).json()
    assert verdicts == {"verdicts": []}
