"""A launch in a browser that keeps no cookies: by the storage of the LMS, else in a window of its own."""

import json
import logging
import re
from datetime import timedelta
from urllib.parse import urldefrag

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from coachtool.attempts import access, addressed
from coachtool.attempts.models import AddressedVisit, Attempt, Escalation, Person
from lti import tasks
from lti.models import LoginState
from tests import factories
from tests.lti.lms import MEMBERSHIP, Lms

pytestmark = pytest.mark.django_db
ORIGIN = "http://localhost:8000"


class Deaf(Client):
    """A browser that forgets every cookie at once; its forms know no CSRF token that would come back."""

    def __init__(self):
        super().__init__(enforce_csrf_checks=True)

    def request(self, **request):
        self.cookies.clear()
        response = super().request(**request)
        self.cookies.clear()
        return response


def told(page) -> dict:
    """What the page tells its script."""
    return json.loads(re.search(r'<script id="told" type="application/json">(.*?)</script>', page.text)[1])


def keep(lms: Lms, browser: Client, **changes) -> tuple[dict, str]:
    """Login up to the page that has the secret stored: what that page is told, and the secret."""
    response = lms.login(browser, **({"lti_storage_target": "_parent"} | changes))
    url, secret = urldefrag(response["Location"])
    page = browser.get(url)
    assert page.status_code == 200, page.text
    return told(page), secret


def answer(lms: Lms, onward: str, **changes) -> dict[str, str]:
    """The platform's answer to the authentication request."""
    asked = dict(part.split("=", 1) for part in onward.split("?", 1)[1].split("&"))
    return {"state": asked["state"], "id_token": lms.sign(lms.claims(asked["nonce"], **changes))}


def enter(lms: Lms, browser: Client, **changes):
    """The whole way by the LMS's storage; the tool's last answer."""
    asked, secret = keep(lms, browser)
    sent = answer(lms, asked["onward"], **changes)
    page = browser.post("/lti/launch/", sent)
    assert page.status_code == 200 and told(page)["task"] == "fetch"
    return browser.post("/lti/launch/", sent | {"stored": secret}, headers={"Origin": ORIGIN})


def visit_id(response) -> str:
    assert response.status_code == 303, response.text
    return response["Location"].split("/")[2]


# By the LMS's storage


def test_the_secret_is_stored_with_the_lms_before_it_is_asked_and_fetched_when_it_answers(lms):
    browser = Deaf()
    asked, secret = keep(lms, browser)
    assert asked["task"] == "keep" and asked["target"] == "_parent"
    assert asked["origin"] == "https://lms.example.edu" and asked["onward"].startswith("https://lms.example.edu/auth?")
    assert len(secret) >= 40
    sent = answer(lms, asked["onward"])
    page = browser.post("/lti/launch/", sent)
    fetch = told(page)
    assert (fetch["task"], fetch["key"], fetch["origin"]) == ("fetch", asked["key"], asked["origin"])
    assert sent["id_token"] not in json.dumps(fetch) and secret not in page.text
    assert page["Cache-Control"].count("no-store") == 1
    assert "frame-ancestors https://lms.example.edu" in page["Content-Security-Policy"]
    response = browser.post("/lti/launch/", sent | {"stored": secret}, headers={"Origin": ORIGIN})
    visit = access.find({}, visit_id(response))
    assert visit.role == "learner" and visit.frame_origin == "https://lms.example.edu"
    assert not LoginState.objects.exists()


def test_a_secret_is_never_in_an_address_that_a_server_sees_or_on_the_page(lms):
    browser = Deaf()
    response = lms.login(browser, lti_storage_target="_parent")
    url, secret = urldefrag(response["Location"])
    assert secret and secret not in url and secret not in browser.get(url).text


def test_where_the_cookie_comes_back_the_storage_is_left_alone_and_the_fragment_goes_no_further(lms, browser):
    response = lms.login(browser, lti_storage_target="_parent")
    onward = browser.get(urldefrag(response["Location"])[0])
    assert onward.status_code == 302 and onward["Location"].endswith("#")
    sent = answer(lms, onward["Location"].removesuffix("#"))
    assert not addressed.is_address(visit_id(browser.post("/lti/launch/", sent)))


