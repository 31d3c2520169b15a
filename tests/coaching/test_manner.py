"""How the coach goes on with somebody who speaks otherwise than before; and what that never changes."""

from dataclasses import replace

import pytest

from coachtool.coaching import intents
from coachtool.coaching.authored import AuthoredCoach
from coachtool.coaching.types import CoachState, Observation, Turn
from tests.coaching import library

BRIEF = library.activity(library.CLAIMS)
PHRASES = BRIEF.phrases
KINDS = ("slower", "faster", "hesitant", "flatter", "quieter", "looked_away", "left_the_picture", "frowned", "smiled")
LINES = (
    "Yes, I understand.",
    "I understand all of that, it makes sense to me.",
    "I have worked here for two years now and I like the team.",
    "If the repair estimate is above ten thousand dollars, I stop and bring the claim to you.",
    "I don't know.",
    "I would pay whatever the customer asks for.",
    "Does her policy cover a flood?",
    "Maybe when somebody is hurt, perhaps?",
    "Can we stop here, please?",
)


def observed(*kinds, confidence=0.95):
    return tuple(Observation(kind, kind, confidence, 1000) for kind in kinds)


def reply(text, *kinds, persona="How do you decide?"):
    coach = AuthoredCoach()
    state = coach.open(BRIEF).state
    turns = (Turn(1, "persona", persona), Turn(2, "learner", text))
    return coach.answer(BRIEF, state, turns, observed(*kinds))


def test_a_claim_of_understanding_in_a_flat_voice_is_asked_about():
    plain, belied = reply(LINES[0]), reply(LINES[0], "flatter")
    assert belied.adapted and belied.move == "confirm" and belied.lines != plain.lines
    assert belied.lines[0] in PHRASES.own_words and belied.lines[-1] == plain.lines[-1]
    assert reply(LINES[0], "looked_away").lines == belied.lines
    assert reply(LINES[0], "smiled").lines == plain.lines


def test_it_is_not_asked_about_twice_running():
    again = reply(LINES[0], "flatter", persona=f"{PHRASES.own_words[0]} How?")
    assert again.lines == reply(LINES[0], persona="x").lines


def test_somebody_who_hesitates_is_given_time_and_asked_the_same():
    plain, gentle = reply(LINES[2]), reply(LINES[2], "hesitant")
    assert gentle.lines[0] in PHRASES.gentle and gentle.emotion == "encouraging"
    assert gentle.lines[1:] == plain.lines[-len(gentle.lines[1:]) :]


def test_somebody_in_a_hurry_is_slowed_down_and_asked_in_fewer_words():
    plain, slowed = reply(LINES[2]), reply(LINES[2], "faster")
    assert slowed.lines[0] in PHRASES.slowly and len(slowed.lines) == 2 <= len(plain.lines)


def test_a_right_answer_after_hesitation_is_encouraged():
    plain, encouraged = reply(LINES[3]), reply(LINES[3], "hesitant")
    assert any(line in PHRASES.encourage for line in encouraged.lines) and encouraged.lines[0] == plain.lines[0]
    assert encouraged.emotion == "encouraging" and encouraged.judgements == plain.judgements


@pytest.mark.parametrize("text", LINES)
def test_nothing_that_counts_depends_on_what_was_observed(text):
    plain, adapted = reply(text), reply(text, *KINDS)
    assert replace(adapted.state, last_lines=()) == replace(plain.state, last_lines=())
    assert adapted.judgements == plain.judgements and adapted.closes == plain.closes
    assert (adapted.trigger, adapted.touched) == (plain.trigger, plain.touched)
    assert (adapted.citations, adapted.notes) == (plain.citations, plain.notes)
    coach, turns = AuthoredCoach(), (Turn(1, "persona", "…"), Turn(2, "learner", text))
    nexts = [coach.answer(BRIEF, given.state, turns + turns[1:]).state for given in (plain, adapted)]
    assert replace(nexts[0], last_lines=()) == replace(nexts[1], last_lines=())


def test_approved_answers_refusals_and_the_close_stay_word_for_word():
    for text in ("Does her policy cover a flood?", "Can we stop here, please?", "Are you a real person?"):
        assert reply(text, *KINDS).lines == reply(text).lines and not reply(text, *KINDS).adapted


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("Yes, I understand.", "I understand"),
        ("Okay, that makes sense to me.", "that makes sense"),
        ("Got it, thanks.", "Got it"),
        ("It's all clear.", "It's all clear"),
        ("I don't understand.", ""),
        ("Do you understand?", ""),
        ("If I understand you right, no.", ""),
        ("I got the car fixed.", ""),
    ],
)
def test_a_claim_of_understanding_is_told_by_its_words(text, claim):
    assert intents.claim_of_understanding(text) == claim


def test_a_state_of_its_own_is_not_needed():
    assert "observed" not in CoachState.__dataclass_fields__
