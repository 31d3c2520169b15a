"""The judge's network: a BERT of width 384 that reads a key point (or a rule) beside what was said.

Plain torch, so that training needs no library but torch itself and the export is one small graph.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH, INNER, HEADS, LAYERS, VOCABULARY, POSITIONS = 384, 1536, 12, 12, 30522, 512
_DROP = 0.1
_CALM = 0.1  # a reranker's scores run to ten, which is far too sure for a start


class Layer(nn.Module):
    """One encoder layer, post-norm as in BERT."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.norm_attention = nn.LayerNorm(WIDTH, eps=1e-12)
        self.up = nn.Linear(WIDTH, INNER)
        self.down = nn.Linear(INNER, WIDTH)
        self.norm_output = nn.LayerNorm(WIDTH, eps=1e-12)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        batch, length, _ = hidden.shape
        query, key, value = (
            part.view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2) for part in self.qkv(hidden).split(WIDTH, 2)
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        mixed = self.out(mixed.transpose(1, 2).reshape(batch, length, WIDTH))
        hidden = self.norm_attention(hidden + functional.dropout(mixed, _DROP, self.training))
        raised = self.down(functional.gelu(self.up(hidden)))
        return self.norm_output(hidden + functional.dropout(raised, _DROP, self.training))


class Judge(nn.Module):
    """Token ids to one logit: how far the words show the key point, or touch the rule."""

    def __init__(self, layers: int = LAYERS):
        super().__init__()
        self.word = nn.Embedding(VOCABULARY, WIDTH)
        self.position = nn.Embedding(POSITIONS, WIDTH)
        self.segment = nn.Embedding(2, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.pool = nn.Linear(WIDTH, WIDTH)
        self.head = nn.Linear(WIDTH, 1)

    def forward(self, ids: Tensor, mask: Tensor, segments: Tensor) -> Tensor:
        places = torch.arange(ids.shape[1], device=ids.device)[None]
        hidden = self.norm(self.word(ids) + self.position(places) + self.segment(segments))
        hidden = functional.dropout(hidden, _DROP, self.training)
        bias = (1.0 - mask[:, None, None, :].to(hidden.dtype)) * -1e4
        for layer in self.layers:
            hidden = layer(hidden, bias)
        pooled = functional.dropout(torch.tanh(self.pool(hidden[:, 0])), _DROP, self.training)
        return self.head(pooled)[:, 0]


def start(path: Path) -> Judge:
    """The network that training begins with: a checkpoint of our own, or the weights of an eight-bit BERT (ONNX)."""
    return load(path) if path.suffix == ".pt" else dequantised(path)


def load(path: Path) -> Judge:
    """A checkpoint that train.py wrote."""
    weights = torch.load(path)
    judge = Judge(1 + max(int(name.split(".")[1]) for name in weights if name.startswith("layers.")))
    judge.load_state_dict(weights)
    return judge


def dequantised(path: Path) -> Judge:
    """The network with the weights of a dynamically quantised BERT of width 384 (ONNX, the names of Hugging Face)."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    held = {entry.name.removeprefix("bert."): numpy_helper.to_array(entry) for entry in graph.initializer}

    def opened(name: str) -> np.ndarray:
        zero = held[f"{name}_zero_point"].astype(np.float32)
        return (held[f"{name}_quantized"].astype(np.float32) - zero) * held[f"{name}_scale"]

    theirs = {name: held[name] for name in held if name.endswith((".weight", ".bias"))}
    theirs |= {
        name.removesuffix("_quantized"): opened(name.removesuffix("_quantized"))
        for name in held
        if name.startswith("embeddings.") and name.endswith("_quantized")
    }
    for node in graph.node:
        if node.op_type == "MatMulInteger":
            name = re.sub(r"^/(bert/)?|/(Gemm_)?MatMul_quant$", "", node.name).replace("/", ".")
            theirs[f"{name}.weight"] = opened(node.input[1].removeprefix("bert.").removesuffix("_quantized")).T
    layers = 1 + max(int(found[1]) for name in theirs if (found := re.match(r"encoder\.layer\.(\d+)", name)))
    judge = Judge(layers)
    ours = judge.state_dict()
    for mine, name in _names(layers).items():
        for kind in ("weight", "bias"):
            parts = [theirs[f"{part}.{kind}"] for part in name if f"{part}.{kind}" in theirs]
            if len(parts) == len(name) and f"{mine}.{kind}" in ours:
                ours[f"{mine}.{kind}"] = torch.from_numpy(np.concatenate(parts).copy())
    ours["head.weight"] *= _CALM
    ours["head.bias"] *= 0
    judge.load_state_dict(ours)
    return judge


def _names(layers: int) -> dict[str, list[str]]:
    names = {
        "word": ["embeddings.word_embeddings"],
        "position": ["embeddings.position_embeddings"],
        "segment": ["embeddings.token_type_embeddings"],
        "norm": ["embeddings.LayerNorm"],
        "pool": ["pooler.dense"],
        "head": ["classifier"],
    }
    for number in range(layers):
        layer = f"encoder.layer.{number}"
        names |= {
            f"layers.{number}.qkv": [f"{layer}.attention.self.{part}" for part in ("query", "key", "value")],
            f"layers.{number}.out": [f"{layer}.attention.output.dense"],
            f"layers.{number}.norm_attention": [f"{layer}.attention.output.LayerNorm"],
            f"layers.{number}.up": [f"{layer}.intermediate.dense"],
            f"layers.{number}.down": [f"{layer}.output.dense"],
            f"layers.{number}.norm_output": [f"{layer}.output.LayerNorm"],
        }
    return names
