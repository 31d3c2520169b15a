"""From the LMS's picker to a signed answer: what is offered, what is answered, and who may not."""

import time
from datetime import timedelta

import jwt
import pytest
from django.test import Client
from django.utils import timezone

from coachtool.activities.models import Activity, ActivityVersion
from coachtool.attempts.models import Course, Person, ResourceLink, Tenant
from coachtool.authoring.models import CourseActivity, Draft
from lti import ags, keys, tasks
from lti.claims import LTI
from lti.models import DeepLinkingRequest, Deployment, GradeService, MembershipService, Registration
from lti.rsa_keys import public_jwk
from tests import factories
from tests.lti.browser import Forms
from tests.lti.lms import LAUNCH_URL, MEMBERSHIP, OMIT, Lms, moodle
from tests.lti.test_launch import NRPS_CLAIM, ROSTER, visit_of
from tests.lti.words import text

pytestmark = pytest.mark.django_db
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"


@pytest.fixture
def feedback(lms) -> Activity:
    made = Activity.objects.create(slug="specific-feedback", title="Specific feedback")
    definition = factories.DEFINITION | {"title": "Specific feedback", "max_score": 40, "field": "leading"}
    ActivityVersion.objects.create(activity=made, number=1, definition=definition)
    return made


def written_in(course: Course, slug: str = "our-own", **fields) -> Activity:
    made = Activity.objects.create(slug=slug, title="Our own")
    ActivityVersion.objects.create(activity=made, number=1, definition=factories.DEFINITION | {"title": "Our own"})
    CourseActivity.objects.create(activity=made, course=course, **fields)
    return made


def answer_in(page) -> dict:
    """The claims of the response that a page posts to the LMS; its signature holds."""
    form = next(form for form in Forms(page.content.decode()).forms if "JWT" in form.values)
    token = form.values["JWT"]
    header = jwt.get_unverified_header(token)
    key = next(jwk for jwk in keys.key_set()["keys"] if jwk["kid"] == header["kid"])
    claims = jwt.decode(token, jwt.PyJWK(key), algorithms=["RS256"], audience="https://lms.example.edu")
    return claims | {"posted to": form.action, "method": form.method}


def pick(browser: Client, response, *slugs: str):
    visit = visit_of(browser, response)
    return browser.post(f"/v/{visit.id}/activities/use/", {"activity": list(slugs)})


def test_an_instructor_comes_to_the_picker_inside_the_lms(lms, browser):
    response = lms.deep_link(browser)
    visit = visit_of(browser, response)
    page = browser.get(response["Location"])
    assert page.status_code == 200
    assert 'value="claims-escalation"' in page.content.decode()
    assert "frame-ancestors https://lms.example.edu" in page["Content-Security-Policy"]
    assert (visit.role, visit.resource_link_id) == ("instructor", None)
    waiting = DeepLinkingRequest.objects.get()
    assert waiting.key == visit.placing and waiting.course.lms_id == "course-1"
    assert waiting.expires - timezone.now() > timedelta(hours=23)
    assert not ResourceLink.objects.exists()


def test_the_answer_says_what_the_spec_wants(lms, browser, feedback):
    before = time.time()
    page = pick(browser, lms.deep_link(browser), "specific-feedback")
    assert page.status_code == 200
    assert "form-action 'self' https://lms.example.edu;" in page["Content-Security-Policy"]
    claims = answer_in(page)
    assert (claims["posted to"], claims["method"]) == ("https://lms.example.edu/picked?course=1", "post")
    assert (claims["iss"], claims["aud"]) == ("client-1", "https://lms.example.edu")
    assert claims["exp"] > claims["iat"] >= int(before) and len(claims["nonce"]) >= 20
    assert claims[LTI + "deployment_id"] == "d1"
    assert claims[LTI + "message_type"] == "LtiDeepLinkingResponse"
    assert claims[LTI + "version"] == "1.3.0"
    assert claims[DL + "data"] == "csrf:é+/="
    assert claims[DL + "msg"] == "“Specific feedback” was added."
    assert claims[DL + "content_items"] == [
        {
            "type": "ltiResourceLink",
            "title": "Specific feedback",
            "text": "Tell an employee what happened and agree what changes.",
            "url": LAUNCH_URL,
            "custom": {
                "activity": "specific-feedback",
                "link_history": "$ResourceLink.id.history",
                "context_history": "$Context.id.history",
            },
            "lineItem": {
                "label": "Specific feedback",
                "scoreMaximum": 40,
                "resourceId": "specific-feedback",
                "tag": "coachtool",
                "submissionReview": {
                    "reviewableStatus": ["Submitted", "Completed"],
                    "label": "Read the conversation",
                    "url": LAUNCH_URL,
                },
            },
            "iframe": {"width": 1000, "height": 800},
        }
    ]


