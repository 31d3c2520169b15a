"""The real product, from nothing to nothing."""

import http.client
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from coachtool.embedded.plan import ROOT
from coachtool.embedded.running import running_product
from coachtool.embedded.stores import free_port
from tests.embedded.test_process import gone, until

pytestmark = [pytest.mark.whole, pytest.mark.timeout(420)]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """One data directory for all tests here, so that all but the first are second starts."""
    return tmp_path_factory.mktemp("product")


def healthz(port: int) -> tuple[int, dict]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/healthz", headers={"Host": "localhost"})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer.status, body


def leader(family: list[psutil.Process], *words: str) -> psutil.Process:
    """The process of ours with these words in its command line that is not another such process's child."""
    found = [process for process in family if process.is_running() and set(words) <= set(process.cmdline())]
    return next(process for process in found if process.ppid() not in {other.pid for other in found})


def test_everything_starts_heals_and_stops_without_leaving_anybody_behind(data):
    with running_product(data) as product:
        status, body = healthz(product.port)
        assert (status, body["missing"]) == (200, [])
        assert f"  Open as instructor:  {product.sandbox_url}/as/instructor/\n" in product.output
        assert f"  Open as learner:     {product.sandbox_url}/as/learner1/\n" in product.output
        assert (data / "secret-key").stat().st_mode & 0o777 == 0o600
        secret = (data / "secret-key").read_text()

        family = psutil.Process(product.pid).children(recursive=True)
        workers = leader(family, "conversation"), leader(family, "gpu"), leader(family, "coachtool.asgi:application")
        for victim in workers:
            os.kill(victim.pid, signal.SIGKILL)
        for name in ("conversation", "gpu", "web"):
            assert until(lambda name=name: f"{name} ended (killed by SIGKILL); it is started" in product.output)
        product.wait_until_ready()
        again = psutil.Process(product.pid).children(recursive=True)
        assert not {victim.pid for victim in workers} & {process.pid for process in again}
        family = {process.pid: process for process in [*family, *again]}
    assert until(lambda: all(gone(pid) for pid in family)), [p for pid, p in family.items() if not gone(pid)]
    assert "Stopped in" in (data / "output.txt").read_text()
    assert not (data / "postgres" / "postmaster.pid").exists()
    assert (data / "secret-key").read_text() == secret


def test_two_copies_run_side_by_side_and_a_third_is_told_what_is_taken(data, tmp_path):
    with running_product(data) as one, running_product(tmp_path / "two") as two:
        assert healthz(one.port)[0] == healthz(two.port)[0] == 200

        def refused(**env: object) -> str:
            done = subprocess.run(
                [sys.executable, "-m", "coachtool.embedded"],
                cwd=ROOT,
                env={**os.environ, **{name: str(value) for name, value in env.items()}},
                capture_output=True,
                text=True,
                timeout=30,
            )
            assert done.returncode == 1
            assert done.stderr.count("\n") == 1
            return done.stderr

        free = {"COACHTOOL_PORT": free_port(), "COACHTOOL_SANDBOX_PORT": free_port()}
        assert refused(**free | {"COACHTOOL_PORT": one.port}, COACHTOOL_DATA=tmp_path / "three").startswith(
            f"Port {one.port} is in use"
        )
        assert refused(**free, COACHTOOL_DATA=data).startswith(f"A copy already runs on {data} (process {one.pid})")


def test_when_the_supervisor_is_killed_everything_else_ends_too(data):
    with running_product(data) as product:
        family = psutil.Process(product.pid).children(recursive=True)
        os.kill(product.pid, signal.SIGKILL)
        assert until(lambda: all(gone(process.pid) for process in family), 30)


def test_ctrl_c_at_the_terminal_stops_everything_and_make_ends_quietly(data):
    """As a person does it: `make demo` on a terminal, wait for the links, Ctrl-C."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        for name in [name for name in os.environ if name.startswith("COACHTOOL_")]:
            del os.environ[name]
        os.environ.update(
            COACHTOOL_PORT=str(free_port()), COACHTOOL_SANDBOX_PORT=str(free_port()), COACHTOOL_DATA=str(data)
        )
        os.execvp("make", ["make", "demo", "PYTHON=" + os.path.realpath(sys.executable)])
    shown, deadline, asked = "", time.monotonic() + 180, False
    family = []
    while time.monotonic() < deadline:
        try:
            shown += os.read(terminal, 4096).decode()
        except OSError:  # the terminal's other end is closed: they all ended
            break
        if not asked and "Ctrl-C stops everything." in shown:
            family = psutil.Process(pid).children(recursive=True)
            os.write(terminal, b"\x03")
            asked = True
    os.waitpid(pid, 0)
    os.close(terminal)
    assert asked, shown
    assert "Stopped in" in shown
    assert "Traceback" not in shown
    assert len(family) > 8
    assert until(lambda: all(gone(process.pid) for process in family))


def test_postgres_and_its_data_are_nobody_elses(data):
    for path in (data / "postgres", data / "logs"):
        assert Path(path).stat().st_mode & 0o077 == 0
