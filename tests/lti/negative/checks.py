"""The list: what a platform, or somebody who plays one, does; and whether it may get in.

Sources: LTI Core 1.3 sections 5.1 and 5.3, 1EdTech Security Framework 1.0 section
5.1, OpenID Connect Core sections 3.1.3.7 and 4, RFC 8725, RFC 9700.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from lti.claims import LEEWAY, LTI, MAX_AGE
from tests.lti.negative import scene as scenes
from tests.lti.negative.browser import location
from tests.lti.negative.platform import ACTIVITY, CLIENT, DEPLOYMENT, LEFT_OUT, MEMBERSHIP, Now, jwk, key_set, kid, sign
from tests.lti.negative.scene import Scene

Answers = httpx.Response | list[httpx.Response]
Play = Callable[[Scene], Answers]
CLOSE = 15  # seconds on this side or the other of an edge, so that a slow machine does not cross it


@dataclass(frozen=True)
class Check:
    """`reason` is the reference on coachtool's page where it refuses; `visit`, of the visit where it lets in.

    `ours`: the specification leaves the bound to the tool, so that the other's verdict is not wrong.
    """

    group: str
    name: str
    lets_in: bool
    play: Play
    reason: str = ""
    visit: dict = field(default_factory=dict)
    clients: dict[str, tuple[str, ...]] = field(default_factory=lambda: {CLIENT: (DEPLOYMENT,)})
    ours: bool = False

    @property
    def id(self) -> str:
        return f"{self.group}: {self.name}"


def _refuse(group: str, reason: str, name: str, play: Play, **more) -> Check:
    return Check(group, name, False, play, reason, **more)


def _let_in(group: str, name: str, play: Play, **more) -> Check:
    return Check(group, name, True, play, visit={"role": "learner", "graded": True} | more.pop("visit", {}), **more)


def _with(**changes) -> Play:
    return lambda scene: scene.launch(**changes)


def _token(make: Callable[[dict], str]) -> Play:
    """A launch whose token is made of honest claims by `make`."""

    def play(scene: Scene) -> httpx.Response:
        browser = scene.browser()
        asked = scene.begin(browser)
        return scene.answer(browser, asked, state=asked.state, id_token=make(scene.issuer.claims(asked, {})))

    return play


INSTRUCTOR = {"role": "instructor", "graded": False}
TWO_CLIENTS = {CLIENT: (DEPLOYMENT,), "client-2": ("d2",)}

# Header and signature


def _keys(keys: dict) -> Play:
    def play(scene: Scene) -> httpx.Response:
        scene.issuer.keys.body = json.dumps(keys)
        return scene.launch()

    return play


def _key_set_of_the_attacker(scene: Scene) -> httpx.Response:
    before = scene.stranger.keys.asked
    browser = scene.browser()
    asked = scene.begin(browser)
    token = scene.token(asked, key=1, header={"jku": scene.stranger.jwks_url})
    answer = scene.answer(browser, asked, state=asked.state, id_token=token)
    if scene.stranger.keys.asked != before:
        raise scenes.AnsweredWrongly("it fetched the attacker's key set")
    return answer


SIGNATURE = "Header and signature"
SIGNATURES = [
    _refuse(SIGNATURE, "token_signature", "no kid", _with(header={"kid": LEFT_OUT})),
    _refuse(SIGNATURE, "token_signature", "a kid that the platform does not publish", _with(header={"kid": "other"})),
    _refuse(
        SIGNATURE,
        "token_signature",
        "a kid that is not text",
        _token(lambda claims: f"{scenes.encoded({'alg': 'RS256', 'kid': 7})}." + sign(claims).split(".", 1)[1]),
    ),
    _refuse(
        SIGNATURE,
        "token_signature",
        "two keys of the platform share the kid",
        _keys({"keys": [jwk(0), jwk(1) | {"kid": kid(0)}]}),
    ),
    _refuse(SIGNATURE, "token_signature", "another key under a known kid", _with(key=1, header={"kid": kid(0)})),
    _refuse(
        SIGNATURE,
        "token_signature",
        "a key that came along in the header (jwk)",
        _with(key=1, header={"jwk": jwk(1)}),
    ),
    _refuse(SIGNATURE, "token_signature", "the attacker's key set named in the header (jku)", _key_set_of_the_attacker),
    _refuse(SIGNATURE, "token_signature", "alg none", _token(scenes.unsigned)),
    _refuse(SIGNATURE, "token_signature", "alg nOnE", _token(lambda claims: scenes.unsigned(claims, "nOnE"))),
    _refuse(
        SIGNATURE,
        "token_signature",
        "HS256 with our public key as the secret",
        _token(scenes.signed_with_the_public_key),
    ),
    _refuse(SIGNATURE, "token_signature", "RS512", _token(scenes.rs512)),
    _refuse(SIGNATURE, "token_signature", "tampered payload", _token(scenes.tampered)),
    _refuse(
        SIGNATURE, "token_signature", "signature left out", _token(lambda claims: sign(claims).rsplit(".", 1)[0] + ".")
    ),
    _refuse(SIGNATURE, "token_unreadable", "two parts", _token(lambda claims: sign(claims).rsplit(".", 1)[0])),
    _refuse(SIGNATURE, "token_unreadable", "garbage", _token(lambda claims: "not a token")),
    _refuse(SIGNATURE, "token_unreadable", "three parts of garbage", _token(lambda claims: "a.b.c")),
    _refuse(
        SIGNATURE,
        "token_unreadable",
        "claims that are a list",
        _token(lambda claims: f"{scenes.encoded({'alg': 'RS256', 'kid': kid()})}.{scenes.encoded([1])}.x"),
    ),
]

# The platform's key set


def _rotated(scene: Scene) -> httpx.Response:
    browser = scene.browser()
    scene.before(browser, scene.launch(browser))
    scene.issuer.keys.body = json.dumps(key_set(1))
    return scene.launch(key=1)


def _published_beside_the_old(scene: Scene) -> httpx.Response:
    browser = scene.browser()
    scene.before(browser, scene.launch(browser))
    scene.issuer.keys.body = json.dumps(key_set(1, 0))
    return scene.launch(key=1)


def _key_set_that(**does) -> Play:
    def play(scene: Scene) -> httpx.Response:
        for name, value in does.items():
            setattr(scene.issuer.keys, name, value)
        return scene.launch()

    return play


KEYS = "The platform's key set"
KEY_SETS = [
    _let_in(KEYS, "rotated: the new key is fetched when a token names it", _rotated),
    _let_in(KEYS, "rotated with overlap", _published_beside_the_old),
    _refuse(KEYS, "platform_keys", "does not come (8 s of silence)", _key_set_that(silent_for=8.0)),
    _refuse(KEYS, "platform_keys", "is not JSON", _key_set_that(body="<html>We are down for maintenance")),
    _refuse(KEYS, "platform_keys", "is JSON but no key set", _key_set_that(body='{"keys": 1}')),
    _refuse(KEYS, "platform_keys", "is a list", _key_set_that(body="[]")),
    _refuse(KEYS, "platform_keys", "answers 500", _key_set_that(status=500, body="{}")),
    _refuse(KEYS, "platform_keys", "answers 500 with a key set in it", _key_set_that(status=500), ours=True),
    _refuse(KEYS, "token_signature", "is empty", _key_set_that(body='{"keys": []}')),
    _refuse(
        KEYS,
        "token_signature",
        "has the key for encryption only",
        _keys({"keys": [jwk(0) | {"use": "enc"}]}),
    ),
]

# Claims

WHO = "Claims: who and for whom"
IDENTITIES = [
    _refuse(WHO, "token_identity", "iss unknown", _with(iss="https://nobody.example")),
    _refuse(WHO, "token_identity", "iss missing", _with(iss=LEFT_OUT)),
    _refuse(WHO, "token_identity", "iss is a list", _with(iss=["https://nobody.example"])),
    _refuse(
        WHO, "token_identity", "iss of another registered platform", lambda scene: scene.launch(iss=scene.stranger.url)
    ),
    _refuse(WHO, "token_identity", "aud wrong", _with(aud="somebody-else")),
    _refuse(WHO, "token_identity", "aud missing", _with(aud=LEFT_OUT)),
    _refuse(WHO, "token_identity", "aud empty", _with(aud=[])),
    _refuse(WHO, "token_identity", "several aud without azp", _with(aud=[CLIENT, "other"])),
    _refuse(WHO, "token_identity", "several aud, azp wrong", _with(aud=[CLIENT, "other"], azp="other")),
    _refuse(WHO, "token_identity", "several aud, none of them us, azp us", _with(aud=["a", "b"], azp=CLIENT)),
    _refuse(WHO, "token_identity", "one aud, azp wrong", _with(azp="other")),
    _refuse(WHO, "token_identity", "azp null", _with(azp=None)),
    _let_in(WHO, "aud is a list of us alone", _with(aud=[CLIENT])),
    _let_in(WHO, "several aud, we are first, azp us", _with(aud=[CLIENT, "other"], azp=CLIENT)),
    _let_in(WHO, "several aud, we are last, azp us", _with(aud=["other", CLIENT], azp=CLIENT)),
    _let_in(WHO, "one aud, azp us", _with(azp=CLIENT)),
    _refuse(WHO, "message_malformed", "sub empty", _with(sub="")),
    _refuse(WHO, "message_malformed", "sub is a number", _with(sub=5)),
]

WHEN = "Claims: when"
TIMES = [
    _refuse(WHEN, "token_time", "exp missing", _with(exp=LEFT_OUT)),
    _refuse(WHEN, "token_time", "exp an hour ago", _with(exp=Now(-3600), iat=Now(-100))),
    _refuse(WHEN, "token_time", "exp just beyond our clock skew", _with(exp=Now(-LEEWAY - CLOSE))),
    _let_in(WHEN, "exp passed, within our clock skew", _with(exp=Now(-LEEWAY + CLOSE)), ours=True),
    _let_in(WHEN, "exp far in the future", _with(exp=Now(86400 * 3650))),
    _refuse(WHEN, "token_time", "exp is text", _with(exp="soon")),
    _refuse(WHEN, "token_time", "exp is not a number (NaN)", _with(exp=float("nan"))),
    _refuse(WHEN, "token_time", "iat missing", _with(iat=LEFT_OUT)),
    _refuse(WHEN, "token_time", "iat a day ago", _with(iat=Now(-86400), exp=Now(3600))),
    _refuse(
        WHEN,
        "token_time",
        "iat just beyond the greatest age",
        _with(iat=Now(-MAX_AGE - LEEWAY - CLOSE), exp=Now(600)),
        ours=True,
    ),
    _let_in(WHEN, "iat just within the greatest age", _with(iat=Now(-MAX_AGE - LEEWAY + CLOSE), exp=Now(600))),
    _refuse(WHEN, "token_time", "iat in an hour", _with(iat=Now(3600), exp=Now(7200))),
    _refuse(
        WHEN,
        "token_time",
        "iat ahead, just beyond our clock skew",
        _with(iat=Now(LEEWAY + CLOSE), exp=Now(600)),
        ours=True,
    ),
    _let_in(WHEN, "iat ahead, within our clock skew", _with(iat=Now(LEEWAY - CLOSE), exp=Now(600)), ours=True),
    _refuse(WHEN, "token_time", "iat is text", _with(iat="now")),
    _let_in(WHEN, "nbf missing", _with(nbf=LEFT_OUT)),
    _refuse(WHEN, "token_time", "nbf in an hour", _with(nbf=Now(3600), exp=Now(7200))),
    _refuse(WHEN, "token_time", "nbf ahead, just beyond our clock skew", _with(nbf=Now(LEEWAY + CLOSE), exp=Now(600))),
    _let_in(WHEN, "nbf ahead, within our clock skew", _with(nbf=Now(LEEWAY - CLOSE), exp=Now(600)), ours=True),
    _let_in(WHEN, "nbf a day ago", _with(nbf=Now(-86400))),
]

WHAT = "Claims: what and where"
CONTENTS = [
    _refuse(WHAT, "message_unsupported", "version wrong", _with(version="1.1")),
    _refuse(WHAT, "message_unsupported", "version missing", _with(version=LEFT_OUT)),
    _refuse(WHAT, "message_unsupported", "message_type unknown", _with(message_type="LtiUnheardOfRequest")),
    _refuse(WHAT, "message_unsupported", "message_type missing", _with(message_type=LEFT_OUT)),
    _refuse(WHAT, "token_nonce", "deployment_id missing", _with(deployment_id=LEFT_OUT)),
    _refuse(
        WHAT,
        "message_malformed",
        "deployment_id missing, also at login",
        _with(login={"lti_deployment_id": LEFT_OUT}, deployment_id=LEFT_OUT),
    ),
    _refuse(WHAT, "token_nonce", "deployment_id is a number", _with(deployment_id=1)),
    _refuse(
        WHAT,
        "token_nonce",
        "deployment_id is not the one of the login",
        _with(login={"lti_deployment_id": DEPLOYMENT}, deployment_id="d2"),
        clients={CLIENT: (DEPLOYMENT, "d2")},
    ),
    _refuse(
        WHAT,
        "deployment_refused",
        "a deployment that nobody knows",
        _with(login={"lti_deployment_id": LEFT_OUT}, deployment_id="d9"),
    ),
    _refuse(
        WHAT,
        "deployment_refused",
        "a deployment of another client",
        _with(login={"lti_deployment_id": LEFT_OUT}, deployment_id="d2"),
        clients=TWO_CLIENTS,
    ),
    _refuse(WHAT, "message_malformed", "resource_link missing", _with(resource_link=LEFT_OUT)),
    _refuse(WHAT, "message_malformed", "resource_link.id missing", _with(resource_link={"title": "no id"})),
    _refuse(WHAT, "message_malformed", "resource_link.id is a number", _with(resource_link={"id": 7})),
    _refuse(
        WHAT, "message_malformed", "resource_link.id beyond 255 characters", _with(resource_link={"id": "x" * 256})
    ),
    _refuse(WHAT, "message_malformed", "roles missing", _with(roles=LEFT_OUT)),
    _refuse(WHAT, "message_malformed", "roles is text", _with(roles=MEMBERSHIP + "#Instructor")),
    _refuse(WHAT, "message_malformed", "roles is an object", _with(roles={MEMBERSHIP + "#Instructor": True})),
    _refuse(WHAT, "message_malformed", "context without id", _with(context={"title": "no id"})),
    _refuse(WHAT, "token_nonce", "target_link_uri missing", _with(target_link_uri=LEFT_OUT)),
    _refuse(
        WHAT,
        "token_nonce",
        "target_link_uri of another site",
        _with(target_link_uri="https://evil.example/lti/launch/"),
    ),
    _refuse(
        WHAT,
        "token_nonce",
        "target_link_uri other than at login",
        lambda scene: scene.launch(target_link_uri=scene.issuer.launch_url + "?other"),
    ),
]

# State and nonce


def _without(*left_out: str) -> Play:
    """A launch form that lacks some of its fields."""

    def play(scene: Scene) -> httpx.Response:
        browser = scene.browser()
        asked = scene.begin(browser)
        form = {"state": asked.state, "id_token": scene.token(asked)}
        return scene.answer(browser, asked, **{name: value for name, value in form.items() if name not in left_out})

    return play


def _unknown_state(scene: Scene) -> httpx.Response:
    browser = scene.browser()
    asked = scene.begin(browser)
    return scene.answer(browser, asked, state="made-up", id_token=scene.token(asked))


def _expired(hoards: bool) -> Play:
    """The platform answers eleven minutes after the login, with a fresh token."""

    def play(scene: Scene) -> httpx.Response:
        browser = scene.browser(hoards=hoards)
        asked = scene.begin(browser)
        scene.later(browser, 11 * 60)
        return scene.answer(browser, asked, state=asked.state, id_token=scene.token(asked))

    return play


def _replayed(scene: Scene) -> httpx.Response:
    browser = scene.browser()
    asked = scene.begin(browser)
    form = {"state": asked.state, "id_token": scene.token(asked)}
    scene.before(browser, scene.answer(browser, asked, **form))
    return scene.post(browser, **form)


def _replayed_with_a_new_login(scene: Scene) -> httpx.Response:
    browser = scene.browser()
    asked = scene.begin(browser)
    token = scene.token(asked)
    scene.before(browser, scene.answer(browser, asked, state=asked.state, id_token=token))
    again = scene.begin(browser)
    return scene.answer(browser, again, state=again.state, id_token=token)


def _used_nonce(same_state: bool) -> Play:
    def play(scene: Scene) -> httpx.Response:
        browser = scene.browser()
        asked = scene.begin(browser)
        scene.before(browser, scene.answer(browser, asked, state=asked.state, id_token=scene.token(asked)))
        fresh = scene.token(asked, sub="user-2")
        state = asked.state if same_state else scene.begin(browser).state
        return scene.post(browser, state=state, id_token=fresh)

    return play


def _swapped(scene: Scene) -> httpx.Response:
    browser = scene.browser()
    first, second = scene.begin(browser), scene.begin(browser)
    return scene.answer(browser, second, state=second.state, id_token=scene.token(first))


def _other_browser(scene: Scene) -> httpx.Response:
    asked = scene.begin(scene.browser())
    return scene.answer(scene.browser(), asked, state=asked.state, id_token=scene.token(asked))


def _login_csrf(scene: Scene) -> httpx.Response:
    """The attacker's own answer, not yet spent, is put into the browser of somebody who is at work in the tool."""
    attacker, victim = scene.browser(), scene.browser()
    scene.before(victim, scene.launch(victim))
    asked = scene.begin(attacker)
    return scene.post(victim, state=asked.state, id_token=scene.token(asked, sub="attacker"))


