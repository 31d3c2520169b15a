"""What a learner wants from the conversation itself, and what is about the matter instead."""

import pytest

from coachtool.coaching import intents

from .library import CLAIMS, Conversation


@pytest.mark.parametrize(
    "said",
    [
        "Okay, let's go.",
        "Shall we go?",
        "The car looked fine. I'll stop there.",
        "If anyone is hurt. I will stop here.",
        "We should stop.",
        "I will stop.",
        "I will leave it.",
        "I want to go there",
        "I'd like to leave it",
        "We should leave it.",
    ],
)
def test_lets_go_and_what_somebody_does_about_a_claim_do_not_end_the_conversation(said):
    assert not intents.wants_to_stop(said)
    talk = Conversation(CLAIMS)
    talk.say(said)
    assert not talk.reply.closes


@pytest.mark.parametrize(
    "said",
    [
        "I want to stop",
        "Can we stop here?",
        "I'd like to end this",
        "I'd like to leave it at that.",
        "Thanks, let's stop here.",
        "Let's leave it there.",
        "Okay. I think we should stop here.",
        "I'll stop here.",
        "I'm going to end the call.",
        "I have to go.",
        "I'll go now.",
        "Please stop.",
        "Stop.",
        "Goodbye, Ruth.",
    ],
)
def test_a_wish_to_stop_is_heard(said):
    assert intents.wants_to_stop(said)


@pytest.mark.parametrize(
    "said", ["I'm stuck.", "I'm confused.", "I'm lost.", "I'm unsure.", "I'm ready", "I'm sorry, I'm lost."]
)
def test_who_says_that_they_are_stuck_is_not_greeted(said):
    assert not intents.greets(said)


@pytest.mark.parametrize("said", ["I'm stuck.", "I'm lost.", "I'm sorry, I'm lost."])
def test_who_says_that_they_are_stuck_gets_a_hint_and_no_greeting(said):
    talk = Conversation(CLAIMS)
    first, second = talk.say(said), talk.say(said)
    assert first.emotion == "encouraging" and first.move == "probe"
    assert second.move == "hint"


@pytest.mark.parametrize("said", ["Hi Ruth.", "Hello, I'm Jo.", "Good morning, my name is Sam.", "I'm Alex"])
def test_who_says_their_name_is_greeted(said):
    assert intents.greets(said)


@pytest.mark.parametrize(
    "said",
    [
        "Is this person insured?",
        "Is that person hurt?",
        "Is this machine covered?",
        "Is that real damage?",
        "Is this computer insured under the policy?",
        "Is this person or the other one insured?",
        "Is that a machine that we insure?",
    ],
)
def test_a_question_about_a_person_or_a_machine_of_the_case_is_not_about_the_persona(said):
    assert not intents.asks_who(said)


@pytest.mark.parametrize(
    "said",
    [
        "Are you a real person?",
        "Is this a robot?",
        "Is this a bot, Ruth?",
        "Wait, is this a real person talking?",
        "Is that a human or a machine?",
        "Is this real?",
        "Is this AI?",
        "You're a robot, aren't you?",
        "Am I talking to a machine that answers?",
    ],
)
def test_a_question_what_the_persona_is_is_heard(said):
    assert intents.asks_who(said)
