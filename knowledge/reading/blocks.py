"""Each kind of file as blocks in reading order: headings, paragraphs and tables, with their pages."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import urldefrag, urljoin

from knowledge.reading.charsets import decoded, decoded_page
from knowledge.reading.kinds import Unreadable

MOST_PAGES = 3000
MOST_ROWS = 20_000
MOST_LINKS = 2000
_SPACES = re.compile(r"[ \t\r\f\v\u00a0]+")
_EMPHASIS = re.compile(r"(\*\*|__|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w))")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*(?:\s+\"[^\"]*\")?\)")
_RULE = re.compile(r"^\s*\|?[\s:|-]*-[\s:|-]*\|?\s*$")


@dataclass(frozen=True)
class Block:
    """A heading of `level` 1 to 6, a paragraph, or a table whose first row is its header."""

    text: str = ""
    level: int = 0
    rows: tuple[tuple[str, ...], ...] = ()
    page: int | None = None


@dataclass(frozen=True)
class Skipped:
    """What was not read: where, and why."""

    place: str
    reason: str


def blocks_of(path: Path, kind: str, name: str) -> Iterator[Block | Skipped]:
    """Raises Unreadable."""
    return _READERS[kind](path, name)


def _clean(text: str) -> str:
    return _SPACES.sub(" ", text.replace("\0", "")).strip()


def _pdf(path: Path, name: str) -> Iterator[Block | Skipped]:
    result = _kreuzberg(path, "application/pdf")
    pages = {page["page_number"]: page for page in result.pages or []}
    if len(pages) > MOST_PAGES:
        raise Unreadable(f"It has {len(pages)} pages and at most {MOST_PAGES} are read. Split it into parts.")
    nodes = (result.document or {}).get("nodes", [])
    seen: set[int] = set()
    for node in nodes:
        content, page = node["content"], node.get("page")
        if node.get("content_layer") in ("header", "footer"):
            continue
        match content["node_type"]:
            case "heading" | "title":
                yield Block(_joined(content["text"]), level=content.get("level") or 1, page=page)
            case "table":
                yield from _pdf_table(content["grid"], page)
            case "paragraph" | "list_item" | "code" | "footnote" | "formula" | "quote":
                yield Block(_joined(content.get("text", "")), page=page)
            case _:
                continue
        seen.add(page)
    for number in sorted(pages):
        words = pages[number]["content"].split()
        if number not in seen and words:
            yield Block(_joined(pages[number]["content"]), page=number)
        elif number not in seen:
            yield Skipped(f"Page {number}", "There is no text on it; a scanned page can't be read.")


def _joined(text: str) -> str:
    """Lines of a paragraph as one, with words that were divided at a line's end put together."""
    return _clean(re.sub(r"(?<=[a-zäöüßáéíóúñ])-\s*\n\s*(?=[a-zäöüßáéíóúñ])", "", text).replace("\n", " "))


def _pdf_table(grid: dict[str, Any], page: int | None) -> Iterator[Block]:
    """Its rows as lines: where a PDF's columns end is a guess that tears words apart, where its rows end is not.

    Sentences before the first row are the end of a paragraph that stood over the table.
    """
    cells: dict[int, list[str]] = {}
    for cell in sorted(grid["cells"], key=lambda cell: (cell["row"], cell["col"])):
        cells.setdefault(cell["row"], []).append(_joined(cell["content"]))
    lines = [line for row in cells.values() if (line := " ".join(filter(None, row)))]
    while lines and lines[0].endswith("."):
        yield Block(lines.pop(0), page=page)
    if lines:
        yield Block(rows=tuple((line,) for line in lines), page=page)


def _docx(path: Path, name: str) -> Iterator[Block | Skipped]:
    yield from _markdown_blocks(
        _kreuzberg(path, "application/vnd.openxmlformats-officedocument.wordprocessingml.document").content
    )