def test_a_login_that_names_no_storage_has_no_fragment(lms, browser):
    response = lms.login(browser)
    assert "#" not in response["Location"]
    assert "#" not in browser.get(response["Location"])["Location"]


@pytest.mark.parametrize("target", ["", "x" * 256, "a\nb", "a\0b", "   "])
def test_a_storage_that_cannot_be_a_frame_is_not_used(lms, target):
    browser = Deaf()
    response = lms.login(browser, "post", lti_storage_target=target)
    page = browser.get(urldefrag(response["Location"])[0])
    assert page.status_code == 403 and "Open in a new window" in page.text


def test_a_site_may_switch_it_off_and_then_a_window_is_offered(lms, settings):
    settings.COOKIELESS = False
    browser = Deaf()
    response = lms.login(browser, lti_storage_target="_parent")
    assert "#" not in response["Location"]
    page = browser.get(response["Location"])
    assert page.status_code == 403 and 'id="told"' not in page.text and "Open in a new window" in page.text


@pytest.mark.parametrize(
    ("issuer", "auth", "frame"),
    [
        ("https://lms.example.edu", "https://lms.example.edu/auth", "https://lms.example.edu"),
        ("https://canvas.instructure.com", "https://sso.canvaslms.com/api/lti/authorize_redirect", "*"),
    ],
)
def test_the_page_shows_in_a_school_whose_address_only_the_launch_tells(activity, issuer, auth, frame):
    lms = Lms(issuer=issuer)
    lms.register(auth_login_url=auth)
    browser = Deaf()
    for target in ("post_message_forwarding", ""):
        response = lms.login(browser, lti_storage_target=target)
        page = browser.get(urldefrag(response["Location"])[0])
        assert page["Content-Security-Policy"].endswith(f"frame-ancestors {frame}")


def test_without_storage_or_script_the_page_offers_a_window_that_begins_again(lms):
    browser = Deaf()
    response = lms.login(browser, lti_storage_target="_parent")
    page = browser.get(urldefrag(response["Location"])[0])
    again = re.search(r'class="button button-main" href="([^"]+)"', page.text)[1].replace("&amp;", "&")
    assert "<noscript>" in page.text and "login_hint=user-1" in again and "storage" not in again
    window = Client()
    response = window.get(again)
    assert window.get(response["Location"]).status_code == 302


# What must not get in


def test_a_secret_that_another_site_sends_is_refused(lms):
    """Who began a login knows its secret, and could make somebody else's browser enter as themselves."""
    asked, secret = keep(lms, Deaf())
    sent = answer(lms, asked["onward"]) | {"stored": secret}
    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "https://lms.example.edu"}):
        response = Deaf().post("/lti/launch/", sent, headers=headers)
        assert response.status_code == 403 and "Reference: other_browser" in response.text
    assert not Person.objects.exists() and not AddressedVisit.objects.exists()


@pytest.mark.parametrize("stored", ["", "guess", "x" * 5000, "\0"])
def test_another_secret_does_not_get_in_and_leaves_the_login_as_it_was(lms, stored):
    browser = Deaf()
    asked, secret = keep(lms, browser)
    sent = answer(lms, asked["onward"])
    response = browser.post("/lti/launch/", sent | {"stored": stored}, headers={"Origin": ORIGIN})
    assert response.status_code == 403 and "Open in a new window" in response.text
    assert not Person.objects.exists()
    visit_id(browser.post("/lti/launch/", sent | {"stored": secret}, headers={"Origin": ORIGIN}))


def test_a_secret_of_another_login_does_not_get_in(lms):
    browser = Deaf()
    (first, _), (_, second_secret) = keep(lms, browser), keep(lms, browser)
    sent = answer(lms, first["onward"]) | {"stored": second_secret}
    assert browser.post("/lti/launch/", sent, headers={"Origin": ORIGIN}).status_code == 403


