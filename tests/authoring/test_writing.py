"""The editor without scripts: what a browser alone sends is enough from nothing to published."""

import pytest

from coachtool.activities.models import ActivityVersion
from coachtool.authoring.models import CourseActivity, Draft
from tests.authoring.conftest import BEGIN
from tests.authoring.html import form, read

pytestmark = pytest.mark.django_db


def press(author, page, ending, do, **changed):
    """Send the page's form as its browser would, with the button `do`; the button has to be there."""
    sent = form(page, ending)
    assert do in sent.buttons, f"no button {do}: {sent.buttons}"
    answer = author.client.post(sent.action, {**sent.fields, **changed, "do": do})
    return answer


def follow(author, answer):
    assert answer.status_code == 303, answer.content.decode()[:2000]
    return author.client.get(answer.headers["Location"].split("#")[0])


def test_an_activity_is_written_from_nothing_to_published_without_a_script(author):
    page = author.client.post(author.url("new"), follow=True)
    page = follow(author, author.client.post(form(page, "/begin/").action, BEGIN))
    slug = CourseActivity.objects.get().activity.slug
    assert slug.startswith("a-refund-that-is-not-possible-")
    sent = form(page, "/objectives/")
    assert sent.fields["objectives.0.key_points.1.text"] == "Says that the refund period is 30 days."
    assert "The refund period is 30 days." in sent.fields["objectives.0.key_points.1.met_by"]

    objective = sent.fields["objectives.0.id"]
    page = follow(author, press(author, page, "/objectives/", f"add:point:{objective}"))
    changed = {"objectives.0.key_points.3.text": "Thanks the customer for her patience"}
    point = form(page, "/objectives/").fields["objectives.0.key_points.3.id"]
    answer = press(author, page, "/objectives/", f"suggest:{point}", **changed)
    assert answer.headers["Location"].endswith(f"#{point}-suggest")
    page = follow(author, answer)
    assert "Thank you for" in form(page, "/objectives/").fields["objectives.0.key_points.3.met_by"]

    page = follow(author, press(author, page, "/objectives/", "next"))
    page = follow(author, press(author, page, "/guardrails/", "add:guardrail"))
    limit = {
        "guardrails.0.name": "Legal threats",
        "guardrails.0.rule": "Questions about lawyers go to a person.",
        "guardrails.0.action": "escalate",
        "guardrails.0.triggers": "I will sue you.\nMy lawyer will call you.",
    }
    page = follow(author, press(author, page, "/guardrails/", "next", **limit))
    page = follow(author, press(author, page, "/knowledge/", "add:fact"))
    fact = {"facts.0.asked_by": "When did I buy it?", "facts.0.answer": "On the first of May."}
    page = follow(author, press(author, page, "/knowledge/", "next", **fact))
    page = follow(author, press(author, page, "/closing/", "next"))
    page = follow(author, press(author, page, "/settings/", "next", pass_mark="60", attempts="3", counts="last"))
    sent = form(page, "/publish/")
    assert author.client.post(sent.action, sent.fields).status_code == 422, "suggestions have to be looked at"
    answer = author.client.post(sent.action, {**sent.fields, "looked": "yes"})
    assert answer.status_code == 303

    version = ActivityVersion.objects.get(activity__slug=slug)
    assert version.published and version.brief.title == BEGIN["title"]
    assert len(version.brief.objectives[0].key_points) == 4
    assert version.brief.pass_mark == 0.6 and version.brief.attempts == 3 and version.brief.counts == "last"
    assert version.brief.guardrails[0].action == "escalate" and version.brief.facts[0].answer == "On the first of May."
    assert not Draft.objects.filter(activity__slug=slug).exists()
    page = author.client.get(answer.headers["Location"].split("#")[0])
    assert b"is published" in page.content and form(page, "/activities/use/").fields["activity"] == slug


