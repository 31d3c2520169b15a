"""How a key point and what was said stand before the network: token ids, segments, padding."""

from __future__ import annotations

import numpy as np
from tokenizers import Tokenizer

_START, _BREAK = 101, 102
_KEY_POINT, _BEFORE, _SAID = 48, 12, 110  # tokens of each part, at most


def layout(tokenizer: Tokenizer, key_point: str, before: str, said: str) -> tuple[list[int], list[int]]:
    """Token ids and segments: the key point, the end of what was said before, and the end of what was said."""

    def ids(text: str) -> list[int]:
        return tokenizer.encode(text.lower(), add_special_tokens=False).ids

    first = [_START, *ids(key_point)[:_KEY_POINT], _BREAK, *ids(before)[-_BEFORE:], _BREAK]
    second = [*ids(said)[-_SAID:], _BREAK]
    return first + second, [0] * len(first) + [1] * len(second)


def padded(laid: list[tuple[list[int], list[int]]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ids (int64), mask (float32) and segments (int64) of several layouts in one batch, padded to the longest."""
    width = max(len(ids) for ids, _ in laid)
    ids = np.zeros((len(laid), width), np.int64)
    mask = np.zeros((len(laid), width), np.float32)
    segments = np.zeros((len(laid), width), np.int64)
    for row, (tokens, parts) in enumerate(laid):
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1.0
        segments[row, : len(parts)] = parts
    return ids, mask, segments
