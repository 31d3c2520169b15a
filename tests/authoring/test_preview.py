"""Trying an activity before anybody else meets it."""

import pytest

from coachtool.activities.models import ActivityVersion
from coachtool.attempts import access, journal
from coachtool.attempts.finish import finish
from coachtool.attempts.models import Attempt, ResourceLink
from coachtool.authoring.models import Draft
from coachtool.coaching.authored import AuthoredCoach
from coachtool.records.models import StatementOutbox
from lti.models import GradeDelivery
from tests import factories

pytestmark = pytest.mark.django_db


def lobby(author, slug):
    """The lobby that a preview leads to, and its visit."""
    answer = author.post("preview", slug)
    assert answer.status_code == 303, answer.content.decode()[:500]
    page = author.client.get(answer.headers["Location"])
    assert page.status_code == 200, page.content.decode()[:500]
    return page, answer.headers["Location"].split("/")[2]


def talk(attempt: Attempt, *said: str) -> Attempt:
    """A text conversation with the real coach, on the attempt's own journal."""
    coach, brief = AuthoredCoach(), attempt.brief
    journal.take(attempt.pk)
    reply = coach.open(brief)
    factories.say(attempt, "persona", " ".join(reply.lines), state=journal.state_data(reply.state))
    for text in said:
        factories.say(attempt, "learner", text)
        reply = coach.answer(brief, reply.state, journal.transcript(attempt))
        factories.say(attempt, "persona", " ".join(reply.lines), state=journal.state_data(reply.state))
    return finish(attempt.pk, "closed" if reply.closes else "done")


def test_a_draft_is_talked_through_to_its_report_and_nothing_reaches_the_course(author):
    mine = author.begun()
    page, visit = lobby(author, mine.activity.slug)
    said = page.content.decode()
    assert "Preview of A refund that is not possible" in said and "version in work" in said
    start = {"modality": "text", "ai_disclosure": "v1"}
    conversation = author.client.post(f"/v/{visit}/attempts/start/", start, follow=True)
    assert b"nothing is recorded in the course" in conversation.content
    attempt = Attempt.objects.get()
    assert attempt.resource_link.preview and not attempt.graded and not attempt.version.published
    attempt = talk(
        attempt,
        "I can see that you are upset.",
        "I'm sorry, but the refund period is 30 days.",
        "What I can offer you is a voucher.",
    )
    assert attempt.outcome == Attempt.Outcome.PASSED
    report = author.client.get(f"/v/{visit}/attempts/{attempt.pk}/report/")
    assert b"Passed" in report.content and b"nothing is recorded in the course" in report.content
    assert not StatementOutbox.objects.exists() and not GradeDelivery.objects.exists()
    back = author.client.get(f"/v/{visit}/activities/{mine.activity.slug}/back/")
    assert back.headers["Location"] == author.url("check", mine.activity.slug), "in the visit where it was begun"


def test_a_version_is_frozen_only_when_the_text_has_changed(author):
    mine = author.begun()
    slug = mine.activity.slug
    _, first = lobby(author, slug)
    _, again = lobby(author, slug)
    assert first == again, "one visit, however often it is tried"
    assert ActivityVersion.objects.filter(activity=mine.activity).count() == 1
    author.post("section", slug, "situation", do="save", opening="Other words.", base=0, revision=1)
    lobby(author, slug)
    numbers = ActivityVersion.objects.filter(activity=mine.activity).values_list("number", "published")
    assert sorted(numbers) == [(1, False), (2, False)]
    link = ResourceLink.objects.get(preview=True)
    assert link.lms_id == f"preview:{slug}" and link.version.brief.opening == "Other words."


def test_what_was_previewed_is_what_is_published(author):
    mine = author.begun()
    lobby(author, mine.activity.slug)
    author.post("publish", mine.activity.slug, revision=Draft.objects.get().revision, looked="yes")
    version = ActivityVersion.objects.get(activity=mine.activity)
    assert version.published and version.number == 1


def test_an_unpublished_preview_reaches_no_learner(world, author):
    mine = author.published()
    placed = factories.resource_link(world.course, mine.activity)
    author.post("section", mine.activity.slug, "situation", do="save", opening="In work.", base=1, revision=0)
    page, _ = lobby(author, mine.activity.slug)
    assert b"version in work" in page.content
    assert placed.version.brief.opening != "In work."
    assert ResourceLink.objects.get(preview=True).version.brief.opening == "In work."


def test_a_library_activity_can_be_tried_and_leads_back_to_the_activities(world, author):
    page, visit = lobby(author, world.library.slug)
    assert "Preview of A late report" in page.content.decode() and b"version in work" not in page.content
    back = author.client.get(f"/v/{visit}/activities/{world.library.slug}/back/")
    assert back.headers["Location"] == f"/v/{author.visit}/activities/"
    assert ActivityVersion.objects.count() == 1


def test_it_works_from_the_platforms_picker_where_there_is_no_link_yet(world):
    picker = world.author(link=False, placing="a-request", frame_origin="https://lms.example.edu")
    mine = picker.begun()
    page, visit = lobby(picker, mine.activity.slug)
    assert "frame-ancestors https://lms.example.edu" in page.headers["Content-Security-Policy"]
    back = picker.client.get(f"/v/{visit}/activities/{mine.activity.slug}/back/")
    assert back.headers["Location"] == picker.url("check", mine.activity.slug)
    page = picker.get("versions", mine.activity.slug)
    assert b"Place it in the course" not in page.content, "not published yet"
    picker.post("publish", mine.activity.slug, revision=Draft.objects.get().revision, looked="yes")
    assert b"Place it in the course" in picker.get("versions", mine.activity.slug).content


def test_a_browser_without_cookies_goes_on_in_the_preview_itself(world):
    visitor = world.author()
    visit = access.admit(None, person=visitor.person, role="instructor", resource_link=world.link)
    mine = visitor.begun()
    visitor.client.cookies.clear()
    visitor.visit = visit.id
    page, preview = lobby(visitor, mine.activity.slug)
    assert b"nothing is recorded" in page.content and preview != visit.id
    back = visitor.client.get(f"/v/{preview}/activities/{mine.activity.slug}/back/", follow=True)
    assert back.status_code == 200 and b"Check and publish" in back.content


def test_previews_do_not_count_among_a_versions_attempts(author, world):
    mine = author.published()
    _, visit = lobby(author, mine.activity.slug)
    author.client.post(f"/v/{visit}/attempts/start/", {"modality": "text", "ai_disclosure": "v1"})
    talk(Attempt.objects.get(), "Good bye.")
    assert "· 0 attempts" in author.get("versions", mine.activity.slug).content.decode()
    real = factories.attempt(link=factories.resource_link(world.course, mine.activity))
    talk(real, "Good bye.")
    assert "· 1 attempt<" in author.get("versions", mine.activity.slug).content.decode()
