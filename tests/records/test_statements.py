"""What the statements about an attempt say, and what they must not say."""

import hashlib
import json
from dataclasses import asdict
from datetime import datetime, timedelta

import pytest
from django.db import transaction

from coachtool.attempts import journal, signals
from coachtool.attempts.finish import finish
from coachtool.attempts.models import Attempt
from coachtool.coaching.types import Trigger
from coachtool.records import vocabulary as v
from coachtool.records import xapi
from coachtool.records.models import StatementOutbox
from tests import factories

pytestmark = pytest.mark.django_db

WORDS = "The monthly report came in two days after the deadline."
QUESTION = "How much will this cut my bonus?"


def bodies(attempt):
    return [row.body for row in attempt.statements.order_by("sequence")]


def verbs(attempt):
    return [body["verb"]["display"]["en"] for body in bodies(attempt)]


@pytest.fixture
def attempt():
    """Launched, taken up, one line of the learner's, a question that went to a reviewer."""
    attempt = factories.attempt(modality="voice")
    journal.take(attempt.pk)
    factories.say(attempt, "learner", WORDS)
    asked = factories.say(attempt, "learner", QUESTION)
    trigger = Trigger("scope", "escalate", "medium", asked.seq, QUESTION)
    journal.append(attempt.pk, "guardrail", asdict(trigger))
    journal.escalate(attempt.pk, trigger, QUESTION)
    return attempt


def end(attempt, **verdicts):
    given = {"specific": "met", "agree": "met", **verdicts}
    passed = {"met": "passed", "not_met": "failed", "unclear": "unclear"}[given["agree"]]
    score = 1.0 if passed == "passed" else 0.5
    return factories.finished(attempt, given, outcome=passed, score=score, seq=4, quote=WORDS)


def test_a_passed_attempt_is_told_in_the_order_in_which_it_happened(attempt):
    end(attempt)
    assert verbs(attempt) == [
        "launched",
        "initialized",
        "triggered guardrail",
        "escalated",
        "achieved",
        "achieved",
        "scored",
        "completed",
        "passed",
        "terminated",
    ]
    told = [datetime.fromisoformat(body["timestamp"]) for body in bodies(attempt)]
    assert told == sorted(told) and len(set(told[4:])) == 6


def test_a_missed_objective_is_failed_and_so_is_the_attempt(attempt):
    end(attempt, agree="not_met")
    assert verbs(attempt)[4:] == ["achieved", "failed", "scored", "completed", "failed", "terminated"]
    objective, whole = (body for body in bodies(attempt) if body["verb"]["id"] == v.FAILED.id)
    assert objective["object"]["definition"]["type"] == v.OBJECTIVE and objective["result"]["success"] is False
    assert whole["object"]["definition"]["type"] == v.SIMULATION and whole["result"]["success"] is False


def test_what_is_unclear_is_neither_achieved_nor_failed_and_stands_with_the_score(attempt):
    end(attempt, agree="unclear")
    assert verbs(attempt)[4:] == ["achieved", "scored", "completed", "terminated"]
    scored = bodies(attempt)[5]
    (unclear,) = scored["result"]["extensions"][v.UNCLEAR]
    assert unclear["objective"].endswith("/objectives/agree")


def test_the_score_is_told_as_a_share_and_in_the_activitys_points(attempt):
    end(attempt, agree="not_met")
    scored = next(body for body in bodies(attempt) if body["verb"]["id"] == v.SCORED.id)
    assert scored["result"]["score"] == {"scaled": 0.5, "raw": 50.0, "min": 0, "max": 100}


def test_an_objectives_evidence_is_utterances_and_hashes_with_rubric_and_evaluator(attempt):
    end(attempt)
    achieved = bodies(attempt)[4]
    assert achieved["result"]["extensions"][v.EVIDENCE] == {
        "quotes": [{"key_point": "what", "utterance": 4, "sha256": hashlib.sha256(WORDS.encode()).hexdigest()}],
        "rubric": f"{attempt.version.activity.slug} v1",
        "evaluator": "given 1",
    }


def test_no_statement_holds_a_name_an_address_or_a_word_that_was_said(attempt):
    end(attempt)
    told = json.dumps(bodies(attempt))
    assert "mbox" not in told and attempt.learner.name not in told
    for text in (WORDS, QUESTION):
        assert text not in told and text[:12] not in told
    for body in bodies(attempt):
        assert "name" not in body["actor"]


def test_the_learner_is_the_account_at_the_lms(attempt):
    launched = bodies(attempt)[0]
    assert launched["actor"] == {
        "objectType": "Agent",
        "account": {"homePage": "https://lms.example.edu", "name": attempt.learner.lms_id},
    }


def test_an_anonymous_learner_is_the_tools_own_pseudonym_and_no_account_at_the_lms():
    nobody = factories.person()
    nobody.lms_id = "anonymous:0b5c9a52"
    nobody.save()
    (launched,) = bodies(factories.attempt(learner=nobody))
    assert launched["actor"]["account"] == {"homePage": "http://localhost:8000", "name": "anonymous:0b5c9a52"}


