"""The sandbox LMS is strict: each wrong of the tool is refused with its status and kept as a verdict."""

import time
import uuid
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx
import jwt
import pytest

from lti import keys
from lti.models import DeepLinkingRequest
from tests.lti.browser import Forms
from tests.lti.lms import OMIT, pem

pytestmark = pytest.mark.whole
_AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"


class Tool:
    """Speaks to the sandbox as the tool does, with changes."""

    def __init__(self, sandbox):
        self.url = sandbox.url
        self.http = httpx.Client(base_url=sandbox.url, timeout=10, trust_env=False)

    def assertion(self, key: str = "", header: dict | None = None, **changes) -> str:
        own = keys.signing_key()
        now = int(time.time())
        claims = {
            "iss": "coachtool-sandbox",
            "sub": "coachtool-sandbox",
            "aud": f"{self.url}/lti/token/",
            "iat": now,
            "exp": now + 60,
            "jti": str(uuid.uuid4()),
        } | changes
        claims = {name: value for name, value in claims.items() if value is not OMIT}
        return jwt.encode(claims, key or own.private_pem, algorithm="RS256", headers=header or {"kid": own.kid})

    def token(self, assertion: str = "", **changes) -> httpx.Response:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion or self.assertion(),
            "scope": _AGS + "score",
        } | changes
        return self.http.post("/lti/token/", data=form)

    def score(self, *, headers: dict | None = None, item: str = "1", query: str = "?type_id=1", **changes):
        token = self.token().json()["access_token"]
        body = {
            "userId": "u-101",
            "scoreGiven": 5,
            "scoreMaximum": 10,
            "activityProgress": "Completed",
            "gradingProgress": "FullyGraded",
            "timestamp": "2026-01-01T10:00:00+00:00",
        } | changes
        given = {"Authorization": f"Bearer {token}", "Content-Type": "application/vnd.ims.lis.v1.score+json"}
        body = {name: value for name, value in body.items() if value is not OMIT}
        url = f"/lti/courses/1/lineitems/{item}/lineitem/scores{query}"
        return self.http.post(url, json=body, headers=given | (headers or {}))


@pytest.fixture
def tool(sandbox) -> Tool:
    return Tool(sandbox)


@pytest.fixture
def judged(sandbox):
    """Exactly one verdict more, of this endpoint and status."""
    before = len(sandbox.verdicts())

    def check(response: httpx.Response, endpoint: str, status: int) -> None:
        assert response.status_code == status, response.text
        assert [verdict[:2] for verdict in sandbox.verdicts()[before:]] == [(endpoint, status)]

    return check


ASSERTIONS = {
    "wrong aud": {"aud": "http://127.0.0.1:8001/"},
    "two aud": {"aud": ["x", "y"]},
    "wrong iss": {"iss": "somebody"},
    "wrong sub": {"sub": "somebody"},
    "expired": lambda now: {"exp": now - 3600, "iat": now - 3700},
    "no exp": {"exp": OMIT},
    "no iat": {"iat": OMIT},
    "no jti": {"jti": OMIT},
    "no aud": {"aud": OMIT},
    "lives for a day": lambda now: {"exp": now + 86400},
    "not yet issued": lambda now: {"iat": now + 600, "exp": now + 660},
}


@pytest.mark.parametrize("name", ASSERTIONS)
def test_a_wrong_client_assertion_gets_no_token(tool, judged, name):
    claims = ASSERTIONS[name]
    claims = claims(int(time.time())) if callable(claims) else claims
    judged(tool.token(tool.assertion(**claims)), "token", 401)


def test_an_assertion_signed_by_another_key_gets_no_token(tool, judged):
    judged(tool.token(tool.assertion(key=pem(1))), "token", 401)


def test_an_assertion_of_an_unpublished_key_gets_no_token(tool, judged):
    judged(tool.token(tool.assertion(header={"kid": "unknown"})), "token", 401)


def test_an_assertion_gets_one_token_only(tool, judged):
    assertion = tool.assertion()
    assert tool.token(assertion).status_code == 200
    judged(tool.token(assertion), "token", 401)


