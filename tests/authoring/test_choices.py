"""What an author chooses beside the words: memory, the coach, documents, and what follows on an objective."""

import copy
import dataclasses

import pytest

from coachtool.activities.brief import Phrases
from coachtool.activities.models import ActivityVersion
from coachtool.authoring import advice, compare, drafts, faults, labels, offer, outline
from coachtool.authoring.models import CourseActivity, Draft
from coachtool.authoring.offer import Offer, Shelf
from knowledge.models import Collection, Document
from tests import factories
from tests.authoring.html import form
from tests.authoring.test_writing import follow, press

pytestmark = pytest.mark.django_db


def shelf(course, name="Handbook", *, shared=False, passages=3):
    made = Collection.objects.create(tenant=course.tenant, course=None if shared else course, name=name)
    if passages is not None:
        Document.objects.create(collection=made, kind="file", name="a.pdf", state="read", passages=passages)
    return made


def test_what_nobody_chose_is_as_it_was_before(author):
    mine = author.published()
    brief = mine.activity.latest.brief
    assert (brief.memory, brief.coach, brief.knowledge) == ("activity", "authored", ())
    (objective,) = brief.objectives
    assert (objective.if_met, objective.if_not_met, objective.confirmation) == ("", "", "automatic")


def test_memory_is_chosen_in_plain_words_and_published(author):
    mine = author.begun()
    page = author.get("section", mine.activity.slug, "persona")
    assert form(page, "/persona/").fields["memory"] == "activity"
    assert "coach" not in form(page, "/persona/").fields, "without a language model there is nothing to choose"
    follow(author, press(author, page, "/persona/", "save", memory="persona"))
    press(author, page, "/persona/", "save", memory="for ever", revision="2")
    assert Draft.objects.get().definition["memory"] == "persona"


def test_a_voice_is_chosen_by_what_it_sounds_like_and_begins_with_the_face(author):
    mine = author.begun()
    page = author.get("section", mine.activity.slug, "persona")
    assert form(page, "/persona/").fields["persona.voice"] == labels.VOICE_OF["maya"]
    assert "A man with a deeper voice, US English" in page.text
    page = follow(author, press(author, page, "/persona/", "save", **{"persona.voice": "hibari-bass"}))
    press(author, page, "/persona/", "save", **{"persona.voice": "whoever"})
    assert Draft.objects.get().definition["persona"]["voice"] == "hibari-bass"
    author.post("publish", mine.activity.slug, revision=Draft.objects.get().revision, looked="yes")
    mine.activity.refresh_from_db()
    assert mine.activity.latest.brief.persona.voice == "hibari-bass"


def test_small_phrases_are_the_authors_own_or_the_ones_that_are_shown(author):
    mine = author.begun()
    page = author.get("section", mine.activity.slug, "persona")
    fields = form(page, "/persona/").fields
    assert fields["phrases.heard"] == "" and "Good, I heard that." in page.text
    assert "phrases.who" not in fields, "what it says about being an AI is not the author's to change"
    own = {"phrases.heard": "Got it.\r\n\r\nFair enough.", "phrases.farewell": "Bye then."}
    page = follow(author, press(author, page, "/persona/", "save", **own))
    assert Draft.objects.get().definition["phrases"] == {"heard": ["Got it.", "Fair enough."], "farewell": "Bye then."}
    author.post("publish", mine.activity.slug, revision=Draft.objects.get().revision, looked="yes")
    mine.activity.refresh_from_db()
    phrases = mine.activity.latest.brief.phrases
    assert (phrases.heard, phrases.farewell) == (("Got it.", "Fair enough."), "Bye then.")
    assert phrases.neutral == Phrases().neutral
    page = author.get("section", mine.activity.slug, "persona")
    follow(author, press(author, page, "/persona/", "save", **{"phrases.heard": ""}))
    assert Draft.objects.get(activity=mine.activity).definition["phrases"] == {"farewell": "Bye then."}


def test_a_changed_phrase_is_told_as_what_it_is_said_for():
    before, after = outline.blank(), outline.blank()
    after["phrases"] = {"stuck": ["Take your time."]}
    (change,) = compare.changes(before, after)
    assert (change.section, change.where) == ("persona", "The learner does not know")
    assert (change.before, change.after) == ((), ("Take your time.",))


def test_every_small_phrase_but_the_honest_line_can_be_written():
    assert {entry.name for entry in dataclasses.fields(Phrases)} == {*labels.PHRASES, "who"}