def test_what_the_answer_places_launches(lms, browser, feedback):
    item = answer_in(pick(browser, lms.deep_link(browser), "specific-feedback"))[DL + "content_items"][0]
    learner = visit_of(browser, lms.launch(browser, custom=item["custom"]))
    assert ResourceLink.objects.get(pk=learner.resource_link_id).activity == feedback


def test_there_is_no_data_where_none_came(lms, browser):
    page = pick(browser, lms.deep_link(browser, {"data": OMIT}), "claims-escalation")
    assert DL + "data" not in answer_in(page)


def test_empty_data_is_echoed_too(lms, browser):
    page = pick(browser, lms.deep_link(browser, {"data": ""}), "claims-escalation")
    assert answer_in(page)[DL + "data"] == ""


def test_there_is_no_line_item_where_the_lms_wants_none(lms, browser):
    page = pick(browser, lms.deep_link(browser, {"accept_lineitem": False}), "claims-escalation")
    assert "lineItem" not in answer_in(page)[DL + "content_items"][0]


def test_a_line_item_comes_along_where_the_lms_says_nothing_of_it(lms, browser):
    page = pick(browser, lms.deep_link(browser, {"accept_lineitem": OMIT}), "claims-escalation")
    assert answer_in(page)[DL + "content_items"][0]["lineItem"]["scoreMaximum"] == 100


@pytest.mark.parametrize(
    ("targets", "shown"), [(["window"], {"window"}), (["embed"], set()), (["iframe"], {"iframe"}), ([], set())]
)
def test_it_opens_in_a_way_that_the_lms_accepts(lms, browser, targets, shown):
    response = lms.deep_link(browser, {"accept_presentation_document_targets": targets})
    item = answer_in(pick(browser, response, "claims-escalation"))[DL + "content_items"][0]
    assert {"iframe", "window"} & set(item) == shown


def test_several_activities_are_placed_at_once_where_the_lms_takes_several(lms, browser, feedback):
    page = pick(browser, lms.deep_link(browser), "specific-feedback", "claims-escalation", "specific-feedback")
    items = answer_in(page)[DL + "content_items"]
    assert [item["custom"]["activity"] for item in items] == ["specific-feedback", "claims-escalation"]


@pytest.mark.parametrize("multiple", [False, OMIT, "yes"])
def test_one_activity_only_where_the_lms_takes_one(lms, browser, feedback, multiple):
    response = lms.deep_link(browser, {"accept_multiple": multiple})
    assert 'form="several"' not in browser.get(response["Location"]).content.decode()
    page = pick(browser, response, "specific-feedback", "claims-escalation")
    assert page.status_code == 422 and "one activity at a time" in text(page)


def test_choosing_again_gets_an_answer_of_its_own(lms, browser, feedback):
    response = lms.deep_link(browser)
    first = answer_in(pick(browser, response, "claims-escalation"))
    second = answer_in(pick(browser, response, "specific-feedback"))
    assert first["nonce"] != second["nonce"]
    assert second[DL + "content_items"][0]["custom"]["activity"] == "specific-feedback"


def test_going_back_without_choosing_tells_the_lms_so(lms, browser):
    visit = visit_of(browser, lms.deep_link(browser))
    claims = answer_in(browser.post(f"/v/{visit.id}/activities/none/"))
    assert claims[DL + "content_items"] == [] and claims[DL + "data"] == "csrf:é+/="


