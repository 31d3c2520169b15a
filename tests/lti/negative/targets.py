"""The tools that the checks are played against, each a Daphne of its own behind TLS."""

from __future__ import annotations

import functools
import html
import json
import os
import re
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from coachtool.embedded.stores import free_port
from tests.lti.negative.browser import Browser, Network, location
from tests.lti.negative.platform import ACTIVITY, LEARNER, Issuer, pem

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Certificates:
    """Files in PEM: who signed, and the key and chain of `localhost` and `127.0.0.1`."""

    authority: Path
    key: Path
    chain: Path


@dataclass(frozen=True)
class Verdict:
    """`says`: let in, refused, goes on (with a login), server error, no answer, or what else was seen."""

    says: str
    detail: str = ""
    faults: tuple[str, ...] = ()


@dataclass
class Tool(ABC):
    """A tool at `url`. `issuers` are registered before it starts."""

    certificates: Certificates
    directory: Path
    port: int = field(default_factory=free_port)
    name: str = ""
    login_path: str = ""
    launch_path: str = ""
    keys_path: str = ""
    _process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def login_url(self) -> str:
        return self.url + self.login_path

    @property
    def launch_url(self) -> str:
        return self.url + self.launch_path

    @property
    def keys_url(self) -> str:
        return self.url + self.keys_path

    @property
    def log(self) -> Path:
        return self.directory / f"{type(self).__name__.lower()}.log"

    @abstractmethod
    def register(self, issuer: Issuer) -> None:
        """Know this platform with all its clients."""

    @abstractmethod
    def start(self) -> None: ...

    @abstractmethod
    def judge(self, answer: httpx.Response, browser: Browser, visit: Mapping) -> Verdict:
        """What the tool's answer means. `visit`: what an open visit has to be like."""

    @abstractmethod
    def choose(self, browser: Browser, answer: httpx.Response) -> httpx.Response:
        """From the answer to a picker's launch to the page whose form goes back to the platform."""

    def mark(self) -> None:  # noqa: B027
        """Remember what the tool holds."""

    def later(self, browser: Browser, seconds: float) -> None:
        """Time passes."""
        browser.ahead += seconds

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=20)

    def _serve(self, application: str, env: Mapping[str, str]) -> None:
        endpoint = (
            f"ssl:{self.port}:interface=127.0.0.1:privateKey={self.certificates.key}:certKey={self.certificates.chain}"
        )
        daphne = [sys.executable, "-m", "daphne", "-e", endpoint, "--access-log", "/dev/null", application]
        # httpx and requests find the platform's certificate authority here.
        trusting = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(self.certificates.authority))
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                daphne, cwd=ROOT, env={**os.environ, **env, **trusting}, stdout=log, stderr=log
            )

    def wait(self, network: Network) -> None:
        """Until it answers; raises RuntimeError with its log."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                network.send("GET", self.keys_url, {"Host": urlsplit(self.url).netloc}, None)
                return
            except httpx.TransportError:
                time.sleep(0.1)
        raise RuntimeError(f"{self.name} does not answer:\n{self.log.read_text()[-2000:]}")


@dataclass
class Coachtool(Tool):
    """Ours. Django is set up in this process too, with the tool's own database."""

    name: str = "coachtool"
    login_path: str = "/lti/login/"
    launch_path: str = "/lti/launch/"
    keys_path: str = "/lti/jwks/"
    _held: dict[str, int] = field(default_factory=dict)

    def register(self, issuer: Issuer) -> None:
        from django.core.management import call_command

        for client_id, deployments in issuer.clients.items():
            call_command(
                "lti_register",
                f"--issuer={issuer.url}",
                f"--client-id={client_id}",
                f"--auth-login-url={issuer.auth_url}",
                f"--auth-token-url={issuer.token_url}",
                f"--jwks-url={issuer.jwks_url}",
                *(f"--deployment={deployment}" for deployment in deployments),
                "--only-these-deployments",
                stdout=open(os.devnull, "w"),  # noqa: SIM115
            )

    def start(self) -> None:
        self._serve("coachtool.asgi:application", {"COACHTOOL_URL": self.url})

    def mark(self) -> None:
        self._held = holds()

    def later(self, browser: Browser, seconds: float) -> None:
        from datetime import timedelta

        from django.db.models import F

        from lti.models import LoginState

        super().later(browser, seconds)
        LoginState.objects.update(expires=F("expires") - timedelta(seconds=seconds))

    def choose(self, browser: Browser, answer: httpx.Response) -> httpx.Response:
        page = browser.follow(answer)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        form = {"csrfmiddlewaretoken": token[1] if token else "", "activity": ACTIVITY}
        return browser.post(f"{page.url}use/", form, self.url)

    def judge(self, answer: httpx.Response, browser: Browser, visit: Mapping) -> Verdict:
        if answer.status_code >= 500:
            return Verdict("server error", str(answer.status_code))
        if 400 <= answer.status_code < 500:
            return self._refusal(answer, browser)
        to = urlsplit(location(answer)).path
        if answer.status_code != 303 or not to.startswith("/v/"):
            return Verdict(f"answered {answer.status_code}", location(answer))
        return self._visit(to.split("/")[2], browser, visit, browser.follow(answer))

    def _visit(self, visit_id: str, browser: Browser, wanted: Mapping, page: httpx.Response) -> Verdict:
        faults = []
        if page.status_code != 200:
            faults.append(f"its first page answered {page.status_code}")
        visit = visits().get(visit_id, {})
        faults += [f"{key} is {visit.get(key)!r}" for key, value in wanted.items() if visit.get(key) != value]
        return Verdict("let in", str(visit.get("role", "")), tuple(faults))

    def _refusal(self, answer: httpx.Response, browser: Browser) -> Verdict:
        from django.conf import settings

        from lti.refusals import WORDINGS

        page = html.unescape(answer.text)
        named = re.search(r"Reference: (\w+)", page)
        reason = named[1] if named else ("new_window" if "go back to your course" in page else "")
        faults = []
        if not reason:
            faults.append("the page does not say what to do")
        if named and not all(words in page for words in WORDINGS[reason][1:]) and not self._leads_on(page, browser):
            faults.append("the page says neither what to do nor leads on")
        # The window that is offered begins the login again, so that its link carries what the platform sent.
        secrets = {"Traceback", 'File "', LEARNER, "ada@lms.example.edu", settings.SECRET_KEY, "PRIVATE KEY"}
        secrets |= {cookie.value for cookie in browser.cookies()}
        secrets |= {token for token in re.findall(r"id_token=([^&]+)", answer.request.content.decode()) if token}
        faults += [f"the page shows {secret[:20]!r}" for secret in secrets if secret in answer.text]
        held = holds()
        grown = {name: held[name] - before for name, before in self._held.items() if held[name] != before}
        if grown:
            faults.append(f"it made {grown}")
        return Verdict("refused", reason, tuple(faults))

    def _leads_on(self, page: str, browser: Browser) -> bool:
        """Whether it has a link to a visit that this browser opened before."""
        link = re.search(r'href="(/v/[^"]+)"', page)
        return link is not None and browser.follow(browser.get(self.url + link[1])).status_code == 200


