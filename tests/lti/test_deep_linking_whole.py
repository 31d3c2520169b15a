"""From the LMS's course page through the picker and back, against the strict LMS in a process of its own."""

from urllib.parse import quote, urljoin

import httpx
import pytest

from coachtool.activities.models import Activity, ActivityVersion
from coachtool.attempts.models import Attempt, Person, ResourceLink
from tests import factories
from tests.lti.browser import Form, Forms

pytestmark = pytest.mark.whole


@pytest.fixture(autouse=True)
def no_verdicts(sandbox):
    """Whatever else happens, the LMS finds nothing wrong with the tool."""
    before = sandbox.verdicts()
    yield
    assert sandbox.verdicts() == before


@pytest.fixture
def feedback(sandbox) -> Activity:
    made = Activity.objects.create(slug="specific-feedback", title="Specific feedback")
    definition = factories.DEFINITION | {"title": "Specific feedback", "max_score": 40}
    ActivityVersion.objects.create(activity=made, number=1, definition=definition)
    return made


def picker(window, query: str = "") -> httpx.Response:
    """The tool's picker, as the instructor's browser gets there."""
    course = window.sign_in("instructor")
    assert window.get(f"{course}add/").status_code == 200
    arrived = window.onward(window.get(f"{course}add/launch/{query}"))
    return window.get(urljoin(str(arrived.url), arrived.headers["Location"]))


def chosen(page: httpx.Response, *slugs: str) -> tuple[str, dict]:
    """Where the picker sends these, and what with."""
    forms = Forms(page.text).forms
    form = next(form for form in forms if form.values.get("activity") == slugs[0])
    return urljoin(str(page.url), form.action), form.values | {"activity": list(slugs)}


def answered(window, page: httpx.Response) -> httpx.Response:
    """The LMS's page once it has the answer."""
    form: Form = next(form for form in Forms(page.text).forms if "JWT" in form.values)
    return window.post(form.action, form.values)


def place(window, *slugs: str, query: str = "") -> dict[str, str]:
    """Place activities through the picker; the slugs of the new links by activity."""
    before = {link["slug"] for link in links(window)}
    page = window.post(*chosen(picker(window, query), *slugs))
    added = answered(window, page)
    assert added.status_code == 200, added.text
    return {link["activity"]: link["slug"] for link in links(window) if link["slug"] not in before}


def links(window, course: str = "") -> list[dict]:
    return window.get((course or window.sign_in("instructor")) + "links.json").json()["links"]


def visit(window, arrived: httpx.Response) -> httpx.Response:
    return window.get(urljoin(str(arrived.url), arrived.headers["Location"]))


def test_an_activity_is_placed_with_its_maximum_and_a_learner_opens_it(window, feedback):
    slug = place(window, "specific-feedback")["specific-feedback"]
    arrived = window.launch("learner1", slug)
    lobby = window.onward(window.get(urljoin(str(arrived.url), arrived.headers["Location"] + "lobby/")))
    assert "Talk with Robin" in lobby.text
    link = ResourceLink.objects.get()
    assert (link.activity, link.named) == (feedback, "specific-feedback")
    rows = window.get(window.sign_in("instructor") + "gradebook.json").json()["rows"]
    assert {row["maximum"] for row in rows if row["resource_link"] == slug} == {40}


@pytest.mark.parametrize("query", ["", "?nodata", "?ungraded"])
def test_several_at_once_and_platforms_that_accept_less(window, feedback, query):
    assert set(place(window, "specific-feedback", "claims-escalation", query=query)) == {
        "specific-feedback",
        "claims-escalation",
    }


def test_going_back_adds_nothing(window, feedback):
    before = links(window)
    page = picker(window, "?single")
    form = next(form for form in Forms(page.text).forms if form.action.endswith("/activities/none/"))
    said = answered(window, window.post(urljoin(str(page.url), form.action), form.values))
    assert "Nothing was added" in said.text and "No activity was chosen." in said.text
    assert links(window) == before


def test_what_the_tool_cannot_serve_comes_back_as_words(window, feedback):
    course = window.sign_in("instructor")
    refused = window.onward(window.get(f"{course}add/launch/?only=link"))
    assert "Reference: deep_linking_types" in refused.text
    said = answered(window, refused)
    assert "The tool could not do this" in said.text and "something other than an activity" in said.text
    learner = window.sign_in("learner1")
    refused = window.onward(window.get(f"{learner}add/launch/"))
    assert "Reference: deep_linking_role" in refused.text
    assert not Person.objects.exists()


