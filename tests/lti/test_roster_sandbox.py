"""The roster against the strict sandbox LMS, which finds no fault with how it is asked."""

import re

import httpx
import pytest
from django.core.cache import cache

from coachtool.attempts.models import Enrolment, Person
from lti import roster, services
from lti.models import MembershipService
from lti.sandbox.memberships import MEDIA_TYPE
from tests.lti.browser import Browser

pytestmark = pytest.mark.whole


class Members:
    """The sandbox's course, changed by command."""

    def __init__(self, url: str):
        self.url = f"{url}/courses/1/members"

    def __call__(self, **change) -> httpx.Response:
        return httpx.post(f"{self.url}/", json=change, timeout=30)

    def here(self) -> set[str]:
        listed = httpx.get(f"{self.url}.json", timeout=10).json()["members"]
        return {member["user_id"] for member in listed if member["status"] != "Deleted"}


@pytest.fixture
def members(sandbox) -> Members:
    cache.clear()
    return Members(sandbox.url)


@pytest.fixture
def service(members, window: Browser) -> MembershipService:
    """The course's roster, known by a launch of its instructor."""
    assert window.launch("instructor").status_code == 303
    return MembershipService.objects.get()


@pytest.fixture
def flawless(sandbox):
    """The tool does nothing wrong meanwhile."""
    before = len(sandbox.verdicts())
    yield
    assert sandbox.verdicts()[before:] == []


def here() -> set[str]:
    return set(Enrolment.objects.filter(left=None).values_list("person__lms_id", flat=True))


def test_three_hundred_members_then_changes_then_everybody_again(sandbox, service, members, flawless):
    members(learners=300)
    reading = roster.read(service)
    assert reading.whole and len(reading.members) == len(members.here()) >= 301
    assert here() == members.here()
    assert Enrolment.objects.get(person__lms_id="u-2").role == "instructor"

    members(username="learner7", status="Deleted")
    members(username="learner8", status="Inactive")
    members(username="learner9", given_name="Renamed")
    reading = roster.read(service)
    assert not reading.whole and {member.user_id for member in reading.members} == {"u-107", "u-108", "u-109"}
    assert here() == members.here() and "u-107" not in here()
    assert not Enrolment.objects.get(person__lms_id="u-108").active
    assert Person.objects.get(lms_id="u-109").name.startswith("Renamed")

    for username in ("learner7", "learner8"):
        members(username=username, status="Active")
    sandbox.fault("memberships", 410)
    assert roster.read(service).whole
    assert here() == members.here() and "u-107" in here()
    assert not Enrolment.objects.filter(active=False).exists()


def test_who_may_open_a_link_is_asked_by_its_id(service, flawless):
    assert "u-2" in {member.user_id for member in roster.of_link(service, "1")}


def test_a_permission_that_was_taken_away_is_said(sandbox, service):
    sandbox.fault("memberships", 403)
    with pytest.raises(roster.NotRead, match="its permission for names was taken away"):
        roster.read(service)


def test_a_token_that_is_refused_once_is_replaced(sandbox, service, flawless):
    roster.read(service)
    sandbox.fault("memberships", 401)
    assert roster.read(service) is not None


@pytest.fixture
def ask(service):
    """A call of the sandbox's service as the tool makes it, with changes."""

    def asked(*, scope: str = roster.SCOPE, accept: str = MEDIA_TYPE, query: str = "", course: int = 1, method="GET"):
        with services.client() as http:
            token = services.token(http, service.registration, [scope])
        url = re.sub(r"/courses/\d+/", f"/courses/{course}/", service.url) + query
        headers = {"Authorization": f"Bearer {token}", "Accept": accept}
        return httpx.request(method, url, headers=headers, timeout=10)

    return asked


WRONGS = {
    "another scope": ({"scope": "https://purl.imsglobal.org/spec/lti-ags/scope/score"}, 403),
    "another media type": ({"accept": "application/json"}, 406),
    "another course": ({"course": 99}, 404),
    "a link of no course": ({"query": "?rl=999"}, 404),
    "no number": ({"query": "?limit=many"}, 400),
    "changes since the future": ({"query": "?since=999999"}, 404),
    "a change": ({"method": "POST"}, 405),
}


@pytest.mark.parametrize("wrong", WRONGS.values(), ids=WRONGS)
def test_the_sandbox_refuses(ask, sandbox, wrong):
    changes, status = wrong
    before = len(sandbox.verdicts())
    assert ask(**changes).status_code == status
    assert [verdict[:2] for verdict in sandbox.verdicts()[before:]] == [("memberships", status)]


def test_the_sandbox_gives_members_without_a_token_to_nobody(sandbox, service):
    assert httpx.get(service.url, headers={"Accept": MEDIA_TYPE}, timeout=10).status_code == 401


def test_the_sandbox_tells_members_by_role_and_page_by_page(ask, members):
    members(learners=60)
    instructors = ask(query="?role=Instructor").json()["members"]
    assert [member["user_id"] for member in instructors] == ["u-2"]
    page = ask(query="?limit=20")
    assert len(page.json()["members"]) == 20 and 'rel="next"' in page.headers["Link"]


def test_the_instructor_takes_somebody_out_on_the_page_and_a_learner_cannot(sandbox, window, members):
    window.sign_in("instructor")
    page = f"{members.url}/"
    window.post(page, {"username": "learner1", "status": "Deleted"})
    assert "u-101" not in members.here()
    html = window.get(page).text
    assert "Taken out" in html and "Bring back" in html
    window.post(page, {"username": "learner1", "status": "Active"})
    assert "u-101" in members.here()
    window.sign_in("learner1")
    assert window.post(page, {"username": "learner2", "status": "Deleted"}).status_code == 403
    assert "Bring back" not in window.get(page).text


@pytest.mark.parametrize(
    "change", [{}, {"username": "nobody"}, {"username": "learner1", "status": "Gone"}, {"learners": "x"}]
)
def test_a_change_that_makes_no_sense_is_refused(members, change):
    assert members(**change).status_code == 400