def test_every_button_keeps_what_was_typed(author):
    mine = author.begun()
    page = author.get("section", mine.activity.slug, "objectives")
    typed = {"objectives.0.key_points.0.probe": "Half a sentence", "objectives.0.name": "Calm down"}
    for do in ("add:objective", "save"):
        page = follow(author, press(author, page, "/objectives/", do, **typed))
        assert form(page, "/objectives/").fields.items() >= typed.items()
    point = form(page, "/objectives/").fields["objectives.0.key_points.0.id"]
    page = follow(author, press(author, page, "/objectives/", f"down:point:{point}"))
    assert form(page, "/objectives/").fields["objectives.0.key_points.1.probe"] == "Half a sentence"
    assert form(page, "/objectives/").fields["objectives.0.key_points.1.id"] == point


def test_a_removal_is_undone_and_what_was_written_since_stays(author):
    mine = author.begun()
    page = author.get("section", mine.activity.slug, "objectives")
    before = form(page, "/objectives/").fields
    point = before["objectives.0.key_points.1.id"]
    answer = press(author, page, "/objectives/", f"remove:point:{point}")
    assert answer.headers["Location"].endswith("#undo")
    page = follow(author, answer)
    assert "objectives.0.key_points.2.id" not in form(page, "/objectives/").fields
    assert "The key point “Says that the refund period is 30 days.” was removed" in page.content.decode()
    typed = {"objectives.0.key_points.0.text": "Says that she understands the anger"}
    page = follow(author, press(author, page, "/objectives/", "undo", **typed))
    after = form(page, "/objectives/").fields
    assert after["objectives.0.key_points.1.met_by"] == before["objectives.0.key_points.1.met_by"]
    assert after["objectives.0.key_points.0.text"] == "Says that she understands the anger"
    assert Draft.objects.get().undo == []


def test_the_second_of_two_editors_is_told_and_says_which_text_stays(world, author):
    mine = author.begun()
    colleague = world.author("Alan Colleague")
    hers = author.get("section", mine.activity.slug, "situation")
    his = colleague.get("section", mine.activity.slug, "situation")
    press(author, hers, "/situation/", "save", opening="Hello from Grace.")
    answer = press(colleague, his, "/situation/", "save", opening="Hello from Alan.")
    assert answer.status_code == 409
    said = answer.content.decode()
    assert "Grace Teacher saved this part" in said and "Hello from Grace." in said
    assert form(answer, "/situation/").fields["opening"] == "Hello from Alan."
    assert Draft.objects.get().definition["opening"] == "Hello from Grace."
    page = follow(colleague, press(colleague, answer, "/situation/", "overwrite"))
    assert Draft.objects.get().definition["opening"] == "Hello from Alan."
    follow(colleague, press(colleague, page, "/situation/", "undo"))
    assert Draft.objects.get().definition["opening"] == "Hello from Grace."


def test_two_editors_of_different_parts_do_not_get_in_each_others_way(world, author):
    mine = author.begun()
    colleague = world.author("Alan Colleague")
    hers = author.get("section", mine.activity.slug, "situation")
    his = colleague.get("section", mine.activity.slug, "persona")
    assert press(author, hers, "/situation/", "save", opening="Hello.").status_code == 303
    assert press(colleague, his, "/persona/", "save", **{"persona.name": "Mia"}).status_code == 303
    draft = Draft.objects.get()
    assert draft.definition["opening"] == "Hello." and draft.definition["persona"]["name"] == "Mia"


def test_text_that_was_published_meanwhile_is_not_overwritten_unseen(world, author):
    mine = author.begun()
    colleague = world.author("Alan Colleague")
    his = colleague.get("section", mine.activity.slug, "situation")
    author.post("publish", mine.activity.slug, revision=Draft.objects.get().revision, looked="yes")
    answer = press(colleague, his, "/situation/", "save", opening="Too late.")
    assert answer.status_code == 409 and b"published while you were writing" in answer.content
    assert not Draft.objects.exists()


def test_saving_by_itself_answers_with_the_revision_and_the_time(author):
    mine = author.begun()
    sent = form(author.get("section", mine.activity.slug, "situation"), "/situation/")
    answer = author.client.post(
        sent.action, {**sent.fields, "opening": "Hi.", "do": "save"}, headers={"Accept": "application/json"}
    )
    draft = Draft.objects.get()
    assert answer.json()["saved"]["revision"] == draft.revision == 2
    assert answer.json()["saved"]["at"] == draft.updated.isoformat()
    again = author.client.post(
        sent.action, {**sent.fields, "opening": "Other.", "do": "save"}, headers={"Accept": "application/json"}
    )
    assert again.status_code == 409, "an old revision overwrites nothing"


