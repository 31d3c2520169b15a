"""`manage.py bench retrieval` on a small scale, as it is called."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge import manuals

ROOT = Path(__file__).resolve().parents[2]
PADDING = {
    "en": ["Pull the empty cartridge out by its green handle.", "A cell is referred to by its column and its row."],
    "es": ["Tire del cartucho vacío por el asa de color verde.", "Una celda se nombra por su columna y por su fila."],
    "de": ["Ziehen Sie die leere Kartusche am grünen Griff heraus.", "Eine Zelle heißt nach ihrer Spalte und Zeile."],
}


@pytest.mark.timeout(300)
def test_the_benchmark_asks_documents_among_distractors_and_says_how_many_it_found(tmp_path):
    documents, kept = tmp_path / "documents", tmp_path / "data" / "bench"
    documents.mkdir()
    kept.mkdir(parents=True)
    (documents / "leave.md").write_text("# Leave\n\nStaff have 28 days of leave.\n\n# Sickness\n\nCall by ten.\n")
    for language, texts in PADDING.items():
        (kept / f"passages-{language}-2.json").write_text(json.dumps([["", text] for text in texts]))
    asked = {"id": "1", "document": "leave.md", "language": "en"}
    questions = [
        asked | {"question": "How many days of holiday do I get?", "contains": "28 days"},
        asked | {"question": "When do I report that I am ill?", "contains": "call by ten"},
    ]
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, questions)))
    options = ["--documents", documents, "--questions", tmp_path / "questions.jsonl", "--pad", "6", "--json"]
    ran = subprocess.run(
        [sys.executable, ROOT / "manage.py", "bench", "retrieval", *map(str, options)],
        env={**os.environ, "COACHTOOL_ENV": "test", "COACHTOOL_DATA": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    figures = json.loads(ran.stdout)
    assert (figures["questions"], figures["chunks"], figures["padding"]) == (2, 2, 6)
    assert figures["hit_at_3"] == 1.0
    assert figures["small"] == {"chunks": 2, "questions": 2, "hit_at_3_alone": 1.0, "hit_at_3": 1.0, "same": 1.0}
    assert figures["wrong"] == []
    assert figures["query_p95_ms"] > 0


def test_manuals_that_cannot_be_fetched_are_named_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(manuals.Missing, match="package debian-handbook, which could not be downloaded"):
        manuals.passages("de", 3, tmp_path)