def _login_csrf_during_a_login(scene: Scene) -> httpx.Response:
    """As before, with the victim's own login under way and the attacker's token under the victim's state."""
    attacker, victim = scene.browser(), scene.browser()
    theirs, own = scene.begin(attacker), scene.begin(victim)
    return scene.post(victim, state=own.state, id_token=scene.token(theirs, sub="attacker"))


def _login_csrf_by_storage(scene: Scene) -> httpx.Response:
    """The secret that the LMS's storage would keep, which the attacker knows of their own login, sent along."""
    attacker, victim = scene.browser(), scene.browser()
    begun = attacker.post(scene.login_url, scene.issuer.login({"lti_storage_target": "_parent"}), scene.issuer.origin)
    asked = scene.asked(attacker.follow(begun, until=scene.issuer.auth_url))
    stored = urlsplit(location(begun)).fragment
    return scene.post(victim, state=asked.state, id_token=scene.token(asked, sub="attacker"), stored=stored)


def _platform_says_no(scene: Scene) -> httpx.Response:
    browser = scene.browser()
    asked = scene.begin(browser)
    return scene.answer(browser, asked, state=asked.state, error="login_required")


def _client_mixed_up(scene: Scene) -> httpx.Response:
    """A login as the one registration, answered with a token for the other (Canvas: another school)."""
    browser = scene.browser()
    asked = scene.begin(browser, lti_deployment_id=LEFT_OUT)
    token = scene.token(asked, aud="client-2", deployment_id="d2")
    return scene.answer(browser, asked, state=asked.state, id_token=token)