@pytest.mark.parametrize(
    "changes",
    [
        {"grant_type": "password"},
        {"client_assertion_type": "jwt"},
        {"scope": ""},
        {"scope": "everything"},
        {"scope": f"{_AGS}score {_AGS}everything"},
        {"assertion": "no.jwt.here"},
    ],
)
def test_a_wrong_token_request_is_refused(tool, judged, changes):
    judged(tool.token(**changes), "token", 400)


def test_a_token_request_in_json_is_refused(tool, judged):
    judged(tool.http.post("/lti/token/", json={"grant_type": "client_credentials"}), "token", 400)


SCORES = [
    (415, {"headers": {"Content-Type": "application/json"}}),
    (401, {"headers": {"Authorization": "Bearer made-up"}}),
    (401, {"headers": {"Authorization": ""}}),
    (404, {"query": ""}),
    (404, {"item": "999"}),
    (422, {"userId": "u-2"}),
    (422, {"userId": "nobody"}),
    (422, {"userId": OMIT}),
    (400, {"scoreMaximum": OMIT}),
    (400, {"scoreGiven": -1}),
    (400, {"scoreGiven": "5"}),
    (400, {"timestamp": OMIT}),
    (400, {"timestamp": "2026-01-01T10:00:00"}),
    (400, {"timestamp": "yesterday"}),
    (400, {"activityProgress": "Done"}),
    (400, {"gradingProgress": OMIT}),
    (400, {"comment": 5}),
]


@pytest.mark.parametrize(("status", "changes"), SCORES, ids=[f"{status}-{changes}"[:60] for status, changes in SCORES])
def test_a_wrong_score_is_refused(tool, judged, status, changes):
    judged(tool.score(**changes), "scores", status)


def test_a_score_that_is_not_newer_is_refused(tool, judged):
    assert tool.score(userId="u-102").status_code == 200
    judged(tool.score(userId="u-102", timestamp="2026-01-01T10:00:00.900+00:00"), "scores", 409)


def test_a_token_of_another_scope_may_not_write(tool, judged):
    reading = tool.token(scope=_AGS + "result.readonly").json()["access_token"]
    judged(tool.score(headers={"Authorization": f"Bearer {reading}"}), "scores", 403)


def test_line_items_and_results_can_be_read(tool):
    assert tool.score(userId="u-103").status_code == 200
    token = tool.token(scope=f"{_AGS}lineitem.readonly {_AGS}result.readonly").json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    items = tool.http.get("/lti/courses/1/lineitems?type_id=1", headers=headers)
    assert items.headers["Content-Type"] == "application/vnd.ims.lis.v2.lineitemcontainer+json"
    item = tool.http.get(items.json()[0]["id"], headers=headers).json()
    assert item["scoreMaximum"] == 100
    results = tool.http.get(item["id"].replace("lineitem?", "lineitem/results?") + "&user_id=u-103", headers=headers)
    assert [(found["userId"], found["resultScore"]) for found in results.json()] == [("u-103", 50)]


def _authentication(window) -> dict[str, str]:
    """An honest authentication request, from the tool itself."""
    course = window.sign_in("learner1")
    page = window.get(f"{course}links/claims-escalation/launch/")
    form = Forms(page.text).forms[0]
    begun = window.post(form.action, form.values)
    onward = window.get(urljoin(form.action, begun.headers["Location"]))
    return {name: values[0] for name, values in parse_qs(urlsplit(onward.headers["Location"]).query).items()}


AUTHENTICATIONS = {
    "client_id": "somebody",
    "redirect_uri": "http://localhost:8000/elsewhere/",
    "scope": "openid profile",
    "response_type": "code",
    "response_mode": "query",
    "prompt": "login",
    "nonce": "",
    "state": "",
    "login_hint": "u-102",
    "lti_message_hint": "made-up",
}


@pytest.mark.parametrize("name", AUTHENTICATIONS)
def test_a_wrong_authentication_request_is_refused(sandbox, window, judged, name):
    asked = _authentication(window) | {name: AUTHENTICATIONS[name]}
    judged(window.get(f"{sandbox.url}/lti/auth/?{urlencode(asked)}"), "auth", 400)