def test_it_works_once(lms):
    browser = Deaf()
    asked, secret = keep(lms, browser)
    sent = answer(lms, asked["onward"]) | {"stored": secret}
    visit_id(browser.post("/lti/launch/", sent, headers={"Origin": ORIGIN}))
    again = browser.post("/lti/launch/", sent, headers={"Origin": ORIGIN})
    assert again.status_code == 403 and "Reference: state_spent" in again.text
    assert AddressedVisit.objects.count() == 1


def test_a_wrong_token_is_refused_on_this_way_too(lms):
    response = enter(lms, Deaf(), aud="client-2")
    assert response.status_code == 401 and "Reference: token_identity" in response.text
    assert not AddressedVisit.objects.exists()


# The visit that lives in its address


def test_without_cookies_a_visit_goes_the_whole_way_its_forms_included(lms):
    browser = Deaf()
    home = enter(lms, browser)["Location"]
    lobby = browser.get(home)["Location"]
    page = browser.get(lobby)
    assert page.status_code == 200 and page["Referrer-Policy"] == "same-origin"
    assert "frame-ancestors https://lms.example.edu" in page["Content-Security-Policy"]
    started = browser.post(f"{home}attempts/start/", {"modality": "text", "ai_disclosure": "1"})
    attempt = Attempt.objects.get()
    assert started.status_code == 302 and started["Location"] == f"{home}attempts/{attempt.pk}/"
    assert browser.get(started["Location"]).status_code == 200
    window = browser.post(f"{home}window/").json()["url"]
    carried = Deaf().get(window)
    assert carried.status_code == 302 and carried["Location"].startswith("/v/~") and home not in carried["Location"]
    assert Deaf().get(carried["Location"]).status_code == 200


def test_the_key_of_a_new_window_does_not_tell_the_address(lms):
    from django.core import signing

    from coachtool.attempts import window

    secret = visit_id(enter(lms, Deaf()))
    key = window.key_for(access.find({}, secret))
    assert secret not in json.dumps(signing.loads(key, salt="coachtool.attempts.window"))


def test_an_instructors_answer_is_confirmed_on_the_next_page(lms):
    browser = Deaf()
    home = enter(lms, browser, roles=[MEMBERSHIP + "#Instructor"])["Location"]
    link = access.find({}, home.split("/")[2]).resource_link_id
    attempt = factories.attempt(link=factories.ResourceLink.objects.get(pk=link))
    Attempt.objects.update(started=timezone.now())
    asked = Escalation.objects.create(attempt=attempt, guardrail="scope", question="And my bonus?")
    response = browser.post(f"{home}escalations/{asked.pk}/answer/", {f"{asked.pk}-answer": "Ask me on Thursday."})
    assert response.status_code == 302
    assert "Your answer is sent." in browser.get(response["Location"]).text
    assert "Your answer is sent." not in browser.get(response["Location"]).text


def test_only_the_digest_of_the_address_is_kept(lms):
    secret = visit_id(enter(lms, Deaf()))
    kept = AddressedVisit.objects.get()
    assert secret not in json.dumps(kept.visit) and kept.digest == addressed.digest(secret)
    for wrong in (secret[:-1], secret.upper(), "~", kept.digest, f"~{kept.digest}"):
        assert Client().get(f"/v/{wrong}/lobby/").status_code == 403


def test_a_form_to_an_address_that_does_not_exist_is_not_taken_without_its_token(lms):
    refused = Deaf().post(f"{'/v/~' + 'x' * 43}/attempts/start/", {})
    assert refused.status_code == 403 and "This page was open for a long time" in refused.text
    strict = Client(enforce_csrf_checks=True)
    visit = visit_id(lms.launch(strict))
    response = strict.post(f"/v/{visit}/attempts/start/", {"modality": "text", "ai_disclosure": "1"})
    assert response.status_code == 403 and f'href="/v/{visit}/"' in response.text
    assert not Attempt.objects.exists()


def test_it_ends_after_hours_without_a_page_and_after_half_a_day(lms, monkeypatch):
    home = enter(lms, Deaf())["Location"]
    for hours in (2, 4, 6, 8, 10):
        _later(monkeypatch, hours)
        assert Client().get(f"{home}lobby/").status_code == 200
    _later(monkeypatch, 12.1)
    assert Client().get(f"{home}lobby/").status_code == 403
    _later(monkeypatch, 0)
    other = enter(lms, Deaf())["Location"]
    _later(monkeypatch, 3.1)
    refused = Client().get(f"{other}lobby/")
    assert refused.status_code == 403 and "left alone for too long" in refused.text


