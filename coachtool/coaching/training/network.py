"""The judge's network: the lower layers of an MPNet of width 768, reading a key point (or a rule) beside what was said.

Plain torch, so that training needs no library but torch itself and the export is one small graph. The layout is that
of Song et al., "MPNet: Masked and Permuted Pre-training for Language Understanding" (2020): post-norm layers, and a
bias by relative position that all layers share. The head compares the two texts' mean vectors beside the first token's,
as Reimers and Gurevych, "Sentence-BERT" (2019), do: the start was trained to make such means alike for like meanings.
"""

from __future__ import annotations

import math
import re
import zipfile
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from coachtool.coaching.entail import BREAK

WIDTH, INNER, HEADS, VOCABULARY, POSITIONS = 768, 3072, 12, 30527, 514
LAYERS = 9
"""Layers kept of the twelve: three quarters of the time, and the uppermost were made for comparing whole sentences."""

_FIRST = 2  # the number of the first position
_BUCKETS, _FAR = 32, 128  # kinds of distance between two tokens, and the distance that is simply far
_POOLED = 256
_DROP = 0.1
_NORM = 1e-5


class Layer(nn.Module):
    """One encoder layer, post-norm as in BERT."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.norm_attention = nn.LayerNorm(WIDTH, eps=_NORM)
        self.up = nn.Linear(WIDTH, INNER)
        self.down = nn.Linear(INNER, WIDTH)
        self.norm_output = nn.LayerNorm(WIDTH, eps=_NORM)

    def forward(self, hidden: Tensor, bias: Tensor) -> Tensor:
        batch, length, _ = hidden.shape
        query, key, value = (
            part.view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2) for part in self.qkv(hidden).split(WIDTH, 2)
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias.to(query.dtype))
        mixed = self.out(mixed.transpose(1, 2).reshape(batch, length, WIDTH))
        hidden = self.norm_attention(hidden + functional.dropout(mixed, _DROP, self.training))
        raised = self.down(functional.gelu(self.up(hidden)))
        return self.norm_output(hidden + functional.dropout(raised, _DROP, self.training))


class Judge(nn.Module):
    """Token ids (batch, length) int64 and their mask, float32, to one logit each (batch,)."""

    def __init__(self, layers: int = LAYERS):
        super().__init__()
        self.word = nn.Embedding(VOCABULARY, WIDTH)
        self.position = nn.Embedding(POSITIONS, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=_NORM)
        self.distance = nn.Embedding(_BUCKETS, HEADS)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.pool = nn.Linear(5 * WIDTH, _POOLED)
        self.head = nn.Linear(_POOLED, 1)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        length = ids.shape[1]
        places = torch.arange(_FIRST, length + _FIRST, device=ids.device)[None]
        hidden = self.norm(self.word(ids) + self.position(places))
        hidden = functional.dropout(hidden, _DROP, self.training)
        bias = self.distance(_buckets(length)).permute(2, 0, 1)[None] + (1.0 - mask[:, None, None, :]) * -1e4
        for layer in self.layers:
            hidden = layer(hidden, bias)
        ends = (ids == BREAK).long().cumsum(1)
        asked = _mean(hidden, (ends == 0).to(hidden.dtype))
        said = _mean(hidden, (ends >= 2).to(hidden.dtype) * mask.to(hidden.dtype))
        joint = torch.cat([hidden[:, 0], asked, said, (asked - said).abs(), asked * said], 1)
        pooled = functional.dropout(torch.tanh(self.pool(joint)), _DROP, self.training)
        return self.head(pooled)[:, 0]


def _mean(hidden: Tensor, of: Tensor) -> Tensor:
    """The mean over the tokens that `of` marks, (batch, width)."""
    return (hidden * of[:, :, None]).sum(1) / of.sum(1, keepdim=True).clamp(min=1)


def _buckets(length: int) -> Tensor:
    """The kind of distance from each token to each, as in T5: near ones singly, far ones by their logarithm."""
    ahead = torch.arange(length)[None, :] - torch.arange(length)[:, None]
    half, exact = _BUCKETS // 2, _BUCKETS // 4
    far = exact + torch.log(ahead.abs().clamp(min=1).float() / exact) / math.log(_FAR / exact) * (half - exact)
    near = torch.where(ahead.abs() < exact, ahead.abs(), far.long().clamp(max=half - 1))
    return near + (ahead > 0).long() * half


def start(path: Path) -> Judge:
    """The network that training begins with: a checkpoint, an exported network, or an MPNet's weights (safetensors)."""
    ways = {".pt": load, ".onnx": exported}
    return ways.get(path.suffix, pretrained)(path)


def load(path: Path) -> Judge:
    """A checkpoint that train.py wrote."""
    weights = torch.load(path)
    judge = Judge(1 + max(int(name.split(".")[1]) for name in weights if name.startswith("layers.")))
    judge.load_state_dict(weights)
    return judge


def exported(path: Path) -> Judge:
    """What export.py wrote, its eight bits as float32 again."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    found = {one.name: torch.tensor(numpy_helper.to_array(one)) for one in graph.initializer}
    whole = {
        name.removesuffix("_quantized"): found[name.replace("_quantized", "_scale")]
        * (found[name].float() - found[name.replace("_quantized", "_zero_point")].float())
        for name in found
        if name.endswith("_quantized")
    } | found
    # The exporter turns a matrix over and names it by a number; the node that uses it has our name.
    for node in graph.node:
        if node.op_type in ("MatMul", "MatMulInteger") and node.input[1].removesuffix("_quantized") in whole:
            ours = re.split("/(?:MatMul|Gemm)", node.name.removeprefix("/"))[0].replace("/", ".")
            whole[f"{ours}.weight"] = whole[node.input[1].removesuffix("_quantized")].T
    judge = Judge(1 + max(int(name.split(".")[1]) for name in whole if name.startswith("layers.")))
    judge.load_state_dict({name: whole[name] for name in judge.state_dict()})
    return judge


def pretrained(path: Path, layers: int = LAYERS) -> Judge:
    """The lowest layers of an MPNet: model.safetensors with the names of Hugging Face, or a zip that holds it."""
    from safetensors.torch import load as read

    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as whole:
            theirs = read(whole.read(next(name for name in whole.namelist() if name.endswith("model.safetensors"))))
    else:
        theirs = read(path.read_bytes())
    judge = Judge(layers)
    ours = judge.state_dict()
    for mine, names in _names(layers).items():
        for kind in ("weight", "bias"):
            if f"{mine}.{kind}" in ours:
                ours[f"{mine}.{kind}"] = torch.cat([theirs[f"{name}.{kind}"] for name in names])
    judge.load_state_dict(ours)
    return judge


def _names(layers: int) -> dict[str, list[str]]:
    """Ours to theirs, but for the head, which is new."""
    names = {
        "word": ["embeddings.word_embeddings"],
        "position": ["embeddings.position_embeddings"],
        "norm": ["embeddings.LayerNorm"],
        "distance": ["encoder.relative_attention_bias"],
    }
    for number in range(layers):
        layer = f"encoder.layer.{number}"
        names |= {
            f"layers.{number}.qkv": [f"{layer}.attention.attn.{part}" for part in ("q", "k", "v")],
            f"layers.{number}.out": [f"{layer}.attention.attn.o"],
            f"layers.{number}.norm_attention": [f"{layer}.attention.LayerNorm"],
            f"layers.{number}.up": [f"{layer}.intermediate.dense"],
            f"layers.{number}.down": [f"{layer}.output.dense"],
            f"layers.{number}.norm_output": [f"{layer}.output.LayerNorm"],
        }
    return names