def _platform_mixed_up(scene: Scene) -> httpx.Response:
    """A login at one platform, answered by another that is registered too (RFC 9700, section 4.4)."""
    browser = scene.browser()
    asked = scene.begin(browser)
    token = scene.token(asked, key=1, iss=scene.stranger.url)
    return scene.answer(browser, asked, state=asked.state, id_token=token)


def _by_get(scene: Scene) -> httpx.Response:
    browser = scene.browser()
    asked = scene.begin(browser)
    return browser.get(f"{scene.issuer.launch_url}?state={asked.state}&id_token={scene.token(asked)}")


def _opened_by_hand(scene: Scene) -> httpx.Response:
    return scene.browser().get(scene.issuer.launch_url)


def _after_a_refusal(scene: Scene) -> httpx.Response:
    """A login is spent by the first answer to it, whether or not that gets in: no guessing."""
    browser = scene.browser()
    asked = scene.begin(browser)
    scene.answer(browser, asked, state=asked.state, id_token="garbage")
    return scene.post(browser, state=asked.state, id_token=scene.token(asked))


def _two_tabs(scene: Scene) -> list[httpx.Response]:
    browser = scene.browser()
    asked = [scene.begin(browser) for _ in range(2)]
    return scene.at_once(browser, [{"state": each.state, "id_token": scene.token(each)} for each in asked])


