"""What is remembered of an attempt, by whom it is recalled, and by whom it is not."""

import pytest

from coachtool.attempts import journal, memory, review
from coachtool.attempts.finish import finish
from coachtool.attempts.models import Attempt, Memory, Person
from coachtool.coaching.authored import AuthoredCoach
from coachtool.coaching.types import CoachState
from tests import factories
from tests.attempts.remembered import AGREED, DEFINITION, SPECIFIC, STEP, begun, held

pytestmark = pytest.mark.django_db


@pytest.fixture
def link():
    return factories.resource_link(activity=factories.version(DEFINITION).activity)


@pytest.fixture
def learner(link):
    return factories.person(link.course.tenant)


def kinds(attempt: Attempt) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for entry in attempt.memories.all():
        found.setdefault(entry.kind, []).append(entry.text)
    return found


def test_an_attempt_leaves_what_was_tried_how_it_ended_where_it_stalled_and_what_was_promised(link, learner):
    attempt = held(link, learner, SPECIFIC, "I don't know.", "I will send you the numbers by Friday.")
    assert kinds(attempt) == {
        "stalled": ["Agree a next step"],
        "tried": [SPECIFIC],
        "promised": ["I will send you the numbers by Friday."],
        "ended": [""],
    }
    stalled = attempt.memories.get(kind="stalled")
    assert (stalled.objective, stalled.key_point) == ("agree", "step")
    spoken = {event.seq: event.data["text"] for event in attempt.events.filter(kind="utterance")}
    for entry in attempt.memories.filter(kind__in=("tried", "promised")):
        assert entry.text in spoken[entry.seq]


def test_the_next_attempt_recalls_the_point_that_stopped_the_learner(link, learner):
    held(link, learner, SPECIFIC, "I don't know.")
    recall = memory.recall_for(begun(link, learner))
    assert (recall.passed, recall.same_activity, recall.stalled) == (False, True, ("step",))
    assert recall.stalled_on == ("agree a next step",)
    opening = AuthoredCoach().open(link.version.brief, recall)
    assert opening.lines[-1] == "So what do we do from now on?" and opening.state.focus == "step"


def test_a_point_that_was_shown_only_in_practice_is_recalled_after_a_pass(link, learner):
    practised = CoachState(phase="practise", focus="step", practised=("step",), asked={"@agree": 1, "step": 3})
    held(link, learner, SPECIFIC, STEP, state=practised)
    recall = memory.recall_for(begun(link, learner))
    assert (recall.passed, recall.stalled) == (True, ("step",))


def test_after_a_pass_without_practice_nothing_stalled(link, learner):
    held(link, learner, SPECIFIC, STEP)
    recall = memory.recall_for(begun(link, learner))
    assert recall.passed is True and recall.stalled == recall.stalled_on == ()


def test_a_point_that_nobody_asked_for_has_not_stopped_anybody(link, learner):
    attempt = held(link, learner, "Hello.", state=CoachState(focus="what", asked={"@specific": 1}))
    assert "stalled" not in kinds(attempt)


def test_a_commitment_that_showed_a_key_point_is_not_told_again(link, learner):
    attempt = held(link, learner, "I will look at your draft with you every Thursday before it is due.")
    outcome = attempt.outcomes.get(objective="agree")
    assert outcome.verdict == "met", "the case needs a promise that is evidence"
    assert "promised" not in kinds(attempt)


def test_a_reviewer_who_finds_the_objective_met_takes_it_off_what_stalled(link, learner):
    attempt = held(link, learner, SPECIFIC, "Every week we look at it.")
    review.review(attempt.outcomes.get(objective="agree"), factories.person(link.course.tenant), "met")
    recall = memory.recall_for(begun(link, learner))
    assert recall.passed is True and recall.stalled == ()


@pytest.mark.parametrize(
    "said",
    [
        "Call me on 415 555 2671 tomorrow, I promise to answer.",
        "I promise to pay with 4111 1111 1111 1111.",
        "I will send you a mail tomorrow from ada@example.com.",
    ],
)
def test_personal_numbers_and_addresses_are_never_kept(link, learner, said):
    attempt = held(link, learner, said)
    assert set(kinds(attempt)) == {"stalled", "ended"}


def test_words_that_touched_a_guardrail_are_not_kept(link, learner):
    made = begun(link, learner)
    seq = factories.say(made, "learner", "I promise to cut your bonus tomorrow.").seq
    touched = {"guardrail": "scope", "action": "escalate", "severity": "medium", "seq": seq, "quote": "bonus"}
    journal.append(made.pk, "guardrail", touched)
    assert set(kinds(finish(made.pk, "done"))) == {"ended"}


