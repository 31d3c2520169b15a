"""The roster: read page by page, kept up to date by differences, and never half."""

import io
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.utils import timezone

from coachtool.attempts import enrolments
from coachtool.attempts.models import Course, Enrolment, Person
from lti import keys, roster, tasks
from lti.models import MembershipService, Registration
from tests import factories
from tests.lti.lms import Lms
from tests.lti.roster_platform import ROLE, Platform, member


@pytest.fixture(autouse=True)
def clean_cache():
    cache.clear()


@pytest.fixture
def platform():
    running = Platform(members=[member("t", "Iris Novak", ROLE + "Instructor"), member("a", "Ada"), member("b", "Ben")])
    yield running
    running.stop()


@pytest.fixture
def service(db, platform) -> MembershipService:
    keys.signing_key()
    registration = Registration.objects.create(
        issuer="https://lms.example.edu",
        client_id="c",
        auth_login_url="https://lms.example.edu/auth",
        auth_token_url=f"{platform.url}/token",
        jwks={"keys": []},
    )
    course = factories.course()
    return MembershipService.objects.create(course=course, registration=registration, url=f"{platform.url}/members")


@pytest.fixture
def asked(monkeypatch) -> list:
    """The courses whose rosters workers were asked to read."""
    found: list = []
    monkeypatch.setattr(tasks.read_roster, "apply_async", lambda args, **more: found.append(args[0]))
    return found


def listed(course: Course) -> dict[str, tuple]:
    """Role and whether somebody is in the course, by the LMS's id."""
    return {
        one.person.lms_id: (one.role, one.active and one.left is None)
        for one in Enrolment.objects.filter(course=course).select_related("person")
    }


def names(course: Course) -> dict[str, str]:
    return dict(Person.objects.filter(tenant=course.tenant).values_list("lms_id", "name"))


def test_a_first_reading_lists_everybody_with_name_and_role(service, platform):
    reading = roster.read(service)
    assert reading.whole
    assert listed(service.course) == {"t": ("instructor", True), "a": ("learner", True), "b": ("learner", True)}
    assert names(service.course) == {"t": "Iris Novak", "a": "Ada", "b": "Ben"}
    token, (path, query, headers) = platform.seen
    assert token[1]["scope"] == [roster.SCOPE]
    assert (path, query, headers["Accept"]) == ("/members", {"limit": "200"}, roster.MEDIA_TYPE)
    service.refresh_from_db()
    assert service.synced and service.last_error == "" and service.differences_url == f"{platform.url}/changes"


@pytest.mark.parametrize(
    "header",
    ['<{url}>; rel="{rel}"', "<{url}>; rel={rel}", "<{url}>; rel=“{rel}”", '<{url}>;title="x";rel="{rel}"'],
)
def test_three_hundred_members_come_page_by_page_however_links_are_written(service, platform, header):
    platform.members = [member(f"u{number}") for number in range(300)]
    platform.link_header = header if header.isascii() else header.encode().decode("latin-1")
    roster.read(service)
    assert Enrolment.objects.filter(course=service.course, left=None).count() == 300
    assert platform.paths() == ["/members"] * 6


def test_a_platform_without_differences_is_read_whole_each_time(service, platform):
    platform.differences = False
    roster.read(service)
    assert roster.read(service).whole
    assert platform.paths() == ["/members", "/members"]


def test_three_hundred_members_are_written_in_a_fixed_number_of_queries(
    service, platform, django_assert_max_num_queries
):
    platform.members, platform.page = [member(f"u{number}") for number in range(300)], 200
    with django_assert_max_num_queries(25):
        roster.read(service)
    platform.members = [member(f"u{number}", f"Renamed {number}") for number in range(150)]
    MembershipService.objects.update(differences_url="")
    with django_assert_max_num_queries(25):
        roster.read(service)
    assert Enrolment.objects.filter(left=None).count() == 150
    assert names(service.course)["u7"] == "Renamed 7"


def test_the_second_reading_asks_for_what_has_changed_only(service, platform):
    roster.read(service)
    platform.paths()
    platform.changes = [member("b", status="Deleted"), member("c", "Chloé"), member("a", "Ada Osei")]
    reading = roster.read(service)
    assert not reading.whole and platform.paths() == ["/changes"]
    assert listed(service.course)["b"] == ("learner", False)
    assert listed(service.course)["c"] == ("learner", True)
    assert listed(service.course)["t"] == ("instructor", True)
    assert names(service.course)["a"] == "Ada Osei"