def test_the_language_model_is_offered_only_where_the_site_has_one(author, settings):
    mine = author.begun()
    settings.LLM_URL = ""
    page = author.get("section", mine.activity.slug, "persona")
    press(author, page, "/persona/", "save", coach="generative")
    assert Draft.objects.get().definition.get("coach", "authored") == "authored"
    settings.LLM_URL = "http://localhost:1/v1"
    page = author.get("section", mine.activity.slug, "persona")
    page = follow(author, press(author, page, "/persona/", "save", coach="generative"))
    assert form(page, "/persona/").fields["coach"] == "generative"
    assert "nothing to answer from" in author.get("check", mine.activity.slug).text
    settings.LLM_URL = ""
    revision = Draft.objects.get().revision
    answer = author.post("publish", mine.activity.slug, revision=revision, looked="yes")
    assert answer.status_code == 422 and "This site has no language model" in answer.text
    page = author.get("section", mine.activity.slug, "persona")
    follow(author, press(author, page, "/persona/", "save", coach="authored"))
    assert author.post("publish", mine.activity.slug, revision=revision + 1, looked="yes").status_code == 303


def test_documents_are_chosen_among_the_courses_own_and_the_shared_ones(world, author):
    own, shared = shelf(world.course), shelf(world.course, "Rules", shared=True)
    foreign = shelf(factories.course(world.course.tenant), "Another course's")
    mine = author.begun()
    page = author.get("section", mine.activity.slug, "knowledge")
    assert "Handbook" in page.text and "shared by all courses" in page.text and "Another course" not in page.text
    ticked = {f"knowledge.{each.pk}": "1" for each in (own, shared, foreign)}
    page = follow(author, press(author, page, "/knowledge/", "save", **ticked))
    assert set(Draft.objects.get().definition["knowledge"]) == {str(own.pk), str(shared.pk)}
    sent = form(page, "/knowledge/")
    assert sent.fields[f"knowledge.{own.pk}"] == "1"
    left = {name: value for name, value in sent.fields.items() if name != f"knowledge.{own.pk}"}
    author.client.post(sent.action, {**left, "do": "save"})
    assert Draft.objects.get().definition["knowledge"] == [str(shared.pk)]


def test_a_collection_that_is_gone_is_named_and_keeps_the_activity_from_being_published(world, author):
    own = shelf(world.course)
    mine = author.begun()
    page = author.get("section", mine.activity.slug, "knowledge")
    follow(author, press(author, page, "/knowledge/", "save", **{f"knowledge.{own.pk}": "1"}))
    Collection.objects.all().delete()
    answer = author.post("publish", mine.activity.slug, revision=Draft.objects.get().revision, looked="yes")
    assert answer.status_code == 422 and "A chosen collection is not there" in answer.text
    page = author.get("section", mine.activity.slug, "knowledge")
    sent = form(page, "/knowledge/")
    gone = f"knowledge.{own.pk}"
    assert sent.fields[gone] == "1" and "not there any more" in page.text
    author.client.post(sent.action, {name: value for name, value in sent.fields.items() if name != gone})
    answer = author.post("publish", mine.activity.slug, revision=Draft.objects.get().revision, looked="yes")
    assert answer.status_code == 303


def test_a_copy_in_another_course_does_not_reach_into_the_first_ones_documents(world, author):
    own = shelf(world.course)
    mine = author.begun()
    page = author.get("section", mine.activity.slug, "knowledge")
    follow(author, press(author, page, "/knowledge/", "save", **{f"knowledge.{own.pk}": "1"}))
    author.post("publish", mine.activity.slug, revision=Draft.objects.get().revision, looked="yes")
    other = factories.course(world.course.tenant)
    teacher = world.author("Ina Inheritor", course=other, link=factories.resource_link(other, mine.activity))
    teacher.post("copy", mine.activity.slug)
    copied = CourseActivity.objects.get(course=other)
    found = faults.of(Draft.objects.get(activity=copied.activity).definition, offer.of(other.pk))
    assert [fault.path for fault in found] == ["knowledge"]
    assert "Handbook" not in teacher.get("text", mine.activity.slug, 1).text


def test_a_collection_in_which_nothing_can_be_found_is_spoken_of(world, author):
    empty, busy, full = (shelf(world.course, name, passages=n) for name, n in (("A", None), ("B", 0), ("C", 2)))
    Document.objects.filter(collection=busy).update(state="reading")
    mine = author.begun()
    page = author.get("section", mine.activity.slug, "knowledge")
    ticked = {f"knowledge.{each.pk}": "1" for each in (empty, busy, full)}
    page = follow(author, press(author, page, "/knowledge/", "save", **ticked))
    for told in (page.text, author.get("check", mine.activity.slug).text):
        assert "Nothing can be found in “A” yet" in told and "no document that could be read" in told
        assert "Nothing can be found in “B” yet" in told and "still being read" in told
        assert "Nothing can be found in “C”" not in told


