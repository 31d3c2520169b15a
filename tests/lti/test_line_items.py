"""Columns that the tool makes, changes and takes away, in the sandbox LMS and on pages as Moodle really sends them."""

import json
import threading
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from django.db import connection
from django.test import Client

from coachtool.activities.models import ActivityVersion
from coachtool.attempts import access
from coachtool.attempts.models import Person
from lti import ags, delivery, line_items, services, tasks
from lti.models import GradeDelivery, GradeService, Registration
from tests import factories
from tests.lti.lms import Lms
from tests.lti.sandbox_book import Book

_SCOPES = [ags.LINE_ITEM, ags.READ_RESULTS, ags.SCORE]
_BOTH = {"specific": "met", "agree": "met"}
MOODLE = Path(__file__).parent / "moodle"


class Place:
    """A resource link of the sandbox that has no column, known to the tool; and the sandbox's gradebook behind it."""

    def __init__(self, sandbox, slug: str):
        self.sandbox = sandbox
        self.forgiven = False  # the test lets the tool ask for what is gone
        self.registration = Registration.objects.get()
        self.book = Book(sandbox)
        self.book.run(
            "DELETE FROM sandbox_score; DELETE FROM sandbox_humangrade;"
            "DELETE FROM sandbox_lineitem WHERE made_by_tool OR link_id IS NULL OR link_id IN"
            " (SELECT id FROM sandbox_resourcelink WHERE title = 'A hard talk');"
            "DELETE FROM sandbox_resourcelink WHERE title = 'A hard talk'"
        )
        self.sandbox_link = self.book.another("sandbox_resourcelink", slug=slug, title="A hard talk")
        course = factories.course()
        self.link = factories.resource_link(course)
        self.link.lms_id, self.link.title = str(self.sandbox_link), "A hard talk"
        self.link.save()
        self.container = f"{sandbox.url}/lti/courses/1/lineitems?type_id=1"
        self.service = GradeService.objects.create(
            resource_link=self.link, registration=self.registration, lineitems=self.container, scopes=_SCOPES
        )

    def columns(self) -> list[tuple]:
        """Label, maximum, resource id and tag of the link's columns."""
        found = self.book.rows("SELECT * FROM sandbox_lineitem WHERE link_id = %s ORDER BY id", self.sandbox_link)
        return [(row["label"], row["maximum"], row["resource_id"], row["tag"]) for row in found]

    def add_column(self, label: str, *, tag: str = "", resource_id: str = "", link: bool = True) -> None:
        mine = {"link_id": self.sandbox_link if link else None, "label": label, "tag": tag, "resource_id": resource_id}
        self.book.another("sandbox_lineitem", made_by_tool=False, maximum=100, **mine)

    def column_id(self) -> int:
        return self.book.rows("SELECT id FROM sandbox_lineitem WHERE link_id = %s", self.sandbox_link)[0]["id"]

    def lose_column(self) -> None:
        """Somebody deletes it in the LMS."""
        self.book.run("DELETE FROM sandbox_score")
        self.book.run("DELETE FROM sandbox_lineitem WHERE link_id = %s", self.sandbox_link)

    def learner(self, number: int) -> Person:
        """A learner of the sandbox."""
        assert httpx.get(f"{self.sandbox.url}/as/learner{number}/").status_code == 302
        tenant = self.link.course.tenant
        return Person.objects.get_or_create(tenant=tenant, lms_id=f"u-{100 + number}", defaults={"name": "Lea"})[0]

    def finishes(self, person: Person, score: float, outcome: str = "passed"):
        attempt = factories.attempt(link=self.link, learner=person)
        return factories.finished(attempt, _BOTH, score=score, outcome=outcome)

    def types(self, person: Person, points: float | None) -> None:
        """The instructor types a grade into the gradebook."""
        self.book.run(
            "INSERT INTO sandbox_humangrade (item_id, user_id, points, typed)"
            " SELECT %s, id, %s, now() FROM sandbox_user WHERE sub = %s",
            self.column_id(),
            points,
            person.lms_id,
        )

    def result(self, person: Person) -> float | None:
        self.service.refresh_from_db()
        with services.client() as http:
            found = ags.results(http, self.registration, self.service.lineitem, user_id=person.lms_id)
            return next((held.score for held in found), None)

    def instructor(self) -> tuple[Client, str]:
        """A browser in which the instructor is at this link, and the address of the page about grades."""
        client = Client()
        session = client.session
        person = factories.person(self.link.course.tenant, "Iris Novak")
        visit = access.admit(session, person=person, resource_link=self.link, role="instructor", graded=False)
        session.save()
        return client, f"/v/{visit.id}/grades/"

    def publish(self, **changes) -> None:
        newest = self.link.activity.newest
        ActivityVersion.objects.create(
            activity=self.link.activity, number=newest.number + 1, definition=newest.definition | changes
        )

    def always(self) -> None:
        self.registration.line_items = Registration.LineItems.ALWAYS
        self.registration.save()


