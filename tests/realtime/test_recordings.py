"""Frames as the browser reads them, and the recordings that it is shipped with."""

import base64
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from realtime.rendering import recordings
from realtime.rendering.behaviour.events import Floor, Mood, Speak
from realtime.rendering.behaviour.mouth import Movement
from realtime.rendering.codec import decode, encode
from realtime.rendering.frames import COEFFICIENTS
from tests.node import node

ROOT = Path(__file__).parents[2]
READS = """
import { COEFFICIENTS, unpack } from "./static/face/stream.js";
let given = "";
for await (const part of process.stdin) given += part;
const read = JSON.parse(given).map((packet) => {
    const bytes = Uint8Array.from(Buffer.from(packet, "base64"));
    const { rtp, frames } = unpack(bytes.buffer);
    return { rtp, frames: frames.map(({ at, pose }) => ({ at, pose: [...pose] })) };
});
console.log(JSON.stringify({ names: COEFFICIENTS, read }));
"""


def vectors(frames):
    return np.array([(*frame.coefficients, *frame.turn, *frame.shift) for frame in frames])


def test_the_browser_reads_just_what_was_written():
    wide = Movement.read(("jawOpen",), (0, 200, 800, 1000), ((0,), (0.6,), (0.6,), (0,)), ((200, 1),))
    frames = recordings.performed(4, [(0, Floor("thinking")), (500, Mood("doubtful")), (900, Speak(wide))])
    packets = [encode(frames[at : at + size], rtp) for at, size, rtp in ((0, 4, 2**32 - 1), (4, 1, None), (5, 75, 0))]
    given = json.dumps([base64.b64encode(packet).decode() for packet in packets])
    run = subprocess.run(
        [*node(), "--input-type=module", "-e", READS], input=given, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr[-2000:]
    told = json.loads(run.stdout)
    assert tuple(told["names"]) == COEFFICIENTS
    assert [packet["rtp"] for packet in told["read"]] == [2**32 - 1, None, 0]
    for packet, read in zip(packets, told["read"], strict=True):
        sent = decode(packet)
        assert [frame["at"] for frame in read["frames"]] == [frame.at_ms for frame in sent]
        assert np.allclose([frame["pose"] for frame in read["frames"]], vectors(sent), atol=1e-6)


@pytest.mark.parametrize("state", recordings.LOOPS)
def test_what_is_shipped_is_what_the_engine_does(state):
    """If not: `python -m realtime.rendering.recordings`."""
    data, frames = (recordings.IDLE / f"{state}.frames").read_bytes(), []
    while data:
        size = int.from_bytes(data[:2], "big")
        frames += decode(data[2 : 2 + size])
        data = data[2 + size :]
    made = recordings.loop(state, recordings.LOOPS[state])
    assert len(frames) == len(made)
    assert np.allclose(vectors(frames), vectors(made), atol=0.011)  # a step of the codec's and the platform's rounding
