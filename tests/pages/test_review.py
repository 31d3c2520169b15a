"""An instructor's verdicts and grade win over the judge's; a learner's dispute is heard; both are on the report."""

import re

import pytest

from coachtool.attempts import review
from coachtool.attempts.models import Attempt, Dispute, GradeOverride, ObjectiveOutcome, Person, Review
from coachtool.attempts.signals import grade_reviewed

pytestmark = pytest.mark.django_db


@pytest.fixture
def attempt(world) -> Attempt:
    return world.finished(score=0.5)


@pytest.fixture
def instructor(world):
    return world.admitted(world.instructor, "instructor")


@pytest.fixture
def learner(world):
    return world.admitted(world.learner, "learner")


@pytest.fixture
def announced():
    heard = []

    def note(sender, resource_link, learner, **kwargs):
        heard.append((resource_link.pk, learner.pk))

    grade_reviewed.connect(note, weak=False)
    yield heard
    grade_reviewed.disconnect(note)


def post(who, path: str, **data):
    client, visit = who
    return client.post(f"/v/{visit}/{path}", data, follow=True)


def decide(who, attempt, verdict: str, note: str = ""):
    return post(who, f"attempts/{attempt.pk}/objectives/triggers/review/", verdict=verdict, note=note)


def disputed(who, attempt, reason: str = "I said it at the start."):
    return post(who, f"attempts/{attempt.pk}/objectives/triggers/dispute/", reason=reason)


def test_a_verdict_of_the_instructors_counts_and_the_judges_is_kept(attempt, instructor, announced):
    page = decide(instructor, attempt, "met", "She said it in her second sentence.").text
    attempt.refresh_from_db()
    assert (attempt.reviewed_score, attempt.reviewed_outcome) == (1.0, "passed")
    assert (attempt.score, attempt.outcome) == (0.5, "failed")
    assert attempt.points == attempt.brief.max_score
    assert "decided: met" in page and "She said it in her second sentence." in page
    assert announced == [(attempt.resource_link_id, attempt.learner_id)]


def test_taking_a_verdict_back_counts_as_the_judge_did(attempt, instructor):
    decide(instructor, attempt, "met")
    decide(instructor, attempt, "not_met")
    attempt.refresh_from_db()
    assert (attempt.counted_score, attempt.counted_outcome) == (0.5, "failed")
    assert [entry.verdict for entry in Review.objects.all()] == ["met", "not_met"]


def test_what_the_judge_had_met_and_the_instructor_has_not_is_worth_nothing(world, attempt, instructor):
    attempt.outcomes.update(verdict="met", points=1.0)
    decide(instructor, attempt, "not_met")
    attempt.refresh_from_db()
    assert (attempt.counted_score, attempt.counted_outcome) == (0.0, "failed")


def test_an_unclear_result_is_final_once_the_instructor_has_decided(world, instructor):
    attempt = world.finished(score=0.5, outcome="unclear")
    attempt.outcomes.update(verdict="unclear")
    decide(instructor, attempt, "not_met")
    attempt.refresh_from_db()
    assert attempt.counted_outcome == "failed"


def test_an_objective_that_is_still_unclear_keeps_the_result_open(world):
    attempt = world.finished(score=0.5, outcome="unclear")
    attempt.outcomes.update(verdict="unclear")
    assert review.count(attempt.brief, attempt.outcomes.all()).outcome == "unclear"


def test_a_verdict_that_is_none_is_refused_on_the_page(attempt, instructor):
    client, visit = instructor
    response = client.post(f"/v/{visit}/attempts/{attempt.pk}/objectives/triggers/review/", {"verdict": "maybe"})
    assert response.status_code == 422 and "Choose a verdict." in response.text
    assert not Review.objects.exists()


def test_an_unknown_objective_is_refused(attempt, instructor):
    assert post(instructor, f"attempts/{attempt.pk}/objectives/none/review/", verdict="met").status_code == 403


def test_a_learner_decides_nothing_about_an_attempt(attempt, learner):
    for path in (
        f"attempts/{attempt.pk}/objectives/triggers/review/",
        f"attempts/{attempt.pk}/grade/",
        f"attempts/{attempt.pk}/grade/withdraw/",
    ):
        assert post(learner, path, verdict="met", points="100").status_code == 403
    assert not Review.objects.exists() and not GradeOverride.objects.exists()


def test_a_learner_can_ask_for_another_look_and_reads_the_answer(attempt, learner, instructor):
    assert "Not answered yet" in disputed(learner, attempt).text
    dispute = Dispute.objects.get()
    client, visit = instructor
    assert "I said it at the start." in client.get(f"/v/{visit}/attempts/{attempt.pk}/report/").text
    post(instructor, f"disputes/{dispute.pk}/answer/", verdict="met", answer="You did; I had missed it.")
    client, visit = learner
    page = client.get(f"/v/{visit}/attempts/{attempt.pk}/report/").text
    assert "You did; I had missed it." in page and 'data-outcome="passed"' in page


def test_an_answer_that_keeps_the_verdict_reviews_nothing(attempt, learner, instructor):
    disputed(learner, attempt)
    post(instructor, f"disputes/{Dispute.objects.get().pk}/answer/", verdict="not_met", answer="Not quite.")
    assert Dispute.objects.get().state == "answered" and not Review.objects.exists()