@pytest.fixture
def place(sandbox):
    before = sandbox.verdicts()
    made = Place(sandbox, "no-column")
    yield made
    made.book.close()
    httpx.delete(f"{sandbox.url}/habits/", timeout=10)
    if not made.forgiven:
        assert sandbox.verdicts()[len(before) :] == [], "the sandbox found something wrong"


@pytest.fixture
def http():
    with services.client() as client:
        yield client


whole = pytest.mark.whole


@pytest.mark.parametrize(
    "header",
    [
        '<https://x.y/items?a=1&limit=1&from=1>; rel="next", <https://x.y/items?a=1>; rel="first"',
        "<https://x.y/items?a=1&limit=1&from=1>;rel=next",
        '<https://x.y/items?a=1>; rel="first", <https://x.y/items?a=1&limit=1&from=1>; title="more"; rel="next last"',
        "<https://x.y/items?a=1&amp;limit=1&amp;from=1>; rel=“next”",
        "<https://x.y/items?a=1&amp;limit=1&amp;from=1>; rel=" + "“next”".encode().decode("latin-1"),
    ],
)
def test_the_next_page_is_found_in_every_form_of_a_link_header(header):
    assert dict(services.links(header))["next"] == "https://x.y/items?a=1&limit=1&from=1"


def test_moodles_own_pages_are_read_to_the_end(monkeypatch):
    captured = json.loads((MOODLE / "moodle45_lineitems_paged.json").read_text())
    everything = json.loads((MOODLE / "moodle45_lineitems.json").read_text())["body"]
    base = everything[0]["id"].split("/lineitems/")[0] + "/lineitems?type_id=1"
    asked = []

    def moodle(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        start = int(request.url.params.get("from", 0))
        link = captured["link"].replace("from=1>", f"from={start + 1}>")
        if start + 1 == len(everything):
            link = link[: link.rindex(", <", 0, link.index("next"))]
        headers = [(b"Link", link.encode("latin-1")), (b"Content-Type", captured["content_type"].encode())]
        return httpx.Response(200, content=json.dumps(everything[start : start + 1]), headers=headers)

    monkeypatch.setattr("lti.services.token", lambda *_: "token")
    with httpx.Client(transport=httpx.MockTransport(moodle)) as client:
        found = list(ags.line_items(client, SimpleNamespace(), base))
        assert [item.id for item in found] == [entry["id"] for entry in everything]
        assert len(asked) == 3
        mine = list(ags.line_items(client, SimpleNamespace(), base, resource_link_id="6"))
        assert [item.label for item in mine] == ["Order food in Spanish (copy)"], "Moodle's answer was not filtered"


@pytest.mark.parametrize("following", ["https://elsewhere.example/items", "https://lms.example/items"])
def test_a_next_page_at_another_site_or_in_a_circle_is_not_followed_with_our_token(monkeypatch, following):
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(200, json=[], headers={"Link": f'<{following}>; rel="next"'})

    monkeypatch.setattr("lti.services.token", lambda *_: "token")
    with httpx.Client(transport=httpx.MockTransport(answer)) as client, pytest.raises(services.Failed):
        list(ags.line_items(client, SimpleNamespace(), "https://lms.example/items"))
    assert asked == ["lms.example"]


@pytest.mark.django_db
def test_many_who_need_a_token_at_once_ask_for_one(settings):
    registration = Lms().register()
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.content)
        threading.Event().wait(0.3)
        return httpx.Response(200, json={"access_token": f"token-{len(asked)}", "expires_in": 3600})

    got = []
    client = httpx.Client(transport=httpx.MockTransport(answer))
    services.keys.signing_key()
    threads = [
        threading.Thread(target=lambda: got.append(services.token(client, registration, [ags.SCORE]))) for _ in range(8)
    ]
    key = services.keys.signing_key()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lti.keys.signing_key", lambda: key)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)
    assert got == ["token-1"] * 8 and len(asked) == 1
    services.forget(registration, [ags.SCORE], "token-of-long-ago")
    assert services.token(client, registration, [ags.SCORE]) == "token-1"


