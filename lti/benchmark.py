"""`manage.py bench launch`: how long a launch takes here and now, beside the bare library's tool in the same run.

A launch is what the browser waits for from the platform's login to the open
visit: login, continue, launch post. Both tools run under one Daphne each, as in
the demo, on a Postgres and a Valkey of the run's own, and take turns. Then a
burst: everybody in a large course opens the activity within a minute.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import queue
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from coachtool.embedded import checks, plan, stores
from coachtool.embedded.checks import Refused
from coachtool.embedded.process import Process, Spec, last_lines
from lti.claims import AGS, LTI, SCORE_SCOPE
from lti.rsa_keys import generate_pem, public_jwk

ERRORS = (Refused,)
CORES = 2
_BARE = "tests.lti.peers.bare"
_ISSUER, _CLIENT, _DEPLOYMENT = "https://lms.bench.example", "bench", "1"
_ACTIVITY = "claims-escalation"
_PATIENCE = 20.0  # seconds for one answer


@dataclass(frozen=True)
class Load:
    """How much is asked for. `rounds` of `launches` per tool, in turn; then `burst` launches in `seconds`."""

    rounds: int = 6
    launches: int = 50
    at_once: int = 4
    burst: int = 2000
    seconds: float = 60.0


def launch(load: Load = Load()) -> dict[str, Any]:
    """Times in ms. Raises Refused where the stores or a tool don't start."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:CORES])
    try:
        with _tools() as (ours, bare):
            _warm_up(ours, bare)
            alone = _in_turns(load.rounds, load.launches, 1, ours, bare)
            together = _in_turns(load.rounds, load.launches, load.at_once, ours, bare)
            burst = _burst(ours, load.burst, load.seconds)
    finally:
        os.sched_setaffinity(0, before)
    return {
        "bench": "launch",
        "cores": min(CORES, len(before)),
        "load": round(os.getloadavg()[0], 1),
        "one at a time": alone,
        f"{load.at_once} at a time": together,
        "burst": burst,
    }


def report(figures: dict[str, Any]) -> str:
    """The figures as a table to read."""
    rows = [f"{'':34}{'launches/s':>12}{'p50 ms':>9}{'p95 ms':>9}{'n':>6}"]
    for name in (name for name in figures if name.endswith("at a time")):
        for tool, row in figures[name]["tools"].items():
            label = f"{name}, {tool}"
            rows.append(f"{label:34}{row['per_second']:12}{row['p50']:9}{row['p95']:9}{row['n']:6}")
        rows.append(f"{'':4}coachtool's time to plain pylti1p3next's: {figures[name]['ratio']}")
    burst = figures["burst"]
    errors = ", ".join(f"{count} {what}" for what, count in burst["errors"].items()) or "no error"
    rows += [
        f"{burst['launches']} launches in {burst['seconds']} s: {errors}; "
        f"p50 {burst['p50']} ms, p95 {burst['p95']} ms, longest {burst['longest']} ms",
        f"{figures['cores']} cores for both sides and the stores, load {figures['load']}",
    ]
    return "\n".join(rows)


class Failed(Exception):
    """A launch that was not let in; the text is what was answered instead."""


@dataclass(frozen=True)
class Platform:
    """Signs the launches. The key is loaded once: that takes longer than to sign."""

    pem: str
    public_pem: str
    key: Any
    kid: str
    jwks: dict

    @classmethod
    def make(cls) -> Platform:
        pem = generate_pem()
        jwk = public_jwk(pem)
        key = load_pem_private_key(pem.encode(), None)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        return cls(pem, public, key, jwk["kid"], {"keys": [jwk]})

    def id_token(self, asked: dict[str, str], target: str, person: int) -> str:
        now = int(time.time())
        claims = {
            "iss": _ISSUER,
            "aud": _CLIENT,
            "sub": f"learner-{person}",
            "name": f"Learner {person}",
            "nonce": asked["nonce"],
            "iat": now,
            "exp": now + 60,
            LTI + "version": "1.3.0",
            LTI + "message_type": "LtiResourceLinkRequest",
            LTI + "deployment_id": _DEPLOYMENT,
            LTI + "target_link_uri": target,
            LTI + "roles": ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"],
            LTI + "context": {"id": "course-1", "title": "A large course"},
            LTI + "resource_link": {"id": "link-1", "title": "When to escalate"},
            LTI + "custom": {"activity": _ACTIVITY},
            AGS: {"scope": [SCORE_SCOPE], "lineitem": f"{_ISSUER}/items/1"},
        }
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": self.kid})


