"""What must get in, who and where it makes of it, and how two launches stay apart."""

import threading
import time

import pytest
from django.db import connection
from django.test import Client

from coachtool.activities.models import Activity, ActivityVersion
from coachtool.attempts import access
from coachtool.attempts.models import Course, Person, ResourceLink, Tenant
from coachtool.authoring.models import CourseActivity
from coachtool.site import outgoing
from lti import placement
from lti.claims import AGS, LEEWAY, MAX_AGE, SCORE_SCOPE, role
from lti.models import Deployment, GradeService, LoginState, MembershipService, Registration
from tests import factories
from tests.lti.lms import LAUNCH_URL, MEMBERSHIP, OMIT, Lms, moodle, pem

pytestmark = pytest.mark.django_db


def visit_of(client: Client, response) -> access.Visit:
    """The visit that a launch was let in to."""
    assert response.status_code == 303, response.content.decode()
    assert response["Location"].startswith("/v/")
    return access.find(client.session, response["Location"].split("/")[2])


def test_a_launch_makes_tenant_course_person_and_link(lms, browser):
    visit = visit_of(browser, lms.launch(browser))
    link = ResourceLink.objects.get(pk=visit.resource_link_id)
    assert (visit.role, visit.graded) == ("learner", True)
    assert visit.frame_origin == "https://lms.example.edu"
    assert Person.objects.get(pk=visit.person_id).lms_id == "user-1"
    assert (link.lms_id, link.activity.slug, link.course.lms_id) == ("link-1", "claims-escalation", "course-1")
    assert link.course.tenant.issuer == "https://lms.example.edu"
    assert link.grade_service.lineitem == "https://lms.example.edu/items/1/lineitem?type_id=1"
    assert not LoginState.objects.exists()


def test_a_second_launch_finds_what_the_first_made(lms, browser):
    first, second = visit_of(browser, lms.launch(browser)), visit_of(browser, lms.launch(browser, name="Ada O."))
    assert (first.person_id, first.resource_link_id) == (second.person_id, second.resource_link_id)
    assert Person.objects.get().name == "Ada O."
    assert Tenant.objects.count() == Course.objects.count() == 1


def test_the_same_ids_at_two_deployments_are_two_tenants(lms, browser):
    first = visit_of(browser, lms.launch(browser))
    second = visit_of(browser, lms.launch(browser, deployment_id="d2"))
    assert first.person_id != second.person_id and first.resource_link_id != second.resource_link_id
    assert Tenant.objects.count() == 2


MUST_LAUNCH = {
    "several roles": {"roles": [MEMBERSHIP + "#Learner", MEMBERSHIP + "#Mentor"]},
    "deprecated short role": {"roles": ["Learner"]},
    "unknown roles": {"roles": ["urn:example:Wizard"]},
    "roles that are not text": {"roles": [7, None]},
    "empty roles": {"roles": []},
    "no name": {"name": OMIT},
    "no context": {"context": OMIT},
    "an empty context": {"context": {}},
    "aud is a list": {"aud": ["client-1"]},
    "several aud with azp": {"aud": ["other", "client-1"], "azp": "client-1"},
    "azp without need": {"azp": "client-1"},
    "no title": {"resource_link": {"id": "link-1"}},
    "name beyond what is kept": {"name": "x" * 1000},
    "a name that Postgres cannot hold": {"name": "Ada \0\ud800 Osei"},
    "exp just passed": lambda now: {"exp": now - LEEWAY + 20},
    "iat ahead within the skew": lambda now: {"iat": now + LEEWAY - 20, "exp": now + 200},
    "iat at the edge of its age": lambda now: {"iat": now - MAX_AGE},
    "nbf now": lambda now: {"nbf": now},
}


@pytest.mark.parametrize("name", MUST_LAUNCH)
def test_it_launches_with(lms, browser, name):
    claims = MUST_LAUNCH[name]
    claims = claims(int(time.time())) if callable(claims) else claims
    assert visit_of(browser, lms.launch(browser, **claims)).role == "learner"


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_login_without_optional_parameters_launches(lms, browser, method):
    response = lms.login(browser, method, lti_message_hint=OMIT, lti_deployment_id=OMIT, client_id=OMIT)
    assert response.status_code == 303


