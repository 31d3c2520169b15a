"""Questions that go to a person: what of them is shared, who answers, and how the answer comes back."""

import re
from html import unescape

import pytest
from django.test import Client

from coachtool.attempts import access, escalations, journal, sharing
from coachtool.attempts.models import Attempt, Enrolment, Escalation, Person
from coachtool.coaching.types import Trigger, Turn
from tests import factories

pytestmark = pytest.mark.django_db

QUESTION = "Will this cut my bonus?"
BEFORE = ("You wanted to see me?", "Your report came in two days late.", "I see. Is there more?")
AFTER = ("That one I have passed on.", "All right. Back to the report.", "And what now?")


class Browser:
    """Somebody's browser at a link."""

    def __init__(self, person: Person, at, role: str = "learner"):
        self.client = Client()
        session = self.client.session
        self.visit = access.admit(session, person=person, resource_link=at, role=role)
        session.save()
        self.base = f"/v/{self.visit.id}/"

    def get(self, path: str) -> str:
        return _words(self.client.get(self.base + path))

    def post(self, path: str, **data):
        return self.client.post(self.base + path, data, follow=True)

    def answer(self, question: Escalation, words: str):
        return self.post(f"escalations/{question.pk}/answer/", **{f"{question.pk}-answer": words})

    def assign(self, question: Escalation, to: Person | None, was: Person | None = None):
        return self.post(f"escalations/{question.pk}/assign/", to=to.pk if to else "", was=was.pk if was else "")


def _words(response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.text)).split())


@pytest.fixture
def link():
    return factories.resource_link(factories.course(title="Leading people"))


@pytest.fixture
def learner(link):
    return factories.person(link.course.tenant, "Olga Owner")


@pytest.fixture
def teacher(link):
    return _teacher(link, "Tara Teacher")


@pytest.fixture
def colleague(link):
    return _teacher(link, "Bob Bishop")


@pytest.fixture
def desk(link, teacher) -> Browser:
    return Browser(teacher, link, "instructor")


def _teacher(link, name: str) -> Person:
    person = factories.person(link.course.tenant, name)
    Enrolment.objects.create(course=link.course, person=person, role="instructor")
    return person


def asked(link, learner, question: str = QUESTION, severity: str = "medium", **consent) -> Escalation:
    """A question in the middle of a talk, under this consent."""
    attempt: Attempt = factories.attempt(link=link, learner=learner, consent=consent)
    for number, text in enumerate(BEFORE):
        factories.say(attempt, "learner" if number % 2 else "persona", text)
    turn = factories.say(attempt, "learner", question)
    escalation = journal.escalate(attempt.pk, Trigger("scope", "escalate", severity, turn.seq, question), question)
    for number, text in enumerate(AFTER):
        factories.say(attempt, "learner" if number % 2 else "persona", text)
    escalation.refresh_from_db()
    return escalation


# What is shared.


def test_a_learner_who_says_nothing_shares_the_question_alone(link, learner, desk):
    asked(link, learner)
    queue = desk.get("escalations/")
    assert QUESTION in queue and "A learner of Leading people" in queue
    assert "Pay and contracts" in queue and "Questions about pay or contracts go to a human." in queue
    for held_back in (*BEFORE, *AFTER, "Olga"):
        assert held_back not in queue


def test_two_turns_before_and_two_after_are_shared_where_the_learner_agreed(link, learner, desk):
    asked(link, learner, share="excerpt")
    queue = desk.get("escalations/")
    assert all(shared in queue for shared in (*BEFORE[1:], *AFTER[:2]))
    assert BEFORE[0] not in queue and AFTER[2] not in queue and "Olga" not in queue


def test_the_name_is_shown_only_where_it_is_shared(link, learner, desk):
    asked(link, learner, share_name=True)
    assert "Olga Owner" in desk.get("escalations/")


def test_what_was_shared_does_not_change_when_the_attempts_consent_does(link, learner, desk):
    question = asked(link, learner)
    Attempt.objects.filter(pk=question.attempt_id).update(consent={"share": "excerpt", "share_name": True})
    factories.say(question.attempt, "persona", "Anything else?")
    queue = desk.get("escalations/")
    assert "Olga" not in queue and "Anything else?" not in queue


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Call me on 0171 555 12 34, please.", "Call me on [number], please."),
        ("Write to olga@example.edu about it.", "Write to [e-mail address] about it."),
        ("Is the limit 10,000 dollars or 25,000?", "Is the limit 10,000 dollars or 25,000?"),
        ("My card is 4111 1111 1111 1111. Is it covered?", "My card is [number]. Is it covered?"),
        (
            "It is four one one one one one one one one one one one one one one one. Is it covered?",
            "[card number] Is it covered?",
        ),
    ],
)
def test_numbers_and_addresses_of_people_are_left_out(said, shown):
    assert sharing.masked(said) == shown
    shared = sharing.share({"share": "excerpt"}, "Is it covered?", 2, (Turn(1, "learner", said),))
    assert shared["turns"][0]["text"] == shown


