"""What a question finds, and what it never sees."""

import copy

import numpy as np
import pytest
from django.db import connection

from knowledge import actions, retrieval
from knowledge.library import Library
from knowledge.models import Chunk, Collection, Document
from knowledge.spaces import ENGLISH
from knowledge.words import stems
from tests import factories
from tests.knowledge.conftest import add

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("read_here")]

LEAVE = (
    "# Leave\n\nFull-time staff have 28 days of leave in a calendar year.\n\n# Sickness\n\nReport in by ten o'clock.\n"
)
URLAUB = "# Urlaub\n\nVollzeitkräfte haben 28 Tage Urlaub.\n\n# Krankheit\n\nBis zehn Uhr telefonisch melden.\n"


def found(collection: Collection, question: str, **options) -> list[str]:
    return [passage.text for passage in retrieval.search([collection.pk], collection.tenant_id, question, **options)]


def crowd(collection: Collection, count: int) -> None:
    """Many chunks with vectors in all directions, most of them not far from each other."""
    chance = np.random.default_rng(7)
    vectors = chance.normal(size=(count, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    copied(collection, [(f"crowd {number}", retrieval.as_text(vector)) for number, vector in enumerate(vectors)])


def copied(collection: Collection, rows: list[tuple[str, str]]) -> None:
    """English chunks with their vectors as they are given."""
    document = Document.objects.create(
        collection=collection, kind="file", name="crowd", state="read", language="en", passages=len(rows)
    )
    columns = "collection_id, document_id, ordinal, text, heading, digest, language, stems, dense_en, dense"
    with connection.cursor() as cursor, cursor.copy(f"COPY knowledge_chunk ({columns}) FROM STDIN") as copy_:
        for number, (text, vector) in enumerate(rows):
            copy_.write_row([collection.pk, document.pk, number, text, "", "", "en", stems(text), vector, vector])


def test_a_question_finds_the_passage_that_answers_it_with_its_place(collection):
    add(collection, "policy.md", LEAVE)
    passage, *_ = retrieval.search([collection.pk], collection.tenant_id, "How many days of holiday do I get?")
    assert passage.text == "Full-time staff have 28 days of leave in a calendar year."
    assert (passage.document, passage.place) == ("policy.md", "policy.md, Leave")
    assert 0.4 < passage.likeness < 1
    assert passage.model.startswith("bge-small-en")
    assert Chunk.objects.filter(pk=passage.id).exists()


def test_a_question_in_another_language_finds_its_passage(collection):
    add(collection, "ordnung.md", URLAUB)
    assert found(collection, "Wie viele freie Tage stehen mir im Jahr zu?", limit=1) == [
        "Vollzeitkräfte haben 28 Tage Urlaub."
    ]


def test_a_question_in_one_language_finds_what_stands_in_another(collection):
    add(collection, "policy.md", LEAVE)
    assert "28 days" in found(collection, "Wie viele Urlaubstage habe ich?", limit=1)[0]


def test_an_english_question_reaches_other_languages_where_no_english_is(collection):
    add(collection, "ordnung.md", URLAUB)
    assert "28 Tage" in found(collection, "How many days of holiday do I get?", limit=1)[0]


def test_the_questions_own_language_comes_first(collection):
    add(collection, "policy.md", LEAVE)
    add(collection, "ordnung.md", URLAUB)
    assert "28 days" in found(collection, "How many days of holiday do I get?", limit=1)[0]
    assert "28 Tage" in found(collection, "Wie viele freie Tage stehen mir im Jahr zu?", limit=1)[0]


def test_other_languages_answer_where_the_questions_own_holds_nothing_near(collection):
    add(collection, "printer.md", "# Toner\n\nOpen the flap and pull the empty cartridge out by its green handle.\n")
    add(collection, "ordnung.md", URLAUB)
    assert "28 Tage" in found(collection, "How many days of holiday do I get?", limit=1)[0]


def test_a_rare_word_brings_a_passage_that_others_lie_nearer_than(collection, monkeypatch):
    question = "What is form QX731 for?"
    asked = ENGLISH.question(question)
    chance = np.random.default_rng(3)

    def at(likeness: float) -> str:
        aside = chance.normal(size=384).astype(np.float32)
        aside -= (aside @ asked) * asked
        return retrieval.as_text(likeness * asked + (1 - likeness**2) ** 0.5 * aside / np.linalg.norm(aside))

    rows = [(f"Note {number}", at(0.705)) for number in range(50)] + [("Damage goes on QX731.", at(0.7))]
    copied(collection, rows)
    monkeypatch.setattr(retrieval, "_CANDIDATES", 10)
    assert found(collection, question)[0] == "Damage goes on QX731."


def test_what_a_large_collection_has_in_common_is_no_answer(collection, monkeypatch):
    """A passage about nothing but what all are about lies nearer than the one that answers, and comes after it."""
    question = "How many days of holiday do I get?"
    asked = ENGLISH.question(question)
    chance = np.random.default_rng(5)
    common = chance.normal(size=384).astype(np.float32)
    common = 0.6 * asked + 0.8 * common / np.linalg.norm(common)

    def beside(vector: np.ndarray, spread: float) -> str:
        moved = vector + spread * chance.normal(size=384) / 384**0.5
        return retrieval.as_text(moved / np.linalg.norm(moved))

    aside = chance.normal(size=384).astype(np.float32)
    aside /= np.linalg.norm(aside)
    rows = [(f"Note {number}", beside(common, 0.5)) for number in range(300)]
    copied(collection, [*rows, ("About nothing", beside(common, 0)), ("28", beside(0.55 * asked + 0.83 * aside, 0))])
    monkeypatch.setattr(retrieval, "_MANY", 0)
    assert found(collection, question)[0] == "28"


def test_a_small_collection_among_many_chunks_answers_as_well_as_alone(collection, monkeypatch):
    add(collection, "policy.md", LEAVE)
    questions = ["How many days of holiday do I get?", "When do I have to call in ill?"]
    alone = [found(collection, question) for question in questions]
    monkeypatch.setattr(retrieval, "EXACT", 100)
    crowd(actions.create_collection(collection.tenant, None, "Crowd", None), 300)
    assert [found(collection, question) for question in questions] == alone


def test_a_part_of_many_chunks_is_found_through_the_index_as_well(collection, monkeypatch):
    add(collection, "policy.md", LEAVE)
    question = "How many days of holiday do I get?"
    alone = found(collection, question)
    crowd(actions.create_collection(collection.tenant, None, "Crowd", None), 300)
    monkeypatch.setattr(retrieval, "EXACT", 0)
    assert found(collection, question) == alone


def test_a_collection_of_another_tenant_is_never_seen(collection):
    add(collection, "policy.md", LEAVE)
    stranger = factories.tenant("https://other.example")
    assert retrieval.search([collection.pk], stranger.pk, "How many days of leave?") == ()


def test_nothing_is_found_in_nothing(collection):
    assert retrieval.search([], collection.tenant_id, "How many days of leave?") == ()
    assert found(collection, "How many days of leave?") == []
    assert found(collection, "   ") == []


@pytest.fixture
def attempt(collection):
    course = factories.course(collection.tenant)
    definition = copy.deepcopy(factories.DEFINITION) | {"knowledge": [str(collection.pk), "not-an-id"]}
    link = factories.resource_link(course, factories.version(definition).activity)
    return factories.attempt(link=link, learner=factories.person(collection.tenant))


def test_an_attempts_library_holds_what_its_brief_names(collection, attempt):
    add(collection, "policy.md", LEAVE)
    assert "28 days" in Library.of(attempt).search("How many days of leave do I have?", limit=1)[0].text


def test_an_attempts_library_never_holds_what_belongs_to_others(collection, attempt):
    add(collection, "policy.md", LEAVE)
    collection.course = factories.course(collection.tenant)
    collection.save()
    assert Library.of(attempt).collections == ()
    collection.course, collection.tenant = None, factories.tenant("https://other.example")
    collection.save()
    assert Library.of(attempt).collections == ()


def test_a_library_that_cannot_be_reached_finds_nothing(collection, attempt, monkeypatch):
    from django.db import OperationalError

    library = Library.of(attempt)

    def broken(*arguments):
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(retrieval, "search", broken)
    assert library.search("How many days of leave?") == ()
