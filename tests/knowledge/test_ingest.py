"""Adding, reading again, deleting: nothing twice, nothing half-done, nothing left behind."""

import io
from datetime import timedelta

import pytest
from django.utils import timezone

from knowledge import actions, ingest, originals, tasks
from knowledge.models import Chunk, Collection, Document
from tests import factories
from tests.knowledge.conftest import add, finish, texts

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("read_here")]

TWO = "# Leave\n\nStaff have 28 days.\n\n# Sickness\n\nReport in by ten o'clock.\n"


def rows(document: Document) -> dict[str, int]:
    return dict(document.chunks.values_list("text", "pk"))


def test_the_same_file_again_does_nothing(collection):
    document = add(collection, "policy.md", TWO)
    before = rows(document)
    again = actions.add_file(collection, "policy.md", io.BytesIO(TWO.encode()), None)
    assert (again.pk, again.state, rows(again)) == (document.pk, Document.State.READ, before)


def test_a_changed_file_keeps_the_chunks_and_vectors_that_did_not_change(collection, monkeypatch):
    before = rows(add(collection, "policy.md", TWO))
    embedded = []
    passage = ingest.WORLD.passage
    monkeypatch.setattr(
        ingest,
        "WORLD",
        type("Counting", (), {"passage": staticmethod(lambda text: embedded.append(text) or passage(text))}),
    )
    document = add(collection, "policy.md", TWO.replace("28", "30"))
    after = rows(document)
    assert embedded == ["Leave\nStaff have 30 days."]
    assert after["Report in by ten o'clock."] == before["Report in by ten o'clock."]
    assert texts(document) == ["Staff have 30 days.", "Report in by ten o'clock."]
    assert Document.objects.count() == 1


def test_the_bytes_of_the_version_before_are_gone(collection):
    first = add(collection, "policy.md", TWO).digest
    second = add(collection, "policy.md", TWO + "\nMore.").digest
    assert not originals.path_of(first).exists()
    assert originals.path_of(second).exists()


def test_a_document_that_fails_to_be_read_anew_goes_on_answering_from_what_was_read(collection):
    document = add(collection, "policy.docx", (_documents() / "leave-and-absence.docx").read_bytes())
    count = document.chunks.count()
    originals.path_of(document.digest).unlink()
    failed = finish(actions.reread(document))
    assert failed.state == Document.State.FAILED
    assert "Add the file again" in failed.problem
    assert failed.chunks.count() == count


def test_deleting_a_document_deletes_chunks_vectors_and_bytes(collection):
    document = add(collection, "policy.md", TWO)
    path = originals.path_of(document.digest)
    actions.delete_document(document)
    assert not path.exists()
    assert not Chunk.objects.exists()
    assert not Document.objects.exists()


def test_bytes_that_another_document_has_as_well_stay(collection):
    other = actions.create_collection(collection.tenant, None, "Other", None)
    document, twin = add(collection, "policy.md", TWO), add(other, "policy.md", TWO)
    actions.delete_document(document)
    assert originals.path_of(twin.digest).exists()
    actions.delete_collection(other)
    assert not originals.path_of(twin.digest).exists()


def test_deleting_a_collection_leaves_nothing(collection):
    add(collection, "policy.md", TWO)
    actions.delete_collection(collection)
    assert (Collection.objects.count(), Document.objects.count(), Chunk.objects.count()) == (0, 0, 0)


def test_a_step_leaves_a_document_alone_that_somebody_else_reads(collection):
    document = actions.add_file(collection, "policy.md", io.BytesIO(TWO.encode()), None)
    Document.objects.update(state=Document.State.READING, due=timezone.now() + timedelta(minutes=1))
    assert ingest.step(document.pk) is False
    assert not Chunk.objects.exists()


def test_what_a_worker_left_behind_when_it_died_is_taken_up_where_it_was(collection, monkeypatch):
    document = actions.add_file(collection, "policy.md", io.BytesIO(TWO.encode()), None)
    assert ingest.step(document.pk, seconds=0) is True  # read, nothing embedded yet
    Document.objects.update(due=timezone.now() - timedelta(minutes=3))
    asked = []
    monkeypatch.setattr(tasks.read, "delay", asked.append)
    tasks.sweep()
    assert asked == [str(document.pk)]
    tasks.sweep()
    assert asked == [str(document.pk)]  # not over and over
    assert finish(document).state == Document.State.READ


def test_a_fault_of_ours_leaves_a_sentence_and_the_worker_alive(collection, monkeypatch):
    document = actions.add_file(collection, "policy.md", io.BytesIO(TWO.encode()), None)

    def broken(*arguments):
        raise ValueError("no such thing")

    monkeypatch.setattr(ingest, "extract", broken)
    tasks.read(str(document.pk))
    document.refresh_from_db()
    assert document.state == Document.State.FAILED
    assert "fault of ours" in document.problem


def test_a_document_deleted_while_it_is_read_stays_deleted(collection):
    document = actions.add_file(collection, "policy.md", io.BytesIO(TWO.encode()), None)
    stale = Document.objects.get(pk=document.pk)
    actions.delete_document(document)
    assert ingest.step(stale.pk) is False
    assert not Chunk.objects.exists()


def test_the_same_bytes_under_another_name_are_refused(collection):
    add(collection, "policy.md", TWO)
    with pytest.raises(actions.Refused, match="is the same as “policy"):
        add(collection, "copy.md", TWO)


@pytest.mark.parametrize("name", ["", "   ", "x" * 201])
def test_a_collection_needs_a_name(collection, name):
    with pytest.raises(actions.Refused) as refusal:
        actions.rename(collection, name)
    assert refusal.value.field == "name"


def test_two_collections_of_one_course_have_different_names(collection):
    with pytest.raises(actions.Refused) as refusal:
        actions.create_collection(collection.tenant, None, " Handbooks ", None)
    assert refusal.value.field == "name"
    course = factories.course(collection.tenant)
    assert actions.create_collection(collection.tenant, course, "Handbooks", None).pk


def test_names_of_files_lose_their_folders(collection):
    assert add(collection, "C:\\docs\\../policy.md", TWO).name == "policy.md"


def _documents():
    from tests.knowledge.test_reading import DOCUMENTS

    return DOCUMENTS
