"""The pool of workers and the queue of conversations that wait for one, in a real Valkey."""

import asyncio
from types import SimpleNamespace

import pytest
from django.core.cache import cache

from coachtool.site import heartbeat
from realtime import names, pool, process, workers
from realtime.pool import Pool, Worker


@pytest.fixture(autouse=True)
def empty():
    valkey = heartbeat.valkey()
    keys = valkey.keys("coachtool:*")
    if keys:
        valkey.delete(*keys)
    return valkey


def queue_up(valkey, *attempts, living=True):
    for place, attempt in enumerate(attempts):
        valkey.zadd(names.WAITING, {attempt: place})
        if living:
            cache.set(names.alive(attempt), 1, 30)


def test_only_living_conversations_count_as_before_me(empty):
    queue_up(empty, "dead", living=False)
    queue_up(empty, "first", "second", "third")
    assert pool.read().before("third") == 2
    assert empty.zscore(names.WAITING, "dead") is None


def test_who_does_not_wait_yet_would_come_after_all_that_do(empty):
    queue_up(empty, "first", "second")
    assert pool.read().before("somebody") == 2


def test_a_worker_is_in_the_pool_while_it_signs_in_and_until_it_signs_off():
    pool.sign_in(Worker("gpu@here", 3, 1, models={"voice": "v"}, stages={"voice": {"counts": [1], "seconds": 2.0}}))
    (worker,) = pool.read().workers
    assert (worker.slots, worker.taken, worker.free, worker.models) == (3, 1, 2, {"voice": "v"})
    pool.sign_off("gpu@here")
    assert pool.read() == Pool()


def test_a_worker_that_drains_has_no_place_left_to_give():
    pool.sign_in(Worker("gpu@here", 3, 1, draining=True))
    now = pool.read()
    assert (now.slots, now.free) == (0, 0)


def test_how_long_it_takes_is_told_from_how_long_the_last_conversations_took():
    for _ in range(5):
        pool.lease_lasted(480)
    pool.sign_in(Worker("gpu@here", 2, 2))
    now = pool.read()
    assert now.typical == 480
    assert (now.minutes(0), now.minutes(1), now.minutes(2)) == (4, 8, 12)


def test_nothing_is_estimated_from_too_few_conversations_or_such_as_broke_off():
    for seconds in (480, 480, 480, 480, 3, 5, 8):
        pool.lease_lasted(seconds)
    pool.sign_in(Worker("gpu@here", 2, 2))
    assert pool.read().minutes(0) is None
    assert pool.counts()["leases"] == 7


def test_a_free_place_is_there_at_once_for_as_many_as_there_are_places():
    now = Pool((Worker("a", 2, 1), Worker("b", 1, 0)), typical=600.0)
    assert [now.minutes(before) for before in range(3)] == [0, 0, 4]


@pytest.fixture
def asked(monkeypatch):
    asks = []
    monkeypatch.setattr(workers.lease, "apply_async", lambda args, **options: asks.append(args))
    return asks


async def test_a_worker_is_asked_for_only_by_as_many_as_there_are_places(empty, asked):
    pool.sign_in(Worker("gpu@here", 2, 1))
    await asyncio.to_thread(queue_up, empty, "first", "second")
    for attempt in ("second", "first"):
        await process._ask_for_worker(attempt, "host", 1, attempt, False)
    assert [token for _, _, token, _ in asked] == ["first"]


async def test_a_conversation_that_lost_its_worker_asks_whoever_waits(empty, asked):
    pool.sign_in(Worker("gpu@here", 2, 2))
    await asyncio.to_thread(queue_up, empty, "first")
    await process._ask_for_worker("lost", "host", 1, "token", True)
    assert asked == [("host", 1, "token", True)]


async def test_a_conversation_that_got_its_worker_waits_no_longer(empty):
    await asyncio.to_thread(queue_up, empty, "served", "next")
    served = SimpleNamespace(phase="live", post=lambda *_: None)
    clock = asyncio.ensure_future(process._tick(served, SimpleNamespace(ready=True), "served"))
    while empty.zscore(names.WAITING, "served") is not None:
        await asyncio.sleep(0.05)
    clock.cancel()
    assert pool.read().before("next") == 0


async def test_who_waits_is_told_how_many_are_before(empty):
    await asyncio.to_thread(queue_up, empty, "before", "me")
    told = asyncio.Queue()
    me = SimpleNamespace(phase="waiting", post=lambda *_: None, audience=SimpleNamespace(publish=told.put))
    clock = asyncio.ensure_future(process._tick(me, SimpleNamespace(ready=False), "me"))
    assert (await asyncio.wait_for(told.get(), 10))["queue"] == 1
    clock.cancel()


async def test_valkey_timing_out_while_it_connects_ends_no_conversation_that_waits(monkeypatch):
    def refuse(*_):
        raise ValueError("Timeout connecting to server")

    monkeypatch.setattr(pool, "read", refuse)
    ticks = asyncio.Queue()
    me = SimpleNamespace(phase="waiting", post=ticks.put_nowait, audience=SimpleNamespace(publish=None))
    clock = asyncio.ensure_future(process._tick(me, SimpleNamespace(ready=False), "me"))
    for _ in range(2):
        await asyncio.wait_for(ticks.get(), 10)
    assert not clock.done()
    clock.cancel()


async def test_valkey_timing_out_while_it_connects_ends_no_conversation_that_lives(monkeypatch):
    beats = asyncio.Queue()

    async def refuse(*_):
        raise ValueError("Timeout connecting to server")

    async def beat():
        beats.put_nowait(True)

    monkeypatch.setattr(process, "cache", SimpleNamespace(aset=refuse))
    alive = asyncio.ensure_future(process._stay_alive(SimpleNamespace(beat=beat), "me", 1))
    await asyncio.wait_for(beats.get(), 10)
    alive.cancel()