@dataclass
class Tool:
    """Where a tool listens, and how its answer to a launch that it lets in begins."""

    name: str
    port: int
    login: str
    target: str
    let_in: Callable[[int, str, bytes], bool]
    platform: Platform
    _people: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**9)))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def connection(self) -> http.client.HTTPConnection:
        """One that a thread uses for all its launches, as a proxy would."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)

    def launch(self, connection: http.client.HTTPConnection) -> None:
        """A whole launch of somebody who was not there before; raises Failed."""
        with self._lock:
            person = next(self._people)
        cookies: dict[str, str] = {}
        login = {
            "iss": _ISSUER,
            "client_id": _CLIENT,
            "login_hint": str(person),
            "target_link_uri": self.target,
            "lti_message_hint": "link-1",
            "lti_deployment_id": _DEPLOYMENT,
        }
        status, to, body = self._ask(connection, cookies, "POST", self.login, login)
        while status in (302, 303) and to.startswith("/"):
            status, to, body = self._ask(connection, cookies, "GET", to)
        if status not in (302, 303) or not to.startswith(_ISSUER):
            raise Failed(f"login answered {status}")
        asked = dict(parse_qsl(urlsplit(to).query))
        form = {"state": asked["state"], "id_token": self.platform.id_token(asked, self.target, person)}
        status, to, body = self._ask(connection, cookies, "POST", urlsplit(self.target).path, form)
        if not self.let_in(status, to, body):
            raise Failed(f"launch answered {status}")

    def _ask(
        self,
        connection: http.client.HTTPConnection,
        cookies: dict[str, str],
        method: str,
        path: str,
        form: dict[str, str] | None = None,
    ) -> tuple[int, str, bytes]:
        headers = {"Host": f"localhost:{self.port}"}
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        if form is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": _ISSUER}
        try:
            connection.request(method, path, urlencode(form) if form is not None else None, headers)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as problem:
            connection.close()
            raise Failed(type(problem).__name__) from None
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            cookies[name] = value
        return response.status, response.headers.get("Location", ""), body


def _warm_up(*tools: Tool) -> None:
    for tool in tools:
        _closed_loop(tool, 20, 4)


def _in_turns(rounds: int, launches: int, at_once: int, *tools: Tool) -> dict[str, Any]:
    """Each tool's figures, and the ratio of the first's median time to the second's; the tools take turns."""
    times: dict[str, list[float]] = {tool.name: [] for tool in tools}
    rates: dict[str, list[float]] = {tool.name: [] for tool in tools}
    for number in range(rounds):
        for tool in tools if number % 2 == 0 else reversed(tools):
            began = time.perf_counter()
            taken, errors = _closed_loop(tool, launches, at_once)
            rates[tool.name].append(launches / (time.perf_counter() - began))
            times[tool.name] += taken
            if errors:
                raise Refused(f"{tool.name} let not everybody in: {dict(errors)}")
    figures = {
        name: {"per_second": round(statistics.median(rates[name]), 1), **_figures(taken)}
        for name, taken in times.items()
    }
    ours, bare = (statistics.median(times[tool.name]) for tool in tools)
    return {"tools": figures, "ratio": round(ours / bare, 2)}


def _closed_loop(tool: Tool, launches: int, at_once: int) -> tuple[list[float], Counter[str]]:
    """`at_once` browsers, each beginning when its last launch is through."""
    now = time.perf_counter()
    return _play(tool, [now] * launches, at_once, from_due=False)


def _burst(tool: Tool, launches: int, seconds: float) -> dict[str, Any]:
    """Launches at an even pace, whether or not those before are through. Times count from when each was due."""
    began = time.perf_counter() + 0.5
    taken, errors = _play(tool, [began + number * seconds / launches for number in range(launches)], 48, from_due=True)
    lasted = time.perf_counter() - began
    return {
        "launches": launches,
        "seconds": round(lasted, 1),
        "per_second": round(len(taken) / lasted, 1),
        "errors": dict(errors),
        "longest": round(max(taken, default=0.0)),
        **_figures(taken),
    }


