"""What a collection holds, by language and by word, is always what its chunks say."""

from collections import Counter
from importlib import import_module

import numpy as np
import pytest
from django.apps import apps
from django.db import connection

from knowledge.models import Chunk, Collection, Tongue, Word
from knowledge.words import stems
from tests.knowledge.conftest import add

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("read_here")]

LEAVE = "# Leave\n\nStaff have 28 days of leave.\n\n# Sickness\n\nReport in by ten o'clock, by telephone.\n"
URLAUB = "# Urlaub\n\nVollzeitkräfte haben 28 Tage Urlaub im Kalenderjahr, Teilzeitkräfte anteilig.\n"


def counted(collection: Collection) -> tuple[dict, dict]:
    tongues = {
        each.language: (each.chunks, each.total, each.total_en) for each in Tongue.objects.filter(collection=collection)
    }
    return tongues, dict(Word.objects.filter(collection=collection).values_list("stem", "chunks"))


def is_right(collection: Collection) -> bool:
    """Compared with a count of all chunks, made here."""
    tongues, words = counted(collection)
    chunks = list(Chunk.objects.filter(collection=collection))
    assert words == Counter(stem for chunk in chunks for stem in chunk.stems)
    assert {language: held[0] for language, held in tongues.items()} == Counter(chunk.language for chunk in chunks)
    for language, (_, total, total_en) in tongues.items():
        for summed, column in ((total, "dense"), (total_en, "dense_en")):
            held = [getattr(chunk, column) for chunk in chunks if chunk.language == language]
            vectors = [vector for vector in held if vector is not None]
            assert (summed is None) == (not vectors)
            assert not vectors or np.allclose(summed, np.sum(vectors, axis=0), atol=1e-3)
    return True


def test_reading_reading_again_and_deleting_are_all_counted(collection):
    policy = add(collection, "policy.md", LEAVE)
    add(collection, "ordnung.md", URLAUB)
    assert is_right(collection)
    assert counted(collection)[1]["leave"] == 1
    add(collection, "policy.md", LEAVE.replace("28 days", "30 days"))
    assert is_right(collection)
    assert "30" in counted(collection)[1]
    policy.delete()
    assert is_right(collection)
    assert "leave" not in counted(collection)[1]
    collection.delete()
    assert not Tongue.objects.exists()
    assert not Word.objects.exists()


def test_chunks_from_before_the_counting_are_counted_by_the_migration(collection):
    add(collection, "policy.md", LEAVE)
    before = counted(collection)[1]
    migration = import_module("knowledge.migrations.0002_words_and_tongues")
    Chunk.objects.update(stems=[])
    Tongue.objects.all().delete()
    Word.objects.all().delete()
    migration.give_stems(apps, None)
    with connection.cursor() as cursor:
        cursor.execute(migration.COUNT_WHAT_IS_THERE)
    assert counted(collection)[1] == before
    assert is_right(collection)


def test_words_are_compared_without_case_accents_and_endings():
    assert stems("Las VACACIONES, vacación") == ["las", "vacac"]
    assert stems("Is it on form D7 or in §12?") == ["12", "d7", "form"]
