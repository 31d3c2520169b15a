import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from coachtool.embedded.process import Process, Spec, last_lines

ROOT = Path(__file__).resolve().parent.parent.parent


def gone(pid: int) -> bool:
    """Ended, or a zombie that only waits for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def until(condition, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def run(tmp_path):
    """Start a small Python program, or another, as a Process; it is killed at the end."""
    started = []

    def start(source: str = "", argv: tuple[str, ...] = (), **more) -> Process:
        argv = argv or (sys.executable, "-c", textwrap.dedent(source))
        process = Process(Spec(more.pop("name", "dummy"), argv, tmp_path / "dummy.log", **more))
        process.start()
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()


PARENT_OF_ONE = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


def child_of(process: Process) -> int:
    assert until(lambda: last_lines(process.spec.log))
    return int(last_lines(process.spec.log)[-1])


def test_how_it_ended_is_told_in_words(run):
    by_itself = run("raise SystemExit(3)")
    assert until(lambda: not by_itself.alive())
    assert by_itself.how_it_ended == "exit status 3"
    killed = run("import time; time.sleep(60)")
    os.kill(killed.pid, signal.SIGKILL)
    assert until(lambda: not killed.alive())
    assert killed.how_it_ended == "killed by SIGKILL"


def test_stopping_one_that_does_not_listen_kills_it_after_its_patience(run):
    deaf = run(
        """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("deaf", flush=True)
        time.sleep(60)
        """,
        patience=0.3,
    )
    assert until(lambda: last_lines(deaf.spec.log) == ["deaf"])
    began = time.monotonic()
    deaf.stop()
    assert 0.3 <= time.monotonic() - began < 5
    assert deaf.how_it_ended == "killed by SIGKILL"


def test_what_a_process_started_ends_with_it(run):
    parent = run(PARENT_OF_ONE)
    child = child_of(parent)
    assert not gone(child)
    os.kill(parent.pid, signal.SIGKILL)
    assert until(lambda: not parent.alive())
    assert until(lambda: gone(child))


def test_a_process_ends_when_the_one_that_started_it_is_killed(tmp_path):
    source = f"""
        import sys, time
        from pathlib import Path
        from coachtool.embedded.process import Process, Spec
        process = Process(Spec("sleeper", ("sleep", "60"), Path({str(tmp_path / "log")!r})))
        process.start()
        print(process.pid, flush=True)
        time.sleep(60)
    """
    starter = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(source)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    sleeper = int(starter.stdout.readline())
    assert not gone(sleeper)
    starter.kill()
    starter.wait()
    starter.stdout.close()
    assert until(lambda: gone(sleeper))


def test_its_output_is_appended_to_its_log(run, tmp_path):
    (tmp_path / "dummy.log").write_text("before\n")
    speaker = run("print('said')")
    assert until(lambda: not speaker.alive())
    assert last_lines(speaker.spec.log) == ["before", "said"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_can_run_one_as_another_user_and_it_still_ends_with_us(run):
    # Not Python, which may lie in root's home, where nobody else may read.
    other = run(argv=("/bin/sh", "-c", "echo $(id -u) $(id -G); exec sleep 60"), user="nobody", cwd=Path("/"))
    assert until(lambda: last_lines(other.spec.log))
    user, *groups = last_lines(other.spec.log)[0].split()
    assert user == "65534" and "0" not in groups