def test_the_choices_of_the_lobby_are_the_attempts_consent_and_the_least_goes_without_saying(link, learner):
    browser = Browser(learner, link)
    browser.post("attempts/start/", modality="text", ai_disclosure="1")
    consent = Attempt.objects.get().consent
    assert (consent["share"], consent["share_name"]) == ("question", False)
    browser.post("attempts/start/", modality="text", ai_disclosure="1", share="excerpt", share_name="on")
    consent = Attempt.objects.get().consent
    assert (consent["share"], consent["share_name"]) == ("excerpt", True)


def test_a_choice_that_does_not_exist_starts_nothing(link, learner):
    response = Browser(learner, link).post("attempts/start/", modality="text", ai_disclosure="1", share="everything")
    assert response.status_code == 422 and "Choose what goes to a person" in response.text
    assert not Attempt.objects.exists()


def test_the_lobby_tells_who_can_read_the_whole_talk_and_asks_only_where_a_question_can_go_to_a_person(link, learner):
    lobby = Browser(learner, link).get("lobby/")
    assert "If a question goes to a person" in lobby
    assert "Whoever teaches in this course can read the whole talk in its report in any case." in lobby
    plain = factories.version({**factories.DEFINITION, "guardrails": []}).activity
    there = factories.resource_link(link.course, plain)
    assert "If a question goes to a person" not in Browser(learner, there).get("lobby/")


# Who is on it.


def test_ones_own_questions_come_first_then_nobodys_then_others_and_the_severe_before_the_old(
    link, learner, desk, teacher, colleague
):
    old = asked(link, learner, "Is this old?")
    severe = asked(link, learner, "Is this severe?", severity="high")
    theirs, mine = asked(link, learner, "Is this theirs?"), asked(link, learner, "Is this mine?")
    desk.assign(theirs, colleague)
    desk.assign(mine, teacher)
    queue = desk.client.get(desk.base + "escalations/").text
    assert [int(pk) for pk in re.findall(r'id="question-(\d+)"', queue)] == [mine.pk, severe.pk, old.pk, theirs.pk]
    assert "Bob Bishop has it since" in desk.get("escalations/")
    assert f"escalations/{theirs.pk}/answer/" not in queue


def test_a_question_is_taken_given_back_and_handed_over_and_each_step_is_in_the_journal(
    link, learner, desk, teacher, colleague
):
    question = asked(link, learner)
    desk.assign(question, teacher)
    desk.assign(question, None, was=teacher)
    desk.assign(question, colleague)
    question.refresh_from_db()
    assert question.assigned_to == colleague and question.assigned
    steps = question.attempt.events.filter(kind="assigned").values_list("data", flat=True)
    assert [(step["to"], step["by"]) for step in steps] == [
        (teacher.pk, teacher.pk),
        (None, teacher.pk),
        (colleague.pk, teacher.pk),
    ]


def test_whoever_takes_a_question_from_an_old_page_does_not_take_it_from_a_colleague(link, learner, desk, colleague):
    question = asked(link, learner)
    Browser(colleague, link, "instructor").assign(question, colleague)
    page = _words(desk.assign(question, Person.objects.get(name="Tara Teacher")))
    question.refresh_from_db()
    assert question.assigned_to == colleague
    assert "Somebody was quicker" in page


def test_a_second_click_changes_nothing(link, learner, desk, teacher):
    question = asked(link, learner)
    for _ in range(2):
        assert "Somebody was quicker" not in _words(desk.assign(question, teacher))
    assert question.attempt.events.filter(kind="assigned").count() == 1


def test_only_an_instructor_of_the_course_can_be_put_on_a_question(link, learner, desk):
    question = asked(link, learner)
    stranger = _teacher(factories.resource_link(factories.course(link.course.tenant)), "Sam Stranger")
    for wrong in (learner, stranger):
        assert "Choose somebody who teaches in this course." in _words(desk.assign(question, wrong))
    question.refresh_from_db()
    assert question.assigned_to is None
    assert "Sam Stranger" not in desk.get("escalations/")


def test_instructors_who_have_left_the_course_are_not_offered(link, learner, desk, colleague):
    asked(link, learner)
    assert "Bob Bishop" in desk.get("escalations/")
    Enrolment.objects.filter(person=colleague).update(active=False)
    assert "Bob Bishop" not in desk.get("escalations/")


# The answer.


