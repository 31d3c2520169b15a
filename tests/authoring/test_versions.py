"""Publishing, comparing, taking back, copying and putting away."""

import pytest

from coachtool.activities.models import Activity, ActivityVersion
from coachtool.authoring import catalogue
from coachtool.authoring.models import CourseActivity, Draft
from lti.models import GradeService
from tests import factories
from tests.authoring.html import form
from tests.lti.lms import Lms

pytestmark = pytest.mark.django_db


def change(author, slug, **fields):
    draft = Draft.objects.filter(activity__slug=slug).first()
    base = ActivityVersion.objects.filter(activity__slug=slug, published=True).count()
    answer = author.post(
        "section", slug, "situation", do="save", base=base, revision=draft.revision if draft else 0, **fields
    )
    assert answer.status_code == 303


def publish(author, slug, **fields):
    revision = Draft.objects.get(activity__slug=slug).revision
    answer = author.post("publish", slug, revision=revision, looked="yes", **fields)
    assert answer.status_code == 303
    return answer


def test_a_new_version_is_what_the_next_attempt_meets_and_begun_attempts_keep_theirs(world, author):
    mine = author.published()
    link = factories.resource_link(world.course, mine.activity)
    begun = factories.attempt(link=link)
    change(author, mine.activity.slug, opening="New words.")
    publish(author, mine.activity.slug, note="A warmer opening")
    begun.refresh_from_db()
    assert begun.version.number == 1 and link.version.number == 2
    assert link.version.brief.opening == "New words."
    said = author.get("versions", mine.activity.slug).content.decode()
    assert "A warmer opening" in said and "Grace Teacher" in said and said.count("Take it as the draft again") == 1


def test_publishing_without_a_change_makes_no_version(author):
    mine = author.published()
    change(author, mine.activity.slug, opening="Other.")
    change(author, mine.activity.slug, opening="Hello, I'm Maya. You wanted to talk to me?")
    page = author.get("check", mine.activity.slug)
    assert b"Nothing has changed since version 1" in page.content
    publish(author, mine.activity.slug)
    assert ActivityVersion.objects.filter(activity=mine.activity).count() == 1


def test_a_text_that_was_changed_meanwhile_is_not_published_unseen(author):
    mine = author.begun()
    page = author.get("check", mine.activity.slug)
    sent = form(page, "/publish/")
    change_without_base = {"do": "save", "base": 0, "revision": 1, "opening": "Changed by a colleague."}
    author.post("section", mine.activity.slug, "situation", **change_without_base)
    answer = author.client.post(sent.action, {**sent.fields, "looked": "yes"})
    assert answer.status_code == 409 and b"changed in another window" in answer.content
    assert not ActivityVersion.objects.filter(activity=mine.activity).exists()


def test_a_page_from_before_a_publication_does_not_publish_the_next_draft(author):
    mine = author.begun()
    slug = mine.activity.slug
    sent = form(author.get("check", slug), "/publish/")
    publish(author, slug)
    change(author, slug, opening="Half written.")
    assert Draft.objects.get().revision == int(sent.fields["revision"]), "revisions count anew"
    answer = author.client.post(sent.action, {**sent.fields, "looked": "yes"})
    assert answer.status_code == 409 and b"changed in another window" in answer.content
    assert ActivityVersion.objects.filter(activity=mine.activity).count() == 1
    sent = form(answer, "/publish/")
    assert author.client.post(sent.action, {**sent.fields, "looked": "yes"}).status_code == 303


def test_another_title_renames_the_gradebook_column(world, author, monkeypatch, django_capture_on_commit_callbacks):
    kicked = []
    monkeypatch.setattr("lti.tasks.kick_column", kicked.append)
    mine = author.published()
    link = factories.resource_link(world.course, mine.activity)
    link.title = ""
    link.save()
    GradeService.objects.create(
        resource_link=link,
        registration=Lms().register(),
        lineitem="https://lms.example/1",
        made=True,
        column={"label": mine.activity.title, "maximum": 100.0},
    )
    answer = author.post("section", mine.activity.slug, "settings", do="save", base=1, revision=0, title="A new name")
    assert answer.status_code == 303
    with django_capture_on_commit_callbacks(execute=True):
        publish(author, mine.activity.slug)
    assert kicked == [link.pk]


def test_the_differences_of_two_versions_read_like_a_letter(author):
    mine = author.published()
    change(author, mine.activity.slug, opening="New words.")
    publish(author, mine.activity.slug)
    page = author.get("versions", mine.activity.slug, old=1, new=2)
    said = page.content.decode()
    assert "From version 1 to version 2" in said and "Opening line" in said and "<ins>New words.</ins>" in said
    text = author.get("text", mine.activity.slug, 2)
    assert b"New words." in text.content and b"Would show it" in text.content


def test_an_old_version_becomes_the_draft_again_and_that_can_be_undone(author):
    mine = author.published()
    slug = mine.activity.slug
    change(author, slug, opening="Second.")
    publish(author, slug)
    change(author, slug, opening="Half written.")
    answer = author.post("restore", slug, 1)
    assert answer.status_code == 303
    assert Draft.objects.get().definition["opening"].startswith("Hello, I'm Maya.")
    page = author.client.get(answer.headers["Location"].split("#")[0])
    sent = form(page, "/persona/")
    author.client.post(sent.action, {**sent.fields, "do": "undo"})
    assert Draft.objects.get().definition["opening"] == "Half written."


def test_copy_and_change_makes_an_activity_of_this_course_and_offers_it_in_the_originals_place(world, author):
    answer = author.post("copy", world.library.slug)
    copy = CourseActivity.objects.get()
    assert copy.copied_from == world.library and copy.course == world.course
    assert copy.activity.slug.startswith("a-late-report-copy-") and copy.activity.slug != world.library.slug
    assert answer.headers["Location"].endswith("/edit/settings/#f-title")
    change(author, copy.activity.slug, opening="Ours.")
    answer = publish(author, copy.activity.slug)
    page = author.client.get(answer.headers["Location"].split("#")[0])
    assert "Put the copy in its place" in page.content.decode()
    assert form(page, "/activities/use/").fields["activity"] == copy.activity.slug
    assert world.library.latest.brief.opening == "You wanted to see me?"
    assert copy.activity.latest.definition["slug"] == copy.activity.slug


def test_putting_away_is_undone_and_places_keep_what_they_have(world, author):
    mine = author.published()
    link = factories.resource_link(world.course, mine.activity)
    answer = author.post("archive", mine.activity.slug)
    page = author.client.get(answer.headers["Location"].split("#")[0])
    assert b"no longer offered" in page.content and b"The 1 place in the course that has it keeps it" in page.content
    assert mine.activity not in catalogue.of_course(world.course)
    assert mine.activity in catalogue.for_tenant(world.course.tenant) and link.version.number == 1
    sent = form(page, "/archive/")
    assert sent.fields["undo"] == "1"
    author.client.post(sent.action, sent.fields)
    assert mine.activity in catalogue.of_course(world.course)


def test_only_what_is_written_in_and_never_published_counts_as_a_draft(world, author):
    author.post("new")
    assert not catalogue.drafts(world.course).exists()
    mine = author.begun()
    assert list(catalogue.drafts(world.course)) == [mine.activity]
    mine.activity.refresh_from_db()
    assert mine.activity.title == "A refund that is not possible"
    publish(author, mine.activity.slug)
    assert not catalogue.drafts(world.course).exists()
    assert Activity.objects.get(pk=mine.activity.pk) in catalogue.of_course(world.course)
