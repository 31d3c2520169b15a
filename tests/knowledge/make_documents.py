"""Writes the documents of the development set from `sources/`: `python -m tests.knowledge.make_documents`.

`sources/NAME.pdf.md` becomes `documents/NAME.pdf`; files with one suffix are copied. The sources are a small part of
Markdown: # title, ## heading, paragraphs, "- " lines, tables, and "Notes:" for a slide's speaker notes.
"""

import html
import shutil
from pathlib import Path

HERE = Path(__file__).parent


def parts(text: str) -> list[tuple[str, object]]:
    """(title | heading | text | item | notes, words) or (table, rows) in order."""
    found: list[tuple[str, object]] = []
    for line in text.splitlines():
        kind, words = "text", line.strip()
        for mark, name in (("## ", "heading"), ("# ", "title"), ("- ", "item"), ("Notes: ", "notes")):
            if line.startswith(mark):
                kind, words = name, line.removeprefix(mark)
                break
        if words.startswith("|"):
            if not set(words) <= set("|- "):
                row = [cell.strip() for cell in words.strip("|").split("|")]
                if found[-1][0] == "table":
                    found[-1][1].append(row)
                else:
                    found.append(("table", [row]))
        elif words:
            found.append((kind, words))
    return found


def pdf(text: str, target: Path) -> None:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

    styles = getSampleStyleSheet()
    kinds = {"title": "Title", "heading": "Heading2", "text": "BodyText", "item": "Bullet", "notes": "BodyText"}
    story = []
    for kind, value in parts(text):
        if kind == "table":
            story.append(Table(value, style=[("GRID", (0, 0), (-1, -1), 0.5, "black")]))
        else:
            story += [Paragraph(html.escape(value), styles[kinds[kind]]), Spacer(1, 6)]
    SimpleDocTemplate(str(target), invariant=1).build(story)


def pptx(text: str, target: Path) -> None:
    from pptx import Presentation

    deck = Presentation()
    slide = None
    for kind, value in parts(text):
        if kind == "title":
            deck.slides.add_slide(deck.slide_layouts[0]).shapes.title.text = value
        elif kind == "heading":
            slide = deck.slides.add_slide(deck.slide_layouts[1])
            slide.shapes.title.text = value
            body = slide.placeholders[1].text_frame
            first = True
        elif kind == "item":
            (body.paragraphs[0] if first else body.add_paragraph()).text = value
            first = False
        elif kind == "notes":
            slide.notes_slide.notes_text_frame.text = value
    deck.save(target)


def docx(text: str, target: Path) -> None:
    import docx as library

    document = library.Document()
    for kind, value in parts(text):
        if kind == "table":
            table = document.add_table(len(value), len(value[0]))
            for row, cells in zip(table.rows, value, strict=True):
                for cell, words in zip(row.cells, cells, strict=True):
                    cell.text = words
        elif kind in ("title", "heading"):
            document.add_heading(value, 0 if kind == "title" else 1)
        else:
            document.add_paragraph(value)
    document.save(target)


def page(text: str, target: Path) -> None:
    """With a menu and a footer around it, as web pages have."""
    title, body = "", []
    for kind, value in parts(text):
        if kind == "table":
            rows = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in value)
            body.append(f"<table>{rows}</table>")
        else:
            tag = {"title": "h1", "heading": "h2"}.get(kind, "p")
            title = title or value
            body.append(f"<{tag}>{html.escape(value)}</{tag}>")
    menu = "".join(f'<li><a href="/{name}">{name}</a></li>' for name in ("Home", "News", "Contact", "Imprint"))
    target.write_text(
        f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>{html.escape(title)}</title></head><body>'
        f"<nav><ul>{menu}</ul></nav><main><article>\n{chr(10).join(body)}\n</article></main>"
        "<footer><p>© All rights reserved. We use cookies.</p></footer></body></html>\n"
    )


def copy(text: str, target: Path) -> None:
    target.write_text(text)


WRITERS = {".pdf": pdf, ".pptx": pptx, ".docx": docx, ".html": page}


def main() -> None:
    shutil.rmtree(HERE / "documents", ignore_errors=True)
    (HERE / "documents").mkdir()
    for source in sorted((HERE / "sources").iterdir()):
        name = source.name if source.suffix == ".csv" else source.name.removesuffix(".md")
        if not Path(name).suffix:
            name += ".md"
        WRITERS.get(Path(name).suffix, copy)(source.read_text(), HERE / "documents" / name)


if __name__ == "__main__":
    main()