def _play(tool: Tool, due: list[float], at_once: int, from_due: bool) -> tuple[list[float], Counter[str]]:
    """Milliseconds of each launch that got in, and what became of the others."""
    waiting: queue.SimpleQueue[float] = queue.SimpleQueue()
    for moment in due:
        waiting.put(moment)
    taken: list[float] = []
    errors: Counter[str] = Counter()

    def work() -> None:
        connection = tool.connection()
        with contextlib.suppress(queue.Empty):
            while True:
                moment = waiting.get_nowait()
                time.sleep(max(0.0, moment - time.perf_counter()))
                began = moment if from_due else time.perf_counter()
                try:
                    tool.launch(connection)
                    taken.append((time.perf_counter() - began) * 1000)
                except Failed as problem:
                    errors[str(problem)] += 1
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(min(at_once, len(due)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken, errors


def _figures(times: list[float]) -> dict[str, Any]:
    cuts = statistics.quantiles(times, n=20) if len(times) > 1 else [0.0] * 19
    return {"p50": round(cuts[9], 1), "p95": round(cuts[18], 1), "n": len(times)}


@contextlib.contextmanager
def _tools() -> Iterator[tuple[Tool, Tool]]:
    """Ours and the bare one, answering."""
    if not (plan.ROOT / f"{_BARE.replace('.', '/')}.py").exists():
        raise Refused("The bench needs the tests' folder, where the bare library's tool is: run it from a checkout.")
    with tempfile.TemporaryDirectory(prefix="coachtool-bench-") as name, contextlib.ExitStack() as stack:
        data = Path(name)
        (data / "logs").mkdir()
        running = stores.start(data)
        stack.callback(running.stop)
        for database in ("tool", "bare"):
            running.ensure_database(database)
        platform = Platform.make()
        (data / "jwks.json").write_text(json.dumps(platform.jwks))
        yield (
            _ours(data, running, platform, stack),
            _bare(data, running, platform, stack),
        )


def _ours(data: Path, running: stores.Stores, platform: Platform, stack: contextlib.ExitStack) -> Tool:
    port = stores.free_port()
    chosen = plan.options(
        {"COACHTOOL_PORT": str(port), "COACHTOOL_SANDBOX_PORT": str(_another(port)), "COACHTOOL_DATA": str(data)}
    )
    wiring = plan.Wiring(running.database_url("tool"), "", running.valkey_url, "only for the bench")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("COACHTOOL_", "DJANGO_"))}
    env = plan.environment(chosen, wiring, inherited)
    _run(env, "-m", "coachtool.embedded.prepare", "tool")
    _run(
        env,
        "manage.py",
        "lti_register",
        *(f"--issuer={_ISSUER}", f"--client-id={_CLIENT}", f"--deployment={_DEPLOYMENT}"),
        *(f"--auth-login-url={_ISSUER}/auth", f"--auth-token-url={_ISSUER}/token"),
        f"--jwks-file={data / 'jwks.json'}",
    )
    sockets = _listening(port, stack)
    webs = [spec for spec in plan.processes(chosen, env, sockets) if spec.name.startswith("web")]
    _start(webs, port, "/lti/jwks/", stack)
    return Tool(
        "coachtool",
        port,
        "/lti/login/",
        f"{chosen.url}/lti/launch/",
        lambda status, to, body: status == 303 and to.startswith("/v/"),
        platform,
    )


def _bare(data: Path, running: stores.Stores, platform: Platform, stack: contextlib.ExitStack) -> Tool:
    """In as many processes as ours, with the platform's keys in its configuration: it would fetch them at every
    launch otherwise.
    """
    port = stores.free_port()
    client = {
        "default": True,
        "client_id": _CLIENT,
        "auth_login_url": f"{_ISSUER}/auth",
        "auth_token_url": f"{_ISSUER}/token",
        "key_set_url": None,
        "key_set": platform.jwks,
        "deployment_ids": [_DEPLOYMENT],
    }
    keys = {"private_key": platform.pem, "public_key": platform.public_pem}  # any will do: it signs nothing here
    (data / "bare.json").write_text(json.dumps({"platforms": {_ISSUER: [client]}, **keys}))
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "bare",
        "USER": "postgres",
        "HOST": str(running.socket_dir),
        "OPTIONS": {"pool": {"min_size": 0, "max_size": 8, "timeout": 10}},
    }
    env = {**os.environ, "BARE_CONFIG": str(data / "bare.json"), "BARE_DATABASE": json.dumps(database)}
    _run(env, "-m", _BARE, "migrate")
    sockets = tuple(each.fileno() for each in _listening(port, stack))
    listening = [part for number in sockets for part in ("-e", f"fd:fileno={number}")]
    daphne = (sys.executable, "-m", "daphne", *listening, "--access-log", "/dev/null", f"{_BARE}:application")
    webs = plan.options({}).web
    specs = [
        Spec("bare", daphne, data / "logs" / f"bare-{n}.log", env, plan.ROOT, sockets=sockets) for n in range(webs)
    ]
    _start(specs, port, "/", stack)
    return Tool(
        "plain pylti1p3next",
        port,
        "/login/",
        f"http://localhost:{port}/launch/",
        lambda status, to, body: status == 200 and body.startswith(b"Launched"),
        platform,
    )


def _listening(port: int, stack: contextlib.ExitStack) -> list[socket.socket]:
    sockets = checks.listen(port, "port")
    for each in sockets:
        stack.callback(each.close)
    return sockets


def _another(port: int) -> int:
    other = stores.free_port()
    return other if other != port else _another(port)


def _run(env: dict[str, str], *arguments: str) -> None:
    """Raises Refused with the last thing that was said."""
    made = subprocess.run(
        [sys.executable, *arguments], cwd=plan.ROOT, env=env, capture_output=True, text=True, timeout=180
    )
    if made.returncode:
        raise Refused(f"{' '.join(arguments[:3])}: {made.stderr.strip().splitlines()[-1]}")


def _start(specs: list[Spec], port: int, path: str, stack: contextlib.ExitStack) -> None:
    """Start a server's processes and wait until it answers; raises Refused."""
    processes = [Process(spec) for spec in specs]
    for process in processes:
        process.start()
        stack.callback(process.stop)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and all(process.alive() for process in processes):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path, headers={"Host": f"localhost:{port}"})
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise Refused(f"{specs[0].name} does not start: {' '.join(last_lines(specs[0].log, 1))}")