def test_only_a_resource_link_launches(lms, browser):
    nothing_else = dict.fromkeys(("name", "context"), OMIT)
    visit = visit_of(browser, lms.launch(browser, **nothing_else))
    assert ResourceLink.objects.get(pk=visit.resource_link_id).course.lms_id == "resource-link:link-1"


def test_an_anonymous_launch_practises_without_a_grade(lms, browser):
    visit = visit_of(browser, lms.launch(browser, sub=OMIT))
    again = visit_of(browser, lms.launch(browser, sub=OMIT))
    assert (visit.role, visit.graded) == ("learner", False)
    assert visit.person_id != again.person_id


def test_a_target_with_a_query_of_its_own_launches(lms, browser):
    target = LAUNCH_URL + "?from=menu"
    asked = lms.begin(browser, target_link_uri=target)
    assert asked["redirect_uri"] == LAUNCH_URL
    visit_of(browser, lms.post(browser, asked["state"], lms.sign(lms.claims(asked["nonce"], target_link_uri=target))))


@pytest.mark.parametrize("who", ["student1", "teacher1", "admin"])
def test_what_moodle_sent_launches(activity, browser, who):
    sent = moodle(who)
    claims = sent["id_token_claims"]
    lms = Lms(claims["iss"], claims["aud"])
    lms.register()
    login = sent["oidc_login_params"] | {"target_link_uri": LAUNCH_URL}
    asked = lms.begin(browser, **login)
    assert asked["lti_message_hint"] == login["lti_message_hint"]
    now = int(time.time())
    full = "https://purl.imsglobal.org/spec/lti/claim/"
    renewed = {"nonce": asked["nonce"], "iat": now, "exp": now + 60, full + "target_link_uri": LAUNCH_URL}
    renewed[full + "custom"] = {"activity": "claims-escalation"}
    response = lms.post(browser, asked["state"], lms.sign(claims | renewed))
    visit = visit_of(browser, response)
    assert visit.role == ("learner" if who == "student1" else "instructor")
    assert visit.graded == (who == "student1")
    assert visit.frame_origin == "http://127.0.0.1:8080"
    assert GradeService.objects.get().lineitem.endswith("/2/lineitems/4/lineitem?type_id=1")
    assert Tenant.objects.get().name == "ctmoodle"


ROLES = [
    ("instructor", [MEMBERSHIP + "#Instructor"]),
    ("instructor", [MEMBERSHIP + "#ContentDeveloper"]),
    ("instructor", [MEMBERSHIP + "#Administrator"]),
    ("instructor", [MEMBERSHIP + "/Instructor#TeachingAssistant"]),
    ("instructor", [MEMBERSHIP + "#Learner", MEMBERSHIP + "#Instructor"]),
    ("instructor", ["Instructor"]),
    ("instructor", ["TeachingAssistant"]),
    ("learner", [MEMBERSHIP + "/Learner#Instructor"]),
    ("learner", [MEMBERSHIP + "#Learner", "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor"]),
    ("learner", ["http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator"]),
    ("learner", [MEMBERSHIP + "#Mentor"]),
    ("learner", ["http://evil.example/membership#Instructor"]),
    ("learner", [MEMBERSHIP + "#Instructor\n"]),
    ("learner", [{"role": "Instructor"}]),
]


@pytest.mark.parametrize(("expected", "roles"), ROLES)
def test_only_roles_in_the_course_make_an_instructor(expected, roles):
    assert role(roles) == expected


# Where the activity comes from


def test_a_learner_who_comes_before_the_activity_is_told_so_and_nothing_is_kept(lms, browser):
    response = lms.launch(browser, custom={})
    assert response.status_code == 409 and b"Not set up yet" in response.content
    assert "frame-ancestors https://lms.example.edu" in response["Content-Security-Policy"]
    assert not Person.objects.exists() and not Course.objects.exists()