def test_somebody_who_was_deleted_comes_back(service, platform):
    roster.read(service)
    platform.changes = [member("b", status="Deleted")]
    roster.read(service)
    assert Enrolment.objects.get(person__lms_id="b").left is not None
    platform.changes = [member("b")]
    roster.read(service)
    assert Enrolment.objects.get(person__lms_id="b").left is None


@pytest.mark.parametrize("status", [400, 404, 410])
def test_differences_that_have_run_out_lead_to_a_whole_reading(service, platform, status):
    roster.read(service)
    platform.paths()
    platform.differences_status, platform.members = status, platform.members[:2]
    assert roster.read(service).whole
    assert platform.paths() == ["/changes", "/members"]
    assert listed(service.course)["b"] == ("learner", False)


def test_differences_that_fail_for_another_reason_are_no_reason_to_read_it_all(service, platform):
    roster.read(service)
    platform.paths()
    platform.differences_status = 503
    with pytest.raises(roster.NotRead, match="a problem of its own"):
        roster.read(service)
    assert platform.paths() == ["/changes"]


def test_after_a_day_everybody_is_read_again(service, platform):
    roster.read(service)
    platform.paths()
    MembershipService.objects.update(read_whole=timezone.now() - timedelta(hours=25))
    assert roster.read(service).whole
    assert platform.paths() == ["/members"]


def test_who_is_no_longer_listed_has_left_and_keeps_the_name_and_attempts(service, platform):
    roster.read(service)
    MembershipService.objects.update(differences_url="")
    ben = Person.objects.get(lms_id="b")
    attempt = factories.attempt(link=factories.resource_link(service.course), learner=ben)
    platform.members = platform.members[:2]
    roster.read(service)
    gone = Enrolment.objects.get(person=ben)
    assert gone.left is not None and ben.name == "Ben"
    attempt.refresh_from_db()
    assert attempt.learner == ben


def test_who_is_suspended_stays_on_the_roster_inactive(service, platform):
    platform.members[2] = member("b", status="Inactive")
    roster.read(service)
    one = Enrolment.objects.get(person__lms_id="b")
    assert (one.active, one.left) == (False, None)


def test_who_came_in_after_the_reading_began_stays(service):
    late = factories.person(service.course.tenant)
    began = timezone.now()
    enrolments.met(service.course, late, "learner")
    reading = roster.Reading((roster.Member("a", "Ada", "learner", "Active"),), True, "")
    roster._write(service.course, reading, began)
    assert Enrolment.objects.get(person=late).left is None
    roster._write(service.course, reading, timezone.now())
    assert Enrolment.objects.get(person=late).left is not None


ROLES = {
    "the full name of the context role": ([ROLE + "Learner"], "learner"),
    "short names, as Moodle writes them": (["Instructor"], "instructor"),
    "a sub-role of the learner": (
        ["http://purl.imsglobal.org/vocab/lis/v2/membership/Learner#GuestLearner"],
        "learner",
    ),
    "a teaching assistant": (
        ["http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant"],
        "instructor",
    ),
    "a dean who learns here": (
        ["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator", ROLE + "Learner"],
        "learner",
    ),
    "an administrator who is nothing here": (
        ["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"],
        None,
    ),
    "a student of the institution without a role here": (
        ["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Student"],
        "learner",
    ),
    "a parent who looks on": ([ROLE + "Mentor"], None),
    "a parent who learns too": ([ROLE + "Mentor", ROLE + "Learner"], "learner"),
    "no role at all": ([], "learner"),
}


@pytest.mark.parametrize("said", ROLES.values(), ids=ROLES)
def test_the_role_in_this_course_comes_first(service, platform, said):
    roles, role = said
    platform.members = [member("t", role=ROLE + "Instructor"), member("x") | {"roles": roles}]
    roster.read(service)
    assert listed(service.course).get("x") == ((role, True) if role else None)


def test_odd_entries_are_passed_over_or_read_as_far_as_they_go(service, platform):
    platform.members += [
        {"user_id": 7, "given_name": "Nadia", "family_name": "Rahman", "roles": ["Learner"]},
        {"user_id": "", "roles": ["Learner"]},
        {"user_id": "x" * 256},
        {"user_id": "n\0ul"},
        {"user_id": True},
        "somebody",
        {"user_id": "bare"},
    ]
    roster.read(service)
    assert set(listed(service.course)) == {"t", "a", "b", "7", "bare"}
    assert names(service.course)["7"] == "Nadia Rahman"


