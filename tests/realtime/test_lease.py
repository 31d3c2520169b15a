"""A worker's lease over a real TCP socket: the protocol with scripted models, then the whole with the real ones."""

import asyncio
import subprocess
import sys
import time

import numpy as np
import pytest

from realtime.perception.protocols import Heard
from realtime.rendering.protocols import Phone, Speech
from realtime.wire import Wire, WireError
from realtime.worker import lease
from realtime.worker.lanes import Lanes
from realtime.worker.models import Engine, Models
from realtime.worker.places import Places
from tests.realtime import speech


class Loudness:
    """Voice activity for scripted sound: loud is speech."""

    name = "loudness 1"
    frame = 512

    def stream(self):
        return self

    def probability(self, samples):
        return float(np.abs(samples).mean() > 0.05)


class Melody:
    name = "melody 1"

    def probability(self, samples):
        return 0.9


class Words:
    name = "words 1"

    def recognise(self, samples, **options):
        return Heard("That is all.", 0.9)


class Tone:
    """Every sentence is two seconds of sound, of which one is 'm'."""

    name = "tone 1"

    def speak(self, text):
        if text == "break":
            raise RuntimeError
        return Speech(np.full(48_000, 1000, np.int16), (Phone("m", 0, 1000), Phone("ɑ", 1000, 2000)))


@pytest.fixture(scope="module")
def scripted():
    return Engine(Models(Loudness(), Melody(), Words(), Tone()), Lanes(2))


class Conversation:
    """The other end of a lease: listens, says `begin`, collects."""

    def __init__(self, engine, silent_seconds=30.0, begin=True, places=None):
        self.engine, self.silent_seconds, self.begins = engine, silent_seconds, begin
        self.places = places or Places(4)
        self.connected = asyncio.Event()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._dialled, "127.0.0.1", 0)
        port = self.server.sockets[0].getsockname()[1]
        self.task = asyncio.ensure_future(
            lease.run("127.0.0.1", port, "the-token", self.engine, self.places, silent_seconds=self.silent_seconds)
        )
        await asyncio.wait_for(self.connected.wait(), 5)
        if self.begins:
            self.wire.send("begin", voice="hibari", language="en", vocabulary=["escalate"])
        return self

    async def __aexit__(self, *_):
        self.wire.close()
        self.server.close()
        await asyncio.wait_for(self.task, 5)

    async def _dialled(self, reader, writer):
        self.wire = Wire(reader, writer)
        self.hello = (await self.wire.receive())[1]
        self.connected.set()

    async def until(self, t, seconds=5):
        """All frames up to and with the next message of type `t`, signs of life left out."""
        frames = []
        async with asyncio.timeout(seconds):
            while True:
                kind, body = await self.wire.receive()
                if body == {"t": "beat"} != {"t": t}:
                    continue
                frames.append((kind, body))
                if kind == "J" and body["t"] == t:
                    return frames

    def hears(self, seconds, level=0.0):
        pcm = np.full(int(seconds * 16_000), int(level * 32767), np.int16)
        for start in range(0, len(pcm), 320):
            self.wire.send_pcm("U", pcm[start : start + 320].tobytes())


async def test_a_lease_says_hello_and_is_ready_when_the_models_are(scripted):
    async with Conversation(scripted) as conversation:
        assert conversation.hello == {"t": "hello", "token": "the-token"}
        (ready,) = await conversation.until("ready")
        assert ready[1]["models"] == {
            "voice_activity": "loudness 1",
            "end_of_turn": "melody 1",
            "recognition": "words 1",
            "voice": "tone 1",
        }


async def test_a_turn_is_reported_in_order(scripted):
    async with Conversation(scripted) as conversation:
        await conversation.until("ready")
        conversation.hears(0.5)
        conversation.hears(1.0, level=0.5)
        for _ in range(150):
            conversation.hears(0.02)
            await asyncio.sleep(0.005)
        frames = await conversation.until("floor_yielded")
        assert [body["t"] for _, body in frames] == [
            "speech_started",
            "speech_paused",
            "partial",
            "transcript",
            "floor_yielded",
        ] or [body["t"] for _, body in frames] == [
            "speech_started",
            "partial",
            "speech_paused",
            "transcript",
            "floor_yielded",
        ]
        transcript, yielded = frames[-2][1], frames[-1][1]
        assert transcript["text"] == "That is all." and transcript["confidence"] == 0.9
        assert abs(transcript["started_ms"] - 500) < 40 and abs(transcript["ended_ms"] - 1500) < 40
        assert yielded["speech_ended_ms"] == transcript["ended_ms"] and yielded["probability"] == 0.9


