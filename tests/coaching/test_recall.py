"""How a persona greets whom it remembers, what it begins with, and what counts as a promise."""

from dataclasses import replace

import pytest

from coachtool.activities.brief import Phrases
from coachtool.coaching import recall as recalling
from coachtool.coaching.authored import AuthoredCoach
from coachtool.coaching.promises import promises
from coachtool.coaching.types import Recall, Turn
from tests.coaching.library import CLAIMS, activity

BRIEF = activity(CLAIMS)
POINTS = {point.id: point for objective in BRIEF.objectives for point in objective.key_points}
STALLED = Recall(
    days=3,
    passed=False,
    same_activity=True,
    stalled=("injury", "fraud"),
    stalled_on=("three triggers for escalation", "three triggers for escalation"),
)


def opened(recall, brief=BRIEF):
    return AuthoredCoach().open(brief, recall)


def test_without_memory_the_activity_opens_as_authored():
    assert opened(None).lines[:2] == ("Hi, I'm Ruth, I lead the claims team.", "Good that you're here.")


def test_who_got_stuck_is_greeted_with_it_and_begins_at_exactly_that_key_point():
    reply = opened(STALLED)
    assert reply.lines[:2] == (
        "Good to see you again.",
        "Let's start where you got stuck last time: three triggers for escalation.",
    )
    assert " ".join(reply.lines[2:]) == POINTS["injury"].practise
    assert (reply.state.focus, reply.state.pending, reply.move) == ("injury", POINTS["injury"].practise, "open")
    assert "Hi, I'm Ruth" not in " ".join(reply.lines) and len(reply.lines) <= 4


def test_the_greeting_does_not_give_the_answer_away():
    said = " ".join(opened(STALLED).lines)
    assert all(point.text not in said for point in POINTS.values())


def test_the_conversation_goes_on_to_what_was_not_heard_yet():
    coach, reply = AuthoredCoach(), opened(STALLED)
    said = Turn(2, "learner", "If anyone is injured I escalate it, because even a sore neck can turn serious.")
    answer = coach.answer(BRIEF, reply.state, (Turn(1, "persona", " ".join(reply.lines)), said))
    assert answer.state.met == ("injury",)
    assert answer.state.focus in ("amount", "fraud") and answer.move == "probe"


def test_who_does_not_know_it_this_time_either_is_helped_with_that_point_first():
    coach, reply = AuthoredCoach(), opened(STALLED)
    answer = coach.answer(BRIEF, reply.state, (Turn(1, "persona", "…"), Turn(2, "learner", "I don't know.")))
    assert answer.state.focus == "injury" and answer.lines[-1] in POINTS["injury"].probe


def test_after_a_pass_the_greeting_says_so():
    reply = opened(replace(STALLED, passed=True, stalled=("injury",), stalled_on=("three triggers for escalation",)))
    assert "Last time we met, you passed" in " ".join(reply.lines)
    assert reply.state.focus == "injury"


def test_where_nothing_stalled_the_greeting_is_short_and_the_first_question_is_asked():
    reply = opened(Recall(days=1, passed=True, same_activity=True))
    assert reply.lines[0] == "Good to see you again."
    assert " ".join(reply.lines[1:]) == BRIEF.objectives[0].question


def test_a_key_point_that_the_new_version_no_longer_has_is_passed_over():
    gone = replace(STALLED, stalled=("weather", "fraud"), stalled_on=("the weather", "three triggers"))
    assert opened(gone).state.focus == "fraud"
    assert opened(replace(gone, stalled=("weather",), stalled_on=("the weather",))).lines[0] == "Good to see you again."
    assert "weather" not in " ".join(opened(replace(gone, stalled=("weather",), stalled_on=("the weather",))).lines)


def test_another_activity_is_mentioned_and_begins_with_its_own_question():
    reply = opened(Recall(days=1, passed=False, same_activity=False, stalled_on=("the price question",)))
    assert reply.lines[1] == "Last time we met, this took longest: the price question."
    assert " ".join(reply.lines[2:]) == BRIEF.objectives[0].question


def test_a_promise_is_quoted_where_there_is_room_for_it():
    reply = opened(Recall(days=1, passed=True, same_activity=True, promised=("I'll read the playbook tonight.",)))
    assert reply.lines[1] == "You promised something: I'll read the playbook tonight."


def test_the_author_says_it_in_the_personas_own_words():
    phrases = replace(BRIEF.phrases, recall=("You again. {what}, that was the rub {last week}.",))
    reply = opened(STALLED, replace(BRIEF, phrases=phrases))
    assert reply.lines[:2] == ("You again.", "three triggers for escalation, that was the rub {last week}.")


def test_an_activity_in_another_language_is_not_greeted_in_english():
    german = replace(BRIEF, language="de")
    assert recalling.opening(german, STALLED) == ((), "")
    own = Phrases(again=("Schön, dass Sie wieder da sind.",), recall=("Beim letzten Mal fehlte noch eins: {what}.",))
    lines, start_at = recalling.opening(replace(german, phrases=own), STALLED)
    assert lines == ("Beim letzten Mal fehlte noch eins: three triggers for escalation.",) and start_at == "injury"


@pytest.mark.parametrize(
    ("name", "spoken"),
    [("The escalation note", "the escalation note"), ("SLA terms.", "SLA terms"), ("A step", "a step"), ("X", "x")],
)
def test_an_objectives_name_is_said_within_a_sentence(name, spoken):
    assert recalling.spoken(name) == spoken


@pytest.mark.parametrize(
    "said",
    [
        "I'll call you on Thursday.",
        "I will send you the draft by Wednesday.",
        "okay so um I'll get back to you",
        "I'm going to read the playbook again tonight",
        "We're gonna look at it together next Monday.",
        "I promise to listen first.",
    ],
)
def test_a_commitment_of_ones_own_is_a_promise(said):
    assert promises(f"Right. {said}") == (said,)


@pytest.mark.parametrize(
    "said",
    [
        "If it's above ten thousand, I'll bring it to you today.",
        "When anyone is hurt I'll hand it over tomorrow.",
        "I'll stop and bring the claim to you.",
        "He said he will call you tomorrow.",
        "The manager promised I will get it tomorrow.",
        "I won't call you tomorrow.",
        "I will never call you.",
        "Maybe I will call tomorrow.",
        "Will I call you tomorrow?",
        "I'd send it tomorrow.",
        "I'll try to call you on Thursday.",
    ],
)
def test_a_rule_a_hope_a_question_or_hearsay_is_none(said):
    assert promises(said) == ()
