"""From the gradebook to what a learner did: Submission Review launches, and links to one attempt."""

import pytest
from django.utils import timezone

from coachtool.attempts.models import Attempt, Person, ResourceLink, Tenant
from lti.claims import AGS
from lti.models import GradeDelivery, GradeService
from tests import factories
from tests.lti.lms import LAUNCH_URL, MEMBERSHIP, OMIT, Lms, pem
from tests.lti.test_launch import visit_of
from tests.lti.words import text

pytestmark = pytest.mark.django_db
TEACHER = [MEMBERSHIP + "#Instructor"]


@pytest.fixture
def ada(lms, browser) -> Person:
    """A learner at the link, which has a line item."""
    visit = visit_of(browser, lms.launch(browser))
    return Person.objects.get(pk=visit.person_id)


def finished(learner: Person, **fields) -> Attempt:
    link = ResourceLink.objects.get(lms_id="link-1")
    values = {"state": Attempt.State.FINISHED, "started": timezone.now(), "ended": timezone.now()} | fields
    return factories.attempt(link=link, learner=learner, **values)


def counted(attempt: Attempt) -> None:
    """As if this attempt's grade were the one that the LMS holds."""
    GradeDelivery.objects.filter(person=attempt.learner).delete()
    GradeDelivery.objects.create(
        resource_link=attempt.resource_link,
        person=attempt.learner,
        attempt=attempt,
        score=50,
        maximum=100,
        final=True,
        timestamp=timezone.now(),
        next_try=timezone.now(),
        queued=timezone.now(),
    )


def arrives(browser, response):
    """Where the visit leads, past the page that finds the attempt."""
    visit_of(browser, response)
    return browser.get(response["Location"])


def test_the_instructor_comes_to_the_newest_finished_attempt(lms, browser, ada):
    finished(ada, ended="2026-01-01T10:00Z")
    newest = finished(ada)
    factories.attempt(link=newest.resource_link, learner=ada)
    response = lms.review(browser, "user-1")
    visit = visit_of(browser, response)
    page = arrives(browser, response)
    assert page["Location"] == f"/v/{visit.id}/attempts/{newest.pk}/report/"
    assert (visit.role, visit.graded, visit.resource_link_id) == ("instructor", False, newest.resource_link_id)


def test_the_attempt_that_counts_comes_before_a_newer_one(lms, browser, ada):
    best = finished(ada, ended="2026-01-01T10:00Z")
    finished(ada)
    counted(best)
    assert str(best.pk) in arrives(browser, lms.review(browser, "user-1"))["Location"]


def test_a_try_out_without_a_grade_is_not_what_the_gradebook_means(lms, browser, ada):
    finished(ada, graded=False)
    assert arrives(browser, lms.review(browser, "user-1")).status_code == 200


@pytest.mark.parametrize("link", [OMIT, {"id": "link-1"}])
@pytest.mark.parametrize("context", [OMIT, {"id": "course-1"}])
def test_link_and_course_need_not_be_named(lms, browser, ada, link, context):
    attempt = finished(ada)
    response = lms.review(browser, "user-1", resource_link=link, context=context)
    assert str(attempt.pk) in arrives(browser, response)["Location"]


def test_where_nothing_was_done_yet_the_page_says_who_and_what_and_leads_on(lms, browser, ada):
    response = lms.review(browser, "user-1")
    visit = visit_of(browser, response)
    page = browser.get(response["Location"])
    assert page.status_code == 200
    assert "Ada Osei has not finished a conversation in “When to escalate” yet." in text(page)
    assert f'href="/v/{visit.id}/attempts/"' in page.content.decode()
    factories.attempt(link=ResourceLink.objects.get(), learner=ada, state=Attempt.State.LIVE, started=timezone.now())
    assert "goes on at this moment" in text(browser.get(response["Location"]))


def test_a_learner_who_never_came_is_named_as_the_lms_names_them(lms, browser, ada):
    response = lms.review(browser, "user-9", for_user={"user_id": "user-9", "given_name": "Ben", "family_name": "Ito"})
    assert "Ben Ito has not finished" in text(browser.get(response["Location"]))


def test_learners_review_themselves(lms, browser, ada):
    own = finished(ada)
    response = lms.review(browser, "user-1", sub="user-1", roles=[MEMBERSHIP + "#Learner"])
    assert str(own.pk) in arrives(browser, response)["Location"]


@pytest.mark.parametrize("sub", ["user-2", OMIT])
def test_learners_do_not_review_others(lms, browser, ada, sub):
    finished(ada)
    people = Person.objects.count()
    page = lms.review(browser, "user-1", sub=sub, roles=[MEMBERSHIP + "#Learner"])
    assert page.status_code == 403 and "Reference: review_of_others" in text(page)
    assert Person.objects.count() == people