@dataclass
class Bare(Tool):
    """Plain pylti1p3next; see tests/lti/peers/bare.py."""

    name: str = "plain pylti1p3next"
    login_path: str = "/login/"
    launch_path: str = "/launch/"
    keys_path: str = "/jwks/"
    _config: dict = field(default_factory=dict)

    def register(self, issuer: Issuer) -> None:
        self._config[issuer.url] = [
            {
                "default": number == 0,
                "client_id": client_id,
                "auth_login_url": issuer.auth_url,
                "auth_token_url": issuer.token_url,
                "auth_audience": None,
                "key_set_url": issuer.jwks_url,
                "key_set": None,
                "deployment_ids": list(deployments),
            }
            for number, (client_id, deployments) in enumerate(issuer.clients.items())
        ]

    def start(self) -> None:
        config = self.directory / "bare.json"
        private = load_pem_private_key(pem(2).encode(), None)
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        config.write_text(json.dumps({"platforms": self._config, "private_key": pem(2), "public_key": public}))
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(self.directory / "bare.sqlite3")}
        env = {"BARE_CONFIG": str(config), "BARE_DATABASE": json.dumps(database)}
        made = [sys.executable, "-m", "tests.lti.peers.bare", "migrate"]
        subprocess.run(made, cwd=ROOT, env={**os.environ, **env}, check=True, timeout=60)
        self._serve("tests.lti.peers.bare:application", env)

    def judge(self, answer: httpx.Response, browser: Browser, visit: Mapping) -> Verdict:
        if answer.status_code >= 500:
            return Verdict("server error", str(answer.status_code))
        if answer.status_code == 200 and (answer.text.startswith("Launched") or "lti13_deep_link" in answer.text):
            return Verdict("let in")
        if 400 <= answer.status_code < 500:
            return Verdict("refused", answer.text[:80])
        return Verdict(f"answered {answer.status_code}", location(answer))

    def choose(self, browser: Browser, answer: httpx.Response) -> httpx.Response:
        return answer


def holds() -> dict[str, int]:
    """How many rows of each kind the tool has, logins and sessions apart; and how many visits are open."""
    from django.apps import apps
    from django.db import connection

    apart = {"lti_loginstate", "django_session"}
    tables = {model._meta.db_table for model in apps.get_models()} - apart
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}', count(*) FROM \"{name}\"" for name in sorted(tables)))
        return dict(cursor.fetchall()) | {"visits": len(visits())}


def visits() -> dict[str, dict]:
    """Every visit that some browser's session holds, by id."""
    from django.contrib.sessions.models import Session

    found: dict[str, dict] = {}
    for data in Session.objects.values_list("session_data", flat=True):
        found |= _decoded(data).get("visits", {})
    return found


@functools.cache
def _decoded(session_data: str) -> dict:
    from django.contrib.sessions.backends.db import SessionStore

    return SessionStore().decode(session_data)
