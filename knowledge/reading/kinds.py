"""What a file is, by its content; its name is only asked which sort of plain text it is."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePath

LARGEST_UNPACKED = 400_000_000  # bytes of an Office file's parts; beyond, it is a bomb or not for reading
_HEAD = 4096
_HTML = re.compile(rb"^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
_ENDINGS = {
    ".pdf": "pdf",
    ".docx": "docx",
    ".pptx": "pptx",
    ".csv": "csv",
    ".tsv": "csv",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".txt": "text",
}
_PROGRAMS = (b"MZ", b"\x7fELF", b"\xfe\xed\xfa", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"#!")
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"BM")
_MACRO_ENDINGS = (".docm", ".dotm", ".pptm", ".potm", ".ppsm", ".xlsm", ".xltm", ".xlsb")

ACCEPTED = "PDF, PowerPoint (.pptx), Word (.docx), CSV, Markdown, HTML and plain text"


class Unreadable(Exception):
    """This file can't be read; the message is a sentence for the person who added it."""


@dataclass(frozen=True)
class Kind:
    """A sort of file: its `name` here, what people call it, and its media type."""

    name: str
    words: str
    media_type: str


_OFFICE = "application/vnd.openxmlformats-officedocument."
KINDS = {
    kind.name: kind
    for kind in (
        Kind("pdf", "a PDF", "application/pdf"),
        Kind("docx", "a Word document", _OFFICE + "wordprocessingml.document"),
        Kind("pptx", "a PowerPoint presentation", _OFFICE + "presentationml.presentation"),
        Kind("csv", "a CSV table", "text/csv"),
        Kind("markdown", "Markdown", "text/markdown"),
        Kind("html", "a web page", "text/html"),
        Kind("text", "plain text", "text/plain"),
    )
}


def kind_of(path: Path, name: str) -> Kind:
    """The kind of the file at `path` that its owner calls `name`. Raises Unreadable."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    ending = PurePath(name.lower()).suffix
    if not head.strip():
        raise Unreadable("The file is empty. Check it on your computer and add it again.")
    if ending in _MACRO_ENDINGS:
        raise Unreadable(
            "Files with macros are not accepted. Save it without macros (.docx or .pptx) and add it again."
        )
    found = _by_content(path, head, ending)
    said = _ENDINGS.get(ending)
    texts = ("csv", "markdown", "text")
    if said and said != found and not (said in texts and found in texts):
        raise Unreadable(
            f"The name ends in {ending} but the file is {KINDS[found].words}. "
            "Give it the right ending, or check that it is the file you meant."
        )
    return KINDS[found]


def _by_content(path: Path, head: bytes, ending: str) -> str:
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        return _of_package(path)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(
            "This is an old Office file, or one with a password. Save it as .docx or .pptx without a password "
            "and add it again."
        )
    if head.startswith(_PROGRAMS):
        raise Unreadable(f"This is a program, not a document. Add {ACCEPTED}.")
    if head.startswith(_PICTURES) or head[:4] == b"RIFF" or head[4:8] == b"ftyp":
        raise Unreadable(f"This is a picture or a recording; there is no text in it to read. Add {ACCEPTED}.")
    if head.startswith(b"{\\rtf"):
        raise Unreadable("RTF is not read. Save the document as .docx or PDF and add it again.")
    if not head.startswith((b"\xff\xfe", b"\xfe\xff")) and b"\0" in head:
        raise Unreadable(f"This file is no text and none of the kinds that are read. Add {ACCEPTED}.")
    if _HTML.match(head.removeprefix(b"\xef\xbb\xbf")):
        return "html"
    # Whatever is only text is what its name says; a web page may well begin without <html>.
    said = _ENDINGS.get(ending, "text")
    return said if said in ("csv", "markdown", "text") or (said == "html" and b"<" in head) else "text"


def _of_package(path: Path) -> str:
    """docx or pptx. Looks into the list of parts only; nothing is unpacked."""
    try:
        with zipfile.ZipFile(path) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Unreadable("The file is damaged: it begins like an Office file but can't be opened.") from None
    names = {part.filename for part in parts}
    if any(PurePath(name).name.lower() == "vbaproject.bin" for name in names):
        raise Unreadable("This file holds macros. Save it without macros (.docx or .pptx) and add it again.")
    if sum(part.file_size for part in parts) > LARGEST_UNPACKED or len(parts) > 20_000:
        raise Unreadable("Unpacked, this file is far too large to read. Split it into smaller documents.")
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable("The file has a password. Save it without one and add it again.")
    if "word/document.xml" in names:
        return "docx"
    if "ppt/presentation.xml" in names:
        return "pptx"
    if "xl/workbook.xml" in names:
        raise Unreadable("Excel workbooks are not read. Save the sheet as CSV and add that.")
    raise Unreadable(f"This is an archive. Unpack it and add the documents in it: {ACCEPTED}.")