def test_a_learner_does_not_get_at_others_by_their_number(lms, browser, ada):
    other = factories.person(Tenant.objects.get(), "Ben")
    finished(other)
    visit = visit_of(browser, lms.launch(browser))
    assert browser.get(f"/v/{visit.id}/submissions/{other.pk}/").status_code == 403
    assert browser.get(f"/v/{visit.id}/submissions/{ada.pk}/").status_code == 200


def test_an_instructor_does_not_get_at_people_of_another_tenant(lms, browser, ada):
    visit = visit_of(browser, lms.launch(browser, sub="teacher-1", roles=TEACHER))
    assert browser.get(f"/v/{visit.id}/submissions/{factories.person().pk}/").status_code == 403


@pytest.mark.parametrize(
    "changes",
    [
        {AGS: {"lineitem": "https://lms.example.edu/items/2/lineitem?type_id=1"}},
        {"resource_link": {"id": "link-2"}},
        {"context": {"id": "course-2"}},
        {"deployment_id": "d2"},
    ],
)
def test_a_line_item_that_is_not_this_links_shows_nothing(lms, browser, ada, changes):
    finished(ada)
    people = Person.objects.count()
    page = lms.review(browser, "user-1", **changes)
    assert page.status_code == 404 and "Reference: review_unknown" in text(page)
    assert Person.objects.count() == people and Tenant.objects.count() == 1


def test_another_registration_does_not_get_at_the_line_item(lms, browser, ada):
    finished(ada)
    other = Lms(client_id="client-2", key=pem(1))
    other.register()
    assert other.review(browser, "user-1").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"for_user": OMIT},
        {"for_user": {}},
        {"for_user": {"user_id": 7}},
        {"for_user": {"user_id": ""}},
        {"for_user": ["user-1"]},
        {AGS: OMIT},
        {AGS: {}},
        {AGS: {"lineitem": "javascript:alert(1)"}},
        {"resource_link": {"title": "no id"}},
        {"roles": OMIT},
    ],
)
def test_a_review_that_is_out_of_shape_is_refused(lms, browser, ada, changes):
    page = lms.review(browser, "user-1", **changes)
    assert page.status_code == 400 and "Reference: message_malformed" in text(page)


# A link to one attempt: what Canvas keeps with a submission


def at(attempt: Attempt | str) -> str:
    return f"{LAUNCH_URL}?attempt={getattr(attempt, 'pk', attempt)}"


def test_the_link_of_a_submission_leads_an_instructor_to_its_report(lms, browser, ada):
    attempt = finished(ada)
    response = lms.launch(browser, sub="teacher-1", roles=TEACHER, target_link_uri=at(attempt))
    visit = visit_of(browser, response)
    assert response["Location"] == f"/v/{visit.id}/attempts/{attempt.pk}/report/"
    assert visit.resource_link_id == attempt.resource_link_id


def test_a_submissions_link_opened_from_the_course_makes_no_new_place(lms, browser, ada):
    attempt = finished(ada)
    course = {"resource_link": {"id": "the-course-itself"}, "custom": {}}
    response = lms.launch(browser, sub="teacher-1", roles=TEACHER, target_link_uri=at(attempt), **course)
    assert visit_of(browser, response).resource_link_id == attempt.resource_link_id
    assert ResourceLink.objects.count() == 1


def test_learners_come_to_their_own_report_and_to_nobody_elses(lms, browser, ada):
    attempt = finished(ada)
    assert f"{attempt.pk}/report/" in lms.launch(browser, target_link_uri=at(attempt))["Location"]
    other = lms.launch(browser, sub="user-2", target_link_uri=at(attempt))
    assert browser.get(other["Location"]).status_code == 403


def test_an_attempt_of_another_course_stays_closed_to_its_instructor(lms, browser, ada):
    attempt = finished(ada)
    elsewhere = {"context": {"id": "course-2"}, "resource_link": {"id": "link-2"}}
    response = lms.launch(browser, sub="teacher-2", roles=TEACHER, target_link_uri=at(attempt), **elsewhere)
    assert browser.get(response["Location"]).status_code == 403


@pytest.mark.parametrize("named", ["", "7", "../../", "00000000-0000-0000-0000-00000000000g"])
def test_a_link_to_no_attempt_is_a_launch_like_any_other(lms, browser, ada, named):
    response = lms.launch(browser, target_link_uri=at(named))
    assert response["Location"] == f"/v/{visit_of(browser, response).id}/"


def test_the_line_item_of_the_newest_launch_is_what_counts(lms, browser, ada):
    attempt = finished(ada)
    moved = {"lineitem": "https://lms.example.edu/items/7", "scope": []}
    GradeService.objects.update(lineitem=moved["lineitem"])
    assert lms.review(browser, "user-1").status_code == 404
    assert str(attempt.pk) in arrives(browser, lms.review(browser, "user-1", **{AGS: moved}))["Location"]