def test_a_used_nonce_or_hint_is_refused(sandbox, window, judged):
    asked = _authentication(window)
    assert "id_token" in window.get(f"{sandbox.url}/lti/auth/?{urlencode(asked)}").text
    other = _authentication(window)
    judged(window.get(f"{sandbox.url}/lti/auth/?{urlencode(other | {'nonce': asked['nonce']})}"), "auth", 400)
    again = window.get(f"{sandbox.url}/lti/auth/?{urlencode(asked | {'nonce': 'another-nonce'})}")
    assert again.status_code == 400 and "answered before" in again.text


def test_somebody_who_signed_out_of_the_lms_is_sent_back_to_sign_in(sandbox, window):
    before = sandbox.verdicts()
    asked = _authentication(window)
    window.sign_in("learner2")
    refused = window.onward(window.get(f"{sandbox.url}/lti/auth/?{urlencode(asked)}"))
    assert refused.status_code == 401 and "Sign in to your LMS again" in refused.text
    assert sandbox.verdicts() == before


def test_the_activity_is_framed_with_the_permissions_that_moodle_gives(window, live_server):
    course = window.sign_in("learner1")
    page = window.get(f"{course}links/claims-escalation/")
    allow = "; ".join(f"{feature} {live_server.url}" for feature in ("microphone", "camera", "autoplay"))
    assert f'allow="{allow}"' in page.text
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]


def test_a_learner_sees_nobody_elses_grades(window):
    course = window.sign_in("learner4")
    assert {row["learner"] for row in window.get(course + "gradebook.json").json()["rows"]} == {"learner4"}
    page = window.get(course + "gradebook/").text
    assert "Ada Osei" not in page


def test_nobody_is_learner_1000_and_nobody_reads_grades_unseen(sandbox, window):
    assert window.get(f"{sandbox.url}/as/learner1000/").status_code == 404
    assert window.get(f"{sandbox.url}/as/learner01/").status_code == 404
    assert window.get(f"{sandbox.url}/courses/1/gradebook.json").status_code == 401
    assert window.get(f"{sandbox.url}/courses/1/gradebook/").status_code == 302


def test_a_fault_that_makes_no_sense_is_refused(sandbox):
    for asked in ({}, {"endpoint": "nowhere", "status": 500}, {"endpoint": "scores", "status": "bad"}, [1]):
        assert httpx.post(f"{sandbox.url}/faults/", json=asked).status_code == 400
    assert httpx.post(f"{sandbox.url}/faults/", data={"endpoint": "scores"}).status_code == 415


# Answers to the picker

_LTI = "https://purl.imsglobal.org/spec/lti/claim/"
_DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"


class Answer:
    """An honest answer to a request of the sandbox, with changes; `stolen`: under our kid, by another key."""

    def __init__(self, sandbox, window, query: str = ""):
        course = window.sign_in("instructor")
        arrived = window.onward(window.get(f"{course}add/launch/{query}"))
        assert arrived.headers["Location"].startswith("/v/"), arrived.text
        asked = DeepLinkingRequest.objects.latest("pk").settings
        self.sandbox, self.url, self.data = sandbox, asked["deep_link_return_url"], asked.get("data")

    def send(
        self, stolen: bool = False, header: dict | None = None, item: dict | None = None, **changes
    ) -> httpx.Response:
        own, now = keys.signing_key(), int(time.time())
        claims = {
            "iss": "coachtool-sandbox",
            "aud": self.sandbox.url,
            "iat": now,
            "exp": now + 60,
            "nonce": uuid.uuid4().hex,
            _LTI + "deployment_id": "1",
            _LTI + "message_type": "LtiDeepLinkingResponse",
            _LTI + "version": "1.3.0",
            _DL + "data": OMIT if self.data is None else self.data,
            _DL + "content_items": [{"type": "ltiResourceLink", "title": "x"} | (item or {})],
        }
        claims |= {
            _DL + name if name in ("data", "content_items", "msg") else name: value for name, value in changes.items()
        }
        claims = {name: value for name, value in claims.items() if value is not OMIT}
        key = pem(1) if stolen else own.private_pem
        token = jwt.encode(claims, key, algorithm="RS256", headers=header or {"kid": own.kid})
        return httpx.post(self.url, data={"JWT": token}, timeout=10)