def _two_tabs_in_reverse(scene: Scene) -> list[httpx.Response]:
    browser = scene.browser()
    first, second = scene.begin(browser), scene.begin(browser)
    return [scene.answer(browser, each, state=each.state, id_token=scene.token(each)) for each in (second, first)]


STATE = "State and nonce"
STATES = [
    _refuse(STATE, "launch_incomplete", "state missing", _without("state")),
    _refuse(STATE, "launch_incomplete", "id_token missing", _without("id_token")),
    _refuse(STATE, "launch_incomplete", "nothing posted", lambda scene: scene.post(scene.browser())),
    _refuse(STATE, "launch_incomplete", "sent by GET", _by_get),
    _refuse(STATE, "launch_incomplete", "the launch URL opened by hand", _opened_by_hand),
    _refuse(STATE, "state_spent", "state unknown", _unknown_state),
    _refuse(STATE, "state_spent", "answered after eleven minutes", _expired(hoards=False)),
    _refuse(
        STATE,
        "state_spent",
        "answered after eleven minutes by a browser that keeps dead cookies",
        _expired(hoards=True),
    ),
    _refuse(STATE, "token_nonce", "nonce missing", _with(nonce=LEFT_OUT)),
    _refuse(STATE, "token_nonce", "nonce unknown", _with(nonce="made-up")),
    _refuse(STATE, "token_nonce", "nonce is a number", _with(nonce=5)),
    _refuse(STATE, "state_spent", "the same form sent again (replayed token)", _replayed),
    _refuse(STATE, "token_nonce", "a replayed token with a new login", _replayed_with_a_new_login),
    _refuse(STATE, "token_nonce", "a used nonce in a new token, with a new login", _used_nonce(same_state=False)),
    _refuse(STATE, "state_spent", "a used nonce in a new token, with the used state", _used_nonce(same_state=True)),
    _refuse(STATE, "token_nonce", "nonce of login A with the state of login B", _swapped),
    _refuse(
        STATE, "state_spent", "an honest token after a refused one, with the same login", _after_a_refusal, ours=True
    ),
    _refuse(STATE, "new_window", "answered in another browser", _other_browser),
    _refuse(STATE, "new_window", "login CSRF: somebody else's answer in my browser", _login_csrf),
    _refuse(STATE, "token_nonce", "login CSRF: somebody else's token under my state", _login_csrf_during_a_login),
    _refuse(STATE, "other_browser", "login CSRF: with the secret of the LMS's storage", _login_csrf_by_storage),
    _refuse(STATE, "platform_refused", "error=login_required", _platform_says_no),
    _refuse(STATE, "token_identity", "login as one client, token for another", _client_mixed_up, clients=TWO_CLIENTS),
    _refuse(STATE, "token_signature", "login at one platform, token of another", _platform_mixed_up),
    _let_in(STATE, "two tabs in the same moment", _two_tabs),
    _let_in(STATE, "two tabs, answered in reverse", _two_tabs_in_reverse),
]

