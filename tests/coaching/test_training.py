"""The judge's network as it is trained: it learns, and what is exported can be read by the product and trained on."""

import argparse
import json
import random

import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="needs requirements-training.txt")
pytest.importorskip("onnx", reason="needs requirements-training.txt")

from tokenizers import Tokenizer  # noqa: E402

from coachtool.coaching import entail  # noqa: E402
from coachtool.coaching.training import cases, export, network, train  # noqa: E402

TOKENIZER = Tokenizer.from_file(str(entail.WEIGHTS / "tokenizer.json"))
PAIRS = [
    cases.Pair("Says that the call is recorded.", "Just so you know, this call is being recorded.", True, "paraphrase"),
    cases.Pair("Says that the call is recorded.", "Could I have your address, please?", False, "off_topic"),
    cases.Pair("Nobody promises a refund.", "You'll get your money back, I promise.", True, "touch", task="rule"),
]


@pytest.fixture(scope="module")
def judge():
    """Two layers that know nothing, but are not all alike."""
    torch.manual_seed(5)
    made = network.Judge(layers=2)
    with torch.no_grad():
        for weights in made.parameters():
            weights.add_(0.02 * torch.randn_like(weights))
    return made.eval()


@pytest.fixture(scope="module")
def exported(judge, tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "judge.onnx"
    export.export(judge, path)
    return path


def logits(judge):
    with torch.inference_mode():
        return [float(judge(*train.tensors([row]))) for row in train.rows(TOKENIZER, PAIRS)]


def test_the_exported_network_says_what_the_trained_one_says(judge, exported):
    apart = export.parity(judge, exported, TOKENIZER, PAIRS)
    assert apart["pairs"] == len(PAIRS) and apart["p95"] < 0.05


def test_training_can_go_on_from_the_exported_network(judge, exported):
    again = network.start(exported).eval()
    assert again.state_dict().keys() == judge.state_dict().keys()
    assert logits(again) == pytest.approx(logits(judge), abs=0.2)


def test_some_steps_on_a_few_answers_lower_the_loss_on_them(judge, exported, tmp_path):
    said = [["met" if pair.met else "not_met", pair.kind, pair.said] for pair in PAIRS[:2]]
    case = {"workplace": "a call centre", "id": "1", "key_point": PAIRS[0].text, "said": said}
    (tmp_path / "cases.jsonl").write_text(json.dumps(case))
    torch.save(judge.state_dict(), tmp_path / "start.pt")
    options = argparse.Namespace(
        start=tmp_path / "start.pt", cases=tmp_path, points=None, rules=None, general=None, most=0, easy=exported,
        out=tmp_path / "trained.pt", steps=12, rate=1e-3, floor=1.0, freeze=0, threads=1, float32=True, seed=1,
    )  # fmt: skip
    assert not cases.held_out(cases.written(tmp_path)[0])
    train.train(options)
    right, wrong = logits(network.load(tmp_path / "trained.pt").eval())[:2]
    assert right - wrong > logits(judge)[0] - logits(judge)[1]


def test_what_a_network_knows_already_is_read_one_time_in_five_and_counts_five_fold(exported, monkeypatch):
    known = onnxruntime.InferenceSession(str(exported), providers=["CPUExecutionProvider"])
    batch = train.Batch(train.rows(TOKENIZER, PAIRS[:1]) * 400, [1.0] * 400, [1.0] * 400)

    def counts(easy_below):
        monkeypatch.setattr(train, "_EASY", easy_below)
        return [count for one in train._harder(known, [batch], random.Random(3)) for count in one.counts]

    assert counts(easy_below=0.0) == [1.0] * 400
    assert set(counts(easy_below=100.0)) == {5.0} and 50 < len(counts(easy_below=100.0)) < 110
