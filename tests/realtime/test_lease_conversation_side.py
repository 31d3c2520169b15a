"""The conversation's side of the lease, against a worker that speaks the wire on a real TCP connection."""

import asyncio

import pytest

from realtime.lease import Lease
from realtime.wire import Wire, WireError


class Worker:
    def __init__(self, host, port, token):
        self.dial = (host, port, token)

    async def __aenter__(self):
        host, port, token = self.dial
        self.wire = Wire(*await asyncio.open_connection(host, port))
        self.wire.send("hello", token=token)
        return self

    async def __aexit__(self, *_):
        self.wire.close()


@pytest.fixture
async def leased():
    asked, events = [], []

    async def ask(*dial):
        asked.append(dial)

    lease = Lease("127.0.0.1", ask, lambda message, pcm: events.append((message, pcm)), {"voice": "v"})
    await lease.open()
    while not asked:
        await asyncio.sleep(0.01)
    yield lease, asked[0], events
    await lease.close()


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_worker_with_the_token_is_begun_and_its_voice_arrives(leased):
    _, dial, events = leased
    async with Worker(*dial) as worker:
        assert await worker.wire.receive() == ("J", {"t": "begin", "voice": "v"})
        worker.wire.send("ready", models={})
        worker.wire.send("voice", id="1.0")
        worker.wire.send_pcm("D", b"\x01\x02")
        worker.wire.send("voice_end", id="1.0")
        await until(lambda: len(events) == 4)
    assert [(message["t"], pcm) for message, pcm in events][2] == ("pcm", b"\x01\x02")


async def test_a_stranger_without_the_token_is_sent_away(leased):
    lease, (host, port, _), _events = leased
    async with Worker(host, port, "guess") as worker:
        assert await worker.wire.receive() == ("J", {"t": "end"})
        with pytest.raises(WireError):
            await worker.wire.receive()
    assert not lease.ready


async def test_the_next_worker_hears_the_turn_that_the_lost_one_was_hearing(leased):
    lease, dial, events = leased
    async with Worker(*dial) as first:
        first.wire.send("ready", models={})
        await until(lambda: lease.ready)
        lease.hear(b"aa")
        lease.forget_audio()
        lease.hear(b"bb")
    await until(lambda: events[-1][0] == {"t": "lost"})
    lease.hear(b"cc")
    async with Worker(*dial) as second:
        await second.wire.receive()
        second.wire.send("ready", models={})
        assert [await second.wire.receive() for _ in range(2)] == [("U", b"bb"), ("U", b"cc")]
