"""Plays every check against every tool: one platform, one server process for each tool, real TLS."""

from __future__ import annotations

import contextlib
import os
import shutil
import ssl
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
import psycopg
import trustme

from tests.lti.negative.browser import Network, browser_of
from tests.lti.negative.checks import Check
from tests.lti.negative.platform import ACTIVITY, CLIENT, DEPLOYMENT, Platform
from tests.lti.negative.scene import AnsweredWrongly, Scene, Stopped, Unplayable, WentOn
from tests.lti.negative.targets import Bare, Certificates, Coachtool, Tool, Verdict


@dataclass(frozen=True)
class Played:
    """What a tool did at one check. `right`: the expected verdict, for the expected reason, without a fault."""

    check: str
    tool: str
    says: str
    detail: str
    faults: tuple[str, ...]
    right: bool
    seconds: float


def play(checks: Iterable[Check]) -> list[Played]:
    """Every check against coachtool and the bare library; raises RuntimeError where a tool does not start."""
    checks = list(checks)
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="coachtool-negative-")))
        certificates, server_side, trusted = _certificates(directory)
        tools: list[Tool] = [Coachtool(certificates, directory), Bare(certificates, directory)]
        stack.enter_context(_stores(directory, tools[0].url))
        platform = Platform(server_side)
        stack.callback(platform.stop)
        network = Network(trusted)
        stack.callback(network.close)
        parts = [_Part(tool, checks, platform, network) for tool in tools]
        for tool in tools:
            tool.start()
            stack.callback(tool.stop)
        for tool in tools:
            tool.wait(network)
        threads = [threading.Thread(target=part.play) for part in parts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for part in parts:
            if part.problem is not None:
                raise part.problem
        return [played for part in parts for played in part.played]


class _Part:
    """One tool's part of the run, in a thread of its own: much of it is waiting."""

    def __init__(self, tool: Tool, checks: list[Check], platform: Platform, network: Network):
        self.tool, self.network = tool, network
        self.played: list[Played] = []
        self.problem: Exception | None = None
        self._stranger = platform.issuer(f"{tool.port}-stranger", tool.launch_url, {CLIENT: (DEPLOYMENT,)}, key=1)
        tool.register(self._stranger)
        self._scenes = []
        for number, check in enumerate(checks):
            issuer = platform.issuer(f"{tool.port}-{number}", tool.launch_url, check.clients)
            tool.register(issuer)
            self._scenes.append((check, issuer))

    def play(self) -> None:
        from django.db import connections

        try:
            for check, issuer in self._scenes:
                scene = Scene(
                    issuer,
                    self._stranger,
                    self.tool.login_url,
                    self.network,
                    lambda answer, browser: self.tool.judge(answer, browser, {}).says == "let in",
                    self.tool.mark,
                    self.tool.later,
                    self.tool.choose,
                    self.tool.keys_url,
                )
                self.played.append(self._one(check, scene))
        except Exception as problem:
            self.problem = problem
        finally:
            connections.close_all()

    def _one(self, check: Check, scene: Scene) -> Played:
        self.tool.mark()
        began = time.monotonic()
        verdict = self._verdict(check, scene)
        faults = verdict.faults
        if scene.issuer.faults:
            faults += tuple(f"the platform: {fault}" for fault in scene.issuer.faults)
        right = verdict.says == ("let in" if check.lets_in else "refused")
        if isinstance(self.tool, Coachtool):
            right = right and not faults and (check.lets_in or verdict.detail == check.reason)
        took = round(time.monotonic() - began, 2)
        return Played(check.id, self.tool.name, verdict.says, verdict.detail, faults, right, took)

    def _verdict(self, check: Check, scene: Scene) -> Verdict:
        try:
            answer = check.play(scene)
        except Stopped as stopped:
            answer = stopped.answer
        except WentOn:
            return Verdict("goes on")
        except AnsweredWrongly as problem:
            return Verdict("answers wrongly", str(problem))
        except Unplayable as problem:
            return Verdict("could not be played", str(problem))
        except httpx.TimeoutException:
            return Verdict("no answer")
        return self._judged(check, answer)

    def _judged(self, check: Check, answer) -> Verdict:
        answers = answer if isinstance(answer, list) else [answer]
        verdicts = [self.tool.judge(each, browser_of(each), check.visit) for each in answers]
        worse = [verdict for verdict in verdicts if verdict.says != ("let in" if check.lets_in else "refused")]
        return (worse or verdicts)[0]


def as_json(played: list[Played]) -> list[dict]:
    return [asdict(each) for each in played]


def _certificates(directory: Path) -> tuple[Certificates, ssl.SSLContext, ssl.SSLContext]:
    """An authority and a certificate made for this run; contexts for the platform's server and for browsers."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    files = Certificates(directory / "authority.pem", directory / "key.pem", directory / "chain.pem")
    authority.cert_pem.write_to_path(files.authority)
    issued.private_key_pem.write_to_path(files.key)
    for number, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(files.chain, append=number > 0)
    serving, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    issued.configure_cert(serving)
    authority.configure_trust(trusting)
    return files, serving, trusting


@contextlib.contextmanager
def _stores(directory: Path, url: str) -> Iterator[None]:
    """A database and a Valkey of this run's own, and Django on them; the Postgres is the test run's if there is one."""
    from coachtool.embedded import stores

    running = None
    if "COACHTOOL_TEST_STORES_OF" not in os.environ:
        running = stores.start(directory, durable=False)
        os.environ["COACHTOOL_DATABASE_URL"] = running.database_url("postgres")
        valkey, valkey_url = running.valkey, running.valkey_url
    else:
        valkey, valkey_url = stores.start_valkey(directory)
    given = os.environ["COACHTOOL_DATABASE_URL"]
    name = f"negative_{os.getpid()}"
    head, _, query = given.partition("?")
    head = head.rpartition("/")[0]
    with psycopg.connect(f"{head}/postgres?{query}", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    os.environ |= {
        "COACHTOOL_ENV": "test",
        "COACHTOOL_URL": url,
        "COACHTOOL_DATABASE_URL": f"{head}/{name}?{query}",
        "COACHTOOL_VALKEY_URL": valkey_url,
        "COACHTOOL_DATA": str(directory / "data"),
        "COACHTOOL_LOG_LEVEL": "WARNING",
        # Every check comes from one address, faster than any campus.
        **dict.fromkeys(("COACHTOOL_LIMIT_ADDRESS", "COACHTOOL_LIMIT_REFUSED", "COACHTOOL_LIMIT_REGISTRATION"), "0"),
        "DJANGO_SETTINGS_MODULE": "coachtool.settings",
    }
    try:
        import django
        from django.core.management import call_command
        from django.db import connections

        django.setup()
        with psycopg.connect(os.environ["COACHTOOL_DATABASE_URL"], autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        call_command("migrate", interactive=False, verbosity=0)
        _place_an_activity()
        yield
        connections.close_all()
    finally:
        if running is not None:
            running.stop()
            shutil.rmtree(directory / "postgres", ignore_errors=True)
        else:
            valkey.stop()


def _place_an_activity() -> None:
    """What the launches are to: the activity that their custom parameter names."""
    from coachtool.activities.models import Activity, ActivityVersion
    from tests import factories

    made = Activity.objects.create(slug=ACTIVITY, title="When to escalate a claim")
    ActivityVersion.objects.create(activity=made, number=1, definition=factories.DEFINITION)
