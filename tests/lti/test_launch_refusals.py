"""Every launch that must not get in: a page that says why, and nothing made of it."""

import base64
import json
import time

import jwt
import pytest
from django.test import Client

from coachtool.attempts.models import Course, Person, ResourceLink, Tenant
from lti.claims import LTI
from lti.models import Deployment, LoginState
from lti.rsa_keys import public_jwk
from tests.lti.lms import LAUNCH_URL, OMIT, Lms, pem

pytestmark = pytest.mark.django_db


def assert_refused(response, code: str) -> None:
    page = response.content.decode()
    assert response.status_code in (400, 401, 403), page
    assert f"Reference: {code}" in page
    assert "Traceback" not in page
    for model in (Tenant, Deployment, Course, Person, ResourceLink):
        assert not model.objects.exists(), model


class Seconds(int):
    """An offset from now, counted when the token is made and not when the test was collected."""


def at(changes: dict) -> dict:
    return {name: int(time.time()) + value if isinstance(value, Seconds) else value for name, value in changes.items()}


CLAIMS = [
    ("token_identity", {"iss": "https://evil.example"}),
    ("token_identity", {"iss": OMIT}),
    ("token_identity", {"iss": ["https://lms.example.edu"]}),
    ("token_identity", {"aud": "client-2"}),
    ("token_identity", {"aud": OMIT}),
    ("token_identity", {"aud": []}),
    ("token_identity", {"aud": {"client-1": 1}}),
    ("token_identity", {"aud": ["client-1", "other"]}),
    ("token_identity", {"aud": ["client-1", 7], "azp": "client-1"}),
    ("token_identity", {"aud": ["client-1", "other"], "azp": "other"}),
    ("token_identity", {"azp": "other"}),
    ("token_identity", {"azp": None}),
    ("token_time", {"exp": OMIT}),
    ("token_time", {"exp": Seconds(-61)}),
    ("token_time", {"exp": "soon"}),
    ("token_time", {"exp": float("inf")}),
    ("token_time", {"exp": float("nan")}),
    ("token_time", {"exp": True}),
    ("token_time", {"iat": OMIT}),
    ("token_time", {"iat": Seconds(-86400), "exp": Seconds(3600)}),
    ("token_time", {"iat": Seconds(300)}),
    ("token_time", {"iat": "now"}),
    ("token_time", {"nbf": Seconds(300)}),
    ("token_time", {"nbf": "later"}),
    ("token_nonce", {"nonce": OMIT}),
    ("token_nonce", {"nonce": "another"}),
    ("token_nonce", {"nonce": "\ud800"}),
    ("token_nonce", {"nonce": 5}),
    ("token_nonce", {"target_link_uri": OMIT}),
    ("token_nonce", {"target_link_uri": "https://evil.example/lti/launch/"}),
    ("token_nonce", {"target_link_uri": LAUNCH_URL + "?other"}),
    ("token_nonce", {"deployment_id": OMIT}),
    ("token_nonce", {"deployment_id": 1}),
    ("message_unsupported", {"version": "1.1"}),
    ("message_unsupported", {"version": OMIT}),
    ("message_unsupported", {"message_type": OMIT}),
    ("message_unsupported", {"message_type": "LtiStartProctoring"}),
    ("message_unsupported", {"message_type": ["LtiResourceLinkRequest"]}),
    ("deep_linking_return", {"message_type": "LtiDeepLinkingRequest"}),
    ("message_malformed", {"message_type": "LtiSubmissionReviewRequest"}),
    ("message_malformed", {"resource_link": OMIT}),
    ("message_malformed", {"resource_link": {}}),
    ("message_malformed", {"resource_link": {"id": 7}}),
    ("message_malformed", {"resource_link": {"id": "a\0b"}}),
    ("message_malformed", {"resource_link": {"id": "\ud800"}}),
    ("message_malformed", {"resource_link": "link-1"}),
    ("message_malformed", {"resource_link": {"id": "x" * 256}}),
    ("message_malformed", {"context": ["course-1"]}),
    ("message_malformed", {"context": {"title": "no id"}}),
    ("message_malformed", {"custom": ["activity"]}),
    ("message_malformed", {"roles": OMIT}),
    ("message_malformed", {"roles": "Instructor"}),
    ("message_malformed", {"roles": {"Instructor": 1}}),
    ("message_malformed", {"sub": 5}),
    ("message_malformed", {"sub": ""}),
    ("message_malformed", {"sub": "x" * 256}),
]


