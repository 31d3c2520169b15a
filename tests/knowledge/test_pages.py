"""The pages of the course's documents without scripts: what is there, what was read and not, and who may change it."""

import re
from dataclasses import dataclass

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from coachtool.attempts import access
from coachtool.authoring.models import CourseActivity, Draft
from coachtool.coaching.types import Passage
from knowledge import trial
from knowledge.models import Collection, Crawl, Document
from tests import factories

pytestmark = pytest.mark.django_db


@dataclass
class Teacher:
    """An instructor's browser in one course."""

    course: object
    client: Client
    visit: str

    def url(self, name, *ids):
        return reverse(f"knowledge:{name}", args=[self.visit, *ids])

    def get(self, name, /, *ids, **query):
        return self.client.get(self.url(name, *ids), query)

    def post(self, name, /, *ids, **data):
        return self.client.post(self.url(name, *ids), data)


def teacher_of(course, **more) -> Teacher:
    client = Client()
    session = client.session
    person = factories.person(course.tenant, "Tara Teacher")
    visit = access.admit(session, person=person, role="instructor", course=course, **more)
    session.save()
    return Teacher(course, client, visit.id)


@pytest.fixture(autouse=True)
def data(settings, tmp_path):
    """Where the documents' bytes are kept."""
    settings.DATA_DIR = tmp_path


@pytest.fixture
def teacher(db) -> Teacher:
    return teacher_of(factories.course())


@pytest.fixture
def handbook(teacher) -> Collection:
    return Collection.objects.create(tenant=teacher.course.tenant, course=teacher.course, name="Handbook")


def document(collection, name="Limits.pdf", **more) -> Document:
    values = {"kind": "file", "state": "read", "passages": 4, "pages": 2, "words": 1300, "language": "en"}
    return Document.objects.create(collection=collection, name=name, **{**values, **more})


def version_with(knowledge):
    made = factories.version()
    made.definition = {**made.definition, "knowledge": knowledge}
    made.save()
    return made


def words(page) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


def test_a_course_without_documents_is_told_how_to_begin(teacher):
    page = teacher.get("collections")
    assert "A first collection" in page.text and "This course’s collections" not in page.text


def test_the_list_has_the_courses_own_collections_and_the_shared_ones_and_no_others(teacher, handbook):
    tenant = teacher.course.tenant
    Collection.objects.create(tenant=tenant, name="Rules for everybody")
    Collection.objects.create(tenant=tenant, course=factories.course(tenant), name="Of the other course")
    Collection.objects.create(tenant=factories.tenant("https://b.example"), name="Of another institution")
    document(handbook)
    document(handbook, "b.pdf", state="reading")
    document(handbook, "c.pdf", state="failed", passages=0)
    page = words(teacher.get("collections"))
    assert "Handbook 3 documents, 1 being read, 1 could not be read" in page
    assert "Rules for everybody Empty" in page
    assert "Of the other" not in page and "Of another" not in page


def test_a_collection_shows_its_documents_with_what_became_of_them(teacher, handbook):
    document(handbook, skipped=[{"place": "Page 7", "reason": "A picture."}])
    document(handbook, "b.csv", state="reading", progress=45, passages=0)
    document(handbook, "c.docm", state="failed", passages=0, problem="Save it without macros.")
    page = teacher.get("collection", handbook.pk)
    assert "Limits.pdf PDF, 2 pages, 4 passages, English Read , 1 left out" in words(page)
    assert '<progress max="100" value="45"' in page.text and "Save it without macros." in page.text
    assert "data-busy" in page.text and "Reload this page" in page.text
    Document.objects.filter(state="reading").update(state="read")
    assert "data-busy" not in teacher.get("collection", handbook.pk).text


def test_a_web_address_shows_its_pages_and_what_was_left_out_and_why(teacher, handbook):
    left = [{"place": "https://a.example/private/", "reason": "The site asks programs not to read it."}]
    crawl = Crawl.objects.create(
        collection=handbook, url="https://a.example/", depth=1, pages=9, state="done", skipped=left
    )
    document(handbook, "Start", kind="page", url="https://a.example/", crawl=crawl)
    document(handbook, "Old", kind="page", url="https://a.example/old", crawl=crawl, state="gone", passages=0)
    assert "2 pages, 1 address left out" in words(teacher.get("collection", handbook.pk))
    page = words(teacher.get("crawl", handbook.pk, crawl.pk))
    assert "1 link far, 9 pages at most." in page
    assert "https://a.example/private/ The site asks programs not to read it." in page
    assert "No longer at its address" in page