async def test_speech_is_reported_while_the_persona_speaks(scripted):
    async with Conversation(scripted) as conversation:
        await conversation.until("ready")
        conversation.wire.send("floor", persona=True)
        conversation.hears(1.0, level=0.5)
        await conversation.until("speech_started")


async def test_sentences_come_in_order_lips_first(scripted):
    async with Conversation(scripted) as conversation:
        await conversation.until("ready")
        conversation.wire.send("speak", id="a", text="One.")
        conversation.wire.send("speak", id="b", text="Two.")
        frames = await conversation.until("voice_end") + await conversation.until("voice_end")
        said = [(kind, body["t"], body["id"]) if kind == "J" else kind for kind, body in frames]
        assert said[0] == ("J", "voice", "a") and said[-1] == ("J", "voice_end", "b")
        assert said.index(("J", "voice_end", "a")) < said.index(("J", "voice", "b"))
        sound = [body for kind, body in frames if kind == "D"]
        assert sum(map(len, sound)) == 2 * 96_000 and max(map(len, sound)) <= 1920
        voice = frames[0][1]
        assert voice["duration_ms"] == 2000 and voice["times"][0] == 0 and len(voice["values"]) == len(voice["times"])


async def test_cancel_stops_frames_and_drops_what_is_queued(scripted):
    async with Conversation(scripted) as conversation:
        await conversation.until("ready")
        for number in range(200):
            conversation.wire.send("speak", id=str(number), text="On and on.")
        await conversation.until("voice")
        conversation.wire.send("cancel")
        conversation.wire.send("speak", id="after", text="Something else.")
        heard = []
        while not heard or heard[-1][1] != {"t": "voice_end", "id": "after"}:
            heard.append(await asyncio.wait_for(conversation.wire.receive(), 5))
        voices = [body["id"] for kind, body in heard if kind == "J" and body["t"] == "voice"]
        assert voices[-1] == "after" and len(voices) < 150
        ends = [body["id"] for kind, body in heard if kind == "J" and body["t"] == "voice_end"]
        assert set(voices) - set(ends) <= {voices[-2]} if len(voices) > 1 else True


async def test_a_sentence_that_cannot_be_spoken_is_reported_and_the_next_one_is_spoken(scripted):
    async with Conversation(scripted) as conversation:
        await conversation.until("ready")
        conversation.wire.send("speak", id="a", text="break")
        conversation.wire.send("speak", id="b", text="Two.")
        failed = (await conversation.until("failed"))[-1][1]
        assert failed["stage"] == "voice" and failed["id"] == "a"
        await conversation.until("voice_end")


async def test_the_lease_ends_on_end(scripted):
    async with Conversation(scripted) as conversation:
        await conversation.until("ready")
        conversation.wire.send("end")
        await asyncio.wait_for(conversation.task, 2)


async def test_the_lease_ends_when_the_connection_closes(scripted):
    async with Conversation(scripted) as conversation:
        await conversation.until("ready")
        conversation.wire.close()
        await asyncio.wait_for(conversation.task, 2)


async def test_the_lease_ends_when_nothing_comes_any_more(scripted):
    async with Conversation(scripted, silent_seconds=0.3) as conversation:
        await conversation.until("ready")
        await asyncio.wait_for(conversation.task, 3)
        with pytest.raises(WireError):
            while await conversation.wire.receive() == ("J", {"t": "beat"}):
                pass


async def test_a_worker_says_that_it_lives_while_it_has_nothing_else_to_say(scripted):
    async with Conversation(scripted) as conversation:
        await conversation.until("ready")
        await conversation.until("beat")
        await conversation.until("beat")


async def test_a_worker_that_is_to_end_says_so_and_serves_on(scripted):
    async with Conversation(scripted) as conversation:
        await conversation.until("ready")
        conversation.places.drain(300)
        await conversation.until("draining")
        conversation.wire.send("speak", id="a", text="One.")
        await conversation.until("voice_end")


async def test_a_worker_that_is_to_end_leaves_a_conversation_that_does_not_move_on(scripted):
    async with Conversation(scripted) as conversation:
        await conversation.until("ready")
        conversation.places.drain(0.2)
        await asyncio.wait_for(conversation.task, 5)


async def test_what_a_worker_has_no_use_for_is_no_reason_to_end_the_lease(scripted):
    async with Conversation(scripted) as conversation:
        await conversation.until("ready")
        for kind in ("F", "C"):
            conversation.wire.send_pcm(kind, b"1234")
        conversation.wire.send("something", new=True)
        conversation.wire.send("speak", id=7, text=None)
        conversation.wire.send("speak", id="a", text="One.")
        await conversation.until("voice_end")


