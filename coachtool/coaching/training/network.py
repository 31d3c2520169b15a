"""The judge's network: a six-layer BERT of width 384 that reads a key point beside what was said.

Plain torch, so that training needs no library but torch itself and the export is one small graph.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH, INNER, HEADS, LAYERS, VOCABULARY, POSITIONS = 384, 1536, 12, 6, 30522, 512
_DROP = 0.1


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
        mixed = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, dropout_p=_DROP if self.training else 0.0
        )
        mixed = self.out(mixed.transpose(1, 2).reshape(batch, length, WIDTH))
        hidden = self.norm_attention(hidden + functional.dropout(mixed, _DROP, self.training))
        raised = self.down(functional.gelu(self.up(hidden)))
        return self.norm_output(hidden + functional.dropout(raised, _DROP, self.training))


class Judge(nn.Module):
    """Token ids to one logit: how far the words show the key point."""

    def __init__(self):
        super().__init__()
        self.word = nn.Embedding(VOCABULARY, WIDTH)
        self.position = nn.Embedding(POSITIONS, WIDTH)
        self.segment = nn.Embedding(2, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
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


def from_minilm(path: Path) -> Judge:
    """The network with the weights of a MiniLM-L6-H384 checkpoint (safetensors, the names of Hugging Face)."""
    from safetensors.torch import load_file

    theirs, judge = load_file(path), Judge()
    ours = judge.state_dict()
    ours["word.weight"] = theirs["embeddings.word_embeddings.weight"]
    ours["position.weight"] = theirs["embeddings.position_embeddings.weight"]
    ours["segment.weight"] = theirs["embeddings.token_type_embeddings.weight"]
    for kind in ("weight", "bias"):
        ours[f"norm.{kind}"] = theirs[f"embeddings.LayerNorm.{kind}"]
        if f"pooler.dense.{kind}" in theirs:
            ours[f"pool.{kind}"] = theirs[f"pooler.dense.{kind}"]
        for number in range(LAYERS):
            layer = f"encoder.layer.{number}"
            ours[f"layers.{number}.qkv.{kind}"] = torch.cat(
                [theirs[f"{layer}.attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
            )
            for mine, name in {
                "out": "attention.output.dense",
                "norm_attention": "attention.output.LayerNorm",
                "up": "intermediate.dense",
                "down": "output.dense",
                "norm_output": "output.LayerNorm",
            }.items():
                ours[f"layers.{number}.{mine}.{kind}"] = theirs[f"{layer}.{name}.{kind}"]
    judge.load_state_dict(ours)
    return judge
