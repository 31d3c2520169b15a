"""The trained network as int8 ONNX, where the product looks for it: `python -m coachtool.coaching.training.export`."""

from __future__ import annotations

import argparse
import hashlib
import random
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer

from coachtool.coaching import entail
from coachtool.coaching.training import cases
from coachtool.coaching.training.network import Judge, load
from coachtool.coaching.training.train import rows, tensors

_OPSET = 17
# Some channels before it are so loud that eight bits for all leave nothing of the others: left in float32.
_WHOLE = ["/layers.7/down/MatMul"]


def export(judge: Judge, path: Path) -> None:
    """Write the network as ONNX, with a dynamic batch and length, quantised to eight bits.

    Weights of seven bits and a sign: twice as fast as unsigned ones on processors with VNNI, and those without it
    don't saturate.
    """
    judge.eval()
    example = tensors([[0, 2000, 2, 2, 2001, 2002, 2]] * 2)
    names = {0: "batch", 1: "length"}
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        torch.onnx.export(
            judge,
            example,
            str(whole),
            input_names=["ids", "mask"],
            output_names=["logit"],
            dynamic_axes={"ids": names, "mask": names, "logit": {0: "batch"}},
            opset_version=_OPSET,
            dynamo=False,
        )
        quantize_dynamic(
            str(whole),
            str(path),
            per_channel=True,
            weight_type=QuantType.QInt8,
            reduce_range=True,
            op_types_to_quantize=["MatMul", "Gather", "Gemm"],
            nodes_to_exclude=_WHOLE,
            extra_options={"MatMulConstBOnly": True},
        )
    onnx.checker.check_model(str(path))


def parity(judge: Judge, path: Path, tokenizer: Tokenizer, pairs: list[cases.Pair]) -> dict[str, float]:
    """How far the exported network's probabilities are from torch's, and how often they fall on the other side."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    gaps, flips = [], 0
    for row in rows(tokenizer, pairs):
        with torch.inference_mode():
            theirs = float(torch.sigmoid(judge(*tensors([row]))))
        ids, mask = entail.padded([row])
        ours = float(1 / (1 + np.exp(-session.run(None, {"ids": ids, "mask": mask})[0][0])))
        gaps.append(abs(ours - theirs))
        flips += (ours > 0.5) != (theirs > 0.5)
    return {
        "pairs": len(gaps),
        "mean": round(float(np.mean(gaps)), 4),
        "p95": round(float(np.quantile(gaps, 0.95)), 4),
        "flips": flips,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path, help="what train.py wrote")
    parser.add_argument("--cases", type=Path, default=Path(__file__).parent / "data")
    parser.add_argument("--out", type=Path, default=entail.WEIGHTS / "judge.onnx")
    options = parser.parse_args()
    torch.set_num_threads(1)
    judge = load(options.weights)
    export(judge, options.out)
    kept = [pair for pair in cases.written(options.cases) if cases.held_out(pair)]
    kept = random.Random(1).sample(kept, min(200, len(kept)))
    tokenizer = Tokenizer.from_file(str(entail.WEIGHTS / "tokenizer.json"))
    print(options.out, options.out.stat().st_size, hashlib.sha256(options.out.read_bytes()).hexdigest()[:12])
    print(parity(judge, options.out, tokenizer, kept))


if __name__ == "__main__":
    main()
