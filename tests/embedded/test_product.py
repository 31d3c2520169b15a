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

pytestmark = [pytest.mark.whole, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    """One running product for the tests of this module, which go through its life in order."""
    only_one = {"COACHTOOL_GPU_PROCESSES": "1"}
    with running_product(tmp_path_factory.mktemp("product"), environ=only_one) as running:
        yield running


def family_of(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


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


def test_once_it_says_that_it_is_ready_everything_answers(product):
    began = time.perf_counter()
    status, body = healthz(product.port)
    assert time.perf_counter() - began < 1
    assert (status, body["missing"]) == (200, [])
    assert f"  Open as instructor:  {product.sandbox_url}/as/instructor/\n" in product.output
    assert f"  Open as learner:     {product.sandbox_url}/as/learner1/\n" in product.output


def test_what_it_keeps_is_its_owners_only(product):
    for name in ("secret-key", "postgres", "logs"):
        assert (product.data / name).stat().st_mode & 0o077 == 0


def test_killed_processes_are_replaced_and_it_says_so(product):
    family = family_of(product.pid)
    killed = {
        "conversation": leader(family, "conversation"),
        "gpu": leader(family, "gpu"),
        "web": leader(family, "coachtool.asgi:application"),
    }
    orphans = [child.pid for process in killed.values() for child in process.children(recursive=True)]
    for process in killed.values():
        process.kill()
    for name in killed:
        assert until(lambda name=name: f"{name} ended (killed by SIGKILL); it is started again now." in product.output)
    assert until(lambda: all(gone(pid) for pid in orphans))
    assert until(lambda: product.health().get("gpu") == "missing", 30)  # the web process is back before the models are
    product.wait_until_ready()
    assert not {process.pid for process in killed.values()} & {process.pid for process in family_of(product.pid)}


def test_another_copy_is_told_in_one_sentence_what_is_taken(product, tmp_path):
    def refused(port: int, data: Path) -> str:
        chosen = {"COACHTOOL_PORT": str(port), "COACHTOOL_SANDBOX_PORT": str(free_port()), "COACHTOOL_DATA": str(data)}
        done = subprocess.run(
            [sys.executable, "-m", "coachtool.embedded"],
            cwd=ROOT,
            env={**os.environ, **chosen},
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        return done.stderr

    assert refused(product.port, tmp_path).startswith(f"Port {product.port} is in use")
    taken = f"A copy already runs on {product.data} (process {product.pid})"
    assert refused(free_port(), product.data).startswith(taken)


def test_make_demo_on_a_terminal_runs_beside_it_and_ctrl_c_stops_all_of_it(product, tmp_path):
    data = tmp_path / "second"
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        for name in [name for name in os.environ if name.startswith("COACHTOOL_")]:
            del os.environ[name]
        os.environ.update(
            COACHTOOL_PORT=str(free_port()), COACHTOOL_SANDBOX_PORT=str(free_port()), COACHTOOL_DATA=str(data)
        )
        os.execvp("make", ["make", "demo", "PYTHON=" + os.path.realpath(sys.executable)])
    shown, family = "", []
    try:
        while True:
            shown += os.read(terminal, 4096).decode()
            if not family and "Ctrl-C stops everything." in shown:
                family = family_of(pid)
                assert healthz(product.port)[0] == 200
                os.write(terminal, b"\x03")
    except OSError:  # the terminal's other end is closed: they all ended
        pass
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
    assert len(family) > 8, shown
    assert "Stopped in" in shown
    assert "Traceback" not in shown
    assert until(lambda: all(gone(process.pid) for process in family))
    assert not (data / "postgres" / "postmaster.pid").exists()


def test_when_the_supervisor_is_killed_everything_else_ends_too(product):
    family = family_of(product.pid)
    os.kill(product.pid, signal.SIGKILL)
    assert until(lambda: all(gone(process.pid) for process in family), 30), [p for p in family if not gone(p.pid)]