@pytest.mark.parametrize("custom", [{}, {"activity": "unknown"}, {"activity": 7}, OMIT])
def test_an_instructor_picks_the_activity_and_learners_get_it(lms, browser, custom):
    visit = visit_of(browser, lms.launch(browser, custom=custom, roles=[MEMBERSHIP + "#Instructor"]))
    assert (visit.role, visit.graded) == ("instructor", False)
    home = browser.get(f"/v/{visit.id}/")
    page = browser.get(home["Location"])
    assert page.status_code == 200 and 'value="claims-escalation"' in page.content.decode()
    assert "frame-ancestors https://lms.example.edu" in page["Content-Security-Policy"]
    assert browser.post(f"/v/{visit.id}/activities/use/", {"activity": "nonsense"}).status_code == 422
    chosen = browser.post(f"/v/{visit.id}/activities/use/", {"activity": "claims-escalation"})
    assert chosen["Location"] == f"/v/{visit.id}/attempts/"
    learner = visit_of(browser, lms.launch(browser, custom=custom))
    assert learner.resource_link_id == visit.resource_link_id
    assert browser.get(f"/v/{learner.id}/lobby/").status_code == 200
    assert GradeService.objects.get().resource_link_id == visit.resource_link_id


def test_the_page_to_pick_an_activity_belongs_to_one_browser(lms, browser):
    visit = visit_of(browser, lms.launch(browser, custom={}, roles=[MEMBERSHIP + "#Instructor"]))
    use = f"/v/{visit.id}/activities/use/"
    assert Client().post(use, {"activity": "claims-escalation"}).status_code == 403
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = browser.cookies
    assert strict.post(use, {"activity": "claims-escalation"}).status_code == 403
    learner = visit_of(browser, lms.launch(browser, custom={"activity": "claims-escalation"}))
    assert browser.get(f"/v/{learner.id}/activities/").status_code == 403
    assert ResourceLink.objects.get().named == "claims-escalation"


@pytest.fixture
def other(lms) -> Activity:
    made = Activity.objects.create(slug="specific-feedback", title="Specific feedback")
    ActivityVersion.objects.create(activity=made, number=1, definition=factories.DEFINITION)
    return made


def test_the_lms_may_change_the_activity_later(lms, browser, other):
    visit_of(browser, lms.launch(browser))
    visit_of(browser, lms.launch(browser, custom={"activity": "specific-feedback"}))
    assert ResourceLink.objects.get().activity == other
    visit_of(browser, lms.launch(browser, custom={}))
    assert ResourceLink.objects.get().activity == other


def test_what_an_instructor_picked_since_stays_while_the_lms_names_the_same_as_before(lms, browser, other):
    visit = visit_of(browser, lms.launch(browser, roles=[MEMBERSHIP + "#Instructor"]))
    browser.post(f"/v/{visit.id}/activities/use/", {"activity": "specific-feedback"})
    visit_of(browser, lms.launch(browser))
    assert ResourceLink.objects.get().activity == other


def test_an_activity_of_another_tenant_is_not_named(lms, browser, other):
    CourseActivity.objects.create(activity=other, course=factories.course(title="Elsewhere"))
    response = lms.launch(browser, custom={"activity": "specific-feedback"})
    assert response.status_code == 409
    assert not ResourceLink.objects.exists()


COPIES = {
    "its own history": {"link_history": "unknown,link-1", "context_history": "$Context.id.history"},
    "its course's history": {"link_history": "$ResourceLink.id.history", "context_history": "course-1"},
}


@pytest.mark.parametrize("known_by", COPIES)
def test_a_copy_has_the_activity_that_was_picked_at_its_original(lms, browser, other, known_by):
    visit = visit_of(browser, lms.launch(browser, roles=[MEMBERSHIP + "#Instructor"]))
    browser.post(f"/v/{visit.id}/activities/use/", {"activity": "specific-feedback"})
    custom = {"activity": "claims-escalation"} | COPIES[known_by]
    elsewhere = {"context": {"id": "course-2"}, "resource_link": {"id": "link-2"}}
    copy = visit_of(browser, lms.launch(browser, custom=custom, **elsewhere))
    assert copy.resource_link_id != visit.resource_link_id
    assert ResourceLink.objects.get(pk=copy.resource_link_id).activity == other


def test_a_copy_of_unknown_origin_has_the_activity_that_its_custom_parameter_names(lms, browser, activity):
    visit_of(browser, lms.launch(browser))
    custom = {"activity": "claims-escalation", "link_history": "somewhere%2Celse"}
    copy = visit_of(browser, lms.launch(browser, custom=custom, context={"id": "course-2"}))
    assert ResourceLink.objects.get(pk=copy.resource_link_id).activity == activity
    assert ResourceLink.objects.count() == 2


def test_the_platforms_product_is_learnt(lms, browser):
    visit_of(browser, lms.launch(browser, tool_platform={"product_family_code": "canvas", "name": "Example"}))
    visit_of(browser, lms.launch(browser))
    assert Registration.objects.get().product == "canvas"