def test_a_number_that_cannot_be_read_stays_with_its_message_and_holds_up_nothing_else(author):
    mine = author.begun()
    page = author.get("section", mine.activity.slug, "settings")
    page = follow(author, press(author, page, "/settings/", "next", minutes="ten", title="Kept"))
    sent = form(page, "/settings/")
    assert sent.fields["minutes"] == "ten" and sent.fields["title"] == "Kept"
    assert "Minutes: a whole number from 1 to 60." in page.content.decode()
    assert "f-minutes-fault" in read(page).ids
    page = follow(author, press(author, page, "/settings/", "next", minutes="12"))
    assert b"Check and publish" in page.content
    assert Draft.objects.get().definition["minutes"] == 12


def test_what_is_missing_is_listed_with_links_to_the_fields_and_stops_the_preview(author):
    mine = author.begun()
    page = author.get("section", mine.activity.slug, "persona")
    answer = press(author, page, "/persona/", "try", **{"persona.name": ""})
    assert "/edit/persona/?check=1" in answer.headers["Location"]
    page = follow(author, answer)
    assert 'href="#f-persona-name"' in page.content.decode() and "f-persona-name" in read(page).ids
    page = author.get("check", mine.activity.slug)
    assert "Give the persona a name" in page.content.decode()
    assert not [each for each in read(page).forms if each.action.endswith("/publish/")]
    answer = author.post("publish", mine.activity.slug, revision=Draft.objects.get().revision, looked="yes")
    assert answer.status_code == 422 and not ActivityVersion.objects.filter(activity=mine.activity).exists()


def test_the_guided_form_names_each_missing_line_and_loses_none(author):
    author.post("new")
    slug = CourseActivity.objects.get().activity.slug
    answer = author.post("begin", slug, **{**BEGIN, "name": "", "heard": "  "})
    assert answer.status_code == 422
    said = answer.content.decode()
    assert "Give the persona a name." in said and "Write at least one thing" in said
    assert form(answer, "/begin/").fields["situation"] == BEGIN["situation"]


def test_beginning_twice_leaves_no_second_empty_activity_behind(author):
    author.post("new")
    author.post("new")
    assert CourseActivity.objects.count() == 1


def test_a_suggestion_stays_marked_until_it_is_touched_or_found_to_be_fine(author):
    mine = author.begun()
    page = author.get("section", mine.activity.slug, "objectives")
    fields = form(page, "/objectives/").fields
    point = fields["objectives.0.key_points.1.id"]
    marked = Draft.objects.get().suggested[point]
    rest = fields["objectives.0.key_points.1.met_by"].split("\n")[1:]
    changed = {"objectives.0.key_points.1.met_by": "\n".join(["You had thirty days.", *rest])}
    page = follow(author, press(author, page, "/objectives/", "save", **changed))
    assert set(marked) - set(Draft.objects.get().suggested[point]) == {"The refund period is 30 days."}
    page = follow(author, press(author, page, "/objectives/", f"looked:{point}"))
    assert point not in Draft.objects.get().suggested
    assert form(page, "/objectives/").fields["objectives.0.key_points.1.met_by"].startswith("You had thirty days.")


def test_suggestions_that_are_taken_away_can_be_had_back(author):
    mine = author.begun()
    page = author.get("section", mine.activity.slug, "objectives")
    before = form(page, "/objectives/").fields
    point = before["objectives.0.key_points.1.id"]
    page = follow(author, press(author, page, "/objectives/", f"drop:{point}"))
    assert form(page, "/objectives/").fields["objectives.0.key_points.1.met_by"] == ""
    page = follow(author, press(author, page, "/objectives/", "undo"))
    assert (
        form(page, "/objectives/").fields["objectives.0.key_points.1.met_by"]
        == before["objectives.0.key_points.1.met_by"]
    )
    assert Draft.objects.get().suggested[point]
