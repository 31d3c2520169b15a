import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psycopg
import pytest

from coachtool.embedded import stores
from coachtool.embedded.checks import Refused
from tests.embedded.test_process import gone, until

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("stores")


def test_the_data_outlives_a_stop(directory):
    first = stores.start(directory, durable=False)
    try:
        first.ensure_database("coachtool")
        first.ensure_database("coachtool")  # a second time changes nothing
        with psycopg.connect(first.database_url("coachtool"), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT '[1,2,3]'::vector AS v")
    finally:
        first.stop()
    assert not first.postgres.alive()
    assert not first.valkey.alive()
    assert not (directory / "postgres" / "postmaster.pid").exists()
    second = stores.start(directory, durable=False)
    try:
        with psycopg.connect(second.database_url("coachtool")) as connection:
            assert connection.execute("SELECT v::text FROM kept").fetchone() == ("[1,2,3]",)
    finally:
        second.stop()


def test_a_path_too_long_for_a_socket_gets_a_short_one(tmp_path):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    running = stores.start(deep, durable=False)
    try:
        assert running.socket_dir != deep / "postgres"
        psycopg.connect(running.database_url("postgres")).close()
    finally:
        running.stop()
    assert not running.socket_dir.exists()


def test_both_end_when_their_parent_is_killed_and_the_next_start_waits_for_them(directory):
    source = f"""
        import time
        from pathlib import Path
        from coachtool.embedded import stores
        running = stores.start(Path({str(directory)!r}), durable=False)
        print(running.postgres.pid, running.valkey.pid, flush=True)
        time.sleep(60)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(source)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    postgres, valkey = map(int, parent.stdout.readline().split())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    running = stores.start(directory, durable=False)
    running.stop()
    assert gone(postgres)
    assert until(lambda: gone(valkey))


def test_a_postgres_that_is_not_ours_to_stop_is_named(directory, monkeypatch):
    (directory / "postgres").mkdir()
    lock = directory / "postgres" / "postmaster.pid"
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", str(lock.parent)])
    lock.write_text(f"{sleeper.pid}\n")
    assert until(lambda: stores._postgres_in(lock) == sleeper.pid)
    ticking = iter(range(0, 10_000, 10))
    monkeypatch.setattr(stores.time, "monotonic", lambda: next(ticking))
    monkeypatch.setattr(stores.time, "sleep", lambda seconds: None)
    try:
        with pytest.raises(Refused, match=rf"already runs on .*process {sleeper.pid}\): stop it with kill -INT"):
            stores._wait_for_the_last_one(directory / "postgres")
    finally:
        sleeper.kill()
        sleeper.wait()


def test_a_creation_that_was_broken_off_is_begun_anew(directory):
    (directory / "postgres" / "base").mkdir(parents=True)
    (directory / "postgres" / "base" / "half").write_text("x")
    running = stores.start(directory, durable=False)
    running.stop()