# The login


def _login(**changes) -> Play:
    return lambda scene: scene.refused_login(**changes)


LOGIN = "Login"
LOGINS = [
    _refuse(LOGIN, "login_incomplete", "iss missing", _login(iss=LEFT_OUT)),
    _refuse(LOGIN, "login_incomplete", "login_hint missing", _login(login_hint=LEFT_OUT)),
    _refuse(LOGIN, "login_incomplete", "target_link_uri missing", _login(target_link_uri=LEFT_OUT)),
    _refuse(LOGIN, "unknown_platform", "iss unknown", _login(iss="https://nobody.example")),
    _refuse(LOGIN, "unknown_platform", "client_id unknown", _login(client_id="nobody")),
    _refuse(
        LOGIN,
        "ambiguous_client",
        "client_id missing, and two are registered",
        _login(client_id=LEFT_OUT),
        clients=TWO_CLIENTS,
    ),
    _refuse(LOGIN, "deployment_refused", "a deployment that nobody knows", _login(lti_deployment_id="d9")),
    _refuse(
        LOGIN,
        "deployment_refused",
        "a deployment of another client",
        _login(lti_deployment_id="d2"),
        clients=TWO_CLIENTS,
    ),
    _refuse(
        LOGIN,
        "foreign_target",
        "target_link_uri of another site (open redirect)",
        _login(target_link_uri="https://evil.example/lti/launch/"),
    ),
    _refuse(
        LOGIN,
        "foreign_target",
        "target_link_uri with our name before an @",
        lambda scene: scene.refused_login(
            target_link_uri=scene.issuer.launch_url.replace("https://localhost", "https://localhost@evil.example")
        ),
    ),
    _refuse(LOGIN, "foreign_target", "target_link_uri is script", _login(target_link_uri="javascript:alert(1)")),
    _refuse(
        LOGIN,
        "foreign_target",
        "target_link_uri of another site, by GET",
        _login(method="get", target_link_uri="https://evil.example/lti/launch/"),
    ),
    _let_in(LOGIN, "by POST", _with()),
    _let_in(LOGIN, "by GET", _with(login={"method": "get"})),
    _let_in(LOGIN, "without client_id, where one is registered", _with(login={"client_id": LEFT_OUT})),
    _let_in(
        LOGIN,
        "without message hint and deployment",
        _with(login={"lti_message_hint": LEFT_OUT, "lti_deployment_id": LEFT_OUT}),
    ),
    _let_in(
        LOGIN,
        "of the second of two clients",
        _with(login={"client_id": "client-2", "lti_deployment_id": "d2"}, aud="client-2", deployment_id="d2"),
        clients=TWO_CLIENTS,
    ),
]

