"""Who may do what: instructors of the course, with the course's own activities; everybody else is refused."""

import pytest

from coachtool.authoring.models import CourseActivity, Draft
from tests import factories

pytestmark = pytest.mark.django_db

READ = [("versions",), ("text", 1)]
WRITE = [
    ("GET", "begin"),
    ("POST", "begin"),
    ("GET", "edit"),
    ("GET", "check"),
    ("GET", "section", "persona"),
    ("POST", "section", "persona"),
    ("POST", "publish"),
    ("POST", "restore", 1),
    ("POST", "archive"),
]
COPY = [("POST", "copy"), ("POST", "preview"), ("GET", "back")]
ALL = [("POST", "new"), *WRITE, *COPY, *[("GET", *each) for each in READ]]


def ask(author, slug, method, name, *more):
    url = author.url(name, *([] if name == "new" else [slug]), *more)
    return author.client.get(url) if method == "GET" else author.client.post(url, {"do": "save"})


@pytest.mark.parametrize("way", ALL, ids=str)
def test_a_learner_is_refused(world, author, way):
    mine = author.published()
    learner = world.author("Ada Learner", role="learner")
    before = (CourseActivity.objects.count(), Draft.objects.count())
    assert ask(learner, mine.activity.slug, *way).status_code == 403
    assert (CourseActivity.objects.count(), Draft.objects.count()) == before


@pytest.mark.parametrize("way", ALL, ids=str)
def test_a_browser_without_the_visit_is_refused(world, author, way, client):
    mine = author.published()
    author.client = client
    assert ask(author, mine.activity.slug, *way).status_code == 403


@pytest.mark.parametrize("way", ALL[1:], ids=str)
@pytest.mark.parametrize("same_tenant", [True, False])
def test_an_instructor_of_another_course_is_refused(world, author, way, same_tenant):
    mine = author.published()
    elsewhere = factories.course(world.course.tenant if same_tenant else None)
    stranger = world.author("Eve Elsewhere", course=elsewhere, link=False)
    before = (CourseActivity.objects.count(), Draft.objects.count(), mine.activity.versions.count())
    assert ask(stranger, mine.activity.slug, *way).status_code == 403
    assert (CourseActivity.objects.count(), Draft.objects.count(), mine.activity.versions.count()) == before


@pytest.mark.parametrize("way", WRITE, ids=str)
def test_the_librarys_activities_are_not_changed_but_copied(world, author, way):
    answer = ask(author, world.library.slug, *way)
    assert answer.status_code == 403 and b"Copy this one" in answer.content


@pytest.mark.parametrize("way", [("GET", *each) for each in READ] + COPY, ids=str)
def test_what_came_with_a_course_copy_may_be_read_tried_and_copied_where_it_is_placed(world, author, way):
    mine = author.published()
    copied = factories.course(world.course.tenant)
    link = factories.resource_link(copied, mine.activity)
    teacher = world.author("Ina Inheritor", course=copied, link=link)
    assert ask(teacher, mine.activity.slug, *way).status_code in (200, 302, 303)


@pytest.mark.parametrize("way", WRITE, ids=str)
def test_what_came_with_a_course_copy_is_not_changed_there(world, author, way):
    mine = author.published()
    copied = factories.course(world.course.tenant)
    teacher = world.author("Ina Inheritor", course=copied, link=factories.resource_link(copied, mine.activity))
    assert ask(teacher, mine.activity.slug, *way).status_code == 403


def test_an_unpublished_version_is_shown_to_nobody_as_a_version(author):
    mine = author.begun()
    author.post("preview", mine.activity.slug)
    assert mine.activity.versions.get().number == 1
    assert author.get("text", mine.activity.slug, 1).status_code == 404
    assert author.post("restore", mine.activity.slug, 1).status_code == 404
