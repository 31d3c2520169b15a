"""The whole product, once for all tests of this folder: every process, a sandbox LMS and a real record store."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from coachtool.embedded.lrs import Lrs
from coachtool.embedded.running import Running, running_product
from coachtool.embedded.stores import free_port

METRICS_TOKEN = "whole"
ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class World:
    """The running product, its record store, and the port at which it looks for a language model."""

    product: Running
    lrs: Lrs
    language_port: int

    def rehearse(self, script: str, *options: str) -> subprocess.Popen:
        """A synthetic learner in a process of its own; `result` waits for it."""
        env = {
            **os.environ,
            "COACHTOOL_URL": self.product.url,
            "COACHTOOL_SANDBOX_URL": self.product.sandbox_url,
            "COACHTOOL_LRS_URL": self.lrs.url,
            "COACHTOOL_LRS_KEY": self.lrs.key,
            "COACHTOOL_LRS_SECRET": self.lrs.secret,
        }
        command = [sys.executable, "manage.py", "rehearse", script, "--json", *options]
        return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def result(self, rehearsal: subprocess.Popen, seconds: float = 240) -> dict:
        """What the rehearsal printed; fails the test with what it said when it printed no object."""
        printed, said = rehearsal.communicate(timeout=seconds)
        try:
            return json.loads(printed)
        except ValueError:
            pytest.fail(f"The rehearsal printed no object.\n{printed}\n{said}")

    def recorded(self, kind: str) -> list[dict]:
        """The data of every event of that kind in the journals, oldest first."""
        url = psutil.Process(self.product.pid).children()[-1].environ()["COACHTOOL_DATABASE_URL"]
        with psycopg.connect(url) as database:
            asked = "SELECT data FROM attempts_attemptevent WHERE kind = %s ORDER BY id"
            return [data for (data,) in database.execute(asked, [kind])]

    def metrics(self) -> dict[str, float]:
        """The samples of /metrics, each by its name and labels."""
        shown = {"Authorization": f"Bearer {METRICS_TOKEN}"}
        lines = httpx.get(f"{self.product.url}/metrics", headers=shown, timeout=10).text.splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}

    def serving(self) -> psutil.Process | None:
        """The gpu worker that has a lease."""
        taken = [name for name, leases in self.metrics().items() if name.startswith("coachtool_leases{") and leases]
        nodes = {name.split('"')[1] for name in taken}
        for child in psutil.Process(self.product.pid).children():
            with contextlib.suppress(psutil.Error):  # it has just ended
                if nodes & set(child.cmdline()):
                    return child
        return None

    def kill(self, name: str) -> int:
        """Kill one of the product's processes and its children at once, as a crash would; how many there were."""
        supervisor = psutil.Process(self.product.pid)
        asked = {"web": "coachtool.asgi", "conversation": "-Q conversation", "gpu": "-Q gpu"}[name]
        found = [child for child in supervisor.children() if asked in " ".join(child.cmdline())]
        victims = [victim for child in found for victim in (*child.children(recursive=True), child)]
        for victim in victims:
            victim.send_signal(signal.SIGKILL)
        return len(victims)


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    with _world(tmp_path_factory.mktemp("product")) as made:
        yield made


@pytest.fixture(scope="module")
def filmed(tmp_path_factory):
    """One whose workers send the face as video, drawn on the processor."""
    pytest.importorskip("torch")
    draw = pytest.importorskip("realtime.rendering.video.draw")
    try:
        draw.probe()
    except draw.NoRenderer as refusal:
        pytest.skip(f"nothing draws here: {refusal}")
    with _world(tmp_path_factory.mktemp("filmed"), COACHTOOL_VIDEO="on") as made:
        yield made


@contextlib.contextmanager
def _world(directory, **environ):
    port = free_port()
    with Lrs.start(ROOT / ".data" / "lrs") as lrs:
        environ |= {
            "COACHTOOL_REJOIN_SECONDS": "20",
            "COACHTOOL_METRICS_TOKEN": METRICS_TOKEN,
            "COACHTOOL_LLM_URL": f"http://127.0.0.1:{port}/v1",
            "COACHTOOL_LLM_MODEL": "scripted",
        }
        with running_product(directory, lrs=(lrs.url, lrs.key, lrs.secret), environ=environ) as product:
            yield World(product, lrs, port)
