"""The whole product as one thing that starts, is watched and stops."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from coachtool.embedded import checks, health, plan, stores
from coachtool.embedded.checks import Refused
from coachtool.embedded.process import Process, Spec
from coachtool.embedded.supervisor import Supervisor, stop_all, why

_LARGEST_LOG = 5_000_000
_START_SECONDS = 300


class Stopped(Exception):
    """Somebody asked us to stop while we were starting."""


class Product:
    """`run` starts everything, keeps it running until `ask_to_stop`, and stops everything."""

    def __init__(self, chosen: plan.Options, environ: Mapping[str, str], say: Callable[[str], None]):
        self.options = chosen
        self._environ = environ
        self._say = say
        self._asked = threading.Event()
        self._hurry = False
        self._supervisor = Supervisor(self._say, mourn=self._strike_off)
        self._valkey_url = ""
        self._sockets: list[socket.socket] = []  # kept open, so that a browser waits while a web process is replaced
        self._stores: list[Process] = []  # in the order of their start; Postgres ends last

    def ask_to_stop(self, *_: object) -> None:
        """Signal handler: the first asks, the next ones hurry."""
        self._hurry = self._asked.is_set()
        self._asked.set()

    def run(self) -> None:
        """Raises Refused where it can't start; whatever has been started is stopped before it returns or raises."""
        chosen = self.options
        self._sockets = checks.listen(chosen.port, "COACHTOOL_PORT")
        checks.check_port(chosen.sandbox_port, "COACHTOOL_SANDBOX_PORT")
        claim = checks.claim(chosen.data)
        try:
            checks.check_space(chosen.data)
            self._start()
            while not self._asked.wait(0.2):
                self._supervisor.check()
        except Stopped:
            pass
        finally:
            self._stop()
            for listening in self._sockets:
                listening.close()
            claim.release()

    def _start(self) -> None:
        chosen, began = self.options, time.monotonic()
        self._say(f"coachtool is starting. Data: {chosen.data}. Logs: {chosen.logs}.")
        for log in chosen.logs.glob("*.log"):
            _rotate(log)
        with self._step("Postgres"):
            postgres, socket_dir = stores.start_postgres(chosen.data)
            self._stores.append(postgres)
        with self._step("Valkey"):
            valkey, valkey_url = stores.start_valkey(chosen.data)
            self._stores.append(valkey)
        self._valkey_url = valkey_url
        running = stores.Stores(postgres, valkey, socket_dir, valkey_url)
        wiring = self._wiring(running)
        env = plan.environment(chosen, wiring, self._environ)
        _leave_environment(chosen.data / "environment.json", env)
        with self._step("Databases, demo course and activities"):
            running.ensure_database("coachtool")
            running.ensure_database("sandbox")
            self._prepare(env)
        for store in self._stores:
            self._supervisor.watch(store)
        planned = plan.processes(chosen, env, self._sockets)
        for spec in planned:
            if not spec.spare:
                self._supervisor.start(Process(spec))
        self._wait_until_ready()
        for spec in planned:
            if spec.spare:
                self._supervisor.start(Process(spec))
        self._say(f"Ready after {time.monotonic() - began:.1f} s.\n")
        self._say(f"  Open as instructor:  {chosen.sandbox_url}/as/instructor/")
        self._say(f"  Open as learner:     {chosen.sandbox_url}/as/learner1/\n")
        self._say("Ctrl-C stops everything.")

    def _wiring(self, running: stores.Stores) -> plan.Wiring:
        chosen = self.options
        lrs = {"lrs_url": chosen.lrs_url, "lrs_key": chosen.lrs_key, "lrs_secret": chosen.lrs_secret}
        if chosen.demo_lrs and not chosen.lrs_url:
            port, secret = stores.free_port(), _kept_secret(chosen.data / "lrs-secret")
            self._supervisor.start(Process(plan.record_store(chosen, port, secret, self._environ)))
            lrs = {"lrs_url": f"http://127.0.0.1:{port}/xAPI", "lrs_key": plan.LRS_KEY, "lrs_secret": secret}
        return plan.Wiring(
            database_url=running.database_url("coachtool"),
            sandbox_database_url=running.database_url("sandbox"),
            valkey_url=running.valkey_url,
            secret_key=_kept_secret(chosen.data / "secret-key"),
            **lrs,
        )

    def _prepare(self, env: Mapping[str, str]) -> None:
        """Both sides at once; each in a process of its own, because each has settings of its own."""
        both = []
        for side in ("tool", "sandbox"):
            argv = (sys.executable, "-m", "coachtool.embedded.prepare", side)
            both.append(
                Process(Spec(f"prepare-{side}", argv, self.options.logs / f"prepare-{side}.log", env, plan.ROOT))
            )
        try:
            for process in both:
                process.start()
            while [process for process in both if process.alive()]:
                self._pause(0.02)
            for process in both:
                if process.how_it_ended != "exit status 0":
                    raise Refused(why(process))
        finally:
            stop_all(both)

    def _wait_until_ready(self) -> None:
        """A line for each process when it is ready. Raises Refused where one keeps dying or takes too long."""
        chosen, began = self.options, time.monotonic()
        ready: set[str] = {"database", "valkey"}
        names = {process.name for process in self._supervisor.processes}
        wanted = {name for name in names if not name.startswith("web-")} - {"Postgres", "Valkey", "lrs"}
        while not wanted <= ready:
            self._pause(0.25)
            self._supervisor.check()
            if failed := self._supervisor.hopeless():
                raise Refused(why(failed))
            states = health.tool(chosen.port) or {}
            now = {name for name, state in states.items() if state == "ready"}
            if "sandbox" not in ready and health.sandbox(chosen.sandbox_port):
                now.add("sandbox")
            for name in sorted(now - ready):
                self._say(f"  {name + ' ':.<40} {time.monotonic() - began:5.1f} s")
            ready |= now
            if time.monotonic() - began > _START_SECONDS:
                missing = ", ".join(sorted(wanted - ready))
                raise Refused(
                    f"After {_START_SECONDS} s these do not answer: {missing}; see their logs in {chosen.logs}."
                )

    def _stop(self) -> None:
        processes = self._supervisor.processes
        if not (processes or self._stores):
            return
        self._say("Stopping …")
        began = time.monotonic()
        stop_all([process for process in processes if process not in self._stores], lambda: self._hurry)
        for store in reversed(self._stores):
            stop_all([store])  # never in a hurry: Postgres writes down what it knows
        self._say(f"Stopped in {time.monotonic() - began:.1f} s. The data is kept in {self.options.data}.")

    def _strike_off(self, process: Process) -> None:
        """What died is not ready, though its last heartbeat is young."""
        from coachtool.site import heartbeat  # brings Celery with it, which a start need not wait for

        role = process.name.partition("-")[0]
        if role in heartbeat.ALL_ROLES:
            node = "beat" if role == "beat" else self.options.node(process.name)
            heartbeat.strike_off(self._valkey_url, role, node)

    def _pause(self, seconds: float) -> None:
        if self._asked.wait(seconds):
            raise Stopped

    @contextlib.contextmanager
    def _step(self, what: str) -> Iterator[None]:
        if self._asked.is_set():
            raise Stopped
        began = time.monotonic()
        yield
        self._say(f"  {what + ' ':.<40} {time.monotonic() - began:5.1f} s")


def handle_signals(product: Product) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, product.ask_to_stop)


def _kept_secret(path: Path) -> str:
    """A secret that is drawn once and kept, readable for its owner only."""
    with contextlib.suppress(FileNotFoundError):
        if kept := path.read_text().strip():
            return kept
    secret = secrets.token_urlsafe(48)
    _write_private(path, secret + "\n")
    return secret


def _leave_environment(path: Path, env: Mapping[str, str]) -> None:
    """Our own variables, for `manage.py` commands that speak to this product."""
    _write_private(path, json.dumps({name: value for name, value in env.items() if name.startswith("COACHTOOL_")}))


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _rotate(log: Path) -> None:
    """Keep one older log when this one has grown large."""
    if log.stat().st_size > _LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))
