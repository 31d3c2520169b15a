"""What the lobby is told about the pool, and what a monitoring system reads."""

import pytest
from django.urls import reverse

from coachtool.site import heartbeat
from realtime import exposition, pool
from realtime.pool import Pool, Worker
from tests.security.world import build

COUNTS = {"leases": 3.0, "failovers": 2.0, "failover_seconds": 1.25}


@pytest.fixture(autouse=True)
def empty():
    valkey = heartbeat.valkey()
    if keys := valkey.keys("coachtool:*"):
        valkey.delete(*keys)


@pytest.fixture
def learner(db):
    return build().asker("fellow")


def told(learner):
    return learner.client.get(reverse("pool:places", args=[learner.visit_id])).json()


def test_the_lobby_is_told_of_a_free_place(learner):
    pool.sign_in(Worker("gpu@here", 2, 1))
    assert told(learner) == {"places": 2, "free": True, "waiting": 0, "minutes": 0}


def test_the_lobby_is_told_that_all_places_are_taken_and_nothing_that_nobody_knows(learner):
    pool.sign_in(Worker("gpu@here", 2, 2))
    assert told(learner) == {"places": 2, "free": False, "waiting": 0}


def test_the_lobby_is_told_about_how_long_it_takes(learner):
    pool.sign_in(Worker("gpu@here", 2, 2))
    for _ in range(5):
        pool.lease_lasted(480)
    assert told(learner) == {"places": 2, "free": False, "waiting": 0, "minutes": 4}


@pytest.fixture
def token(settings):
    settings.METRICS_TOKEN = "the-token"


def test_there_are_no_metrics_where_the_site_has_no_token_for_them(client):
    assert client.get("/metrics").status_code == 404


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("shown", [{}, {"Authorization": "Bearer guess"}, {"Authorization": "the-token"}])
def test_the_metrics_are_for_whoever_has_the_token(client, shown):
    assert client.get("/metrics", headers=shown).status_code == 401


@pytest.mark.usefixtures("token")
def test_the_metrics_show_places_leases_and_who_waits(client):
    pool.sign_in(Worker("gpu@here", 2, 1))
    pool.failed_over(0.5)
    answer = client.get("/metrics", headers={"Authorization": "Bearer the-token"})
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = answer.content.decode().splitlines()
    assert 'coachtool_slots{worker="gpu@here"} 2' in lines
    assert 'coachtool_leases{worker="gpu@here"} 1' in lines
    assert "coachtool_waiting 0" in lines
    assert "coachtool_failover_seconds_count 1" in lines and "coachtool_failover_seconds_sum 0.5" in lines


def test_a_stage_is_a_histogram_whose_buckets_add_up():
    stages = {"voice": {"counts": [1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1], "seconds": 6.25}}
    lines = exposition.text(Pool((Worker('gpu@"a"', 1, 0, stages=stages),)), COUNTS).splitlines()
    of = r'worker="gpu@\"a\"",stage="voice"'
    assert f'coachtool_stage_seconds_bucket{{{of},le="0.005"}} 1' in lines
    assert f'coachtool_stage_seconds_bucket{{{of},le="0.025"}} 3' in lines
    assert f'coachtool_stage_seconds_bucket{{{of},le="+Inf"}} 4' in lines
    assert f"coachtool_stage_seconds_count{{{of}}} 4" in lines
    assert f"coachtool_stage_seconds_sum{{{of}}} 6.25" in lines


def test_every_line_is_a_comment_or_a_sample():
    import re

    sample = re.compile(r'coachtool_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+')
    text = exposition.text(Pool((Worker("a", 1, 0, draining=True),)), COUNTS)
    for line in text.splitlines():
        assert line.startswith(("# HELP ", "# TYPE ")) or sample.fullmatch(line), line


@pytest.fixture
def away(monkeypatch):
    """Valkey, as redis-py tells of it where it times out while it connects."""

    def refuse():
        raise ValueError("Timeout connecting to server")

    monkeypatch.setattr(pool, "read", refuse)


@pytest.mark.usefixtures("away")
def test_the_lobby_is_told_nothing_while_valkey_is_away(learner):
    assert told(learner) == {}


@pytest.mark.usefixtures("token", "away")
def test_whoever_asks_for_metrics_is_told_that_valkey_is_away(client):
    assert client.get("/metrics", headers={"Authorization": "Bearer the-token"}).status_code == 503