def test_the_first_answer_stands_and_whoever_gave_it_is_on_the_record(link, learner, desk, teacher, colleague):
    question = asked(link, learner)
    assert "Your answer is sent." in _words(desk.answer(question, "It does not."))
    late = Browser(colleague, link, "instructor")
    assert "that answer stands" in _words(late.answer(question, "It does."))
    question.refresh_from_db()
    assert (question.answer, question.answered_by, question.assigned_to) == ("It does not.", teacher, teacher)
    assert question.attempt.events.get(kind="answered").data == {"escalation": question.pk, "by": teacher.pk}


def test_an_empty_answer_is_asked_for_in_its_place(link, learner, desk):
    question = asked(link, learner)
    response = desk.answer(question, "  ")
    assert response.status_code == 422 and "Write your answer first" in response.text
    question.refresh_from_db()
    assert question.state == Escalation.State.OPEN


def test_the_answer_is_in_the_lobby_of_every_activity_of_the_course_until_it_is_read(link, learner, desk):
    question = asked(link, learner)
    beside = factories.resource_link(link.course)
    lobby = Browser(learner, beside)
    assert "is with a reviewer" in lobby.get("lobby/")
    desk.answer(question, "It does not.")
    for at in (link, beside):
        page = Browser(learner, at).get("lobby/")
        assert "Your question was answered" in page and QUESTION in page and "It does not." in page
        assert "Tara Teacher" in page
    assert "not read yet" in desk.get("escalations/?show=answered")
    for _ in range(2):
        page = _words(lobby.post(f"escalations/{question.pk}/seen/"))
        assert "Your question was answered" not in page
    assert question.attempt.events.filter(kind="answer_seen").count() == 1
    assert "not read yet" not in desk.get("escalations/?show=answered")


def test_an_answer_that_is_not_there_yet_cannot_be_put_aside(link, learner):
    question = asked(link, learner)
    assert "is with a reviewer" in _words(Browser(learner, link).post(f"escalations/{question.pk}/seen/"))


def test_nobody_else_sees_the_answer_or_puts_it_aside(link, learner, desk):
    question = asked(link, learner)
    desk.answer(question, "It does not.")
    fellow = Browser(factories.person(link.course.tenant, "Finn"), link)
    elsewhere = Browser(learner, factories.resource_link(factories.course(link.course.tenant)))
    for other in (fellow, elsewhere):
        assert "It does not." not in other.get("lobby/")
        assert other.post(f"escalations/{question.pk}/seen/").status_code == 403


# The queue.


def test_a_queue_is_of_its_course(link, learner, teacher):
    question = asked(link, learner)
    for course in (factories.course(link.course.tenant), factories.course()):
        other = Browser(factories.person(course.tenant), factories.resource_link(course), "instructor")
        assert QUESTION not in other.get("escalations/")
        assert other.answer(question, "No.").status_code == 403
        assert other.assign(question, None).status_code == 403
    assert Browser(learner, link).answer(question, "Yes.").status_code == 403


def test_an_authors_preview_asks_nobody_else(link, learner, desk, teacher):
    link.preview = True
    link.save()
    question = asked(link, learner)
    at = Browser(teacher, factories.resource_link(link.course), "instructor")
    assert QUESTION not in at.get("escalations/")
    assert at.answer(question, "No.").status_code == 403


def test_the_tabs_and_the_attempts_say_how_many_wait(link, learner, desk):
    assert "Nothing waits for an answer." in desk.get("escalations/")
    asked(link, learner)
    assert "1 question waits for an answer" in desk.get("attempts/") and "Questions 1 waiting" in desk.get("attempts/")
    assert "1 waits for an answer. The learner finds the answer" in desk.get("escalations/")
    asked(link, learner, "And my contract?")
    assert "2 questions wait for an answer" in desk.get("attempts/")
    assert "2 wait for an answer. Learners find the answers" in desk.get("escalations/")


def test_the_queue_is_narrowed_to_an_activity(link, learner, desk):
    beside = factories.resource_link(link.course)
    asked(link, learner)
    asked(beside, learner, "And my contract?")
    page = desk.get(f"escalations/?at={beside.pk}")
    assert "And my contract?" in page and QUESTION not in page
    assert "Nobody’s yet" in page and "All activities 2" in page
    assert "No question has been answered yet." in desk.get("escalations/?show=answered")


def test_the_queue_costs_the_same_however_many_questions_wait(link, learner, desk, django_assert_max_num_queries):
    for number in range(6):
        asked(link, learner, f"And question {number}?", share="excerpt")
    with django_assert_max_num_queries(24):
        desk.get("escalations/")


def test_a_question_that_was_escalated_before_there_was_a_consent_is_shown_alone(link, learner, desk):
    attempt = factories.attempt(link=link, learner=learner)
    Escalation.objects.create(attempt=attempt, guardrail="gone", question="Is 0171 555 12 34 right?")
    queue = desk.get("escalations/")
    assert "Is [number] right?" in queue and "Olga" not in queue
    assert escalations.waiting(desk.visit) == 1