@pytest.mark.parametrize(("code", "changes"), CLAIMS, ids=[f"{code}-{changes}"[:60] for code, changes in CLAIMS])
def test_a_token_with_a_wrong_claim_is_refused(lms, browser, code, changes):
    asked = lms.begin(browser)
    response = lms.post(browser, asked["state"], lms.sign(lms.claims(asked["nonce"], **at(changes))))
    assert_refused(response, code)


def test_a_missing_deployment_is_refused_when_the_login_named_none(lms, browser):
    asked = lms.begin(browser, lti_deployment_id=OMIT)
    claims = lms.claims(asked["nonce"], deployment_id=OMIT)
    assert_refused(lms.post(browser, asked["state"], lms.sign(claims)), "message_malformed")


def test_another_deployment_than_the_login_named_is_refused(lms, browser):
    asked = lms.begin(browser, lti_deployment_id="d2")
    assert_refused(lms.post(browser, asked["state"], lms.sign(lms.claims(asked["nonce"]))), "token_nonce")


def _parts(token: str) -> list[str]:
    return token.split(".")


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unsigned(lms: Lms, claims: dict) -> str:
    return f"{_encoded({'alg': 'none', 'kid': public_jwk(lms.key)['kid']})}.{_encoded(claims)}."


def _hmac(lms: Lms, claims: dict) -> str:
    """HS256 with the platform's public key as the secret: the classic confusion of algorithms."""
    import hashlib
    import hmac

    from cryptography.hazmat.primitives import serialization

    public = serialization.load_pem_private_key(lms.key.encode(), None).public_key()
    secret = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    signed = f"{_encoded({'alg': 'HS256', 'kid': public_jwk(lms.key)['kid']})}.{_encoded(claims)}"
    mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _tampered(lms: Lms, claims: dict) -> str:
    header, _, signature = _parts(lms.sign(claims))
    return f"{header}.{_encoded(claims | {'sub': 'somebody-else'})}.{signature}"


def _without_kid(lms: Lms, claims: dict) -> str:
    return jwt.encode(claims, lms.key, algorithm="RS256")


def _rs512(lms: Lms, claims: dict) -> str:
    return jwt.encode(claims, lms.key, algorithm="RS512", headers={"kid": public_jwk(lms.key)["kid"]})


def _foreign_key_known_kid(lms: Lms, claims: dict) -> str:
    return lms.sign(claims, key=pem(1), kid=public_jwk(lms.key)["kid"])


TOKENS = {
    "alg none": (_unsigned, "token_signature"),
    "HS256 with the public key": (_hmac, "token_signature"),
    "RS512": (_rs512, "token_signature"),
    "tampered payload": (_tampered, "token_signature"),
    "no kid": (_without_kid, "token_signature"),
    "unknown kid": (lambda lms, claims: lms.sign(claims, key=pem(1)), "token_signature"),
    "another key under a known kid": (_foreign_key_known_kid, "token_signature"),
    "signature missing": (lambda lms, claims: ".".join([*_parts(lms.sign(claims))[:2], ""]), "token_signature"),
    "two parts": (lambda lms, claims: ".".join(_parts(lms.sign(claims))[:2]), "token_unreadable"),
    "garbage": (lambda lms, claims: "not a token", "token_unreadable"),
    "three parts of garbage": (lambda lms, claims: "a.b.c", "token_unreadable"),
    "claims are a list": (lambda lms, claims: f"{_encoded({'alg': 'RS256'})}.{_encoded([1])}.x", "token_unreadable"),
    "header is a list": (lambda lms, claims: f"{_encoded(['RS256'])}.{_encoded(claims)}.x", "token_unreadable"),
}


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_that_is_not_properly_signed_is_refused(lms, browser, name):
    make, code = TOKENS[name]
    asked = lms.begin(browser)
    assert_refused(lms.post(browser, asked["state"], make(lms, lms.claims(asked["nonce"]))), code)


