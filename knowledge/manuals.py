"""Passages of real manuals in three languages, cut by the product's own reader and chunker.

They are the handbooks, user guides and school manuals that Debian packages as HTML: what an institution keeps on its
software, its servers and its computer rooms, written and translated by people. Their subjects are other ones than those
of the benchmark's documents, so that no distractor truly answers a question; all but the service desk's questions
therefore have an easier time than among a hundred thousand passages on their own subject.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

from knowledge.languages import language_of
from knowledge.reading.blocks import Block, blocks_of
from knowledge.reading.chunking import Piece, pieces_of
from knowledge.reading.kinds import Unreadable

# language: what in a package's files is written in it
_BOOKS = {
    "en": {
        "debian-handbook": "html/en-US/*.html",
        "debian-edu-doc-en": "*.html",
        "libreoffice-help-en-gb": "en-GB/text/**/*.html",
    },
    "es": {
        "debian-handbook": "html/es-ES/*.html",
        "debian-edu-doc-es": "*.html",
        "libreoffice-help-es": "es/text/**/*.html",
    },
    "de": {
        "debian-handbook": "html/de-DE/*.html",
        "debian-edu-doc-de": "*.html",
        "libreoffice-help-de": "de/text/**/*.html",
    },
}
LANGUAGES = tuple(_BOOKS)
SHORTEST = 80  # characters: less is a label or a line of a program
_SECONDS = 300  # for one package to come


class Missing(Exception):
    """The manuals can't be had here; the message says why and what helps."""


def passages(language: str, count: int, directory: Path) -> list[tuple[str, str]]:
    """`count` different (heading, text), always the same ones; fewer where the manuals hold fewer. Raises Missing.

    Packages and what was read of them stay in `directory` for the next time.
    """
    kept = directory / f"passages-{language}-{count}.json"
    if not kept.exists():
        found = list(_read(language, count, directory))
        kept.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    return [(heading, text) for heading, text in json.loads(kept.read_text(encoding="utf-8"))]


def _read(language: str, count: int, directory: Path) -> Iterator[tuple[str, str]]:
    pages = [
        page
        for package, pattern in _BOOKS[language].items()
        for page in sorted(_unpacked(package, directory).glob(f"**/{pattern}"))
    ]
    random.Random(f"coachtool {language}").shuffle(pages)
    seen: set[str] = set()
    with multiprocessing.get_context("spawn").Pool(min(len(os.sched_getaffinity(0)), 4)) as pool:
        for pieces in pool.imap(_pieces, pages, chunksize=8):
            for piece in pieces:
                if len(piece.text) >= SHORTEST and piece.text not in seen and language_of(piece.text) == language:
                    seen.add(piece.text)
                    yield piece.heading, piece.text
                    if len(seen) == count:
                        return


def _pieces(page: Path) -> list[Piece]:
    with contextlib.suppress(Unreadable):
        return list(pieces_of(block for block in blocks_of(page, "html", page.name) if isinstance(block, Block)))
    return []


def _unpacked(package: str, directory: Path) -> Path:
    """Where the files of a Debian package lie; nothing is installed."""
    target = directory / package
    if target.exists():
        return target
    arriving = directory / f"{package}.arriving"
    arriving.mkdir(parents=True, exist_ok=True)
    try:
        _run(["apt-get", "download", package], arriving)
        archive = next(arriving.glob("*.deb"))
        _run(["dpkg-deb", "--extract", archive.name, "."], arriving)
    except (OSError, subprocess.SubprocessError, StopIteration):
        raise Missing(
            f"The distractors are cut from Debian's package {package}, which could not be downloaded. They need "
            "Debian or Ubuntu and its package archive: run apt-get update and try again, or go without --pad."
        ) from None
    archive.unlink()
    arriving.rename(target)
    return target


def _run(command: list[str], directory: Path) -> None:
    subprocess.run(command, cwd=directory, check=True, capture_output=True, timeout=_SECONDS)
