"""Documents that mean harm, or are not what they seem: a sentence each, the worker alive, the collection intact."""

import io
import zipfile
import zlib

import pytest

from knowledge import actions
from knowledge.models import Document
from knowledge.reading import process
from knowledge.reading.kinds import Unreadable, kind_of
from tests.knowledge.conftest import add

pytestmark = pytest.mark.django_db(transaction=True)

GOOD = "# Leave\n\nStaff have 28 days.\n"


def package(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def pdf_with(stream: bytes, filters: str) -> bytes:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R >>",
        b"<< /Length %d /Filter [%s] >>\nstream\n%s\nendstream" % (len(stream), filters.encode(), stream),
    ]
    data, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    return data + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


def bomb() -> bytes:
    """A hundred megabytes of nothing, deflated twice into less than two kilobytes."""
    once = zlib.compressobj(9)
    packed = b"".join(once.compress(b" " * 1_000_000) for _ in range(100)) + once.flush()
    return pdf_with(zlib.compress(packed, 9), "/FlateDecode /FlateDecode")


REFUSED = {
    "page.pdf": (b"<!DOCTYPE html><html><body>Hello</body></html>", "but the file is a web page"),
    "tool.pdf": (b"\x7fELF\x02\x01\x01" + b"\0" * 100, "a program"),
    "setup.docx": (b"MZ\x90\0" + b"\0" * 100, "a program"),
    "photo.txt": (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "picture"),
    "report.docm": (package({"word/document.xml": b"<w/>"}), "macros"),
    "deck.pptm": (package({"ppt/presentation.xml": b"<p/>"}), "macros"),
    "sheet.xlsm": (package({"xl/workbook.xml": b"<x/>"}), "macros"),
    "hidden.docx": (package({"word/document.xml": b"<w/>", "word/vbaProject.bin": b"x"}), "macros"),
    "sheet.csv": (package({"xl/workbook.xml": b"<x/>"}), "Excel"),
    "old.docx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "old Office file"),
    "pages.docx": (package({"a.txt": b"x"}), "archive"),
    "empty.txt": (b"  \n ", "empty"),
    "broken.pptx": (b"PK\x03\x04" + b"\0" * 200, "damaged"),
    "bytes.txt": (b"abc\0def", "no text"),
    "letter.docx": (b"{\\rtf1 hello}", "RTF"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_not_what_it_seems_is_refused_with_a_sentence(collection, name):
    content, words = REFUSED[name]
    with pytest.raises(actions.Refused) as refusal:
        add(collection, name, content)
    assert refusal.value.field == "file"
    assert words in refusal.value.sentence
    assert name in refusal.value.sentence
    assert not Document.objects.exists()


def test_an_office_file_that_grows_without_measure_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.docx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("word/document.xml", b"<w/>")
        with archive.open("word/media/zeros", "w", force_zip64=True) as part:
            for _ in range(410):
                part.write(b"\0" * 1_000_000)
    with pytest.raises(Unreadable, match="far too large"):
        kind_of(path, path.name)


def test_a_pdf_bomb_leaves_a_sentence_and_the_collection_intact(collection):
    good = add(collection, "good.md", GOOD)
    document = add(collection, "bomb.pdf", bomb())
    assert document.state == Document.State.FAILED
    assert document.problem.endswith(".")
    assert not document.chunks.exists()
    assert good.chunks.count() == 1


def test_a_pdf_that_breaks_off_leaves_a_sentence(collection):
    document = add(collection, "cut.pdf", b"%PDF-1.7\n" + b"garbage " * 100)
    assert document.state == Document.State.FAILED
    assert "damaged" in document.problem


def test_a_presentation_with_broken_parts_leaves_a_sentence(collection):
    document = add(collection, "deck.pptx", package({"ppt/presentation.xml": b"<broken"}))
    assert document.state == Document.State.FAILED
    assert "damaged" in document.problem


def test_a_file_over_the_limit_is_refused_while_it_still_arrives(collection, settings):
    settings.DOCUMENT_MB = 1

    class Endless(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            self.given += size
            return b"a,b\n" * (size // 4)

    file = Endless()
    with pytest.raises(actions.Refused, match="larger than 1 MB") as refusal:
        actions.add_file(collection, "huge.csv", file, None)
    assert refusal.value.field == "file"
    assert file.given < 5_000_000
    assert not list(settings.DATA_DIR.glob("knowledge/incoming-*"))


def test_a_table_with_very_many_rows_is_read_as_far_as_is_allowed(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("name,value\n" + "a row of the table,1\n" * 200_000)
    reading = process.read(path, kind_of(path, path.name), path.name)
    assert sum(text.count("\n") + 1 for text, _, _ in reading.pieces) == 20_000
    assert reading.skipped[0]["place"] == "After row 20000"


def test_what_takes_more_memory_than_a_document_may_leaves_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "_ROOT", _hungry(tmp_path))
    path = tmp_path / "a.txt"
    path.write_text("Hello there.")
    with pytest.raises(Unreadable, match="more memory"):
        process.read(path, kind_of(path, path.name), path.name)


def test_what_never_ends_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "_ROOT", _hungry(tmp_path, "while True: pass"))
    monkeypatch.setattr(process, "TIMEOUT", 1.0)
    path = tmp_path / "a.txt"
    path.write_text("Hello there.")
    with pytest.raises(Unreadable, match="too long"):
        process.read(path, kind_of(path, path.name), path.name)


def _hungry(tmp_path, does: str = "raise MemoryError"):
    """A child of another make, for what no small file can bring ours to do."""
    folder = tmp_path / "root" / "knowledge" / "reading"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder.parent / "__init__.py").touch()
    (folder / "child.py").write_text(does)
    return tmp_path / "root"


def test_entities_of_an_office_file_are_not_unfolded(collection):
    lol = b'<!DOCTYPE x [<!ENTITY a "ha">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 20) for n in range(9)
    )
    parts = {
        "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "word/document.xml": lol + b"]><w>&j;</w>",
    }
    document = add(collection, "laugh.docx", package(parts))
    assert document.state == Document.State.FAILED
    assert document.problem.endswith(".")
