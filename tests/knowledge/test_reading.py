"""What is read of each kind of document, and what is kept whole."""

from pathlib import Path

import pytest

from knowledge.reading import charsets, child, chunking
from knowledge.reading.blocks import Block, Skipped, blocks_of
from knowledge.reading.kinds import kind_of
from knowledge.reading.pages import continued
from tests.knowledge.conftest import add, texts

DOCUMENTS = Path(__file__).parent / "documents"

pytestmark = pytest.mark.django_db


def pieces(name: str) -> list[chunking.Piece]:
    path = DOCUMENTS / name
    found = blocks_of(path, kind_of(path, name).name, name)
    return list(chunking.pieces_of(block for block in found if isinstance(block, Block)))


def over_pages(*blocks: Block) -> list[tuple[int | None, str]]:
    return [(each.page, each.text) for each in continued(blocks)]


def piece_with(name: str, words: str) -> chunking.Piece:
    return next(piece for piece in pieces(name) if words in piece.text)


@pytest.mark.parametrize(
    ("name", "words", "heading", "page"),
    [
        ("claims-handbook.pdf", "2,500 euros alone", "Claims Handbook of Northfield Mutual > Who decides", 1),
        ("acogida-hospital.pptx", "veinte segundos", "Higiene de manos", 3),
        ("reisekosten.docx", "30 Cent je Kilometer", "Bahn und Auto", None),
        ("becas.md", "nivel B2", "Becas y ayudas de la Universidad del Litoral > Movilidad internacional", None),
        ("wohnheim.html", "drei Nettomieten", "Einzug und Kaution", None),
        ("brandschutz.txt", "Wiese hinter der Sporthalle", "Brandschutz > Räumung", None),
        ("student-fees.csv", "Late enrolment", "Student fees", None),
    ],
)
def test_each_kind_keeps_its_headings_and_pages(name, words, heading, page):
    found = piece_with(name, words)
    assert found.heading.endswith(heading)
    assert found.page == page


def test_speaker_notes_are_read_with_their_slide():
    found = piece_with("new-managers.pptx", "Mrs Achebe")
    assert "Hear both sides separately first" in found.text
    assert found.page == 7


def test_menus_and_footers_of_a_web_page_are_left_out():
    read = " ".join(piece.text for piece in pieces("town-library.html"))
    assert "Imprint" not in read
    assert "cookies" not in read


def test_a_row_is_never_split_and_its_header_comes_with_it():
    rows = [line for piece in pieces("tarifas-mensajeria.csv") for line in piece.text.splitlines()]
    assert len(rows) == 14
    assert all(line.startswith("Servicio: ") and "Observaciones: " in line for line in rows)


def test_a_row_longer_than_a_chunk_stays_whole():
    row = ("part", "x " * 1200)
    found = list(chunking.pieces_of([Block(rows=(("name", "value"), row, ("next", "1")))]))
    assert [len(piece.text) > chunking.LONGEST for piece in found] == [True, False]
    assert found[0].text == f"name: part; value: {row[1]}".strip() or found[0].text.count("x") == 1200


def test_a_table_of_a_word_file_keeps_its_rows():
    found = piece_with("teletrabajo.docx", "Técnico de urbanismo")
    assert "Puesto: Técnico de urbanismo; Días a la semana: 2; Condición: visitas de obra aparte" in found.text


def test_a_row_of_a_pdf_table_keeps_its_words_together():
    assert (
        "Baja del contrato Solo en oficina 10 días hábiles"
        in piece_with("manual-atencion-cliente.pdf", "Baja del contrato").text
    )


def test_no_chunk_crosses_a_heading_or_a_page():
    blocks = [Block("One", level=1, page=1), Block("a", page=1), Block("b", page=2), Block("Two", level=1, page=2)]
    found = list(chunking.pieces_of([*blocks, Block("c", page=2)]))
    assert [(piece.heading, piece.text, piece.page) for piece in found] == [
        ("One", "a", 1),
        ("One", "b", 2),
        ("Two", "c", 2),
    ]


def test_long_paragraphs_are_cut_between_sentences():
    sentence = "The form is signed by two people on the same day. "
    found = list(chunking.pieces_of([Block((sentence * 60).strip())]))
    assert len(found) > 2
    assert all(piece.text.endswith("day.") and len(piece.text) <= chunking.LONGEST for piece in found)


def test_text_without_any_space_is_cut_all_the_same():
    found = list(chunking.pieces_of([Block("字" * 5000)]))
    assert "".join(piece.text for piece in found) == "字" * 5000


@pytest.mark.parametrize(
    "data", ["Größe.".encode("utf-8-sig"), "Größe.".encode("utf-16"), "Größe.".encode("cp1252"), "Größe.".encode()]
)
def test_whatever_the_encoding_of_a_text_its_letters_are_right(collection, data):
    assert texts(add(collection, "note.txt", data)) == ["Größe."]


def test_a_read_document_says_what_was_read(collection):
    document = add(collection, "acogida-hospital.pptx", (DOCUMENTS / "acogida-hospital.pptx").read_bytes())
    assert document.state == document.State.READ
    assert (document.progress, document.language, document.pages) == (100, "es", 7)
    assert document.passages == document.chunks.count() > 5
    assert {"place": "Slide 3", "words": 51, "note": ""} in document.read