def _later(monkeypatch, hours: float) -> None:
    from datetime import UTC, datetime

    monkeypatch.setattr(addressed.timezone, "now", lambda: datetime.now(UTC) + timedelta(hours=hours))


def test_no_log_tells_the_address(lms, caplog):
    from coachtool.site.logs import HideAddresses

    caplog.handler.addFilter(HideAddresses())
    secret = visit_id(enter(lms, Deaf()))
    with caplog.at_level(logging.DEBUG):
        Client().get(f"/v/{secret}/nowhere/")
        Client().post(f"/v/{secret}/lobby/")
        logging.getLogger("daphne").info("WebSocket CONNECT %s", f"/ws/v/{secret}/attempts/1/")
    assert "/nowhere/" in caplog.text and "WebSocket CONNECT /ws/v/~…" in caplog.text
    assert secret not in caplog.text


def test_what_has_run_out_is_swept_and_nothing_else(lms, browser):
    enter(lms, Deaf())
    lms.launch(browser)
    lms.login(browser)
    tasks.forget()
    assert AddressedVisit.objects.count() == LoginState.objects.count() == 1
    sessions = Session.objects.count()
    now = timezone.now()
    AddressedVisit.objects.update(expires=now)
    LoginState.objects.update(expires=now)
    Session.objects.filter(session_key=browser.session.session_key).update(expire_date=now)
    tasks.forget()
    assert not AddressedVisit.objects.exists() and not LoginState.objects.exists()
    assert Session.objects.count() == sessions - 1


# Two tabs, the back button, a page that is sent again


def test_a_launch_that_is_sent_again_leads_on_to_its_visit_in_the_same_browser_only(lms, browser):
    asked = lms.begin(browser)
    token = lms.sign(lms.claims(asked["nonce"], launch_presentation={"return_url": "https://lms.example.edu/c/1"}))
    visit = visit_id(lms.post(browser, asked["state"], token))
    again = lms.post(browser, asked["state"], token)
    assert again.status_code == 403 and "Reference: state_spent" in again.text
    assert f'href="/v/{visit}/"' in again.text and 'href="https://lms.example.edu/c/1"' in again.text
    assert len(browser.session["visits"]) == 1
    elsewhere = lms.post(Client(), asked["state"], token)
    assert elsewhere.status_code == 403 and visit not in elsewhere.text and "Go on where you were" not in elsewhere.text
    assert Client().get(f"/lti/login/continue/?state={asked['state']}").status_code == 403


def test_the_back_button_to_the_login_leads_on_to_the_visit(lms, browser):
    asked = lms.begin(browser)
    visit = visit_id(lms.post(browser, asked["state"], lms.sign(lms.claims(asked["nonce"]))))
    back = browser.get(f"/lti/login/continue/?state={asked['state']}")
    assert (back.status_code, back["Location"]) == (303, f"/v/{visit}/")


def test_after_some_minutes_it_leads_nowhere_any_more(lms, browser, monkeypatch):
    asked = lms.begin(browser)
    visit_id(lms.post(browser, asked["state"], lms.sign(lms.claims(asked["nonce"]))))
    from lti import browser_session

    monkeypatch.setattr(browser_session, "_REMEMBERED", -1)
    assert browser.get(f"/lti/login/continue/?state={asked['state']}").status_code == 403


def test_a_signed_launch_that_is_refused_leads_back_to_the_course(lms, browser):
    presentation = {"return_url": "https://lms.example.edu/c/1"}
    response = lms.launch(browser, launch_presentation=presentation, roles="Instructor")
    assert response.status_code == 400 and 'href="https://lms.example.edu/c/1"' in response.text
    for unsafe in ("javascript:alert(1)", ["x"], "//evil.example"):
        response = lms.launch(browser, launch_presentation={"return_url": unsafe}, roles="Instructor")
        assert "Back to the course" not in response.text
