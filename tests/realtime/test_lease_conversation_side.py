"""The conversation's side of the lease, against a worker that speaks the wire on a real TCP connection."""

import asyncio
from types import SimpleNamespace

import pytest

from realtime.lease import Lease
from realtime.wire import Wire, WireError


class Worker:
    def __init__(self, host, port, token, urgent=False):
        self.dial = (host, port, token)

    async def __aenter__(self):
        host, port, token = self.dial
        self.wire = Wire(*await asyncio.open_connection(host, port))
        self.wire.send("hello", token=token)
        return self

    async def __aexit__(self, *_):
        self.wire.close()

    async def received(self):
        """The next frame that is more than a sign of life."""
        while (frame := await self.wire.receive()) == ("J", {"t": "beat"}):
            pass
        return frame


@pytest.fixture
async def world(monkeypatch):
    """A lease whose beats are quick, who was asked for it, what it told, and whether it is between turns."""
    monkeypatch.setattr("realtime.lease.BEAT_SECONDS", 0.05)
    monkeypatch.setattr("realtime.lease.QUIET_BEATS", 10)
    world = SimpleNamespace(asked=[], events=[], replaced=[], quiet=True)

    async def ask(*dial):
        world.asked.append(dial)

    world.lease = Lease(
        "127.0.0.1",
        ask,
        lambda message, pcm: world.events.append((message, pcm)),
        {"voice": "v"},
        between_turns=lambda: world.quiet,
        on_replaced=world.replaced.append,
    )
    await world.lease.open()
    await until(lambda: world.asked)
    yield world
    await world.lease.close()


@pytest.fixture
async def leased(world):
    return world.lease, world.asked[0], world.events


def told(world):
    return [message["t"] for message, _ in world.events]


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_worker_with_the_token_is_begun_and_its_voice_arrives(leased):
    _, dial, events = leased
    async with Worker(*dial) as worker:
        assert await worker.received() == ("J", {"t": "begin", "voice": "v"})
        worker.wire.send("ready", models={})
        worker.wire.send("voice", id="1.0")
        worker.wire.send_pcm("D", b"\x01\x02")
        worker.wire.send("voice_end", id="1.0")
        await until(lambda: len(events) == 4)
    assert [(message["t"], pcm) for message, pcm in events][2] == ("pcm", b"\x01\x02")


async def test_a_stranger_without_the_token_is_sent_away(leased):
    lease, (host, port, *_), _events = leased
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
        await second.received()
        second.wire.send("ready", models={})
        assert [await second.received() for _ in range(2)] == [("U", b"bb"), ("U", b"cc")]


async def test_a_worker_that_dies_is_replaced_at_once(world):
    async with Worker(*world.asked[0]) as first:
        first.wire.send("ready", models={})
        await until(lambda: world.lease.ready)
        asked = len(world.asked)
    await until(lambda: len(world.asked) > asked)
    assert told(world) == ["ready", "lost"] and world.asked[-1][3] is True
    async with Worker(*world.asked[-1]) as second:
        second.wire.send("ready", models={})
        await until(lambda: world.lease.ready)
        assert told(world) == ["ready", "lost", "ready"] and len(world.replaced) == 1


async def test_the_first_worker_is_not_urgent(world):
    assert world.asked[0][3] is False


async def test_a_worker_that_hangs_is_given_up_and_the_next_one_with_more_patience(world):
    async with Worker(*world.asked[0]) as first:
        first.wire.send("ready", models={})
        await until(lambda: told(world) == ["ready", "lost"])
        assert not world.lease.ready
    async with Worker(*world.asked[0]) as second:
        second.wire.send("ready", models={})
        await asyncio.sleep(0.6)
        assert told(world) == ["ready", "lost", "ready"]


async def test_a_worker_that_gives_signs_of_life_is_kept_however_little_it_says(world):
    async with Worker(*world.asked[0]) as worker:
        worker.wire.send("ready", models={})
        for _ in range(20):
            await asyncio.sleep(0.05)
            worker.wire.send("beat")
        assert told(world) == ["ready"]


async def beating(worker):
    while True:
        worker.wire.send("beat")
        await asyncio.sleep(0.03)


