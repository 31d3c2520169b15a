"""GET /healthz: whether every process of the product is ready, for supervisors, proxies and people."""

from __future__ import annotations

import psycopg
import redis
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from coachtool.site import heartbeat

READY, MISSING = "ready", "missing"


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when every process is ready, else 503; `missing` names those that are not."""
    states = {"web": READY, "database": _database(), **_valkey_and_workers()}
    missing = [name for name, state in states.items() if state != READY]
    answer = JsonResponse(
        {"status": MISSING if missing else READY, "missing": missing, "processes": states},
        status=503 if missing else 200,
        headers={"Cache-Control": "no-store"},
    )
    answer._has_been_logged = True  # a 503 while starting is an answer, not an error to be logged at each poll
    return answer


def _database() -> str:
    """Answers, and has every migration of this code. A connection of its own, which gives up after 2 s."""
    try:
        parameters = {**connection.get_connection_params(), "connect_timeout": 2}
        parameters.pop("cursor_factory", None)
        with psycopg.connect(**parameters) as probe:
            probe.execute("SET statement_timeout = '2s'")
            return READY if _expected() <= set(_applied(probe)) else "not migrated"
    except (psycopg.Error, DatabaseError):
        return MISSING


def _applied(probe: psycopg.Connection) -> list[tuple[str, str]]:
    try:
        return probe.execute(f'SELECT app, name FROM "{MigrationRecorder.Migration._meta.db_table}"').fetchall()
    except psycopg.errors.UndefinedTable:
        return []


_known: frozenset[tuple[str, str]] | None = None


def _expected() -> frozenset[tuple[str, str]]:
    """Every migration on disk; they don't change while a process runs."""
    global _known
    if _known is None:
        _known = frozenset(MigrationLoader(None, ignore_no_migrations=True).graph.nodes)
    return _known


def _valkey_and_workers() -> dict[str, str]:
    try:
        ready = heartbeat.ready_nodes()
    except redis.RedisError:
        return {"valkey": MISSING, **dict.fromkeys(heartbeat.ALL_ROLES, "unknown")}
    return {"valkey": READY, **{role: READY if count else MISSING for role, count in ready.items()}}