_LINE = {"scoreMaximum": 10, "label": "x"}
ANSWERS = [
    (401, {"stolen": True}),
    (401, {"header": {"kid": "unknown"}}),
    (401, {"iss": "http://lms.example"}),
    (401, {"iss": OMIT}),
    (401, {"aud": "coachtool-sandbox"}),
    (401, {"aud": OMIT}),
    (401, {"exp": 5}),
    (401, {"exp": OMIT}),
    (401, {"iat": OMIT}),
    (401, {"exp": 4102444800}),
    (401, {"nonce": OMIT}),
    (400, {"nonce": "short"}),
    (400, {_LTI + "deployment_id": "2"}),
    (400, {_LTI + "message_type": "LtiDeepLinkingRequest"}),
    (400, {_LTI + "version": OMIT}),
    (400, {"data": OMIT}),
    (400, {"data": "made up"}),
    (400, {"msg": 7}),
    (400, {"content_items": {}}),
    (400, {"content_items": ["x"]}),
    (400, {"item": {"type": "link"}}),
    (400, {"item": {"title": ""}}),
    (400, {"item": {"url": "https://evil.example/lti/launch/"}}),
    (400, {"item": {"custom": {"activity": 7}}}),
    (400, {"item": {"window": "_blank"}}),
    (400, {"item": {"madeUp": True}}),
    (400, {"item": {"lineItem": {"label": "x"}}}),
    (400, {"item": {"lineItem": _LINE | {"scoreMaximum": 0}}}),
    (400, {"item": {"lineItem": _LINE | {"resourceId": 7}}}),
    (400, {"item": {"lineItem": _LINE | {"submissionReview": {}}}}),
    (400, {"item": {"lineItem": _LINE | {"submissionReview": {"reviewableStatus": ["Done"]}}}}),
    (
        400,
        {"item": {"lineItem": _LINE | {"submissionReview": {"reviewableStatus": [], "url": "https://evil.example"}}}},
    ),
]


@pytest.mark.parametrize(("status", "changes"), ANSWERS, ids=[f"{code}-{changes}"[:60] for code, changes in ANSWERS])
def test_a_wrong_answer_to_the_picker_adds_nothing(sandbox, window, judged, status, changes):
    answer = Answer(sandbox, window)
    before = window.get(window.sign_in("instructor") + "links.json").json()
    judged(answer.send(**changes), "deep_linking", status)
    assert window.get(window.sign_in("instructor") + "links.json").json() == before


def test_an_answer_says_more_than_the_request_accepts(sandbox, window, judged):
    two = [{"type": "ltiResourceLink", "title": "x"}] * 2
    judged(Answer(sandbox, window, "?single").send(content_items=two), "deep_linking", 400)


def test_an_answer_has_a_line_item_where_none_is_accepted(sandbox, window, judged):
    judged(Answer(sandbox, window, "?ungraded").send(item={"lineItem": _LINE}), "deep_linking", 400)


def test_an_answer_has_data_where_none_was_given(sandbox, window, judged):
    judged(Answer(sandbox, window, "?nodata").send(data="made up"), "deep_linking", 400)


def test_an_answer_is_good_once(sandbox, window, judged):
    answer, nonce = Answer(sandbox, window), uuid.uuid4().hex
    assert answer.send(nonce=nonce).status_code == 200
    judged(answer.send(nonce=nonce), "deep_linking", 400)


def test_an_answer_to_nothing_is_refused(sandbox, judged):
    judged(httpx.post(f"{sandbox.url}/lti/deep-linking/made-up/", data={"JWT": "x"}), "deep_linking", 404)


def test_an_answer_that_is_no_token_is_refused(sandbox, window, judged):
    judged(httpx.post(Answer(sandbox, window).url, data={"JWT": "no.jwt"}), "deep_linking", 400)