def test_nothing_but_name_and_role_is_kept(service, platform):
    platform.members = [member("a", "Ada", email="ada@example.invalid", picture="https://x.example/ada.png")]
    roster.read(service)
    kept = [str(value) for row in Person.objects.values() for value in row.values()]
    assert not any("ada@" in value or "picture" in value or ".png" in value for value in kept)


def test_a_name_that_the_lms_no_longer_gives_stays(service, platform):
    roster.read(service)
    platform.changes = [{"user_id": "a", "roles": ["Learner"]}]
    roster.read(service)
    assert names(service.course)["a"] == "Ada"


def test_the_same_id_in_another_tenant_is_another_person(service, platform):
    other = factories.person(name="Another Ada")
    Person.objects.filter(pk=other.pk).update(lms_id="a")
    roster.read(service)
    other.refresh_from_db()
    assert other.name == "Another Ada"
    assert Person.objects.filter(lms_id="a").count() == 2


REFUSALS = {
    "the permission is taken away": ({"status": 403}, "its permission for names was taken away"),
    "no token for this scope": ({"token_status": 400}, "its permission for names was taken away"),
    "a token for another scope": ({"granted": "score"}, "its permission for names was taken away"),
    "the course is gone": ({"status": 404}, "the course is no longer there"),
    "too busy": ({"status": 429}, "too busy"),
    "broken": ({"status": 500}, "a problem of its own (HTTP 500)"),
    "not JSON": ({"raw": "<html>"}, "cannot be read"),
    "JSON of another kind": ({"raw": '{"members": {}}'}, "cannot be read"),
    "nobody on it": ({"members": []}, "nobody on it"),
}


@pytest.mark.parametrize("case", REFUSALS.values(), ids=REFUSALS)
def test_what_goes_wrong_is_said_in_plain_words_and_changes_nothing(service, platform, case):
    manners, words = case
    roster.read(service)
    MembershipService.objects.update(differences_url="")
    cache.clear()
    before = listed(service.course)
    for name, value in manners.items():
        setattr(platform, name, value)
    with pytest.raises(roster.NotRead) as refused:
        roster.read(service)
    assert words in str(refused.value)
    assert listed(service.course) == before
    told = roster.state(service.course, again=False)
    assert words in told.problem and told.read is not None


def test_a_page_that_fails_in_the_middle_changes_nothing(service, platform):
    platform.members = [member(f"u{number}") for number in range(120)]

    def break_off():
        platform.status = 500 if len([path for path, *_ in platform.seen if path == "/members"]) == 3 else 200

    platform.before = break_off
    with pytest.raises(roster.NotRead):
        roster.read(service)
    assert not Enrolment.objects.exists()


def test_a_next_page_at_another_site_does_not_get_the_token(service, platform):
    elsewhere = Platform()
    platform.members, platform.next_at = [member(f"u{number}") for number in range(60)], f"{elsewhere.url}/members"
    try:
        with pytest.raises(roster.NotRead):
            roster.read(service)
        assert elsewhere.seen == []
    finally:
        elsewhere.stop()


def test_a_platform_that_cannot_be_reached_is_said_to_be_so(service, platform):
    MembershipService.objects.update(url="http://127.0.0.1:1/members")
    service.refresh_from_db()
    with pytest.raises(roster.NotRead, match="could not be reached"):
        roster.read(service)


def test_a_reading_mends_what_failed_before(service, platform):
    platform.status = 403
    with pytest.raises(roster.NotRead):
        roster.read(service)
    platform.status = 200
    roster.read(service)
    assert roster.state(service.course, again=False) == enrolments.Roster(
        offered=True, read=MembershipService.objects.get().synced
    )


def test_two_readings_at_a_time_are_one(service, platform):
    seen = []
    platform.before = lambda: seen.append(roster_lock_holds(service))
    roster.read(service)
    assert seen == [True]
    cache.add(roster._key(service), "somebody else")
    platform.paths()
    assert roster.read(service) is None
    assert platform.paths() == []


def roster_lock_holds(service) -> bool:
    return cache.get(roster._key(service)) is not None


def test_the_dashboard_asks_for_an_old_roster_once(service, asked):
    first = roster.state(service.course, again=False)
    assert first == enrolments.Roster(offered=True, reading=True)
    roster.state(service.course, again=False)
    assert asked == [service.course_id]