def test_after_a_day_the_lms_no_longer_waits(lms, browser):
    response = lms.deep_link(browser)
    DeepLinkingRequest.objects.update(expires=timezone.now())
    page = pick(browser, response, "claims-escalation")
    assert page.status_code == 410 and "has stopped waiting" in text(page)
    assert browser.get(response["Location"]).status_code == 410
    tasks.forget()
    assert not DeepLinkingRequest.objects.exists()


@pytest.mark.parametrize("switched_off", ["deployment", "registration"])
def test_nothing_is_signed_for_an_lms_that_was_switched_off(lms, browser, switched_off):
    response = lms.deep_link(browser)
    row = Deployment.objects.get() if switched_off == "deployment" else Deployment.objects.get().registration
    type(row).objects.update(is_active=False)
    assert pick(browser, response, "claims-escalation").status_code == 410


def test_one_visit_does_not_answer_anothers_request(lms, browser):
    first, second = visit_of(browser, lms.deep_link(browser)), visit_of(browser, lms.deep_link(browser, sub="user-2"))
    session = browser.session
    session["visits"] = session["visits"] | {first.id: session["visits"][first.id] | {"placing": second.placing}}
    session.save()
    assert browser.post(f"/v/{first.id}/activities/use/", {"activity": "claims-escalation"}).status_code == 410


# What is offered


def test_a_course_is_offered_the_library_and_what_it_wrote_itself(lms, browser, feedback):
    visit_of(browser, lms.launch(browser))
    here = Course.objects.get()
    mine = written_in(here)
    written_in(here, "put-away", archived=timezone.now())
    written_in(Course.objects.create(tenant=here.tenant, lms_id="next-door"), "next-door")
    written_in(factories.course(), "elsewhere")
    begun = Activity.objects.create(slug="half-done", title="Half done")
    CourseActivity.objects.create(activity=begun, course=here)
    Draft.objects.create(activity=begun, definition={})
    response = lms.deep_link(browser)
    page = browser.get(response["Location"]).content.decode()
    for slug in ("claims-escalation", "specific-feedback", mine.slug):
        assert f'value="{slug}"' in page
    for slug in ("put-away", "next-door", "elsewhere", "half-done"):
        assert f'value="{slug}"' not in page
        assert pick(browser, response, slug).status_code == 422
        assert pick(browser, response, "claims-escalation", slug).status_code == 422
    assert "Half done" in page and "not published yet" in page
    assert answer_in(pick(browser, response, mine.slug))[DL + "content_items"][0]["custom"]["activity"] == "our-own"


def test_a_picker_outside_of_any_course_is_its_instructors_own(lms, browser):
    visit = visit_of(browser, lms.deep_link(browser, context=OMIT))
    written_in(Course.objects.get(pk=visit.course_id))
    again = lms.deep_link(browser, context=OMIT)
    assert 'value="our-own"' in browser.get(again["Location"]).content.decode()
    other = lms.deep_link(browser, context=OMIT, sub="user-2")
    assert 'value="our-own"' not in browser.get(other["Location"]).content.decode()


def test_without_any_activity_the_picker_says_what_to_do(lms, browser):
    Activity.objects.all().delete()
    page = browser.get(lms.deep_link(browser)["Location"])
    assert page.status_code == 200 and "no ready activities" in text(page)


def test_the_courses_roster_is_remembered_from_the_picker_too(lms, browser):
    visit_of(browser, lms.deep_link(browser, **{NRPS_CLAIM: ROSTER}))
    assert MembershipService.objects.get().url == ROSTER["context_memberships_url"]


# What is refused


def assert_nothing_made() -> None:
    for model in (Tenant, Deployment, Course, Person, ResourceLink, DeepLinkingRequest):
        assert not model.objects.exists(), model


GOES_BACK = {
    "deep_linking_role": {"roles": [MEMBERSHIP + "#Learner"]},
    "deep_linking_types": {"settings": {"accept_types": ["link", "file", "html"]}},
    "deep_linking_settings": {"settings": {"accept_types": OMIT}},
    "deep_linking_settings ": {"settings": {"accept_types": "ltiResourceLink"}},
    "deep_linking_settings  ": {"settings": {"accept_presentation_document_targets": {}}},
}


