"""Objectives that wait for a person, objectives that were passed over, and proposed evidence: what the record says."""

from dataclasses import asdict

import pytest
import yaml

from coachtool.attempts import journal, review
from coachtool.attempts.finish import finish
from coachtool.coaching.types import CoachState
from tests import factories
from tests.coaching.library import CLAIMS, LIBRARY

GOOD = (
    "If the estimate is above ten thousand dollars I bring it to you.",
    "If anyone is injured I escalate it.",
    "If the story doesn't add up I bring it to you.",
    "I'd put down the reason for the escalation.",
    "I stick to facts and don't accuse anybody.",
)
BUMP = "With a bump on the head or so it's yours, not mine."

pytestmark = pytest.mark.django_db


def attempt(**note):
    """An attempt at the claims activity; `note` changes its second objective."""
    definition = yaml.safe_load((LIBRARY / f"{CLAIMS}.yaml").read_text(encoding="utf-8"))
    definition["objectives"][1] |= note
    return factories.attempt(definition=definition)


def said(made, *texts, **state):
    for text in texts:
        factories.say(made, "learner", text)
    if state:
        factories.say(made, "persona", "Hm.", state=asdict(CoachState(**state)))
    return finish(made.pk, "closed")


def ended(made):
    return made.events.get(kind="ended").data


def test_an_objective_that_a_person_confirms_leaves_the_attempt_open_until_the_review():
    made = said(attempt(confirmation="person"), *GOOD)
    assert (made.score, made.outcome) == (1.0, "unclear")
    assert ended(made)["awaiting"] == ["note"]
    outcome = made.outcomes.get(objective="note")
    assert review.awaits_person(made.brief, outcome)
    assert review.count(made.brief, made.outcomes.all()).outcome == "unclear"
    review.review(outcome, factories.person(made.learner.tenant), "met")
    made.refresh_from_db()
    assert (made.counted_outcome, made.is_final) == ("passed", True)
    assert not review.awaits_person(made.brief, made.outcomes.get(objective="note"))


def test_the_person_may_decide_otherwise():
    made = said(attempt(confirmation="person"), *GOOD)
    review.review(made.outcomes.get(objective="note"), factories.person(made.learner.tenant), "not_met")
    made.refresh_from_db()
    assert (made.counted_score, made.counted_outcome) == (0.5, "failed")


def test_a_review_of_another_objective_does_not_confirm_it():
    made = said(attempt(confirmation="person"), *GOOD)
    review.review(made.outcomes.get(objective="triggers"), factories.person(made.learner.tenant), "met")
    made.refresh_from_db()
    assert made.counted_outcome == "unclear"


def test_an_answer_to_a_dispute_is_the_confirmation_that_the_objective_waited_for():
    made = said(attempt(confirmation="person"), *GOOD[:3])
    outcome = made.outcomes.get(objective="note")
    assert (made.outcome, review.verdict_of(outcome)) == ("unclear", "not_met")
    asked = review.dispute(outcome, "I said it at the start.")
    review.answer_dispute(asked, factories.person(made.learner.tenant), "not_met", "Not quite.")
    made.refresh_from_db()
    assert (made.counted_outcome, made.is_final) == ("failed", True)
    assert not review.awaits_person(made.brief, made.outcomes.get(objective="note"))


def test_who_could_not_pass_anyway_does_not_wait_for_a_person():
    made = said(attempt(confirmation="person"), "I would ask about the car.")
    assert made.outcome == "failed"


def test_an_automatic_objective_waits_for_nobody():
    made = said(attempt(), *GOOD)
    assert made.outcome == "passed" and ended(made)["awaiting"] == []


def test_an_objective_that_was_passed_over_has_no_outcome_and_does_not_count():
    made = said(attempt(), *GOOD[:3], skipped=("note",))
    assert (made.score, made.outcome) == (1.0, "passed")
    assert [outcome.objective for outcome in made.outcomes.all()] == ["triggers"]
    assert ended(made)["skipped"] == ["note"]
    assert review.count(made.brief, made.outcomes.all()).score == 1.0


def test_proposed_evidence_is_counted_from_the_record_with_its_model_and_prompt():
    made = attempt()
    factories.say(made, "learner", BUMP)
    turn = made.events.get(kind="utterance").seq
    proposal = {"key_point": "injury", "verdict": "met", "seq": turn, "quote": BUMP, "by": "model-x/evidence-1"}
    journal.append(made.pk, "proposed", {"turn": turn, "tokens": 70, "proposals": [proposal]})
    journal.append(made.pk, "coach", {"coach": "generative", "turn": turn, "tokens": 30})
    assert journal.tokens(made) == 100
    made = finish(made.pk, "done")
    judged = {point["key_point"]: point for point in made.outcomes.get(objective="triggers").key_points}
    assert judged["injury"]["verdict"] == "met" and judged["injury"]["evidence"][0]["quote"] == BUMP
    assert "model-x/evidence-1" in made.evaluator and "rubric-" in made.evaluator


def test_a_forged_quote_on_the_record_is_not_counted():
    made = attempt()
    factories.say(made, "learner", BUMP)
    turn = made.events.get(kind="utterance").seq
    proposal = {"key_point": "injury", "verdict": "met", "seq": turn, "quote": "I escalate injuries", "by": "x"}
    journal.append(made.pk, "proposed", {"proposals": [proposal]})
    made = finish(made.pk, "done")
    judged = {point["key_point"]: point for point in made.outcomes.get(objective="triggers").key_points}
    assert judged["injury"]["verdict"] == "unclear"