async def test_a_worker_that_drains_is_left_between_two_turns_for_one_that_is_ready(world):
    world.quiet = False
    async with Worker(*world.asked[0]) as old:
        lives = [asyncio.ensure_future(beating(old))]
        old.wire.send("ready", models={"voice": "old"})
        await until(lambda: world.lease.ready)
        asked = len(world.asked)
        old.wire.send("draining")
        await until(lambda: len(world.asked) > asked)
        assert world.asked[-1][3] is True
        async with Worker(*world.asked[-1]) as new:
            lives.append(asyncio.ensure_future(beating(new)))
            new.wire.send("ready", models={"voice": "new"})
            old.wire.send("voice", id="1.0")
            old.wire.send_pcm("D", b"ab")
            old.wire.send("voice_end", id="1.0")
            await until(lambda: "voice_end" in told(world))
            assert told(world) == ["ready", "voice", "pcm", "voice_end"]
            world.quiet = True
            await until(lambda: told(world)[-1] == "ready")
            assert world.events[-1][0]["models"] == {"voice": "new"} and "lost" not in told(world)
            while (await old.wire.receive())[1] != {"t": "end"}:
                pass
            world.lease.send("speak", id="2.0", text="On it goes.")
            while (await new.wire.receive())[1].get("id") != "2.0":
                pass
            assert world.replaced == []
        for life in lives:
            life.cancel()


async def test_a_draining_worker_that_dies_in_mid_sentence_is_followed_by_the_one_that_is_ready(world):
    world.quiet = False
    async with Worker(*world.asked[0]) as old:
        old.wire.send("ready", models={})
        await until(lambda: world.lease.ready)
        old.wire.send("draining")
        await until(lambda: world.asked[-1][3])
        async with Worker(*world.asked[-1]) as new:
            life = asyncio.ensure_future(beating(new))
            new.wire.send("ready", models={})
            await asyncio.sleep(0.05)
            old.wire.abort()
            await until(lambda: told(world) == ["ready", "lost", "ready"])
            assert world.lease.ready
            life.cancel()


async def test_further_frames_go_both_ways(world):
    pictures = []
    world.lease.frames["V"] = pictures.append
    async with Worker(*world.asked[0]) as worker:
        worker.wire.send("ready", models={})
        await until(lambda: world.lease.ready)
        world.lease.send_frame("F", b"coefficients")
        await worker.received()
        assert await worker.received() == ("F", b"coefficients")
        worker.wire.send_pcm("V", b"packet")
        await until(lambda: pictures == [b"packet"])


async def test_of_the_silence_before_a_turn_only_its_last_seconds_are_kept(world):
    async with Worker(*world.asked[0]) as first:
        first.wire.send("ready", models={})
        await until(lambda: world.lease.ready)
        for second in range(20):
            world.lease.hear(bytes([second]) * 32_000)
    await until(lambda: told(world)[-1] == "lost")
    async with Worker(*world.asked[0]) as second:
        second.wire.send("ready", models={})
        await second.received()
        assert [(await second.received())[1][0] for _ in range(5)] == [15, 16, 17, 18, 19]


async def test_what_was_said_before_there_was_a_worker_is_not_heard_by_the_first_one(world):
    world.lease.hear(b"to somebody in the room")
    async with Worker(*world.asked[0]) as first:
        await first.received()
        first.wire.send("ready", models={})
        await until(lambda: world.lease.ready)
        world.lease.hear(b"to the persona")
        assert await first.received() == ("U", b"to the persona")


async def test_a_turn_that_was_yielded_is_not_heard_by_the_next_worker(world):
    async with Worker(*world.asked[0]) as first:
        first.wire.send("ready", models={})
        await until(lambda: world.lease.ready)
        world.lease.hear(b"aa")
        first.wire.send("speech_started", at_ms=0)
        first.wire.send("floor_yielded", at_ms=0)
        await until(lambda: told(world)[-1] == "floor_yielded")
    await until(lambda: told(world)[-1] == "lost")
    world.lease.hear(b"bb")
    async with Worker(*world.asked[0]) as second:
        await second.received()
        second.wire.send("ready", models={})
        assert await second.received() == ("U", b"bb")


async def test_each_worker_that_takes_over_has_a_number_of_its_own(world):
    numbers = [world.lease.serving]
    for _ in range(2):
        async with Worker(*world.asked[0]) as worker:
            worker.wire.send("ready", models={})
            await until(lambda: world.lease.ready)
            numbers.append(world.lease.serving)
        await until(lambda: told(world)[-1] == "lost")
    assert numbers == [0, 1, 2]


async def test_a_worker_that_goes_before_it_was_ready_makes_the_next_ask_no_more_urgent(world):
    asked = len(world.asked)
    async with Worker(*world.asked[0]) as worker:
        await worker.received()
    await until(lambda: len(world.asked) > asked)
    assert not any(urgent for *_, urgent in world.asked)
