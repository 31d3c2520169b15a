"""Exemplars from a key point's own words: good English, taken by the judge, and near misses that do no harm."""

import pytest

from coachtool.activities import brief
from coachtool.activities.brief import KeyPoint, Objective
from coachtool.authoring import first_text, outline, rephrase, suggest
from coachtool.authoring.advice import on_wording
from coachtool.coaching import judge
from coachtool.coaching.types import Turn
from tests import factories


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Names what happened, that the last two reports were late.", "The last two reports were late."),
        ("Says that a claim above $10,000 has to be escalated.", "A claim above $10,000 has to be escalated."),
        ("Asks whether anyone is injured", "Is anyone injured?"),
        ("Asks whether anyone is injured", "I'd like to know if anyone is injured."),
        ("Asks Maya for her view, or what got in the way.", "I'd like to hear about your view."),
        ("Offers to call back tomorrow", "I can call back tomorrow."),
        ("Apologises for the late delivery", "I'm sorry for the late delivery."),
        ("Acknowledges that the customer is upset", "I can see that you are upset."),
        ("Thanks the customer for waiting", "Thank you for waiting."),
        ("Escalates the claim to the team lead", "I would escalate the claim to the team lead."),
        ("The trainee should attach the photos", "I would attach the photos."),
        ("The call is recorded", "The call is recorded."),
    ],
)
def test_a_key_point_becomes_sentences_in_the_first_person(text, said):
    assert said in rephrase.rephrase(text, name="Maya", role="customer").shows


@pytest.mark.parametrize("text", ["", "Late", "Says what the reports led to"])
def test_what_cannot_be_turned_into_a_sentence_is_left_out(text):
    assert rephrase.rephrase(text).shows == ()


def test_near_misses_deny_report_ask_or_list():
    misses = rephrase.rephrase("Says that the last two reports were late").misses
    assert "The last two reports were not late." in misses
    assert "My colleague says that the last two reports were late." in misses
    assert "Is it true that the last two reports were late?" in misses
    assert "Last, two, reports" in misses


@pytest.mark.parametrize(
    "text", ["Says that the refund period is 30 days.", "Apologises for the delay", "Asks whether anyone is injured"]
)
def test_the_judge_takes_every_suggestion_as_it_is_meant(text):
    made = suggest.exemplars({"id": "p", "text": text})
    point = KeyPoint("p", text, made.met_by, made.not_met_by)
    assert len(made.met_by) >= 2 and made.not_met_by

    def verdict(said):
        return judge.judge_key_point(Objective("o", "", "", (point,), 1), point, (Turn(1, "learner", said),)).verdict

    assert {verdict(said) for said in made.met_by} == {"met"}
    assert "met" not in {verdict(said) for said in made.not_met_by}


def test_what_is_there_already_is_not_suggested_again():
    point = {"id": "p", "text": "Apologises for the delay"}
    made = suggest.exemplars(point)
    full = point | {"met_by": list(made.met_by), "not_met_by": list(made.not_met_by)}
    assert not set(suggest.exemplars(full).met_by) & set(made.met_by)


def test_of_two_things_the_first_is_suggested_and_of_what_cannot_be_heard_nothing():
    made = suggest.exemplars({"id": "p", "text": "Says that the refund period is 30 days and offers a voucher"})
    assert made.met_by[0] == "The refund period is 30 days."
    assert suggest.exemplars({"id": "p", "text": "Understands the customer"}) == suggest.Suggestion((), ())


def test_the_nearest_key_points_of_the_library_come_with_their_sentences():
    library = (brief.load(factories.DEFINITION),)
    (found,) = suggest.alike("Agrees on a next step and when it is done", library, most=1)
    assert found.activity == "A late report" and found.text == "Proposes a concrete next step with a date."
    assert found.met_by == ("Let's look at your draft together every Thursday before it is due.",)
    assert suggest.alike("Names the capital of France", library) == ()


def test_a_few_lines_become_an_activity_that_loads_and_has_nothing_left_to_complete():
    answers = first_text.Answers(
        "A refund", "Maya", "customer", "maya", "She wants her money back.", "", "",
        ("Acknowledges that the customer is upset", "Says that the refund period is 30 days", "Offers a voucher"),
    )  # fmt: skip
    draft, suggested = first_text.write(answers)
    made = brief.load(outline.complete(draft, "a-refund"))
    points = made.objectives[0].key_points
    assert [point.text for point in points] == list(answers.heard) and made.objectives[0].required == 2
    assert all(point.met_by and point.probe for point in points)
    assert len({point.probe for point in points}) == 3, "nobody is asked the same thing three times"
    assert suggested[points[1].id][0] == "The refund period is 30 days."
    assert on_wording(draft) == ()