@whole
@pytest.mark.parametrize("product", ["desire2learn", "D2L Brightspace"])
def test_where_the_platform_makes_no_column_the_first_grade_makes_one(place, product):
    place.registration.product = product
    place.registration.save()
    learner = place.learner(401)
    place.finishes(learner, 0.8)
    delivery.deliver_due()
    slug = place.link.activity.slug
    assert place.columns() == [("A hard talk", 100, slug, line_items.TAG)]
    assert place.result(learner) == 80
    assert GradeService.objects.get().made


@whole
def test_elsewhere_the_grade_waits_until_the_instructor_makes_the_column(place):
    learner = place.learner(402)
    place.finishes(learner, 0.8)
    delivery.deliver_due()
    held = GradeDelivery.objects.get()
    assert held.state == "stuck" and "Make one on this page" in held.last_error
    client, page = place.instructor()
    assert "Make a gradebook column" in client.get(page).text
    answer = client.post(page + "column/", follow=True)
    assert "Grades that waited for it are on their way." in answer.text
    delivery.deliver_due()
    assert place.result(learner) == 80
    assert "The grade is in the gradebook." in client.get(page).text


@whole
def test_many_who_need_the_column_at_once_make_one(place):
    place.always()
    for number in range(403, 411):
        place.finishes(place.learner(number), 0.5)

    def work() -> None:
        try:
            delivery.deliver_due()
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=40)
    assert len(place.columns()) == 1
    assert {held.state for held in GradeDelivery.objects.all()} == {"sent"}


@whole
def test_a_column_whose_making_was_not_answered_is_found_again(place, http):
    place.always()
    place.sandbox.fault("lineitem", 503, times=2, after=True)  # the look-up, then the making
    for _ in range(2):
        with pytest.raises(services.Failed):
            line_items.ensure(http, place.link.pk)
    assert len(place.columns()) <= 1
    place.sandbox.mend()
    assert line_items.ensure(http, place.link.pk).made
    assert len(place.columns()) == 1


@whole
def test_a_column_that_is_there_is_used_and_several_are_a_question_for_the_instructor(place, http):
    place.add_column("Made by hand")
    place.always()
    found = line_items.ensure(http, place.link.pk)
    assert not found.made and [column[0] for column in place.columns()] == ["Made by hand"]
    GradeService.objects.update(lineitem="")
    place.add_column("Another")
    with pytest.raises(line_items.NoColumn, match="2 columns"):
        line_items.ensure(http, place.link.pk)
    assert len(place.columns()) == 2


@whole
@pytest.mark.parametrize("curly", [False, True])
def test_columns_are_found_across_pages(place, http, curly):
    slug = place.link.activity.slug
    habits = {"curly_links": curly, "page_size": 1}
    assert httpx.post(f"{place.sandbox.url}/habits/", json=habits, timeout=10).json() == habits
    for label in ("One", "Two", "Three"):
        place.add_column(label, tag="other", link=False)
    place.add_column("Ours", tag=line_items.TAG, resource_id=slug, link=False)
    place.add_column("Not ours", tag=line_items.TAG, resource_id="another", link=False)
    loose = [
        item.label for item in ags.line_items(http, place.registration, place.container) if not item.resource_link_id
    ]
    assert loose == ["One", "Two", "Three", "Ours", "Not ours"]
    assert line_items.ensure(http, place.link.pk, asked=True).made
    assert place.columns() == [], "the one that hung nowhere is used, none is made"