def test_what_the_persona_was_kept_from_saying_costs_the_learner_no_memory(link, learner):
    made = begun(link, learner)
    seq = factories.say(made, "learner", "I will send you the numbers by Friday.").seq
    held_back = {"guardrail": "scope", "action": "refuse", "severity": "medium", "seq": seq, "quote": "bonus"}
    journal.append(made.pk, "guardrail", {**held_back, "speaker": "persona"})
    assert kinds(finish(made.pk, "done"))["promised"] == ["I will send you the numbers by Friday."]


def test_an_attempt_in_which_nothing_was_said_leaves_nothing(link, learner):
    attempt = held(link, learner)
    assert not attempt.memories.exists() and memory.recall_for(begun(link, learner)) is None


def test_nothing_is_written_without_the_learners_leave(link, learner):
    for consent in ({**AGREED, "memory": False}, {key: AGREED[key] for key in ("microphone", "ai_disclosure")}):
        assert not held(link, learner, SPECIFIC, consent=consent).memories.exists()


def test_an_attempt_without_memory_is_greeted_as_a_first_one(link, learner):
    held(link, learner, SPECIFIC)
    assert memory.recall_for(begun(link, learner, consent={**AGREED, "memory": False})) is None


def test_nothing_is_written_where_the_author_wants_no_memory(learner, link):
    without = factories.resource_link(link.course, factories.version({**DEFINITION, "memory": "off"}).activity)
    assert not held(without, learner, SPECIFIC).memories.exists()


def test_nothing_is_written_of_a_preview_or_of_an_anonymous_launch(link, learner):
    stranger = Person.objects.create(tenant=link.course.tenant, lms_id=f"{Person.ANONYMOUS}1")
    assert not held(link, stranger, SPECIFIC).memories.exists()
    link.preview = True
    link.save()
    assert not held(link, learner, SPECIFIC).memories.exists()


def test_finishing_again_or_remembering_again_writes_nothing_twice(link, learner):
    attempt = held(link, learner, SPECIFIC)
    before = attempt.memories.count()
    attempt.memories.filter(kind="ended").delete()
    memory.remember(Attempt.objects.get(pk=attempt.pk))
    assert finish(attempt.pk, "left").memories.count() == before - 1


def test_what_was_all_deleted_is_not_recalled_and_an_older_attempt_does_not_take_its_place(link, learner):
    held(link, learner, SPECIFIC, "I don't know.")
    last = held(link, learner, SPECIFIC, "No idea.")
    last.memories.all().delete()
    assert memory.recall_for(begun(link, learner)) is None


def test_who_deleted_how_it_ended_is_not_reminded_of_it(link, learner):
    held(link, learner, SPECIFIC, STEP).memories.filter(kind="ended").delete()
    assert memory.recall_for(begun(link, learner)).passed is None


def test_another_learner_and_another_tenant_recall_nothing(link, learner):
    held(link, learner, SPECIFIC)
    assert memory.recall_for(begun(link, factories.person(link.course.tenant))) is None
    abroad = factories.resource_link(factories.course(), link.activity)
    assert memory.recall_for(begun(abroad, factories.person(abroad.course.tenant))) is None
    # Even if a person of one tenant were to have an attempt in another's course.
    assert memory.recall_for(begun(abroad, learner)) is None


def test_a_persona_is_recalled_across_activities_only_where_both_authors_chose_so(link, learner):
    across = {**DEFINITION, "memory": "persona"}
    first = factories.resource_link(link.course, factories.version(across).activity)
    second = factories.resource_link(factories.course(link.course.tenant), factories.version(across).activity)
    held(first, learner, SPECIFIC, "I don't know.")
    recall = memory.recall_for(begun(second, learner))
    assert not recall.same_activity and recall.stalled == () and recall.stalled_on == ("agree a next step",)
    assert memory.recall_for(begun(link, learner)) is None
    stranger = {**across, "persona": {"id": "maya", "name": "Maya", "role": "analyst"}}
    third = factories.resource_link(link.course, factories.version(stranger).activity)
    assert memory.recall_for(begun(third, learner)) is None


def test_memories_go_with_their_attempt_and_with_their_learner(link, learner):
    held(link, learner, SPECIFIC).delete()
    assert not Memory.objects.exists()
    held(link, learner, SPECIFIC)
    learner.delete()
    assert not Memory.objects.exists()