@pytest.mark.parametrize("code", GOES_BACK)
def test_what_cannot_be_served_is_told_to_the_person_and_to_the_lms(lms, browser, code):
    page = lms.deep_link(browser, **GOES_BACK[code])
    assert page.status_code in (400, 403)
    assert f"Reference: {code.strip()}" in text(page)
    assert "form-action 'self' https://lms.example.edu;" in page["Content-Security-Policy"]
    assert "frame-ancestors https://lms.example.edu" in page["Content-Security-Policy"]
    claims = answer_in(page)
    assert claims[DL + "content_items"] == [] and claims[DL + "errormsg"]
    assert claims[DL + "data"] == "csrf:é+/="
    assert_nothing_made()


RETURNS = [
    OMIT,
    "",
    7,
    "/picked",
    "javascript:alert(1)",
    "http://lms.example.edu/picked",
    "https://user:secret@lms.example.edu/picked",
    "https://lms.example.edu/" + "x" * 2000,
    "https://lms.example.edu/\0",
    "ftp://lms.example.edu/",
    "https://lms.example.edu:99999/",
]


@pytest.mark.parametrize("url", RETURNS, ids=[str(url)[:40] for url in RETURNS])
def test_nothing_goes_to_an_address_that_is_none_of_the_platforms(lms, browser, url):
    page = lms.deep_link(browser, {"deep_link_return_url": url})
    assert page.status_code == 400 and "Reference: deep_linking_return" in text(page)
    assert "JWT" not in page.content.decode()
    assert_nothing_made()


def test_an_answer_does_not_go_to_ourselves(activity, browser):
    lms = Lms(issuer="http://lms.example.edu")
    lms.register()
    page = lms.deep_link(browser, {"deep_link_return_url": LAUNCH_URL})
    assert "Reference: deep_linking_return" in text(page)


@pytest.mark.parametrize("data", [7, {"a": 1}, "nul\0byte", "x" * 30_000])
def test_data_that_could_not_be_echoed_exactly_is_refused(lms, browser, data):
    page = lms.deep_link(browser, {"data": data})
    assert page.status_code == 400 and "Reference: deep_linking_settings" in text(page)
    assert_nothing_made()


@pytest.mark.parametrize("settings", [OMIT, "settings", []])
def test_a_picker_without_settings_is_refused(lms, browser, settings):
    from lti.deep_linking_settings import CLAIM

    page = lms.launch(browser, message_type="LtiDeepLinkingRequest", resource_link=OMIT, **{CLAIM: settings})
    assert page.status_code == 400
    assert_nothing_made()


def test_an_unknown_deployment_gets_no_signed_answer(activity, browser):
    lms = Lms()
    lms.register(learns_deployments=False)
    asked = lms.begin(browser, lti_deployment_id=OMIT)
    from lti.deep_linking_settings import CLAIM

    settings = {"deep_link_return_url": "https://lms.example.edu/x", "accept_types": []}
    claims = lms.claims(asked["nonce"], message_type="LtiDeepLinkingRequest", **{CLAIM: settings})
    page = lms.post(browser, asked["state"], lms.sign(claims))
    assert "Reference: deployment_refused" in text(page) and "JWT" not in page.content.decode()


def test_a_learner_does_not_get_into_an_instructors_picker(lms, browser):
    response = lms.deep_link(browser)
    assert Client().get(response["Location"]).status_code == 403
    learner = visit_of(browser, lms.launch(browser))
    for path, method in (("", "get"), ("use/", "post"), ("none/", "post")):
        assert getattr(browser, method)(f"/v/{learner.id}/activities/{path}").status_code == 403


def test_what_moodle_sent_comes_to_the_picker(activity, browser):
    claims = moodle("deeplink")
    lms = Lms(claims["iss"], claims["aud"])
    lms.register()
    asked = lms.begin(browser, lti_deployment_id="1")
    now = int(time.time())
    renewed = {"nonce": asked["nonce"], "iat": now, "exp": now + 60, LTI + "target_link_uri": LAUNCH_URL}
    response = lms.post(browser, asked["state"], lms.sign(claims | renewed))
    page = pick(browser, response, "claims-escalation")
    form = next(form for form in Forms(page.content.decode()).forms if "JWT" in form.values)
    assert (
        form.action
        == claims["https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"]["deep_link_return_url"]
    )
    assert public_jwk(keys.signing_key().private_pem)["kid"] == jwt.get_unverified_header(form.values["JWT"])["kid"]


