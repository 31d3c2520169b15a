"""The stage of one check: a platform, browsers and a tool, with the moves that a play is made of."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives import serialization

from tests.lti.negative.browser import Browser, FormPage, Network, location
from tests.lti.negative.platform import DEEP_LINKING, LEFT_OUT, MEMBERSHIP, Asked, Issuer, kid, private_key, sign


class Stopped(Exception):
    """The tool answered the login, and did not go on to the platform."""

    def __init__(self, answer: httpx.Response):
        super().__init__(f"the login was answered {answer.status_code}")
        self.answer = answer


class WentOn(Exception):
    """The tool went on to the platform with a login that it should have refused."""


class AnsweredWrongly(Exception):
    """What the tool sent to the platform is not what it should have sent; the text says why."""


class Unplayable(Exception):
    """What had to happen before the check's own step did not."""


@dataclass
class Scene:
    """`issuer` is registered in the tool with all its clients, and so is `stranger`, another platform with key 1.

    `let_in` says whether an answer of this tool is an open visit, `mark` remembers
    what the tool holds before the step that counts, `later` lets time pass, `choose`
    is what an instructor does from the picker's launch to the page that answers it.
    """

    issuer: Issuer
    stranger: Issuer
    login_url: str
    network: Network
    let_in: Callable[[httpx.Response, Browser], bool]
    mark: Callable[[], None]
    later: Callable[[Browser, float], None]
    choose: Callable[[Browser, httpx.Response], httpx.Response]
    keys_url: str

    def browser(self, hoards: bool = False) -> Browser:
        return Browser(self.network, hoards=hoards)

    def login(self, browser: Browser, method: str = "post", **changes) -> httpx.Response:
        """A login that the platform initiates, up to where the tool sends the browser to the platform, or stops."""
        params = self.issuer.login(changes)
        if method == "post":
            answer = browser.post(self.login_url, params, self.issuer.origin)
        else:
            answer = browser.get(f"{self.login_url}?{urlencode(params)}")
        return browser.follow(answer, until=self.issuer.auth_url)

    def begin(self, browser: Browser, method: str = "post", **changes) -> Asked:
        """The authentication request that answers a login; raises Stopped."""
        return self.asked(self.login(browser, method, **changes))

    def asked(self, answer: httpx.Response) -> Asked:
        """The authentication request to which this answer leads; raises Stopped."""
        to = location(answer)
        if not to.startswith(self.issuer.auth_url):
            raise Stopped(answer)
        return Asked(to, dict(parse_qsl(urlsplit(to).query)))

    def refused_login(self, method: str = "post", **changes) -> httpx.Response:
        """For a login that is to be refused; raises Stopped, or WentOn."""
        self.begin(self.browser(), method, **changes)
        raise WentOn

    def token(self, asked: Asked, key: int = 0, header: dict | None = None, **changes) -> str:
        return sign(self.issuer.claims(asked, changes), key, **(header or {}))

    def answer(self, browser: Browser, asked: Asked, **form: str) -> httpx.Response:
        """The platform's page with its form, and what the tool says to that form."""
        self.issuer.answers(asked, form)
        page = browser.get(asked.url)
        if page.status_code != 200:
            raise Unplayable(f"the platform refused the authentication request: {page.text}")
        ready = FormPage(page)
        return browser.post(ready.action, ready.values, self.issuer.origin)

    def post(self, browser: Browser, **form: str) -> httpx.Response:
        """The form again, or one that no page of the platform made."""
        return browser.post(self.issuer.launch_url, form, self.issuer.origin)

    def launch(self, browser: Browser | None = None, login: dict | None = None, **changes) -> httpx.Response:
        """A whole launch, honest but for `changes` of its claims."""
        browser = browser or self.browser()
        asked = self.begin(browser, **(login or {}))
        return self.answer(browser, asked, state=asked.state, id_token=self.token(asked, **changes))

    def before(self, browser: Browser, answer: httpx.Response) -> None:
        """A step before the one that counts: it must be let in. Raises Unplayable."""
        if not self.let_in(answer, browser):
            raise Unplayable(f"a launch before it was answered {answer.status_code}")
        self.mark()

    def pick(self, data: object = LEFT_OUT, **settings) -> httpx.Response:
        """A launch from the picker, answered by choosing an activity; raises AnsweredWrongly."""
        browser = self.browser()
        answer = self.from_picker(browser, data=data, **settings)
        if not self.let_in(answer, browser):
            return answer
        form = FormPage(self.choose(browser, answer))
        faults = [] if form.action == self.return_url else [f"the answer goes to {form.action}"]
        faults += self.issuer.picked(form.values, browser.get(self.keys_url).json(), data)
        if faults:
            raise AnsweredWrongly("; ".join(faults))
        return answer

    @property
    def return_url(self) -> str:
        return f"{self.issuer.url}/picked"

    def from_picker(self, browser: Browser, roles: str = "Instructor", **changes) -> httpx.Response:
        """A Deep Linking launch, honest but for `changes` of its settings; `settings` replaces them all."""
        settings = {
            "deep_link_return_url": self.return_url,
            "accept_types": ["ltiResourceLink"],
            "accept_presentation_document_targets": ["iframe", "window"],
            "accept_multiple": False,
        } | changes
        settings = {name: value for name, value in settings.items() if value is not LEFT_OUT}
        claims = {
            "message_type": "LtiDeepLinkingRequest",
            "roles": [f"{MEMBERSHIP}#{roles}"],
            "resource_link": LEFT_OUT,
            "custom": LEFT_OUT,
            DEEP_LINKING + "deep_linking_settings": settings.get("settings", settings),
        }
        return self.launch(browser, **claims)

    def at_once(self, browser: Browser, forms: list[dict[str, str]]) -> list[httpx.Response]:
        """Several tabs of one browser send their forms in the same moment."""
        answers: list[httpx.Response | None] = [None] * len(forms)
        ready = threading.Barrier(len(forms))

        def send(number: int) -> None:
            ready.wait(timeout=10)
            answers[number] = self.post(browser, **forms[number])

        threads = [threading.Thread(target=send, args=(number,)) for number in range(len(forms))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        if None in answers:
            raise Unplayable("a tab got no answer")
        return answers


# Tokens that are not properly signed


def encoded(value: object) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unsigned(claims: dict, alg: str = "none") -> str:
    return f"{encoded({'alg': alg, 'kid': kid()})}.{encoded(claims)}."


def signed_with_the_public_key(claims: dict) -> str:
    """HS256 whose secret is the platform's public key, which everybody knows."""
    secret = (
        private_key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    signed = f"{encoded({'alg': 'HS256', 'kid': kid()})}.{encoded(claims)}"
    return f"{signed}.{encoded(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def rs512(claims: dict) -> str:
    return jwt.PyJWS().encode(json.dumps(claims).encode(), private_key(), algorithm="RS512", headers={"kid": kid()})


def tampered(claims: dict) -> str:
    header, _, signature = sign(claims).split(".")
    return f"{header}.{encoded(claims | {'sub': 'somebody-else'})}.{signature}"
