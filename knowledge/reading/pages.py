"""Sentences that go on over the end of a page are put together again, on the page where they begin."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from knowledge.reading.blocks import Block, Skipped

_ENDED = re.compile(r"[.!?…:;。！？][\"'”’»)\]]*$")
_FIRST = re.compile(r"(.*?[.!?…。！？][\"'”’»)\]]*)(?:\s+|$)(.*)", re.S)  # the first sentence, and what is after it
_DIVIDED = re.compile(r"(?<=[^\W\d_])-$")
_WAITS = re.compile(  # words that no sentence ends with: articles, and what comes before a noun
    r"(?:,|–|—|\b(?:the|a|an|of|to|and|or|with|for|in|by|from|at|your|our|their|its|her|his|my|"
    r"der|die|das|dem|den|des|ein|eine|einen|und|oder|mit|für|von|zur|zum|im|am|"
    r"el|la|los|las|un|una|de|del|y|o|con|para|por|en|le|les|des|du|et|ou|avec|pour|dans|"
    r"il|lo|gli|di|della|e|per|os|as|um|uma|do|da|em))$",
    re.I,
)


def continued(blocks: Iterable[Block | Skipped]) -> Iterator[Block | Skipped]:
    """The blocks of a document with pages, in reading order."""
    last: Block | None = None
    for block in blocks:
        if last is not None and isinstance(block, Block) and _goes_on(last, block):
            rest, block = _divided(block)
            last = replace(last, text=_joined(last.text, rest))
            if block is None:
                continue
        if last is not None:
            yield last
        last = None
        if isinstance(block, Block) and _is_paragraph(block):
            last = block
        else:
            yield block
    if last is not None:
        yield last


def _goes_on(last: Block, block: Block) -> bool:
    """Whether `block` begins a page within the sentence that `last` ends the page before with."""
    if not _is_paragraph(block) or None in (last.page, block.page) or block.page != last.page + 1:
        return False
    if _ENDED.search(last.text):
        return False
    return block.text[0].islower() or bool(_WAITS.search(last.text))


def _is_paragraph(block: Block) -> bool:
    return bool(block.text) and not block.level and not block.rows


def _divided(block: Block) -> tuple[str, Block | None]:
    """The end of the sentence, and what is left of the block."""
    found = _FIRST.match(block.text)
    if found is None:
        return block.text, None
    return found[1], replace(block, text=found[2]) if found[2] else None


def _joined(begun: str, rest: str) -> str:
    if _DIVIDED.search(begun) and rest[0].islower():
        return begun[:-1] + rest
    return f"{begun} {rest}"