def test_a_kid_that_two_keys_share_is_refused(activity, browser):
    lms = Lms()
    keys = [public_jwk(lms.key), public_jwk(pem(1)) | {"kid": public_jwk(lms.key)["kid"]}]
    lms.register(jwks={"keys": keys})
    assert_refused(lms.launch(browser), "token_signature")


def test_a_replayed_id_token_is_refused(lms, browser):
    asked = lms.begin(browser)
    token = lms.sign(lms.claims(asked["nonce"]))
    assert lms.post(browser, asked["state"], token).status_code == 303
    again = lms.post(browser, asked["state"], token)
    assert again.status_code == 403 and b"Reference: state_spent" in again.content


def test_a_new_token_with_a_used_nonce_is_refused(lms, browser):
    asked = lms.begin(browser)
    assert lms.post(browser, asked["state"], lms.sign(lms.claims(asked["nonce"]))).status_code == 303
    another = lms.begin(browser)
    response = lms.post(browser, another["state"], lms.sign(lms.claims(asked["nonce"])))
    assert response.status_code == 403 and b"Reference: token_nonce" in response.content


def test_the_nonce_of_one_login_with_the_state_of_another_is_refused(lms, browser):
    first, second = lms.begin(browser), lms.begin(browser)
    assert_refused(lms.post(browser, second["state"], lms.sign(lms.claims(first["nonce"]))), "token_nonce")


def test_a_refused_launch_spends_its_login(lms, browser):
    asked = lms.begin(browser)
    assert_refused(lms.post(browser, asked["state"], "garbage"), "token_unreadable")
    token = lms.sign(lms.claims(asked["nonce"]))
    assert_refused(lms.post(browser, asked["state"], token), "state_spent")


def test_a_login_that_waited_too_long_is_refused(lms, browser):
    asked = lms.begin(browser)
    LoginState.objects.update(expires="2020-01-01T00:00Z")
    assert_refused(lms.post(browser, asked["state"], lms.sign(lms.claims(asked["nonce"]))), "state_spent")