@whole
def test_a_copied_course_leaves_two_that_could_be_ours_and_neither_is_taken(place, http):
    slug = place.link.activity.slug
    for label in ("Original", "Copy"):
        place.add_column(label, tag=line_items.TAG, resource_id=slug, link=False)
    line_items.ensure(http, place.link.pk, asked=True)
    assert [column[0] for column in place.columns()] == ["A hard talk"]


@whole
def test_our_column_follows_the_activitys_points_and_title_but_not_over_a_name_given_there(place, http):
    place.always()
    learner = place.learner(411)
    place.finishes(learner, 0.8)
    delivery.deliver_due()
    place.link.title = "A harder talk"
    place.link.save()
    tasks.keep_column(place.link.pk)
    assert place.columns()[0][:2] == ("A harder talk", 100)
    place.book.run("UPDATE sandbox_lineitem SET label = 'Week 3' WHERE link_id = %s", place.sandbox_link)
    place.publish(max_score=20)
    delivery.deliver_due()
    assert place.columns()[0][:2] == ("Week 3", 20)
    assert place.result(learner) == 16


@whole
def test_our_column_that_was_deleted_is_made_again_once(place):
    place.forgiven = True
    place.always()
    learner, other = place.learner(412), place.learner(413)
    place.finishes(learner, 0.8)
    place.finishes(other, 0.7)
    delivery.deliver_due()
    place.lose_column()
    place.finishes(learner, 0.9)
    for _ in range(3):
        delivery.deliver_due()
    assert (place.result(learner), place.result(other)) == (90, 70), "the new column has everybody's grade"
    place.lose_column()
    place.finishes(learner, 1.0)
    delivery.deliver_due()
    held = GradeDelivery.objects.get(person=learner)
    assert held.last_error == line_items.GONE and place.columns() == []
    client, page = place.instructor()
    assert "Make the column again" in client.get(page).text
    client.post(page + "column/")
    delivery.deliver_due()
    assert (place.result(learner), place.result(other)) == (100, 70)


@whole
def test_the_instructor_takes_our_column_away_and_makes_it_again(place):
    place.always()
    learner = place.learner(414)
    place.finishes(learner, 0.8)
    delivery.deliver_due()
    client, page = place.instructor()
    assert "Tick the box first" in client.post(page + "column/away/", follow=True).text
    assert len(place.columns()) == 1
    shown = client.post(page + "column/away/", {"sure": "yes"}, follow=True).text
    assert place.columns() == [] and "The gradebook column was taken away." in shown
    place.finishes(learner, 0.9)
    delivery.deliver_due()
    assert place.columns() == [], "what she took away is not made by itself"
    client.post(page + "column/")
    delivery.deliver_due()
    assert place.result(learner) == 90


@whole
def test_without_the_permission_nothing_is_asked_and_the_page_says_what_to_do(place):
    GradeService.objects.update(scopes=[ags.SCORE])
    client, page = place.instructor()
    shown = client.get(page).text
    assert "ask your LMS administrator" in shown and "Make a gradebook column" not in shown
    assert "There are no grades yet." in shown
    assert "ask your LMS administrator" in client.post(page + "column/", follow=True).text


@whole
def test_a_grade_that_somebody_changed_in_the_gradebook_stays_until_the_instructor_says_otherwise(place):
    place.always()
    learner = place.learner(415)
    place.finishes(learner, 0.6)
    delivery.deliver_due()
    place.types(learner, 72)
    place.finishes(learner, 0.8)
    delivery.deliver_due()
    held = GradeDelivery.objects.get()
    assert held.state == "held" and place.result(learner) == 72
    assert held.last_error == "The gradebook says 72; we would send 80. Somebody seems to have changed it there."
    client, page = place.instructor()
    assert "1 needs you" in client.get(page).text
    client.post(f"{page}{held.pk}/keep/")
    delivery.deliver_due()
    assert place.result(learner) == 72 and "own grade stays" in client.get(page).text
    place.finishes(learner, 0.9)
    delivery.deliver_due()
    assert GradeDelivery.objects.get().state == "held", "a new grade is a new question"
    client.post(f"{page}{held.pk}/send/")
    delivery.deliver_due()
    assert (GradeDelivery.objects.get().state, place.result(learner)) == ("sent", 90)
    place.finishes(learner, 1.0)
    delivery.deliver_due()
    assert place.result(learner) == 100, "what was said was for that grade; now the gradebook has ours"


