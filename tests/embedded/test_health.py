import time

import pytest
from django.test import Client

from coachtool.celery import app
from coachtool.site import health, heartbeat

pytestmark = pytest.mark.django_db


@pytest.fixture
def beats():
    """Heartbeats of our own choice; none before and none after."""
    names = [f"coachtool:ready:{role}" for role in heartbeat.ALL_ROLES]
    heartbeat.valkey().delete(*names)
    yield heartbeat.beat
    heartbeat.valkey().delete(*names)


def ask():
    return Client().get("/healthz")


def test_before_the_workers_are_ready_it_answers_503_and_names_them(beats):
    answer = ask()
    assert answer.status_code == 503
    assert answer.json()["missing"] == ["conversation", "gpu", "background", "beat"]
    assert answer.json()["processes"]["database"] == "ready"


def test_when_every_process_is_ready_it_answers_200_with_the_state_of_each(beats):
    for role in heartbeat.ALL_ROLES:
        beats(role, f"{role}@here")
    answer = ask()
    assert answer.status_code == 200
    names = ("web", "database", "valkey", "conversation", "gpu", "background", "beat")
    assert answer.json() == {"status": "ready", "missing": [], "processes": dict.fromkeys(names, "ready")}
    assert answer["Cache-Control"] == "no-store"


def test_one_missing_process_is_enough_for_503(beats):
    for role in ("conversation", "background", "beat"):
        beats(role, f"{role}@here")
    answer = ask()
    assert (answer.status_code, answer.json()["missing"]) == (503, ["gpu"])


def test_a_process_that_stopped_beating_is_missed(beats, monkeypatch):
    monkeypatch.setattr(heartbeat, "COUNTS_FOR", 0.2)
    beats("gpu", "gpu@here")
    assert "gpu" not in ask().json()["missing"]
    time.sleep(0.25)
    assert "gpu" in ask().json()["missing"]


def test_a_process_that_signs_off_is_missed_at_once_but_its_twin_still_counts(beats):
    beats("gpu", "gpu@one")
    beats("gpu", "gpu@two")
    heartbeat.forget("gpu", "gpu@one")
    assert "gpu" not in ask().json()["missing"]
    heartbeat.forget("gpu", "gpu@two")
    assert "gpu" in ask().json()["missing"]


def test_a_migration_that_is_not_applied_is_told(beats, monkeypatch):
    monkeypatch.setattr(health, "_known", health._expected() | {("attempts", "9999_from_tomorrow")})
    assert ask().json()["processes"]["database"] == "not migrated"


def test_a_database_that_is_away_is_missing(beats, monkeypatch):
    from django.db import connection

    parameters = {**connection.get_connection_params(), "host": "/nowhere"}
    monkeypatch.setattr(connection, "get_connection_params", lambda: parameters)
    answer = ask()
    assert (answer.status_code, answer.json()["processes"]["database"]) == (503, "missing")


def test_a_valkey_that_is_away_is_missing_and_the_workers_unknown(beats, monkeypatch, settings):
    settings.VALKEY_URL = "redis://127.0.0.1:9"
    heartbeat.valkey.cache_clear()
    try:
        states = ask().json()["processes"]
    finally:
        heartbeat.valkey.cache_clear()
    assert (states["valkey"], states["gpu"], states["database"]) == ("missing", "unknown", "ready")


def test_it_answers_fast_and_shows_no_secret(beats, settings):
    ask()
    times = []
    for _ in range(5):
        began = time.perf_counter()
        answer = ask()
        times.append(time.perf_counter() - began)
    assert sorted(times)[2] < 0.1
    assert settings.SECRET_KEY not in answer.text
    assert "postgresql" not in answer.text


def test_workers_and_beat_of_this_app_say_when_they_are_ready():
    assert heartbeat.ReadyStep in app.steps["consumer"]
    assert app.conf.beat_scheduler == "coachtool.site.heartbeat:Scheduler"