def test_a_documents_page_says_what_was_read_what_was_not_and_why(teacher, handbook):
    one = document(
        handbook,
        read=[{"place": "Page 1", "words": 300, "note": ""}, {"place": "Page 2", "words": 1, "note": "speaker notes"}],
        skipped=[{"place": "Page 7", "reason": "It is a picture without text."}],
        read_at=timezone.now(),
    )
    page = words(teacher.get("document", handbook.pk, one.pk))
    assert "Page 7 It is a picture without text." in page
    assert "Page 1 300 words" in page and "Page 2 1 word, speaker notes" in page
    assert "Passages 4" in page and "Language English" in page and "Words 1,300" in page


def test_what_a_document_says_cannot_become_markup(teacher, handbook):
    bad = "<script>alert(1)</script>"
    one = document(handbook, f"{bad}.pdf", read=[{"place": bad, "words": 2, "note": bad}])
    for page in (teacher.get("document", handbook.pk, one.pk), teacher.get("collection", handbook.pk)):
        assert bad not in page.text and "&lt;script&gt;alert" in page.text


def test_deleting_is_asked_first_and_names_the_activities_that_draw_on_it(teacher, handbook):
    one = document(handbook)
    for title, published in (("Handing over a claim", True), ("In the works", False)):
        version = version_with([str(handbook.pk)] if published else [])
        CourseActivity.objects.create(activity=version.activity, course=teacher.course)
        version.activity.title = title
        version.activity.save()
        if not published:
            Draft.objects.create(activity=version.activity, definition={"knowledge": [str(handbook.pk)]})
    told = "“Handing over a claim” and “In the works” (draft) answer from this collection."
    assert told in words(teacher.get("delete_collection", handbook.pk))
    assert told in words(teacher.get("delete_document", handbook.pk, one.pk))
    assert Document.objects.filter(pk=one.pk).exists(), "looking deletes nothing"


def test_what_an_older_version_drew_on_is_no_use_any_more(teacher, handbook):
    version = version_with([str(handbook.pk)])
    definition = {**version.definition, "knowledge": []}
    version.activity.versions.create(number=2, definition=definition, published=True)
    assert "No activity answers from it yet" in teacher.get("collection", handbook.pk).text


def test_an_address_that_cannot_be_taken_is_answered_at_its_fields(teacher, handbook):
    page = teacher.post("add_address", handbook.pk, url="not an address", depth="99", pages="1000")
    assert page.status_code == 422
    for sentence in ("This is not a whole web address.", "Choose how far", "Pages: a whole number from 1 to"):
        assert sentence in page.text
    assert 'value="not an address"' in page.text and 'value="1000"' in page.text, "what was typed is kept"


def test_a_refusal_of_the_address_stands_at_its_field(teacher, handbook):
    page = teacher.post("add_address", handbook.pk, url="https://ann:secret@a.example/", depth="0", pages="1")
    assert page.status_code == 422
    assert re.search(r'id="url-fault">[^<]*Leave out the name and password', page.text)
    assert not Crawl.objects.exists()


def test_an_address_is_fetched_as_far_as_was_asked(teacher, handbook):
    answer = teacher.post("add_address", handbook.pk, url="a.example/handbook", depth="2", pages="30")
    assert answer.status_code == 303 and answer["Location"].endswith("#contents")
    crawl = Crawl.objects.get()
    assert (crawl.url, crawl.depth, crawl.pages, crawl.state) == ("https://a.example/handbook", 2, 30, "waiting")
    assert "Waits to be fetched" in teacher.get("collection", handbook.pk).text
    answer = teacher.client.post(teacher.url("recrawl", handbook.pk, crawl.pk), follow=True)
    assert "being read right now" in words(answer)


def test_one_refused_file_keeps_no_other_out(teacher, handbook):
    files = [SimpleUploadedFile("a.md", b"# A"), SimpleUploadedFile("b.exe", b"MZ"), SimpleUploadedFile("c.md", b"# C")]
    page = teacher.post("add_files", handbook.pk, files=files)
    assert page.status_code == 422
    assert re.search(r"2 files added. Not added: b.exe: \w", words(page))
    assert sorted(handbook.documents.values_list("name", "state")) == [("a.md", "waiting"), ("c.md", "waiting")]
    assert handbook.documents.first().added_by.name == "Tara Teacher"
    for name, status in (("b.exe", 422), ("d.md", 201)):
        answer = teacher.client.post(
            teacher.url("add_files", handbook.pk),
            {"files": SimpleUploadedFile(name, b"MZ" if status == 422 else b"# D")},
            headers={"Accept": "application/json"},
        )
        assert answer.status_code == status and bool(answer.json()["refused"]) == (status == 422)