@whole
def test_a_grade_typed_before_ours_ever_came_stays_too_and_is_looked_at_again(place, http):
    place.always()
    learner = place.learner(416)
    line_items.ensure(http, place.link.pk)
    place.types(learner, 55)
    place.finishes(learner, 0.8)
    delivery.deliver_due()
    held = GradeDelivery.objects.get()
    assert held.state == "held" and held.tried == []
    place.types(learner, None)
    client, page = place.instructor()
    client.post(f"{page}{held.pk}/retry/")
    delivery.deliver_due()
    assert place.result(learner) == 80


@whole
def test_an_instructors_own_grade_here_goes_over_one_typed_there(place):
    from coachtool.attempts.models import GradeOverride
    from lti import grades

    place.always()
    learner = place.learner(417)
    place.finishes(learner, 0.6)
    delivery.deliver_due()
    place.types(learner, 72)
    GradeOverride.objects.create(resource_link=place.link, learner=learner, points=90, maximum=100)
    grades.settle(place.link.pk, learner.pk)
    delivery.deliver_due()
    assert place.result(learner) == 90


@whole
def test_canvas_keeps_a_graders_own_grade_even_if_we_cannot_read_it(place):
    place.always()
    place.registration.product = "canvas"
    place.registration.save()
    GradeService.objects.update(scopes=[ags.LINE_ITEM, ags.SCORE])
    learner = place.learner(418)
    place.finishes(learner, 0.6)
    delivery.deliver_due()
    place.types(learner, 72)
    place.finishes(learner, 0.8)
    delivery.deliver_due()
    assert GradeDelivery.objects.get().state == "sent"
    GradeService.objects.update(scopes=_SCOPES)
    assert place.result(learner) == 72


@whole
def test_another_courses_grades_are_nobody_elses_business(place):
    elsewhere = factories.resource_link()
    GradeService.objects.create(resource_link=elsewhere, registration=place.registration, lineitem="https://x.y/1")
    factories.finished(factories.attempt(link=elsewhere), _BOTH, score=0.5, outcome="passed")
    theirs = GradeDelivery.objects.get()
    GradeDelivery.objects.update(state="held")
    client, page = place.instructor()
    assert str(theirs.person) not in client.get(page).text
    for what in ("keep", "send", "retry"):
        assert client.post(f"{page}{theirs.pk}/{what}/").status_code == 403
    client.post(f"{page}retry/")
    assert GradeDelivery.objects.get().state == "held"
    learner = Client()
    session = learner.session
    visit = access.admit(session, person=theirs.person, resource_link=elsewhere, role="learner")
    session.save()
    for path in ("", "retry/", f"{theirs.pk}/send/", "column/", "column/away/"):
        address = f"/v/{visit.id}/grades/{path}"
        assert (learner.get(address) if not path else learner.post(address)).status_code == 403


@whole
def test_a_learner_reads_on_the_report_where_their_grade_is(place):
    place.always()
    learner = place.learner(419)
    attempt = place.finishes(learner, 0.8)
    client = Client()
    session = client.session
    visit = access.admit(session, person=learner, resource_link=place.link, role="learner")
    session.save()

    def said(of) -> str:
        page = client.get(f"/v/{visit.id}/attempts/{of.pk}/report/").text
        return page[page.index('id="delivery"') :].split("</p>")[0]

    assert "Your grade, 80 of 100, is on its way to the gradebook." in said(attempt)
    delivery.deliver_due()
    assert "Your grade, 80 of 100, is in the gradebook since" in said(attempt)
    worse = place.finishes(learner, 0.2)
    assert "Your grade, 80 of 100 from your best attempt, is in the gradebook" in said(worse)
    GradeDelivery.objects.update(state="held")
    assert "Your instructor decides which one stands." in said(attempt)
    GradeDelivery.objects.update(state="stuck")
    assert "the LMS does not take it" in said(attempt)