def test_a_fresh_roster_is_asked_for_only_when_somebody_says_so(service, platform, asked):
    roster.read(service)
    roster.state(service.course, again=False)
    assert asked == []
    assert roster.state(service.course, again=True).reading
    assert asked == [service.course_id]


def test_a_roster_older_than_ten_minutes_is_asked_for(service, platform, asked):
    roster.read(service)
    MembershipService.objects.update(asked=timezone.now() - timedelta(minutes=11))
    roster.state(service.course, again=False)
    assert asked == [service.course_id]


def test_a_broker_that_is_away_does_not_keep_the_dashboard_from_being_shown(service, monkeypatch):
    def away(*args, **more):
        raise ConnectionError

    monkeypatch.setattr(tasks.read_roster, "apply_async", away)
    assert not roster.state(service.course, again=False).reading


@pytest.mark.parametrize("changes", [{"is_active": False}, {"scopes": ["something else"]}])
def test_a_registration_without_the_permission_offers_no_roster(service, changes, asked):
    Registration.objects.update(**changes)
    assert roster.state(service.course, again=True) == enrolments.Roster()
    assert asked == []


def test_the_first_launch_of_a_course_has_its_roster_read(lms, browser, asked):
    nrps = {
        "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice": {
            "context_memberships_url": "https://lms.example.edu/members/1",
            "service_versions": ["2.0"],
        }
    }
    request = lms.begin(browser)
    response = lms.post(browser, request["state"], lms.sign(lms.claims(request["nonce"]) | nrps))
    assert response.status_code == 303
    course = Course.objects.get()
    assert asked == [course.pk]
    assert listed(course) == {"user-1": ("learner", True)}
    MembershipService.objects.update(synced=timezone.now())
    cache.clear()
    request = lms.begin(browser)
    lms.post(browser, request["state"], lms.sign(lms.claims(request["nonce"]) | nrps))
    assert asked == [course.pk]


def test_an_anonymous_launch_enrols_nobody(lms: Lms, browser):
    request = lms.begin(browser)
    claims = lms.claims(request["nonce"])
    del claims["sub"]
    assert lms.post(browser, request["state"], lms.sign(claims)).status_code == 303
    assert not Enrolment.objects.exists()


def test_somebody_who_left_and_launches_again_is_in_the_course(db):
    course, person = factories.course(), factories.person()
    Enrolment.objects.create(course=course, person=person, role="learner", left=timezone.now(), active=False)
    enrolments.met(course, person, "instructor")
    one = Enrolment.objects.get()
    assert (one.left, one.active, one.role) == (None, True, "instructor")


def test_the_command_reads_now_and_lists(service, platform):
    out = io.StringIO()
    call_command("lti_roster", "--course", str(service.course_id), stdout=out)
    assert "everybody read, 3 listed. 2 learners, 1 instructors, 0 have left." in out.getvalue()
    out = io.StringIO()
    call_command("lti_roster", stdout=out)
    assert "Leading people: 3 people, read" in out.getvalue()
    platform.paths()
    call_command("lti_roster", "--course", service.course.lms_id, "--whole", stdout=io.StringIO())
    assert platform.paths() == ["/members"]


def test_the_command_says_who_may_open_a_link_and_changes_nothing(service, platform):
    link, out = factories.resource_link(service.course), io.StringIO()
    call_command("lti_roster", "--course", str(service.course_id), "--link", link.lms_id, stdout=out)
    assert "a  learner  Active  Ada" in out.getvalue()
    assert platform.seen[-1][1]["rl"] == link.lms_id
    assert not Enrolment.objects.exists()


def test_the_command_says_what_is_wrong(service, platform):
    platform.status = 403
    with pytest.raises(CommandError, match="its permission for names was taken away"):
        call_command("lti_roster", "--course", str(service.course_id))
    with pytest.raises(CommandError, match="0 courses"):
        call_command("lti_roster", "--course", "999999")


def test_one_course_that_fails_keeps_no_other_from_being_read_at_night(service, platform):
    broken = MembershipService.objects.create(
        course=factories.course(), registration=service.registration, url="http://127.0.0.1:1/members"
    )
    assert roster.read_all() == 1
    broken.refresh_from_db()
    assert "could not be reached" in broken.last_error
    assert listed(service.course)