def test_a_collection_is_created_renamed_and_deleted_and_no_two_have_one_name(teacher, handbook):
    answer = teacher.post("collections", name="  Limits ")
    made = Collection.objects.get(name="Limits")
    assert answer["Location"].endswith(f"/documents/{made.pk}/") and made.course == teacher.course
    again = teacher.post("collections", name="Limits")
    assert again.status_code == 422 and "already a collection named “Limits”" in again.text
    page = teacher.post("rename", made.pk, name="Handbook")
    assert page.status_code == 422 and "<h1>Limits</h1>" in page.text and "already a collection" in page.text
    assert teacher.post("rename", made.pk, name="").status_code == 422
    assert teacher.post("rename", made.pk, name="Authority").status_code == 303
    one = document(made)
    answer = teacher.client.post(teacher.url("delete_document", made.pk, one.pk), follow=True)
    assert "“Limits.pdf” and everything that was read of it is deleted." in words(answer)
    answer = teacher.client.post(teacher.url("delete_collection", made.pk), follow=True)
    assert "“Authority” and everything" in words(answer)
    assert list(Collection.objects.all()) == [handbook]


def test_a_document_is_read_again_and_not_twice_at_once(teacher, handbook):
    one = document(handbook)
    answer = teacher.client.post(teacher.url("reread", handbook.pk, one.pk), follow=True)
    assert "Waits to be read" in words(answer)
    answer = teacher.client.post(teacher.url("reread", handbook.pk, one.pk), follow=True)
    assert "being read right now" in words(answer)


def test_adding_nothing_says_what_to_do(teacher, handbook):
    page = teacher.post("add_files", handbook.pk)
    assert page.status_code == 422 and "Choose at least one file first." in page.text


def test_a_shared_collection_is_read_and_tried_but_changed_by_nobody_here(teacher):
    shared = Collection.objects.create(tenant=teacher.course.tenant, name="Rules for everybody")
    one = document(shared)
    page = teacher.get("collection", shared.pk)
    assert "Shared by all courses" in page.text
    assert "Choose files" not in page.text and "Delete" not in page.text and "Rename" not in page.text
    assert "Read it again" not in teacher.get("document", shared.pk, one.pk).text
    ways = [("rename",), ("add_files",), ("add_address",), ("delete_collection",), ("reread", one.pk)]
    for name, *ids in ways:
        answer = teacher.post(name, shared.pk, *ids, name="Mine")
        assert answer.status_code == 403 and "but not changed" in answer.text


def test_a_document_is_not_found_through_another_collection(teacher, handbook):
    other = Collection.objects.create(tenant=teacher.course.tenant, course=factories.course(), name="Secret")
    hidden = document(other, "Secret.pdf")
    answer = teacher.get("document", handbook.pk, hidden.pk)
    assert answer.status_code == 403 and "Secret" not in answer.text


def test_who_answers_a_deep_linking_request_gets_on_without_the_courses_tabs(handbook):
    picker = teacher_of(handbook.course, placing="key")
    page = picker.get("collection", handbook.pk)
    assert page.status_code == 200 and 'class="tabs' not in page.text


class Shelf:
    """A library that finds what it is given."""

    def __init__(self, *passages):
        self.passages = passages

    def search(self, question, limit=3):
        return self.passages[:limit]


def test_a_trial_says_what_would_be_answered_and_which_passages_are_near_enough():
    text = "Claims above ten thousand dollars need the team lead's signature before anything is paid."
    near = Passage("1", text, "Handbook", "page 4", 0.93, "bge-small-en")
    far = Passage("2", "The canteen opens at noon on weekdays.", "Handbook", "Handbook, page 9", 0.31, "bge-small-en")
    tried = trial.of("When do I need the team lead's signature?", Shelf(near, far))
    assert text in tried.answer
    assert [(each.where, each.near) for each in tried.passages] == [
        ("Handbook, page 4", True),
        ("Handbook, page 9", False),
    ]
    assert trial.of("When is lunch?", Shelf(far)).answer == ""
    assert trial.of("When is lunch?", Shelf()) == trial.Trial("", ())
