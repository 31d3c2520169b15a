"""Blocks cut into chunks that answer by themselves: never across a heading or a page, never within a table's row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from knowledge.reading.blocks import Block

LONGEST = 700  # characters of running text: what one question is about, and what the embedding models take whole
ROWS = 220  # characters of table rows in one chunk; a longer row is a chunk by itself
LONGEST_ROW = 4000
_SENTENCE = re.compile(r"(?<=[.!?…。！？])\s+")


@dataclass(frozen=True)
class Piece:
    """A chunk's text, the path of headings over it, and its page where the format has pages."""

    text: str
    heading: str = ""
    page: int | None = None


def pieces_of(blocks: Iterable[Block]) -> Iterator[Piece]:
    path: dict[int, str] = {}
    waiting: list[str] = []
    page: int | None = None

    def flush() -> Iterator[Piece]:
        nonlocal waiting
        for text in _packed(waiting):
            yield Piece(text, heading, page)
        waiting = []

    heading = ""
    for block in blocks:
        if block.level:
            yield from flush()
            path = {level: words for level, words in path.items() if level < block.level} | {block.level: block.text}
            heading = _path(path)
            page = block.page
            continue
        if block.page != page:
            yield from flush()
            page = block.page
        if block.rows:
            yield from flush()
            for text in _rows(block.rows):
                yield Piece(text, heading, page)
        elif block.text:
            waiting.append(block.text)
    yield from flush()


def _path(path: dict[int, str]) -> str:
    """The headings from the outermost in; the outer ones give way where the path is too long to keep."""
    words = [words[:200] for _, words in sorted(path.items())]
    while len(words) > 1 and len(" > ".join(words)) > 480:
        words.pop(0)
    return " > ".join(words)


def _packed(paragraphs: list[str]) -> Iterator[str]:
    """As few chunks of whole paragraphs as fit; a paragraph that is too long is cut between sentences."""
    parts = [part for paragraph in paragraphs for part in _cut(paragraph)]
    text = ""
    for part in parts:
        if text and len(text) + len(part) + 1 > LONGEST:
            yield text
            text = ""
        text = f"{text}\n{part}" if text else part
    if text:
        yield text


def _cut(paragraph: str) -> Iterator[str]:
    if len(paragraph) <= LONGEST:
        yield paragraph
        return
    text = ""
    for sentence in _SENTENCE.split(paragraph):
        while len(sentence) > LONGEST:  # no sentence: cut it between words, or anywhere
            if text:
                yield text
                text = ""
            at = sentence.rfind(" ", LONGEST // 2, LONGEST)
            at = at if at > 0 else LONGEST
            yield sentence[:at].strip()
            sentence = sentence[at:].strip()
        if text and len(text) + len(sentence) + 1 > LONGEST:
            yield text
            text = ""
        text = f"{text} {sentence}".strip()
    if text:
        yield text


def _rows(rows: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    """Rows with their header's words before each cell: "Fee: 15; Deadline: none"."""
    header, *body = rows
    if not body:
        yield "; ".join(cell for cell in header if cell)[:LONGEST_ROW]
        return
    text = ""
    for row in body:
        cells = (
            f"{header[index]}: {cell}" if index < len(header) and header[index] else cell
            for index, cell in enumerate(row)
            if cell
        )
        line = "; ".join(cells)[:LONGEST_ROW]
        if text and len(text) + len(line) > ROWS:
            yield text
            text = ""
        text = f"{text}\n{line}" if text else line
    if text:
        yield text