def _kreuzberg(path: Path, media_type: str) -> Any:
    import kreuzberg

    config = kreuzberg.ExtractionConfig(
        use_cache=False,
        include_document_structure=True,
        output_format="markdown",
        pages=kreuzberg.PageConfig(extract_pages=True),
    )
    try:
        return kreuzberg.extract_bytes_sync(path.read_bytes(), media_type, config=config)
    except Exception as problem:  # its errors share no base class
        words = str(problem).lower()
        if "password" in words or "encrypt" in words:
            raise Unreadable("The file has a password. Save it without one and add it again.") from None
        raise Unreadable("The file is damaged and can't be opened. Save it anew and add it again.") from None


def _pptx(path: Path, name: str) -> Iterator[Block | Skipped]:
    import pptx

    try:
        slides = list(pptx.Presentation(str(path)).slides)
    except Exception:  # whatever a damaged package makes the library stumble over
        raise Unreadable("The presentation is damaged and can't be opened. Save it anew and add it again.") from None
    for number, slide in enumerate(slides[:MOST_PAGES], 1):
        title = slide.shapes.title
        found = False
        if title is not None and _clean(title.text):
            found = True
            yield Block(
                _clean(title.text.replace("\v", " ").replace("\n", " ")), level=2 if number > 1 else 1, page=number
            )
        for shape in _shapes(slide.shapes):
            if shape is title or (title is not None and shape.shape_id == title.shape_id):
                continue
            if getattr(shape, "has_table", False) and shape.has_table:
                rows = tuple(tuple(_joined(cell.text) for cell in row.cells) for row in shape.table.rows)
                found = True
                yield Block(rows=rows, page=number)
            elif shape.has_text_frame:
                lines = [_clean(paragraph.text) for paragraph in shape.text_frame.paragraphs]
                if text := "\n".join(line for line in lines if line):
                    found = True
                    yield Block(text, page=number)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            notes = _clean(slide.notes_slide.notes_text_frame.text)
            if notes:
                found = True
                yield Block(notes, page=number)
        if not found:
            yield Skipped(f"Slide {number}", "There is no text on it; words inside pictures can't be read.")
    if len(slides) > MOST_PAGES:
        yield Skipped(f"Slides {MOST_PAGES + 1} to {len(slides)}", f"At most {MOST_PAGES} slides are read.")