def test_the_first_answer_to_a_dispute_stands(attempt, learner, instructor):
    disputed(learner, attempt)
    dispute = Dispute.objects.get()
    post(instructor, f"disputes/{dispute.pk}/answer/", verdict="not_met", answer="Not quite.")
    page = post(instructor, f"disputes/{dispute.pk}/answer/", verdict="met", answer="Yes.").text
    assert "nothing was changed" in page
    assert Dispute.objects.get().answer == "Not quite." and not Review.objects.exists()


def test_an_answer_without_words_is_asked_for_again_and_keeps_the_dispute_open(attempt, learner, instructor):
    disputed(learner, attempt)
    dispute = Dispute.objects.get()
    response = post(instructor, f"disputes/{dispute.pk}/answer/", verdict="met", answer=" ")
    assert response.status_code == 422 and "Write an answer first" in response.text
    assert Dispute.objects.get().state == "open"


def chosen(response) -> list[str]:
    """The verdicts that are chosen in the page's forms."""
    return re.findall(r'name="verdict" value="(\w+)" checked', response.text)


@pytest.mark.parametrize("verdict", ["met", "not_met", "unclear"])
def test_an_answer_without_words_keeps_the_verdict_that_was_chosen(attempt, learner, instructor, verdict):
    attempt.outcomes.update(verdict="unclear")
    disputed(learner, attempt)
    client, visit = instructor
    assert chosen(client.get(f"/v/{visit}/attempts/{attempt.pk}/report/")) == ["unclear"]
    response = post(instructor, f"disputes/{Dispute.objects.get().pk}/answer/", verdict=verdict, answer=" ")
    assert (response.status_code, chosen(response)) == (422, [verdict])


def test_a_note_that_is_too_long_keeps_the_verdict_that_was_chosen(attempt, instructor):
    client, visit = instructor
    assert chosen(client.get(f"/v/{visit}/attempts/{attempt.pk}/report/")) == ["not_met"]
    response = decide(instructor, attempt, "met", "x" * 2001)
    assert (response.status_code, chosen(response)) == (422, ["met"])
    assert not Review.objects.exists()


def test_a_learner_asks_once_may_take_it_back_and_ask_again(attempt, learner):
    disputed(learner, attempt)
    disputed(learner, attempt, "Once more.")
    dispute = Dispute.objects.get()
    post(learner, f"disputes/{dispute.pk}/withdraw/")
    disputed(learner, attempt, "Once more.")
    assert [entry.state for entry in Dispute.objects.order_by("pk")] == ["withdrawn", "open"]


def test_a_dispute_needs_a_reason_and_a_verdict_that_is_not_met(attempt, learner):
    assert disputed(learner, attempt, "").status_code == 422
    ObjectiveOutcome.objects.update(verdict="met")
    assert "counts as met already" in disputed(learner, attempt).text
    assert not Dispute.objects.exists()


def test_nobody_else_disputes_a_learners_verdict_or_takes_it_back(world, attempt, learner, instructor):
    fellow = world.admitted(world.other, "learner")
    assert disputed(fellow, attempt).status_code == 403
    assert disputed(instructor, attempt).status_code == 403
    disputed(learner, attempt)
    assert post(fellow, f"disputes/{Dispute.objects.get().pk}/withdraw/").status_code == 403
    assert Dispute.objects.get().state == "open"


@pytest.mark.parametrize("role", ["learner", "instructor"])
def test_who_has_no_name_is_not_promised_an_answer_that_nobody_is_asked_for(world, learner, attempt, role):
    """Nor is an instructor who tries it out."""
    tenant = world.learner.tenant
    nobody = Person.objects.create(tenant=tenant, lms_id=f"{Person.ANONYMOUS}1") if role == "learner" else None
    person = nobody or world.instructor
    client, visit = who = world.admitted(person, role, graded=False)
    own = world.finished(person, graded=False)
    assert "I see this differently" not in client.get(f"/v/{visit}/attempts/{own.pk}/report/").text
    assert disputed(who, own).status_code == 403 and not Dispute.objects.exists()
    client, visit = learner
    assert "I see this differently" in client.get(f"/v/{visit}/attempts/{attempt.pk}/report/").text


def test_a_grade_of_the_instructors_is_shown_to_the_learner_and_can_be_taken_back(
    attempt, instructor, learner, announced
):
    post(instructor, f"attempts/{attempt.pk}/grade/", points="85", note="Strong close.")
    client, visit = learner
    page = client.get(f"/v/{visit}/attempts/{attempt.pk}/report/").text
    assert "85 of 100" in page and "Strong close." in page
    post(instructor, f"attempts/{attempt.pk}/grade/", points="90")
    assert review.standing_override(attempt.resource_link, attempt.learner).points == 90
    post(instructor, f"attempts/{attempt.pk}/grade/withdraw/")
    assert review.standing_override(attempt.resource_link, attempt.learner) is None
    assert GradeOverride.objects.count() == 2 and len(announced) == 3


@pytest.mark.parametrize("points", ["", "101", "-1", "nan", "a lot"])
def test_points_that_cannot_be_given_are_refused(attempt, instructor, points):
    response = post(instructor, f"attempts/{attempt.pk}/grade/", points=points)
    assert response.status_code == 422 and "Give points from 0 to 100." in response.text
    assert not GradeOverride.objects.exists()


def test_practice_without_a_grade_cannot_be_graded(world, instructor):
    attempt = world.finished(graded=False)
    assert post(instructor, f"attempts/{attempt.pk}/grade/", points="50").status_code == 403
