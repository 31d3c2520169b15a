"""The queue of conversations that wait for a speech worker, in a real Valkey."""

import asyncio
from types import SimpleNamespace

import pytest
import redis.asyncio
from django.conf import settings
from django.core.cache import cache

from realtime import names, process


@pytest.fixture
async def valkey():
    client = redis.asyncio.from_url(f"{settings.VALKEY_URL}/2")
    await client.delete(names.WAITING)
    yield client
    await client.aclose()


async def queue_up(valkey, *attempts, living=True):
    for place, attempt in enumerate(attempts):
        await valkey.zadd(names.WAITING, {attempt: place})
        if living:
            await cache.aset(names.alive(attempt), 1, 30)


async def test_only_living_conversations_count_as_before_me(valkey):
    await queue_up(valkey, "dead", living=False)
    await queue_up(valkey, "first", "second", "third")
    assert await process._rank(valkey, "third") == 2
    assert await valkey.zscore(names.WAITING, "dead") is None


async def test_a_conversation_that_got_its_worker_waits_no_longer(valkey):
    await queue_up(valkey, "served", "next")
    served = SimpleNamespace(phase="live", post=lambda *_: None)
    clock = asyncio.ensure_future(process._tick(served, SimpleNamespace(ready=True), "served", valkey))
    while await valkey.zscore(names.WAITING, "served") is not None:
        await asyncio.sleep(0.05)
    clock.cancel()
    assert await process._rank(valkey, "next") == 0


async def test_who_waits_is_told_how_many_are_before(valkey):
    await queue_up(valkey, "before", "me")
    told = asyncio.Queue()
    me = SimpleNamespace(phase="waiting", post=lambda *_: None, audience=SimpleNamespace(publish=told.put))
    clock = asyncio.ensure_future(process._tick(me, SimpleNamespace(ready=False), "me", valkey))
    assert (await asyncio.wait_for(told.get(), 10))["queue"] == 1
    clock.cancel()