async def test_a_worker_that_came_second_goes_back_to_the_pool(scripted):
    async with Conversation(scripted, begin=False) as conversation:
        conversation.wire.send("end")
        await asyncio.wait_for(conversation.task, 2)


async def test_a_conversation_that_is_gone_is_no_error(scripted):
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    await asyncio.wait_for(lease.run("127.0.0.1", port, "t", scripted, Places(4)), 5)


async def test_several_leases_are_served_at_the_same_time(scripted):
    async with Conversation(scripted) as one, Conversation(scripted) as two, Conversation(scripted) as three:
        for conversation in (one, two, three):
            await conversation.until("ready")
            conversation.wire.send("speak", id="a", text="One.")
        for conversation in (three, one, two):
            await conversation.until("voice_end")


def test_the_task_is_acknowledged_before_it_runs_and_goes_to_the_gpu_queue():
    from coachtool.celery import app
    from realtime.workers import lease as task

    assert task.acks_late is False
    assert app.amqp.router.route({}, task.name)["queue"].name == "gpu"


@pytest.mark.whole
async def test_a_whole_lease_with_the_real_models():
    line, samples = speech.line("claims-pass", 3)
    sound, ended_ms = speech.room(samples, after=6)
    pcm = (np.clip(sound, -1, 1) * 32767).astype("<i2")
    async with Conversation(speech.engine()) as conversation:
        await conversation.until("ready")
        began = time.monotonic()

        async def microphone():
            for number, start in enumerate(range(0, len(pcm), 320), 1):
                await asyncio.sleep(max(0.0, began + number * 0.02 - time.monotonic()))
                conversation.wire.send_pcm("U", pcm[start : start + 320].tobytes())

        speaking = asyncio.ensure_future(microphone())
        frames = await conversation.until("floor_yielded", seconds=30)
        assert (time.monotonic() - began) * 1000 > ended_ms
        assert speech.word_errors(frames[-2][1]["text"], line.text) <= 0.15
        conversation.wire.send("speak", id="1", text="Thank you. What else do you write in the note?")
        answer = await conversation.until("voice_end", seconds=10)
        voice = next(body for kind, body in answer if kind == "J" and body["t"] == "voice")
        sound = b"".join(body for kind, body in answer if kind == "D")
        assert len(sound) == voice["duration_ms"] * 48 or abs(len(sound) / 48 - voice["duration_ms"]) <= 1
        assert voice["times"][-1] == voice["duration_ms"] and "jawOpen" in voice["names"]
        heard = speech.engine().models.recogniser.recognise(
            speech.resampled(np.frombuffer(sound, "<i2").astype(np.float32) / 32768, 24_000), language="en"
        )
        assert speech.word_errors(heard.text, "Thank you. What else do you write in the note?") <= 0.15
        speaking.cancel()


@pytest.mark.whole
async def test_a_worker_process_on_the_gpu_queue_dials_back_and_serves_two_leases_at_once(tmp_path):
    from realtime.workers import lease as task

    options = ["-A", "coachtool", "worker", "-Q", "gpu", "-P", "threads", "-c", "2", "-l", "INFO", "-n", "speech@test"]
    with open(tmp_path / "log", "wb") as log:
        worker = subprocess.Popen([sys.executable, "-m", "celery", *options], stdout=log, stderr=log)
    connected: asyncio.Queue[Wire] = asyncio.Queue()
    server = await asyncio.start_server(lambda r, w: connected.put_nowait(Wire(r, w)), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        for token in ("one", "two"):
            await asyncio.to_thread(task.apply_async, ("127.0.0.1", port, token), expires=90)
        wires = [await asyncio.wait_for(connected.get(), 90) for _ in range(2)]
        tokens = {(await wire.receive())[1]["token"] for wire in wires}
        assert tokens == {"one", "two"}
        for wire in wires:
            wire.send("begin", voice="hibari", language="en", vocabulary=[])
            assert (await asyncio.wait_for(wire.receive(), 10))[1]["t"] == "ready"
            wire.send("speak", id="1", text="Good morning.")
        for wire in wires:
            while (await asyncio.wait_for(wire.receive(), 10))[1] != {"t": "voice_end", "id": "1"}:
                pass
            wire.send("end")
        said = (tmp_path / "log").read_text()
        assert said.index("speech models ready") < said.index("speech@test ready") < said.index("received")
    finally:
        server.close()
        worker.terminate()
        await asyncio.to_thread(worker.wait, 20)