NRPS_CLAIM = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
ROSTER = {"context_memberships_url": "https://lms.example.edu/members?c=1", "service_versions": ["2.0"]}


def test_the_courses_roster_is_remembered(lms, browser):
    visit_of(browser, lms.launch(browser, **{NRPS_CLAIM: ROSTER}))
    visit_of(browser, lms.launch(browser))
    assert MembershipService.objects.get().url == "https://lms.example.edu/members?c=1"
    moved = ROSTER | {"context_memberships_url": "https://lms.example.edu/other"}
    visit_of(browser, lms.launch(browser, **{NRPS_CLAIM: moved}))
    assert MembershipService.objects.get().url == "https://lms.example.edu/other"


@pytest.mark.parametrize(
    "claim", [{}, ROSTER | {"service_versions": ["1.0"]}, ROSTER | {"context_memberships_url": "file:///etc/passwd"}]
)
def test_a_roster_that_cannot_be_asked_is_not_remembered(lms, browser, claim):
    visit_of(browser, lms.launch(browser, **{NRPS_CLAIM: claim}))
    assert not MembershipService.objects.exists()


def test_a_launch_without_a_line_item_keeps_where_one_can_be_made(lms, browser):
    container = {"scope": [SCORE_SCOPE], "lineitems": "https://lms.example.edu/items"}
    visit_of(browser, lms.launch(browser, **{AGS: container}))
    service = GradeService.objects.get()
    assert (service.lineitem, service.lineitems) == ("", "https://lms.example.edu/items")
    GradeService.objects.update(lineitem="https://lms.example.edu/items/9", made=True)
    visit_of(browser, lms.launch(browser, **{AGS: container}))
    service.refresh_from_db()
    assert (service.lineitem, service.made) == ("https://lms.example.edu/items/9", True)
    visit_of(browser, lms.launch(browser, **{AGS: container | {"lineitem": "https://lms.example.edu/items/1"}}))
    service.refresh_from_db()
    assert (service.lineitem, service.made) == ("https://lms.example.edu/items/1", False)


def test_a_launch_without_the_score_scope_takes_grades_away_and_one_without_the_claim_does_not(lms, browser):
    visit_of(browser, lms.launch(browser))
    asked = lms.begin(browser)
    silent = lms.claims(asked["nonce"])
    del silent[AGS]
    visit_of(browser, lms.post(browser, asked["state"], lms.sign(silent)))
    assert GradeService.objects.exists()
    asked = lms.begin(browser)
    reading = lms.claims(asked["nonce"])
    reading[AGS]["scope"] = ["https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"]
    visit_of(browser, lms.post(browser, asked["state"], lms.sign(reading)))
    assert not GradeService.objects.exists()


# Browsers


def test_the_cookies_fit_into_another_sites_frame(lms, browser):
    response = lms.login(browser)
    assert len(response.cookies) == 2
    for cookie in response.cookies.values():
        text = cookie.OutputString()
        assert "SameSite=None" in text and "Secure" in text and "Partitioned" in text and "HttpOnly" in text


def test_without_cookies_a_new_window_is_offered_before_the_platform_is_asked(lms):
    deaf = Client()
    response = lms.login(deaf)
    deaf.cookies.clear()
    page = deaf.get(response["Location"])
    assert page.status_code == 403
    assert "frame-ancestors https://lms.example.edu" in page["Content-Security-Policy"]
    html = page.content.decode()
    again = html.split('class="button button-main" href="')[1].split('"')[0].replace("&amp;", "&")
    assert 'target="_blank"' in html and again.startswith("/lti/login/?iss=")
    window = Client()
    response = window.get(again)
    assert window.get(response["Location"]).status_code == 302
    still_deaf = Client()
    response = still_deaf.get(again)
    still_deaf.cookies.clear()
    assert b"Cookies are blocked" in still_deaf.get(response["Location"]).content


def test_two_tabs_at_once_both_get_in(lms, browser):
    first, second = lms.begin(browser), lms.begin(browser)
    for asked, sub in ((first, "user-1"), (second, "user-2")):
        response = lms.post(browser, asked["state"], lms.sign(lms.claims(asked["nonce"], sub=sub)))
        visit_of(browser, response)
    assert len(browser.session["visits"]) == 2