# What must launch


def _only_the_resource_link(scene: Scene) -> httpx.Response:
    """Only what LTI Core requires. Which activity it is, the instructor said in a launch before."""
    bare = dict.fromkeys(
        ("name", "given_name", "family_name", "email", "context", "launch_presentation", "tool_platform"), LEFT_OUT
    )
    instructor = scene.browser()
    scene.before(instructor, scene.launch(instructor, sub="teacher", roles=[MEMBERSHIP + "#Instructor"], **bare))
    grades = {"https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": LEFT_OUT}
    return scene.launch(**bare, **grades, custom=LEFT_OUT, resource_link={"id": "link-1"})


def _moodle(who: str) -> Play:
    """The claims of a launch that Moodle 4.5 sent, for this platform and login, and signed anew."""
    sent = json.loads((MOODLE / f"moodle45_launch_{who}.json").read_text())["id_token_claims"]
    of_the_login = ("iss", "aud", "nonce", "iat", "exp", LTI + "deployment_id", LTI + "target_link_uri")
    sent = {name: value for name, value in sent.items() if name not in of_the_login}
    return _with(**sent | {"custom": {"activity": ACTIVITY}})


MOODLE = Path(__file__).parents[1] / "moodle"
NAMES = ("name", "given_name", "family_name")
MUST = "Must launch"
MUST_LAUNCH = [
    _let_in(MUST, "a learner", _with()),
    _let_in(MUST, "an instructor", _with(roles=[MEMBERSHIP + "#Instructor"]), visit=INSTRUCTOR),
    _let_in(MUST, "several roles", _with(roles=[MEMBERSHIP + "#Learner", MEMBERSHIP + "#Mentor"])),
    _let_in(
        MUST,
        "a learner who is staff of the institution",
        _with(roles=[MEMBERSHIP + "#Learner", "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Faculty"]),
    ),
    _let_in(MUST, "deprecated short roles", _with(roles=["Instructor"]), visit=INSTRUCTOR),
    _let_in(MUST, "unknown roles", _with(roles=["https://lms.example.edu/roles#Wizard"])),
    _let_in(MUST, "empty roles", _with(roles=[])),
    _let_in(MUST, "only e-mail", _with(**dict.fromkeys(NAMES, LEFT_OUT))),
    _let_in(MUST, "only names", _with(email=LEFT_OUT)),
    _let_in(MUST, "only given and family name", _with(name=LEFT_OUT, email=LEFT_OUT)),
    _let_in(MUST, "no personal data", _with(**dict.fromkeys((*NAMES, "email"), LEFT_OUT))),
    _let_in(MUST, "no context", _with(context=LEFT_OUT)),
    _let_in(MUST, "no grade service", _with(**{"https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": LEFT_OUT})),
    _let_in(MUST, "only the resource link", _only_the_resource_link),
    _let_in(MUST, "no sub (anonymous: practice without grade)", _with(sub=LEFT_OUT), visit={"graded": False}),
    _let_in(MUST, "what Moodle 4.5 sent for a student", _moodle("student1")),
    _let_in(MUST, "what Moodle 4.5 sent for a teacher", _moodle("teacher1"), visit=INSTRUCTOR),
    _let_in(MUST, "what Moodle 4.5 sent for its administrator", _moodle("admin"), visit=INSTRUCTOR),
    _let_in(MUST, "claims that we do not know", _with(**{"https://lms.example.edu/claim": {"a": [1]}})),
]

