"""The child process: `python -m knowledge.reading.child FILE KIND NAME [ADDRESS]` prints a Reading as JSON.

It has limits on memory and processor time, no environment, and no business but this one file.
"""

from __future__ import annotations

import json
import resource
import sys
from collections import Counter
from pathlib import Path

from knowledge.reading.blocks import Skipped, blocks_of, links_of, title_of
from knowledge.reading.charsets import decoded_page
from knowledge.reading.chunking import Piece, pieces_of
from knowledge.reading.kinds import Unreadable
from knowledge.reading.pages import continued

MEMORY = 2_000_000_000  # bytes of address space
SECONDS = 90  # of processor time
WRITTEN = 10_000_000  # bytes of a file: what a library complains of on stderr
MOST_PIECES = 20_000
MOST_PLACES = 300  # lines of the report of what was read


def main(arguments: list[str]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (WRITTEN, WRITTEN))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    path, kind, name, *address = arguments
    try:
        answer = read(Path(path), kind, name, address[0] if address else "")
    except Unreadable as problem:
        answer = {"problem": str(problem)}
    except MemoryError:
        answer = {"problem": "Reading it takes more memory than a document may. Split it into smaller documents."}
    sys.stdout.write(json.dumps(answer))


def read(path: Path, kind: str, name: str, address: str) -> dict:
    skipped: list[Skipped] = []
    title, pages = "", set()

    def blocks():
        nonlocal title
        whole = blocks_of(path, kind, name)
        for found in continued(whole) if kind == "pdf" else whole:
            if isinstance(found, Skipped):
                skipped.append(found)
                continue
            if found.level and not title:
                title = found.text
            pages.add(found.page)
            yield found

    pieces: list[Piece] = []
    for piece in pieces_of(blocks()):
        if len(pieces) == MOST_PIECES:
            skipped.append(Skipped(f"After passage {MOST_PIECES}", "At most this many are kept of one document."))
            break
        pieces.append(piece)
    if not pieces:
        raise Unreadable(
            "There is no text in it. Scanned pages can't be read: add a version whose text can be selected."
            if kind in ("pdf", "pptx")
            else "There is no text in it."
        )
    links: dict = {}
    if kind == "html" and address:
        page = decoded_page(path.read_bytes())
        links, title = links_of(page, address), title_of(page) or title
    return {
        "title": title,
        "pieces": [[piece.text, piece.heading, piece.page] for piece in pieces],
        "pages": len(pages - {None}),
        "words": sum(len(piece.text.split()) for piece in pieces),
        "read": _report(pieces, "Slide" if kind == "pptx" else "Page"),
        "skipped": [{"place": each.place, "reason": each.reason} for each in skipped[:MOST_PLACES]],
        **links,
    }


def _report(pieces: list[Piece], unit: str) -> list[dict]:
    """Words by page, or by heading where there are no pages."""
    words: Counter[str] = Counter()
    for piece in pieces:
        place = f"{unit} {piece.page}" if piece.page else piece.heading.rpartition(" > ")[2] or "Text"
        words[place] += len(piece.text.split())
    report = [{"place": place, "words": count, "note": ""} for place, count in words.items()]
    if len(report) > MOST_PLACES:
        rest = report[MOST_PLACES:]
        report[MOST_PLACES:] = [{"place": f"{len(rest)} more", "words": sum(e["words"] for e in rest), "note": ""}]
    return report


if __name__ == "__main__":
    main(sys.argv[1:])