def test_a_page_without_text_is_reported(tmp_path):
    from reportlab.pdfgen.canvas import Canvas

    path = tmp_path / "scan.pdf"
    canvas = Canvas(str(path))
    canvas.drawString(72, 700, "Only the first page says anything at all.")
    canvas.showPage()
    canvas.rect(100, 100, 200, 200, fill=1)
    canvas.showPage()
    canvas.save()
    found = list(blocks_of(path, "pdf", "scan.pdf"))
    assert [each.place for each in found if isinstance(each, Skipped)] == ["Page 2"]


def test_chunks_of_other_languages_lie_in_the_multilingual_space_only(collection):
    english = add(collection, "a.md", "# Leave\n\nFull-time staff have 28 days of leave in a calendar year.")
    german = add(collection, "b.md", "# Urlaub\n\nVollzeitkräfte haben 28 Tage Urlaub im Kalenderjahr.")
    assert [(c.language, c.dense is not None, c.dense_en is not None) for c in english.chunks.all()] == [
        ("en", True, True)
    ]
    assert [(c.language, c.dense is not None, c.dense_en is not None) for c in german.chunks.all()] == [
        ("de", True, False)
    ]


PARAGRAPH = {
    "iso-8859-2": "Žádost o stipendium podávejte do konce září, příjmy doložte potvrzením úřadu práce.",
    "shift_jis": "奨学金の申請は九月末までに提出してください。収入の証明書が必要です。",
    "koi8-r": "Заявление на стипендию подаётся до конца сентября вместе со справкой о доходах.",
    "gb2312": "奖学金申请必须在九月底之前提交，并附上收入证明和推荐信。",
    "iso-2022-jp": "奨学金の申請は九月末までに提出してください。",
    "windows-1252": "L’été, les bourses sont versées à la fin de l’année – sans exception.",
}


@pytest.mark.parametrize("charset", PARAGRAPH)
@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE html><html><head><meta charset="{}"><title>t</title></head>',
        "<html><head><META HTTP-EQUIV=Content-Type CONTENT='text/html; charset={}'><title>t</title></head>",
        '<?xml version="1.0" encoding="{}"?><html><head><title>t</title></head>',
    ],
)
def test_a_web_page_is_read_in_the_encoding_that_it_names(charset, head, tmp_path):
    page = f"{head.format(charset)}<body><main><h1>Info</h1><p>{PARAGRAPH[charset]}</p></main></body></html>"
    path = tmp_path / "page.html"
    path.write_bytes(page.encode("cp1252" if charset == "windows-1252" else charset))
    read = "".join(piece.text for piece in chunking.pieces_of(blocks_of(path, "html", "page.html")))
    assert PARAGRAPH[charset] in read


@pytest.mark.parametrize("charset", ["hex", "zip", "utf-7", "rot13", "punycode", "no-such", "iso-8859-2"])
def test_what_is_utf8_is_read_so_whatever_the_page_says(charset):
    page = f'<html><head><meta charset="{charset}"></head><p>Größe, taille, méret: ő</p>'
    assert charsets.decoded_page(page.encode()) == page


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        *(("latin1", "cp1252"), ("US-ASCII", "cp1252"), ("Shift_JIS", "cp932"), ("x-sjis", "cp932")),
        *(("KOI8-R", "koi8-r"), (" utf8 ", "utf-8"), ("windows-1251", "cp1251"), ("GB2312", "gb18030")),
        *(("hex", ""), ("utf-7", ""), ("unicode_escape", ""), ("idna", ""), ("no such", ""), ("a\0b", ""), ("", "")),
    ],
)
def test_an_encoding_is_named_as_browsers_understand_it(label, codec):
    assert charsets.codec_of(label) == codec


def test_a_sentence_that_goes_on_over_a_page_of_a_pdf_is_read_whole_on_the_page_where_it_begins():
    found = child.read(DOCUMENTS / "claims-handbook.pdf", "pdf", "claims-handbook.pdf", "")["pieces"]
    (text, page), *more = [(text, page) for text, _, page in found if "Pass the" in text]
    assert "Pass the file to the special investigations unit with form SIU-4" in text and page == 1 and not more
    (rest,) = [page for text, _, page in found if "Never tell the customer that an investigation" in text]
    assert rest == 2


def test_only_the_rest_of_the_sentence_moves():
    assert over_pages(Block("Ask. Then call the", page=1), Block("office at once. Wait. Go on.", page=2)) == [
        (1, "Ask. Then call the office at once."),
        (2, "Wait. Go on."),
    ]
    assert over_pages(Block("Sign the agree-", page=1), Block("ment.", page=2)) == [(1, "Sign the agreement.")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Block("This is all.", page=1), Block("new page", page=2)),
        (Block("Bring your card", page=1), Block("Opening hours are long.", page=2)),
        (Block("Call the", page=1), Block("office", page=3)),
        (Block("Call the", page=1), Block("office", page=1)),
        (Block("Who to call", level=2, page=1), Block("the office", page=2)),
        (Block("Call the", page=1), Block("office", level=2, page=2)),
        (Block("Call the", page=1), Block(rows=(("office", "hours"),), page=2)),
    ],
)
def test_what_does_not_go_on_stays_on_its_own_page(before, after):
    assert list(continued((before, after))) == [before, after]