@pytest.mark.parametrize("state", ["made-up", "nul\0byte", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")])
def test_an_unknown_state_is_refused(lms, browser, state):
    assert_refused(lms.post(browser, state, lms.sign(lms.claims("x"))), "state_spent")


def test_another_browser_cannot_finish_a_login_nor_spend_it(lms, browser):
    """Also login CSRF: the attacker's state and token in the victim's browser."""
    asked = lms.begin(browser)
    token = lms.sign(lms.claims(asked["nonce"]))
    stolen = lms.post(Client(), asked["state"], token)
    assert stolen.status_code == 403 and not Person.objects.exists()
    assert lms.post(browser, asked["state"], token).status_code == 303


def test_a_client_mixed_up_between_login_and_launch_is_refused(lms, browser):
    other = Lms(client_id="client-2", key=pem(1))
    other.register()
    asked = lms.begin(browser)
    assert_refused(other.post(browser, asked["state"], other.sign(other.claims(asked["nonce"]))), "token_signature")
    asked = lms.begin(browser)
    signed_by_the_right_one = lms.sign(lms.claims(asked["nonce"], aud="client-2"))
    assert_refused(lms.post(browser, asked["state"], signed_by_the_right_one), "token_identity")


def test_a_registration_switched_off_in_between_is_refused(lms, browser):
    asked = lms.begin(browser)
    from lti.models import Registration

    Registration.objects.update(is_active=False)
    assert_refused(lms.post(browser, asked["state"], lms.sign(lms.claims(asked["nonce"]))), "unknown_platform")


def test_an_unknown_deployment_is_refused_where_none_are_learnt(activity, browser):
    lms = Lms()
    lms.register(learns_deployments=False)
    asked = lms.begin(browser, lti_deployment_id=OMIT)
    assert_refused(lms.post(browser, asked["state"], lms.sign(lms.claims(asked["nonce"]))), "deployment_refused")


def test_a_deployment_of_another_client_is_not_this_ones(lms, browser):
    other = Lms(client_id="client-2", key=pem(1))
    other.register(learns_deployments=False)
    assert lms.launch(browser).status_code == 303
    asked = other.begin(browser, lti_deployment_id=OMIT)
    response = other.post(browser, asked["state"], other.sign(other.claims(asked["nonce"])))
    assert response.status_code == 403 and b"deployment_refused" in response.content


def test_a_deployment_that_is_switched_off_is_refused(lms, browser):
    assert lms.launch(browser).status_code == 303
    Deployment.objects.update(is_active=False)
    assert lms.login(browser).status_code == 403
    asked = lms.begin(browser, lti_deployment_id=OMIT)
    response = lms.post(browser, asked["state"], lms.sign(lms.claims(asked["nonce"])))
    assert response.status_code == 403 and b"deployment_refused" in response.content


def test_the_platforms_own_refusal_is_told(lms, browser):
    asked = lms.begin(browser)
    response = browser.post("/lti/launch/", {"state": asked["state"], "error": "login_required"})
    assert_refused(response, "platform_refused")
    assert b"Sign in to your LMS again" in response.content


@pytest.mark.parametrize("given", [{}, {"state": "x"}, {"id_token": "x"}])
def test_a_launch_without_state_or_token_is_refused(lms, browser, given):
    assert_refused(browser.post("/lti/launch/", given), "launch_incomplete")


def test_the_launch_url_opened_by_hand_says_where_to_go(lms, browser):
    response = browser.get("/lti/launch/")
    assert_refused(response, "launch_incomplete")
    assert b"Go back to your course" in response.content


LOGINS = [
    ("login_incomplete", {"iss": OMIT}),
    ("login_incomplete", {"login_hint": OMIT}),
    ("login_incomplete", {"target_link_uri": OMIT}),
    ("login_incomplete", {"login_hint": "a\0b"}),
    ("login_incomplete", {"lti_message_hint": "x" * 9000}),
    ("unknown_platform", {"iss": "https://nobody.example"}),
    ("unknown_platform", {"client_id": "nobody"}),
    ("foreign_target", {"target_link_uri": "https://evil.example/lti/launch/"}),
    ("foreign_target", {"target_link_uri": "http://localhost:8000.evil.example/lti/launch/"}),
    ("foreign_target", {"target_link_uri": "http://localhost:8000@evil.example/lti/launch/"}),
    ("foreign_target", {"target_link_uri": "http://localhost:9000/lti/launch/"}),
    ("foreign_target", {"target_link_uri": "http://localhost:8000/elsewhere/"}),
    ("foreign_target", {"target_link_uri": "//localhost:8000/lti/launch/"}),
    ("foreign_target", {"target_link_uri": "http://[::1/lti/launch/"}),
    ("foreign_target", {"target_link_uri": "javascript:alert(1)"}),
]


@pytest.mark.parametrize(("code", "changes"), LOGINS, ids=[f"{code}-{changes}"[:70] for code, changes in LOGINS])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_wrong_login_is_refused(lms, browser, method, code, changes):
    assert_refused(lms.login(browser, method, **changes), code)
    assert not LoginState.objects.exists()


def test_a_login_that_does_not_say_which_client_is_refused(lms, browser):
    Lms(client_id="client-2").register()
    assert_refused(lms.login(browser, client_id=OMIT), "ambiguous_client")


def test_a_login_for_an_unknown_deployment_is_refused_where_none_are_learnt(activity, browser):
    lms = Lms()
    lms.register(learns_deployments=False)
    assert_refused(lms.login(browser), "deployment_refused")


def test_a_refusal_may_be_seen_inside_the_courses_frame(lms, browser):
    response = lms.login(browser, iss=OMIT)
    assert "frame-ancestors *" in response["Content-Security-Policy"]


def test_nothing_of_the_token_is_shown_or_logged(lms, browser, caplog):
    asked = lms.begin(browser)
    token = lms.sign(lms.claims(asked["nonce"], name="Secret Name", exp=5))
    response = lms.post(browser, asked["state"], token)
    shown = response.content.decode() + caplog.text
    assert "Secret Name" not in shown and token not in shown and LTI not in shown