def _shapes(shapes: Any) -> Iterator[Any]:
    """Those inside of groups as well."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)
        else:
            yield shape


def _csv(path: Path, name: str) -> Iterator[Block | Skipped]:
    text = decoded(path.read_bytes())
    first = text.partition("\n")[0]
    delimiter = max(",;\t|", key=first.count)
    csv.field_size_limit(1_000_000)
    rows: list[tuple[str, ...]] = []
    yield Block(_title(name), level=1)
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1):
            if number > MOST_ROWS + 1:
                yield Skipped(
                    f"After row {MOST_ROWS}", f"At most {MOST_ROWS} rows are read. Split the table into parts."
                )
                break
            if any(cell.strip() for cell in row):
                rows.append(tuple(_joined(cell) for cell in row))
    except csv.Error as problem:
        yield Skipped(f"After row {len(rows)}", f"The rest is no table ({problem}).")
    yield Block(rows=tuple(rows))


def _title(name: str) -> str:
    return PurePath(name).stem.replace("-", " ").replace("_", " ").strip().capitalize()


def _html(path: Path, name: str) -> Iterator[Block | Skipped]:
    import trafilatura

    text = decoded_page(path.read_bytes())
    found = trafilatura.extract(
        text, output_format="markdown", include_tables=True, include_comments=False, include_formatting=True,
        favor_recall=True, with_metadata=False,
    )  # fmt: skip
    if not found:
        raise Unreadable("There is no text on the page besides its menus. It may show its text only with scripts.")
    title = trafilatura.extract_metadata(text)
    if title is not None and title.title and not found.lstrip().startswith("# "):
        yield Block(_clean(title.title), level=1)
    yield from _markdown_blocks(found)


def _markdown(path: Path, name: str) -> Iterator[Block | Skipped]:
    yield from _markdown_blocks(decoded(path.read_bytes()))


def _markdown_blocks(text: str) -> Iterator[Block]:
    lines: list[str] = []
    rows: list[tuple[str, ...]] = []
    fenced = False

    def flush() -> Iterator[Block]:
        nonlocal lines, rows
        if rows:
            yield Block(rows=tuple(rows))
        if lines:
            yield Block("\n".join(lines))
        lines, rows = [], []

    for number, raw in enumerate(text.splitlines()):
        line = raw.strip()
        if line.startswith(("```", "~~~")):
            fenced = not fenced
            continue
        if not fenced and number == 0 and line == "---":
            continue
        heading = None if fenced else re.match(r"(#{1,6})\s+(.+?)\s*#*$", line)
        if heading:
            yield from flush()
            yield Block(_plain(heading[2]), level=len(heading[1]))
        elif not fenced and line.startswith("|"):
            if lines:
                yield from flush()
            if not _RULE.match(line):
                cells = re.split(r"(?<!\\)\|", line.strip("|"))
                rows.append(tuple(_plain(cell.replace("\\|", "|")) for cell in cells))
        elif not line:
            if not fenced:
                yield from flush()
        else:
            if rows:
                yield from flush()
            lines.append(line if fenced else _plain(re.sub(r"^(?:[-*+]|>)\s+", "", line)))
    yield from flush()


def _plain(text: str) -> str:
    return _clean(_EMPHASIS.sub("", _LINK.sub(r"\1", text)))


def _text(path: Path, name: str) -> Iterator[Block | Skipped]:
    """Paragraphs between empty lines; a short line by itself over a paragraph is its heading."""
    yield Block(_title(name), level=1)
    for paragraph in re.split(r"\n\s*\n", decoded(path.read_bytes()).replace("\r\n", "\n").replace("\f", "\n\n")):
        lines = [_clean(line) for line in paragraph.splitlines() if line.strip()]
        if not lines:
            continue
        if _is_heading(lines[0]):
            yield Block(lines.pop(0), level=2)
        if lines:
            yield Block(_joined("\n".join(lines)))


def _is_heading(line: str) -> bool:
    return len(line) <= 70 and len(line.split()) <= 9 and line[-1] not in ".,;:!?…" and any(map(str.isalpha, line))


_READERS: dict[str, Callable[[Path, str], Iterator[Block | Skipped]]] = {
    "pdf": _pdf,
    "docx": _docx,
    "pptx": _pptx,
    "csv": _csv,
    "markdown": _markdown,
    "html": _html,
    "text": _text,
}


def title_of(page: str) -> str:
    """A web page's title, "" where it has none."""
    found = re.search(r"<title[^>]*>(.*?)</title>", page[:200_000], re.I | re.S)
    return _clean(html.unescape(found[1]).replace("\n", " "))[:300] if found else ""


def links_of(page: str, address: str) -> dict[str, Any]:
    """`links`: the addresses that the page at `address` leads to, in order; `unlisted`: it asks not to be kept."""
    import lxml.html

    try:
        tree = lxml.html.fromstring(page.encode("utf-8"), parser=lxml.html.HTMLParser(encoding="utf-8"))
    except (lxml.etree.LxmlError, ValueError):
        return {"links": [], "unlisted": False}
    asked = " ".join(tree.xpath("//meta[translate(@name, 'ROBTS', 'robts')='robots']/@content")).lower()
    base = urljoin(address, next(iter(tree.xpath("//base/@href")), ""))
    links: dict[str, None] = {}
    if "nofollow" not in asked and "none" not in asked:
        for anchor in tree.xpath("//a[@href]")[:MOST_LINKS]:
            if "nofollow" in (anchor.get("rel") or "").lower():
                continue
            try:
                links[urldefrag(urljoin(base, anchor.get("href").strip())).url] = None
            except ValueError:
                continue
    return {"links": list(links), "unlisted": "noindex" in asked or "none" in asked}