# Choosing at a place


def test_at_a_place_the_picker_says_what_is_there_and_changes_it(lms, browser, feedback):
    attempt_of = visit_of(browser, lms.launch(browser))
    link = ResourceLink.objects.get()
    factories.attempt(link=link, started=timezone.now())
    visit = visit_of(browser, lms.launch(browser, sub="teacher", roles=[MEMBERSHIP + "#Instructor"]))
    page = browser.get(f"/v/{visit.id}/activities/")
    assert "In place now" in text(page) and "1 attempt made so far" in text(page)
    chosen = browser.post(f"/v/{visit.id}/activities/use/", {"activity": "specific-feedback"})
    assert chosen["Location"] == f"/v/{visit.id}/attempts/"
    said = text(browser.get(chosen["Location"]))
    assert "“Specific feedback”" in said and "The attempt already made stays" in said and "Choose another one" in said
    link.refresh_from_db()
    assert link.activity == feedback and link.attempts.get().version.activity.slug == "claims-escalation"
    assert attempt_of.resource_link_id == link.pk


@pytest.mark.parametrize("made", [True, False])
def test_the_column_is_made_or_renamed_when_an_instructor_picks_another_activity(
    lms, browser, feedback, made, monkeypatch, django_capture_on_commit_callbacks
):
    kicked = []
    monkeypatch.setattr("lti.tasks.kick_column", kicked.append)
    visit = visit_of(browser, lms.launch(browser, roles=[MEMBERSHIP + "#Instructor"]))
    link, registration = ResourceLink.objects.get(), Registration.objects.get()
    if not made:
        ResourceLink.objects.update(activity=None)
        Registration.objects.update(line_items=Registration.LineItems.ALWAYS)
    service = {
        "registration": registration,
        "lineitem": "https://lms.example.edu/1" if made else "",
        "lineitems": "https://lms.example.edu/items",
        "scopes": [ags.LINE_ITEM, ags.SCORE],
        "made": made,
        "column": {"label": str(link), "maximum": 100.0} if made else {},
    }
    GradeService.objects.update_or_create(resource_link=link, defaults=service)
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(f"/v/{visit.id}/activities/use/", {"activity": "specific-feedback"})
    assert ResourceLink.objects.get().activity == feedback
    assert kicked == [link.pk]


def test_a_place_takes_one_activity_and_none_that_is_not_offered(lms, browser, feedback):
    visit = visit_of(browser, lms.launch(browser, roles=[MEMBERSHIP + "#Instructor"]))
    use = f"/v/{visit.id}/activities/use/"
    written_in(factories.course(), "elsewhere")
    for slugs in (["claims-escalation", "specific-feedback"], ["elsewhere"], [], ["nul\0"]):
        assert browser.post(use, {"activity": slugs}).status_code == 422
    assert ResourceLink.objects.get().activity.slug == "claims-escalation"


def test_where_authors_try_things_out_nothing_is_placed(lms, browser, feedback):
    visit = visit_of(browser, lms.launch(browser, roles=[MEMBERSHIP + "#Instructor"]))
    ResourceLink.objects.update(preview=True)
    assert browser.post(f"/v/{visit.id}/activities/use/", {"activity": "specific-feedback"}).status_code == 403


def test_search_and_fields_come_with_more_than_six_activities(lms, browser, feedback):
    page = browser.get(lms.deep_link(browser)["Location"]).content.decode()
    assert "data-filter" not in page
    for number in range(5):
        made = Activity.objects.create(slug=f"more-{number}", title=f"More {number}")
        ActivityVersion.objects.create(activity=made, number=1, definition=factories.DEFINITION)
    page = browser.get(lms.deep_link(browser)["Location"]).content.decode()
    assert "data-filter" in page and 'data-field="leading"' in page and 'data-field="management"' in page