def _at_once(calls) -> list:
    barrier, answers = threading.Barrier(len(calls)), [None] * len(calls)

    def run(index, call):
        try:
            barrier.wait(timeout=10)
            answers[index] = call()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=entry) for entry in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return answers


@pytest.mark.django_db(transaction=True)
def test_of_two_launches_with_one_login_exactly_one_gets_in(lms, browser):
    asked = lms.begin(browser)
    token = lms.sign(lms.claims(asked["nonce"]))
    clients = []
    for _ in range(4):
        client = Client()
        client.cookies = browser.cookies.copy()
        clients.append(client)
    answers = _at_once([lambda client=client: lms.post(client, asked["state"], token) for client in clients])
    assert sorted(answer.status_code for answer in answers) == [303, 403, 403, 403]


@pytest.mark.django_db(transaction=True)
def test_launches_of_one_browser_in_the_same_moment_all_stay_admitted(lms, browser):
    asked = [lms.begin(browser) for _ in range(4)]
    calls = []
    for login in asked:
        client = Client()
        client.cookies = browser.cookies.copy()
        token = lms.sign(lms.claims(login["nonce"]))
        calls.append(lambda client=client, login=login, token=token: lms.post(client, login["state"], token))
    answers = _at_once(calls)
    assert [answer.status_code for answer in answers] == [303] * 4
    assert {answer["Location"].split("/")[2] for answer in answers} == set(browser.session["visits"])
    assert Deployment.objects.count() == Tenant.objects.count() == Person.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_deployment_learnt_twice_at_once_is_one(activity):
    registration = Lms().register()
    found = _at_once([lambda: placement.learn_deployment(Registration.objects.get(pk=registration.pk), "d9")] * 4)
    assert len({deployment.pk for deployment in found}) == 1
    assert Tenant.objects.count() == 1


# The platform's keys


def _remote(server) -> Lms:
    lms = Lms()
    lms.register(jwks=None, jwks_url=server.url)
    return lms


def test_the_platforms_keys_are_fetched_once_and_kept(activity, browser, key_server):
    lms = _remote(key_server)
    for _ in range(3):
        visit_of(browser, lms.launch(browser))
    assert key_server.fetched == 1


def test_a_rotated_key_is_fetched_when_a_token_names_it(activity, browser, key_server):
    lms = _remote(key_server)
    visit_of(browser, lms.launch(browser))
    lms.key = pem(1)
    key_server.serves(lms.jwks())
    visit_of(browser, lms.launch(browser))
    assert key_server.fetched == 2


def test_a_withdrawn_key_is_not_trusted_after_an_hour(activity, browser, key_server):
    lms = _remote(key_server)
    visit_of(browser, lms.launch(browser))
    key_server.serves(lms.jwks(pem(1)))
    Registration.objects.update(jwks_fetched="2026-01-01T00:00Z")
    response = lms.launch(browser)
    assert response.status_code == 401 and b"token_signature" in response.content


@pytest.mark.parametrize(
    ("status", "body"), [(500, "{}"), (200, "<html>"), (200, "[]"), (200, '{"keys": 1}'), (302, ""), (204, "")]
)
def test_a_broken_key_set_refuses_the_launch(activity, browser, key_server, status, body):
    lms = _remote(key_server)
    key_server.status, key_server.body = status, body
    response = lms.launch(browser)
    assert response.status_code == 401 and b"Reference: platform_keys" in response.content
    assert not Person.objects.exists()


def test_a_key_set_that_does_not_come_in_time_refuses_the_launch(activity, browser, key_server, monkeypatch):
    patient = outgoing.client
    monkeypatch.setattr(outgoing, "client", lambda: patient(timeout=0.2))
    lms = _remote(key_server)
    key_server.delay = 1.0
    response = lms.launch(browser)
    assert response.status_code == 401 and b"Reference: platform_keys" in response.content


def test_while_the_platform_is_down_a_key_we_know_still_counts_for_a_day(activity, browser, key_server):
    from datetime import timedelta

    from django.utils import timezone

    lms = _remote(key_server)
    visit_of(browser, lms.launch(browser))
    key_server.status = 500
    Registration.objects.update(jwks_fetched=timezone.now() - timedelta(hours=2))
    visit_of(browser, lms.launch(browser))
    Registration.objects.update(jwks_fetched=timezone.now() - timedelta(hours=25))
    assert lms.launch(browser).status_code == 401
