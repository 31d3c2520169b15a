"""What runs, from the environment: frozen values only, nothing is started here."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from coachtool.embedded.checks import Refused
from coachtool.embedded.process import Spec

ROOT = Path(__file__).resolve().parent.parent.parent
LRS_KEY = "demo"
GPU_THREADS = 64  # more leases than one worker has places for, so that an ask never waits in a worker that is full


@dataclass(frozen=True)
class Options:
    """What the person who starts it may choose. `conversations` counts them at a time, and so does `gpu_slots` for each
    of the `gpu` workers; 0 leaves it to what they measure. `web` is the number of web processes, which share the port.
    """

    port: int
    sandbox_port: int
    data: Path
    web: int
    conversations: int
    gpu: int
    gpu_slots: int
    demo_lrs: bool
    lrs_url: str
    lrs_key: str
    lrs_secret: str

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def sandbox_url(self) -> str:
        """Another site than the tool on purpose: the browser treats the tool as embedded from elsewhere."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    def node(self, process: str) -> str:
        """The name of a Celery process among others on the same broker and host."""
        return f"{process}@coachtool-{self.port}"


def cores() -> int:
    return len(os.sched_getaffinity(0))


def options(environ: Mapping[str, str]) -> Options:
    """Raises Refused where a value can't be used."""
    port = _number(environ, "COACHTOOL_PORT", 8000, 1, 65535)
    sandbox_port = _number(environ, "COACHTOOL_SANDBOX_PORT", 8001, 1, 65535)
    if port == sandbox_port:
        raise Refused(f"COACHTOOL_PORT and COACHTOOL_SANDBOX_PORT are both {port}: give them different ports.")
    return Options(
        port=port,
        sandbox_port=sandbox_port,
        data=Path(environ.get("COACHTOOL_DATA") or ROOT / ".data").expanduser().absolute(),
        web=_number(environ, "COACHTOOL_WEB", min(max(1, cores()), 4), 1, 64),
        conversations=_number(environ, "COACHTOOL_CONVERSATIONS", 4, 1, 64),
        gpu=_number(environ, "COACHTOOL_GPU_PROCESSES", 2, 1, 16),
        gpu_slots=_number(environ, "COACHTOOL_GPU_SLOTS", 0, 0, 64),
        demo_lrs=environ.get("COACHTOOL_DEMO_LRS", "") not in ("", "0"),
        lrs_url=environ.get("COACHTOOL_LRS_URL", ""),
        lrs_key=environ.get("COACHTOOL_LRS_KEY", ""),
        lrs_secret=environ.get("COACHTOOL_LRS_SECRET", ""),
    )


@dataclass(frozen=True)
class Wiring:
    """Where the stores are, and the secrets that are kept in the data directory."""

    database_url: str
    sandbox_database_url: str
    valkey_url: str
    secret_key: str
    lrs_url: str = ""
    lrs_key: str = ""
    lrs_secret: str = ""


def environment(chosen: Options, wiring: Wiring, inherited: Mapping[str, str]) -> dict[str, str]:
    """What every process of the product gets: the caller's environment, with our values over it."""
    return {
        **inherited,
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "coachtool.settings",
        "COACHTOOL_ENV": "demo",
        "COACHTOOL_URL": chosen.url,
        "COACHTOOL_DATA": str(chosen.data),
        "COACHTOOL_SECRET_KEY": wiring.secret_key,
        "COACHTOOL_DATABASE_URL": wiring.database_url,
        "COACHTOOL_VALKEY_URL": wiring.valkey_url,
        "COACHTOOL_LRS_URL": wiring.lrs_url,
        "COACHTOOL_LRS_KEY": wiring.lrs_key,
        "COACHTOOL_LRS_SECRET": wiring.lrs_secret,
        "COACHTOOL_GPU_PROCESSES": str(chosen.gpu),
        "COACHTOOL_GPU_SLOTS": str(chosen.gpu_slots),
        "COACHTOOL_SANDBOX_URL": chosen.sandbox_url,
        "COACHTOOL_SANDBOX_DATABASE_URL": wiring.sandbox_database_url,
    }


def processes(chosen: Options, env: Mapping[str, str], sockets: Sequence[socket.socket]) -> tuple[Spec, ...]:
    """The product's processes, in the order in which they are started. The slowest to be ready comes first.

    `sockets`: where the web processes listen.
    """

    def spec(name: str, *argv: str, **more) -> Spec:
        return Spec(name, (sys.executable, "-m", *argv), chosen.logs / f"{name}.log", env, ROOT, **more)

    def worker(name: str, queue: str, pool: str, concurrency: int, *argv: str, **more) -> Spec:
        celery = ("celery", "-A", "coachtool", "worker", "-Q", queue, "-P", pool, "-c", str(concurrency))
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "INFO")
        return spec(name, *celery, "-n", chosen.node(name), *quiet, *argv, **more)

    def daphne(name: str, application: str, *endpoints: str, **more) -> Spec:
        listening = [part for endpoint in endpoints for part in ("-e", endpoint)]
        return spec(name, "daphne", *listening, "--access-log", "/dev/null", application, patience=5, **more)

    spares = [f"gpu-{number}" for number in range(2, chosen.gpu + 1)]
    shared = [f"fd:fileno={listening.fileno()}" for listening in sockets]
    handed = tuple(listening.fileno() for listening in sockets)
    webs = ["web", *(f"web-{number}" for number in range(2, chosen.web + 1))]
    schedule = str(chosen.data / "beat-schedule")
    return (
        # It measures how many conversations it takes, and uses as many of these threads.
        worker("gpu", "gpu", "threads", GPU_THREADS, patience=5),
        # It holds a conversation for minutes: a warm shutdown would wait for it, a cold one does not.
        worker(
            "conversation",
            *("conversation", "prefork", chosen.conversations, "--max-tasks-per-child", "20"),
            stop_signal=signal.SIGQUIT,
            patience=5,
        ),
        *(daphne(name, "coachtool.asgi:application", *shared, sockets=handed) for name in webs),
        worker("background", "default", "prefork", 2),
        spec("beat", "celery", "-A", "coachtool", "beat", "-s", schedule, "--pidfile", "", "-l", "WARNING"),
        daphne("sandbox", "lti.sandbox.asgi:application", f"tcp:{chosen.sandbox_port}:interface=127.0.0.1"),
        *(worker(name, "gpu", "threads", GPU_THREADS, patience=5, spare=True) for name in spares),
    )


def record_store(chosen: Options, port: int, secret: str, inherited: Mapping[str, str]) -> Spec:
    """The learning record store of the demo, where it is wanted."""
    argv = (sys.executable, "-m", "coachtool.embedded.lrs", "--port", str(port), "--dir", str(chosen.data / "lrs"))
    env = {**inherited, "PYTHONUNBUFFERED": "1", "COACHTOOL_LRS_KEY": LRS_KEY, "COACHTOOL_LRS_SECRET": secret}
    return Spec("lrs", argv, chosen.logs / "lrs.log", env, ROOT)


def _number(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise Refused(f"{name} is {text!r}: give it a whole number from {least} to {most}.")
    return int(text)