# From the platform's picker


def _picker(**settings) -> Play:
    """A launch from the picker that is to be refused."""
    return lambda scene: scene.from_picker(scene.browser(), **settings)


def _picked(**settings) -> Play:
    return lambda scene: scene.pick(**settings)


PICKER = "Deep Linking"
PICKERS = [
    _refuse(PICKER, "deep_linking_types", "accept_types without ltiResourceLink", _picker(accept_types=["link"])),
    _refuse(PICKER, "deep_linking_types", "accept_types empty", _picker(accept_types=[])),
    _refuse(PICKER, "deep_linking_settings", "accept_types is text", _picker(accept_types="ltiResourceLink")),
    _refuse(PICKER, "deep_linking_role", "a learner picks", _picker(roles="Learner")),
    _refuse(PICKER, "deep_linking_return", "deep_linking_settings empty", _picker(settings={})),
    _refuse(PICKER, "deep_linking_return", "return URL missing", _picker(deep_link_return_url=LEFT_OUT)),
    _refuse(PICKER, "deep_linking_return", "return URL is script", _picker(deep_link_return_url="javascript:alert(1)")),
    _refuse(
        PICKER,
        "deep_linking_return",
        "return URL leaves https",
        _picker(deep_link_return_url="http://lms.example.edu/picked"),
    ),
    _refuse(
        PICKER,
        "deep_linking_return",
        "return URL is the tool's own",
        lambda scene: scene.from_picker(scene.browser(), deep_link_return_url=scene.issuer.launch_url),
    ),
    _refuse(PICKER, "deep_linking_settings", "data is not text", _picker(data={"a": 1})),
    _let_in(PICKER, "data echoed where there is some", _picked(data="abc=1&d='é'"), visit=INSTRUCTOR),
    _let_in(PICKER, "data left out where there is none", _picked(), visit=INSTRUCTOR),
    _let_in(
        PICKER,
        "accept_types with more than ltiResourceLink",
        _picked(data="abc", accept_types=["link", "file", "ltiResourceLink"]),
        visit=INSTRUCTOR,
    ),
]

CHECKS = (*SIGNATURES, *KEY_SETS, *IDENTITIES, *TIMES, *CONTENTS, *STATES, *LOGINS, *PICKERS, *MUST_LAUNCH)