def test_a_copied_course_has_the_same_activities_also_what_was_picked_since(window, feedback):
    place(window, "claims-escalation")
    course = window.sign_in("instructor")
    original = links(window)[-1]["slug"]
    arrived = window.launch("instructor", original)
    page = window.get(urljoin(str(arrived.url), arrived.headers["Location"] + "activities/"))
    assert window.post(*chosen(page, "specific-feedback")).status_code == 302
    copied = window.post(f"{course}copy/", {})
    copy = urljoin(str(copied.url), copied.headers["Location"])
    links_there = links(window, copy)
    assert len(links_there) == len(links(window))
    assert [link["activity"] for link in links_there] == [link["activity"] for link in links(window)]
    arrived = window.onward(window.get(links_there[-1]["launch"]))
    assert arrived.headers["Location"].startswith("/v/")
    here = ResourceLink.objects.order_by("-pk").first()
    assert ResourceLink.objects.count() == 2 and here.course.lms_id != ResourceLink.objects.first().course.lms_id
    assert (here.activity, here.named) == (feedback, "claims-escalation")


def test_a_link_is_taken_away(window, feedback):
    slug = place(window, "specific-feedback")["specific-feedback"]
    course = window.sign_in("instructor")
    window.post(f"{course}links/{slug}/remove/", {})
    assert slug not in {link["slug"] for link in links(window)}
    window.sign_in("learner1")
    before = links(window)
    window.sign_in("learner1")
    assert window.post(f"{course}links/{before[0]['slug']}/remove/", {}).status_code == 404
    assert links(window) == before


def cell(window, slug: str, learner: str) -> tuple[str, dict]:
    course = window.sign_in("instructor")
    rows = window.get(course + "gradebook.json").json()["rows"]
    row = next(row for row in rows if (row["resource_link"], row["learner"]) == (slug, learner))
    return f"{course}gradebook/{row['item']}/{learner}/", row


def test_the_gradebook_leads_to_what_a_learner_did(window, feedback):
    slug = place(window, "specific-feedback")["specific-feedback"]
    window.launch("learner1", slug)
    path, _ = cell(window, slug, "learner1")
    assert f"{path}review/".partition("/courses")[2] in window.get(window.sign_in("instructor") + "gradebook/").text
    nothing = visit(window, window.onward(window.get(f"{path}review/launch/")))
    assert nothing.status_code == 200 and "Ada Osei has not finished a conversation" in nothing.text
    attempt = factories.attempt(link=ResourceLink.objects.get(), learner=Person.objects.get(name="Ada Osei"))
    factories.finished(attempt, {"specific": "met", "agree": "not_met"}, outcome="failed", score=0.5)
    found = visit(window, window.onward(window.get(f"{path}review/launch/")))
    assert found.headers["Location"].endswith(f"/attempts/{attempt.pk}/report/")
    assert visit(window, found).status_code == 200
    never, _ = cell(window, slug, "learner2")
    assert "Ben Fischer has not finished" in visit(window, window.onward(window.get(f"{never}review/launch/"))).text
    window.sign_in("learner2")
    other = window.onward(window.get(f"{path}review/launch/"))
    assert other.status_code == 403 and "Reference: review_of_others" in other.text


def test_a_submissions_address_opens_its_report(window, feedback, live_server):
    slug = place(window, "specific-feedback")["specific-feedback"]
    window.launch("learner1", slug)
    attempt = factories.attempt(link=ResourceLink.objects.get(), learner=Person.objects.get(name="Ada Osei"))
    Attempt.objects.filter(pk=attempt.pk).update(state=Attempt.State.FINISHED)
    course = window.sign_in("instructor")
    target = quote(f"{live_server.url}/lti/launch/?attempt={attempt.pk}")
    arrived = window.onward(window.get(f"{course}links/{slug}/launch/?target={target}"))
    assert arrived.headers["Location"].endswith(f"/attempts/{attempt.pk}/report/")
    foreign = quote("https://evil.example/lti/launch/")
    assert window.get(f"{course}links/{slug}/launch/?target={foreign}").status_code == 404


def test_the_instructor_types_a_grade(window, feedback):
    slug = place(window, "specific-feedback")["specific-feedback"]
    path, row = cell(window, slug, "learner3")
    assert row["score"] is None
    window.post(f"{path}grade/", {"points": "12,5"})
    assert cell(window, slug, "learner3")[1]["score"] == 12.5
    assert cell(window, slug, "learner3")[1]["typed"]
    wrong = window.post(f"{path}grade/", {"points": "41"})
    assert "type a number from 0 to 40" in visit(window, wrong).text
    window.post(f"{path}grade/", {"points": ""})
    assert cell(window, slug, "learner3")[1]["score"] is None
    window.sign_in("learner3")
    assert window.post(f"{path}grade/", {"points": "40"}).status_code == 404
