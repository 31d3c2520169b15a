import os
import signal
import time

from coachtool.embedded.process import last_lines
from coachtool.embedded.supervisor import Backoff, Supervisor, why
from tests.embedded.test_process import child_of, gone, run, until  # noqa: F401

SLEEP = "import time; time.sleep(60)"


def test_a_process_that_dies_is_started_again_and_one_line_says_so(run):  # noqa: F811
    said = []
    supervisor = Supervisor(said.append, Backoff(first=0.05))
    process = run(SLEEP, name="conversation")
    supervisor.watch(process)
    first = process.pid
    os.kill(first, signal.SIGKILL)

    def healed() -> bool:
        supervisor.check()
        return process.pid != first and process.alive()

    assert until(healed)
    assert said == ["conversation ended (killed by SIGKILL); it is started again now."]


def test_one_that_keeps_dying_is_tried_less_and_less_often():
    backoff = Backoff(first=1, factor=2, longest=10)
    assert [backoff.after(deaths) for deaths in range(1, 7)] == [1, 2, 4, 8, 10, 10]


def test_one_that_keeps_dying_is_named_with_its_last_words(run):  # noqa: F811
    supervisor = Supervisor(lambda line: None, Backoff(first=0.01, factor=1))
    process = run("raise SystemExit('the model is missing')", name="gpu")
    supervisor.watch(process)

    def hopeless() -> bool:
        supervisor.check()
        return supervisor.hopeless() is process

    assert until(hopeless)
    assert why(process).startswith("gpu does not start (exit status 1; the model is missing): see /")


def test_a_death_after_a_long_life_counts_as_the_first(run):  # noqa: F811
    supervisor = Supervisor(lambda line: None, Backoff(first=0.01, factor=1, settled=0.0))
    process = run("pass")
    supervisor.watch(process)
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        supervisor.check()
        time.sleep(0.02)
    assert supervisor.hopeless(deaths=2) is None


def test_stopping_ends_all_of_them_and_what_they_started(run, tmp_path):  # noqa: F811
    from tests.embedded.test_process import PARENT_OF_ONE

    supervisor = Supervisor(lambda line: None)
    parent, plain = run(PARENT_OF_ONE), run(SLEEP)
    child = child_of(parent)
    supervisor.watch(parent)
    supervisor.watch(plain)
    supervisor.stop()
    assert not parent.alive()
    assert not plain.alive()
    assert until(lambda: gone(child))


def test_in_a_hurry_nobody_is_waited_for(run):  # noqa: F811
    supervisor = Supervisor(lambda line: None)
    deaf = run(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)",
        patience=30,
    )
    assert until(lambda: last_lines(deaf.spec.log) == ["deaf"])
    supervisor.watch(deaf)
    began = time.monotonic()
    supervisor.stop(hurry=lambda: True)
    assert time.monotonic() - began < 5