def test_the_beginning_tells_modality_consent_and_disclosure(attempt):
    for body in bodies(attempt)[:2]:
        said = body["context"]["extensions"]
        assert said[v.MODALITY] == "voice" and said[v.GRADED] is True
        assert said[v.CONSENT] == {"microphone": True, "camera": False}
        assert said[v.AI_DISCLOSURE] == {"acknowledged": True, "version": "1"}


def test_an_escalation_is_the_tools_own_act_before_reviewers(attempt):
    escalated = next(body for body in bodies(attempt) if body["verb"]["id"] == v.ESCALATED.id)
    assert escalated["actor"]["account"]["name"] == "coachtool"
    assert escalated["context"]["instructor"]["objectType"] == "Group"
    assert escalated["context"]["registration"] == str(attempt.pk)
    assert escalated["context"]["extensions"][v.ESCALATION] == str(attempt.escalations.get().pk)


def test_a_guardrail_tells_severity_action_and_where(attempt):
    triggered = next(body for body in bodies(attempt) if body["verb"]["id"] == v.TRIGGERED.id)
    extensions = triggered["result"]["extensions"]
    assert (extensions[v.SEVERITY], extensions[v.ACTION]) == ("medium", "escalate")
    assert extensions[v.EVIDENCE]["quotes"][0]["sha256"] == hashlib.sha256(QUESTION.encode()).hexdigest()
    assert triggered["object"]["id"].endswith("/guardrails/scope")


def test_what_the_persona_was_kept_from_saying_is_no_statement_about_the_learner(attempt):
    before = bodies(attempt)
    held = Trigger("scope", "refuse", "high", 4, "We will cut your bonus.", speaker="persona")
    journal.append(attempt.pk, "guardrail", asdict(held))
    assert bodies(attempt) == before


def test_an_attempt_that_is_begun_later_on_another_version_was_launched_on_the_one_at_the_click():
    attempt = factories.attempt()
    attempt.version = attempt.version.activity.versions.create(number=2, definition=attempt.version.definition)
    attempt.save()
    journal.take(attempt.pk)
    assert [body["context"]["revision"] for body in bodies(attempt)] == ["1", "2"]


def test_every_statement_says_which_attempt_course_and_profile_it_belongs_to(attempt):
    end(attempt)
    scenario = bodies(attempt)[0]["object"]["id"]
    for body in bodies(attempt):
        context = body["context"]
        activities = context["contextActivities"]
        assert context["registration"] == str(attempt.pk) and context["revision"] == "1"
        assert [one["id"] for one in activities["category"]] == [v.PROFILE, v.PROFILE_VERSION]
        assert [one["definition"]["type"] for one in activities["grouping"]] == [v.COURSE, v.RESOURCE_LINK]
        parents = [one["id"] for one in activities.get("parent", [])]
        assert parents == ([] if body["object"]["id"] == scenario else [scenario])


def test_identifiers_of_the_lms_can_not_break_out_of_an_iri():
    attempt = factories.attempt()
    course = attempt.resource_link.course
    course.lms_id = "a/b?c=d#ä ü"
    course.save()
    journal.take(attempt.pk)
    grouping = bodies(attempt)[1]["context"]["contextActivities"]["grouping"][0]["id"]
    assert grouping.endswith("/a%2Fb%3Fc%3Dd%23%C3%A4%20%C3%BC")


def test_telling_the_same_event_again_writes_nothing(attempt):
    end(attempt)
    before = bodies(attempt)
    signals.attempt_finished.send(Attempt, attempt=attempt)
    signals.event_appended.send(Attempt, attempt=attempt, event=attempt.events.get(kind="launched"))
    assert bodies(attempt) == before


def test_an_attempt_that_is_rolled_back_leaves_no_statement():
    with pytest.raises(RuntimeError), transaction.atomic():
        factories.attempt()
        raise RuntimeError
    assert not StatementOutbox.objects.exists()


def test_an_ended_attempt_whose_learner_said_nothing_is_told_to_the_end():
    attempt = factories.attempt()
    journal.take(attempt.pk)
    finish(attempt.pk, "left")
    assert verbs(attempt)[:2] == ["launched", "initialized"] and verbs(attempt)[-1] == "terminated"
    assert bodies(attempt)[-1]["result"]["extensions"][v.END_REASON] == "left"


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(0), "PT0S"),
        (timedelta(seconds=-3), "PT0S"),
        (timedelta(seconds=59.999), "PT1M"),
        (timedelta(seconds=4.5), "PT4.5S"),
        (timedelta(minutes=10), "PT10M"),
        (timedelta(hours=1, seconds=10.25), "PT1H10.25S"),
        (timedelta(days=1), "PT24H"),
    ],
)
def test_a_length_of_time_is_an_iso_8601_duration(length, text):
    assert xapi.duration(length) == text