def three() -> outline.Definition:
    definition = outline.blank()
    definition["objectives"] = [
        {
            **outline.new("objective"),
            "id": name,
            "name": name.title(),
            "key_points": [{**outline.new("point"), "text": name}],
        }
        for name in ("first", "second", "third")
    ]
    return definition


def test_what_follows_on_an_objective_is_a_later_one_or_the_end(author):
    mine = author.begun()
    draft = Draft.objects.get()
    draft.definition |= {"objectives": three()["objectives"]}
    draft.save()
    page = author.get("section", mine.activity.slug, "objectives")
    assert "The next in order: Second" in page.text
    assert "objectives.2.if_met" not in form(page, "/objectives/").fields, "nothing comes after the last"
    chosen = {"objectives.0.if_met": "third", "objectives.1.if_not_met": "close", "objectives.2.confirmation": "person"}
    page = follow(author, press(author, page, "/objectives/", "save", **chosen))
    assert form(page, "/objectives/").fields.items() >= chosen.items()
    author.post("publish", mine.activity.slug, revision=Draft.objects.get().revision, looked="yes")
    first, second, third = ActivityVersion.objects.get(activity=mine.activity).brief.objectives
    assert (first.if_met, second.if_not_met, third.confirmation) == ("third", "close", "person")
    text = author.get("text", mine.activity.slug, 1).text
    assert "When it is met, next comes: third" in text and "the conversation ends" in text


def test_an_objective_that_no_longer_comes_later_is_chosen_anew(author):
    mine = author.begun()
    draft = Draft.objects.get()
    draft.definition |= {"objectives": three()["objectives"]}
    draft.definition["objectives"][0]["if_met"] = "third"
    draft.save()
    page = author.get("section", mine.activity.slug, "objectives")
    page = follow(author, press(author, page, "/objectives/", "remove:objective:third"))
    assert "does not come later any more" in page.text and "Choose again" in page.text
    page = follow(author, press(author, page, "/objectives/", "save", **{"objectives.0.if_met": ""}))
    assert "does not come later any more" not in page.text


def test_an_objective_that_no_way_leads_to_is_spoken_of():
    definition = three()
    definition["objectives"][0] |= {"if_met": "third", "if_not_met": "close"}
    found = [each.path for each in advice.on_wording(definition) if "never comes" in each.what]
    assert found == ["objectives.1.name"]
    definition["objectives"][0]["if_not_met"] = ""
    assert not [each for each in advice.on_wording(definition) if "never comes" in each.what]


def test_the_comparison_names_objectives_and_collections_instead_of_their_ids():
    before = three()
    after = copy.deepcopy(before)
    after |= {"memory": "off", "coach": "generative", "knowledge": ["7"]}
    after["objectives"][0] |= {"if_met": "third", "confirmation": "person"}
    found = {each.where: (each.before, each.after) for each in compare.changes(before, after, {"7": "Handbook"})}
    assert found == {
        "What is remembered of a learner": (("This activity",), ("Nothing",)),
        "Where the replies come from": (("Your words",), ("A language model",)),
        "Objective “First”: When it is met, next comes": (("The next in order",), ("Third",)),
        "Objective “First”: Who confirms the verdict": (
            ("Nobody: it counts at once",),
            ("A person: it is open until somebody agrees",),
        ),
        "Documents": ((), ("Handbook",)),
    }


def test_a_draft_that_names_what_is_not_offered_has_a_fault_at_each_place():
    definition = three() | {
        "title": "T",
        "situation": "S.",
        "opening": "Hi.",
        "coach": "generative",
        "knowledge": ["7"],
    }
    definition["persona"] |= {"name": "Maya", "role": "customer"}
    assert [fault.path for fault in faults.of(definition)] == ["coach", "knowledge"]
    assert faults.of(definition, Offer((Shelf("7", "Handbook"),), generative=True)) == ()


def test_restoring_an_old_version_gives_back_what_was_chosen(world, author):
    own = shelf(world.course)
    mine = author.begun()
    page = author.get("section", mine.activity.slug, "knowledge")
    follow(author, press(author, page, "/knowledge/", "save", **{f"knowledge.{own.pk}": "1"}))
    author.post("publish", mine.activity.slug, revision=Draft.objects.get().revision, looked="yes")
    assert drafts.of(mine.activity).definition["knowledge"] == [str(own.pk)]
    assert "Answers from documents: Handbook" in author.get("text", mine.activity.slug, 1).text
