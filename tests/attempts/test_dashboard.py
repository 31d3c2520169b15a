"""The course as its instructor sees it: who has practised, what waits, what the class misses."""

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from coachtool.activities.models import ActivityVersion
from coachtool.attempts import access, course_table, dashboard, enrolments, missed, review, signals
from coachtool.attempts.models import (
    Attempt,
    Course,
    Dispute,
    Enrolment,
    Escalation,
    ObjectiveOutcome,
    Person,
    ResourceLink,
)
from tests import factories


class Classroom:
    """A course with an instructor, one activity, and whoever a test puts into it."""

    def __init__(self):
        self.course: Course = factories.course()
        self.link: ResourceLink = factories.resource_link(self.course)
        self.instructor = self.enrolled("Iris Novak", role="instructor")
        self.client, self.visit = self.admitted(self.instructor, "instructor")

    def enrolled(self, name: str, role: str = "learner", **more) -> Person:
        person = factories.person(self.course.tenant, name)
        Enrolment.objects.create(course=self.course, person=person, role=role, **more)
        return person

    def admitted(self, person: Person, role: str, link: ResourceLink | None = None, **more):
        client = Client()
        session = client.session
        visit = access.admit(session, person=person, role=role, resource_link=link or self.link, **more)
        session.save()
        return client, visit

    def practised(self, learner: Person, outcome: str = "failed", score: float = 0.5, **more) -> Attempt:
        """A finished attempt; `specific` and `agree` are its objectives' verdicts."""
        verdicts = {name: more.pop(name, "met" if outcome == "passed" else "not_met") for name in ("specific", "agree")}
        began = factories.attempt(link=more.pop("link", self.link), learner=learner, **more)
        return factories.finished(began, verdicts, outcome=outcome, score=score, quote="so it was")

    def board(self) -> dashboard.Dashboard:
        return dashboard.build(self.visit, self.link, dashboard.links_of(self.course))

    def row(self, person: Person) -> dashboard.Row:
        board = self.board()
        return next(row for row in (*board.people, *board.gone) if row.person_id == person.pk)

    def get(self, path: str = "", **query):
        return self.client.get(f"/v/{self.visit.id}/course/{path}", query)

    def new_version(self, **changes) -> ActivityVersion:
        newest = self.link.activity.latest
        definition = {**newest.definition, **changes}
        return ActivityVersion.objects.create(
            activity=self.link.activity, number=newest.number + 1, definition=definition
        )


@pytest.fixture
def of(db) -> Classroom:
    return Classroom()


# Who is listed, and how far they are.


def test_everybody_on_the_roster_is_listed_also_who_has_not_practised(of):
    ada, ben = of.enrolled("Ada"), of.enrolled("Ben")
    of.practised(ada, "passed", 1.0)
    board = of.board()
    assert [(row.name, row.status, row.times, row.best) for row in board.people] == [
        ("Ada", "practised", 1, "passed"),
        ("Ben", "not_yet", 0, ""),
    ]
    assert (board.practised, board.passed, board.needing) == (1, 1, 0)
    assert of.row(ben).points is None


def test_the_head_says_it_in_words(of):
    for number in range(3):
        of.practised(of.enrolled(f"P{number}"), "passed", 1.0)
    of.practised(of.enrolled("Unsure"), "unclear", 0.5)
    of.enrolled("Nobody yet")
    html = " ".join(of.get().text.split())
    assert "<b>4</b> of 5 have practised, <b>3</b> passed, " in html
    assert "<b>1</b> waits for you" in html


def test_without_a_roster_those_who_practised_are_listed(of):
    stranger = factories.person(of.course.tenant, "Came by a launch")
    of.practised(stranger)
    assert [row.name for row in of.board().people] == ["Came by a launch"]


def test_an_instructors_try_out_is_not_a_learners_practice(of):
    of.practised(of.instructor, graded=False)
    substitute = factories.person(of.course.tenant, "Substitute teacher")
    of.practised(substitute, graded=False)
    board = of.board()
    assert board.people == () and board.chosen == () and board.anonymous.conversations == 0


def test_anonymous_practice_is_counted_and_not_listed(of):
    nameless = Person.objects.create(tenant=of.course.tenant, lms_id="anonymous:1")
    of.practised(nameless, "passed", 1.0, graded=False)
    board = of.board()
    assert board.people == ()
    assert (board.anonymous.conversations, board.anonymous.passed) == (1, 1)
    assert len(board.chosen) == 1
    assert "1 conversation was held without a name" in of.get().text


def test_those_who_left_or_are_suspended_are_shown_apart_and_do_not_count(of):
    left = of.enrolled("Left", left=timezone.now())
    suspended = of.enrolled("Suspended", active=False)
    of.practised(left, "passed", 1.0)
    of.practised(suspended, "failed", 0.0)
    of.enrolled("Here")
    board = of.board()
    assert [row.name for row in board.people] == ["Here"]
    assert {row.name: row.gone for row in board.gone} == {"Left": "left", "Suspended": "suspended"}
    assert board.passed == 0 and board.chosen == ()
    assert "2 people are no longer in the course" in of.get().text


def test_a_conversation_under_way_is_said_to_be(of):
    ada = of.enrolled("Ada")
    factories.attempt(link=of.link, learner=ada, state="live", started=timezone.now())
    assert (of.row(ada).status, of.row(ada).times) == ("in_progress", 0)
    assert of.board().practised == 0


def test_an_attempt_that_never_began_is_no_practice(of):
    ada = of.enrolled("Ada")
    factories.attempt(link=of.link, learner=ada)
    assert of.row(ada).status == "not_yet"


@pytest.mark.parametrize(("counts", "points"), [("best", 90), ("last", 40), ("first", 20)])
def test_the_points_are_those_of_the_attempt_that_counts(of, counts, points):
    of.new_version(counts=counts)
    ada = of.enrolled("Ada")
    for days, outcome, score in ((3, "failed", 0.2), (2, "passed", 0.9), (1, "failed", 0.4)):
        done = of.practised(ada, outcome, score)
        Attempt.objects.filter(pk=done.pk).update(
            started=timezone.now() - timedelta(days=days), ended=timezone.now() - timedelta(days=days)
        )
    assert of.row(ada).points == points
    assert (of.row(ada).best, of.row(ada).times) == ("passed", 3)


def test_a_provisional_score_gives_way_to_a_final_one(of):
    ada = of.enrolled("Ada")
    final, unsure = of.practised(ada, "failed", 0.4), of.practised(ada, "unclear", 0.6)
    assert of.row(ada).points == 40
    assert str(final.pk) in of.row(ada).href
    assert [str(unsure.pk) in waiting.href for waiting in of.row(ada).waiting] == [True]


def test_a_grade_of_the_instructors_own_is_what_counts(of):
    ada, ben = of.enrolled("Ada"), of.enrolled("Ben")
    of.practised(ada, "unclear", 0.2)
    review.override(of.link, ada, of.instructor, 8, 10)
    review.override(of.link, ben, of.instructor, 70, 100)
    review.withdraw_override(of.link, ben)
    assert (of.row(ada).points, of.row(ada).own_grade, of.row(ada).waiting) == (80, True, ())
    assert of.row(ben).points is None


def test_a_reviewers_verdict_is_what_counts(of):
    ada = of.enrolled("Ada")
    done = of.practised(ada, "failed", 0.5, specific="met")
    review.review(done.outcomes.get(objective="agree"), of.instructor, "met")
    assert (of.row(ada).best, of.row(ada).points) == ("passed", 100)
    tally = missed.build(of.link.version.brief, of.board().chosen).objectives[1].tally
    assert (tally.met, tally.not_met) == (1, 0)


def test_practice_with_an_activity_that_was_here_before_counts_no_more(of):
    ada = of.enrolled("Ada")
    of.practised(ada, "passed", 1.0)
    of.link.activity = factories.version().activity
    of.link.save()
    assert of.row(ada).status == "not_yet"


# What waits for the instructor.


def test_disputes_questions_and_unclear_results_wait_with_the_way_to_settle_them(of):
    ada, ben, chloe = of.enrolled("Ada"), of.enrolled("Ben"), of.enrolled("Chloé")
    unsure = of.practised(ada, "unclear", 0.5)
    disputed = of.practised(ben)
    Dispute.objects.create(outcome=disputed.outcomes.get(objective="agree"), reason="I did.")
    asked = of.practised(chloe, "passed", 1.0)
    question = Escalation.objects.create(
        attempt=asked, guardrail="scope", question="My bonus?", shared={"question": "My bonus?", "name": True}
    )
    assert [(one.kind, one.href) for one in of.row(ada).waiting] == [
        ("unclear", f"/v/{of.visit.id}/attempts/{unsure.pk}/report/")
    ]
    assert of.row(ben).waiting[0].href.endswith(f"{disputed.pk}/report/#objective-agree")
    assert of.row(chloe).waiting[0].href.endswith(f"escalations/?at={of.link.pk}#question-{question.pk}")
    assert of.board().needing == 3


def test_a_question_asked_without_a_name_waits_but_not_beside_the_learners_name(of):
    ada = of.enrolled("Ada")
    Escalation.objects.create(attempt=of.practised(ada, "passed", 1.0), guardrail="scope", question="My bonus?")
    assert of.row(ada).waiting == ()
    assert of.board().unnamed == 1


def test_what_was_answered_waits_no_more(of):
    ada = of.enrolled("Ada")
    done = of.practised(ada, "passed", 1.0)
    Dispute.objects.create(outcome=done.outcomes.first(), reason="?", state="answered")
    Escalation.objects.create(attempt=done, guardrail="scope", question="?", state="answered")
    assert of.row(ada).waiting == ()


def test_an_unclear_attempt_beside_a_passed_one_needs_nobody(of):
    ada = of.enrolled("Ada")
    of.practised(ada, "unclear", 0.5)
    of.practised(ada, "passed", 0.9)
    assert of.row(ada).waiting == ()


# Seeing the table differently.


def test_filters_and_search_narrow_the_list(of):
    ada, ben = of.enrolled("Ada Osei"), of.enrolled("Ben Fischer")
    of.enrolled("Chloé Martin")
    of.practised(ada, "passed", 1.0)
    of.practised(ben, "unclear", 0.5)

    def names(**query):
        board = of.board()
        return [row.name for row in dashboard.ordered(dashboard.shown(board.people, **query))]

    assert names(show="passed") == ["Ada Osei"]
    assert names(show="not_yet") == ["Chloé Martin"]
    assert names(show="needs_you") == ["Ben Fischer"]
    assert names(search="fIsch ben") == ["Ben Fischer"]
    assert names(show="passed", search="ben") == []


def test_the_table_sorts_by_each_column_with_nothing_last(of):
    ada, ben = of.enrolled("Ada"), of.enrolled("Ben")
    of.enrolled("Zoe")
    of.practised(ada, "failed", 0.2)
    of.practised(ben, "unclear", 0.8)

    def order(sort, down):
        return [row.name for row in dashboard.ordered(of.board().people, sort, down)]

    assert order("points", True) == ["Ben", "Ada", "Zoe"]
    assert order("points", False) == ["Ada", "Ben", "Zoe"]
    assert order("last", False)[-1] == order("last", True)[-1] == "Zoe"
    assert order("waits", True)[0] == "Ben"
    assert order("outcome", True) == ["Ben", "Ada", "Zoe"]
    assert order("status", False)[0] == "Zoe"
    assert order("name", True) == ["Zoe", "Ben", "Ada"]


def test_the_page_keeps_filter_order_and_search_in_its_links(of):
    of.enrolled("Ada")
    html = of.get(show="not_yet", sort="points", order="down", q="ad").text
    assert 'aria-sort="descending"' in html
    assert f"?at={of.link.pk}&amp;show=not_yet&amp;sort=points&amp;q=ad" in html
    assert f"?at={of.link.pk}&amp;show=passed&amp;sort=points&amp;order=down&amp;q=ad" in html


@pytest.mark.parametrize("query", [{"sort": "evil"}, {"show": "evil"}, {"order": "evil"}, {"q": "x" * 500}])
def test_what_the_address_says_wrongly_is_passed_over(of, query):
    of.enrolled("Ada")
    assert of.get(**query).status_code == 200


def test_a_search_without_result_says_so_and_leads_back(of):
    of.enrolled("Ada")
    html = of.get(q="<b>zed").text
    assert "Nobody here is called “&lt;b&gt;zed”" in html and "Show everybody" in html


# The file.


def test_the_file_holds_the_table_and_no_formula(of):
    evil = of.enrolled('=HYPERLINK("https://evil.example","Ada")')
    of.enrolled("Chloé")
    of.practised(evil, "unclear", 0.5)
    response = of.get("people.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="leading-people-a-late-report.csv"'
    text = response.content.decode()
    assert text.startswith("\ufeff")
    head, first, second = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert first[0] == """'=HYPERLINK("https://evil.example","Ada")"""
    assert dict(zip(head, first, strict=True)) | {"Name": "", "Last time (UTC)": ""} == {
        "Name": "",
        "In the course": "yes",
        "Practised": "practised",
        "Times": "1",
        "Best outcome": "needs a person's check",
        "Points": "50",
        "Of": "100",
        "Grade by": "conversation",
        "Last time (UTC)": "",
        "Waits for you": "unclear result",
    }
    assert second[:3] == ["Chloé", "yes", "not yet"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"])
def test_no_cell_begins_like_a_formula(name):
    assert course_table._safe(name) == f"'{name}"


def test_the_file_holds_what_the_filter_shows(of):
    of.practised(of.enrolled("Ada"), "passed", 1.0)
    of.enrolled("Ben")
    of.enrolled("Left", left=timezone.now())
    assert "Ben" not in of.get("people.csv", show="passed").content.decode()
    assert "Left" in of.get("people.csv").content.decode()


# What the class misses.


def test_objectives_are_counted_over_each_learners_counting_attempt(of):
    for number, (verdict, outcome) in enumerate([("met", "passed"), ("not_met", "failed"), ("unclear", "unclear")]):
        learner = of.enrolled(f"P{number}")
        of.practised(learner, "failed", 0.0, agree="not_met", specific="not_met")
        of.practised(learner, outcome, 0.9, agree=verdict, specific="met")
    # Of the third learner the final attempt counts, not the unclear one.
    found = missed.build(of.link.version.brief, of.board().chosen)
    assert [objective.name for objective in found.objectives] == ["Say what happened", "Agree a next step"]
    assert found.objectives[1].tally == missed.Tally(met=1, unclear=0, not_met=2)
    assert found.most.name == "Agree a next step" and found.most.most_missed.id == "step"
    html = " ".join(of.get().text.split())
    assert "Most missed: <b>Agree a next step</b>, 2 of 3." in html


def test_the_bars_say_the_same_as_the_table(of):
    for number, verdict in enumerate(["met", "met", "unclear", "not_met"]):
        of.practised(of.enrolled(f"P{number}"), "failed", 0.5, agree=verdict)
    bar = missed.build(of.link.version.brief, of.board().chosen).objectives[1].tally.bar
    assert [(part.verdict, part.count, part.x, part.width) for part in bar] == [
        ("met", 2, "0.00%", "50.00%"),
        ("unclear", 1, "50.00%", "25.00%"),
        ("not_met", 1, "75.00%", "25.00%"),
    ]
    html = of.get().text
    assert 'x="50.00%" width="25.00%"' in html
    assert '<td class="number" data-label="Met">2</td><td class="number" data-label="Unclear">1</td>' in html


def test_when_nothing_is_missed_the_page_says_so(of):
    of.practised(of.enrolled("Ada"), "passed", 1.0)
    assert "everybody who practised met every objective" in of.get().text


def test_versions_are_counted_together_by_objective_and_said(of):
    ada, ben = of.enrolled("Ada"), of.enrolled("Ben")
    of.practised(ada, "failed", 0.0)
    kept, new = of.link.version.definition["objectives"][1], dict(of.link.version.definition["objectives"][0])
    point = dict(new["key_points"][0], id="tone")
    new |= {"id": "tone", "name": "Stay calm", "key_points": [point]}
    of.new_version(objectives=[{**kept, "name": "Agree what changes"}, new])
    later = factories.attempt(link=of.link, learner=ben)
    factories.finished(later, {"agree": "not_met", "tone": "met"}, outcome="failed", score=0.5, quote="so")
    board = of.board()
    assert board.versions == (1, 2)
    found = {one.id: one for one in missed.build(of.link.version.brief, board.chosen).objectives}
    assert found["agree"].name == "Agree what changes" and found["agree"].tally.total == 2
    assert (found["tone"].tally.total, found["specific"].tally.total) == (1, 1)
    assert found["specific"].earlier and not found["agree"].earlier
    assert "versions 1 and 2 of the activity" in of.get().text


def test_a_key_point_leads_to_those_who_missed_it(of):
    ada, ben, chloe = of.enrolled("Ada"), of.enrolled("Ben"), of.enrolled("Chloé")
    missing = of.practised(ada, "failed", 0.0)
    unsure = of.practised(ben, "unclear", 0.5, agree="unclear")
    fine = of.practised(chloe, "passed", 1.0)
    ObjectiveOutcome.objects.filter(attempt=unsure, objective="agree").update(
        key_points=[
            {
                "key_point": "step",
                "verdict": "unclear",
                "reason": "said as a question",
                "evidence": [{"seq": 1, "quote": "maybe <Thursday>?", "strength": 0.5}],
            }
        ]
    )
    html = of.get("points/step/").text
    assert "Heard in 1 of 3 conversations, unclear in 1" in " ".join(html.split())
    assert f"attempts/{missing.pk}/report/" in html and f"attempts/{unsure.pk}/report/" in html
    assert f"attempts/{fine.pk}/report/" not in html
    assert "said as a question" in html and "maybe &lt;Thursday&gt;?" in html
    assert of.get("points/nothing/").status_code == 403


# Several activities.


def test_progress_spans_the_activities_of_the_course(of):
    other = factories.resource_link(of.course)
    ada = of.enrolled("Ada")
    of.practised(ada, "passed", 1.0)
    of.practised(ada, "failed", 0.2, link=other)
    steps = {step.state for step in of.row(ada).steps}
    assert steps == {"passed", "practised"} and of.row(ada).steps_passed == 1
    html = of.get().text
    assert "1 of 2" in html and f"?at={other.pk}" in html


def test_previews_are_no_activity_of_the_course(of):
    preview = factories.resource_link(of.course)
    ResourceLink.objects.filter(pk=preview.pk).update(preview=True)
    assert dashboard.links_of(of.course) == (of.link,)
    assert of.get(at=preview.pk).status_code == 403


def test_another_activity_is_chosen_by_its_number(of):
    other = factories.resource_link(of.course)
    ResourceLink.objects.filter(pk=other.pk).update(title="Second talk")
    assert "<h1>Second talk</h1>" in of.get(at=other.pk).text
    assert of.get(at=factories.resource_link().pk).status_code == 403
    assert of.get(at="x").status_code == 403


def test_a_course_without_an_activity_says_what_to_do(of):
    ResourceLink.objects.update(activity=None)
    response = of.get()
    assert response.status_code == 200 and "No activity has been chosen in this course yet" in response.text
    assert of.get("people.csv").status_code == 403


# Who may see it.


def test_a_learner_sees_none_of_it(of):
    client, visit = of.admitted(of.enrolled("Ada"), "learner")
    for path in ("course/", "course/people.csv", "course/points/step/"):
        assert client.get(f"/v/{visit.id}/{path}").status_code == 403
    assert client.post(f"/v/{visit.id}/course/roster/").status_code == 403


def test_an_instructor_reads_reports_of_every_activity_of_the_course_and_of_no_other(of):
    other = factories.resource_link(of.course)
    there = of.practised(of.enrolled("Ada"), link=other)
    elsewhere = of.practised(factories.person(), link=factories.resource_link())
    assert access.attempt_for(of.visit, there.pk) == there
    with pytest.raises(access.NotAdmitted):
        access.attempt_for(of.visit, elsewhere.pk)


def test_a_preview_is_seen_by_its_author_only(of):
    preview = factories.resource_link(of.course)
    ResourceLink.objects.filter(pk=preview.pk).update(preview=True)
    mine = of.practised(of.instructor, link=preview, graded=False)
    others = of.practised(of.enrolled("Colleague", role="instructor"), link=preview, graded=False)
    assert access.attempt_for(of.visit, mine.pk) == mine
    with pytest.raises(access.NotAdmitted):
        access.attempt_for(of.visit, others.pk)


def test_a_learner_does_not_see_an_attempt_of_their_own_at_another_link(of):
    ada = of.enrolled("Ada")
    there = of.practised(ada, link=factories.resource_link(of.course))
    _, visit = of.admitted(ada, "learner")
    with pytest.raises(access.NotAdmitted):
        access.attempt_for(visit, there.pk)


# The roster on the page.


@pytest.fixture
def told(monkeypatch):
    """What the LMS's side answers, and how it was asked."""
    answers: dict = {"roster": None, "asked": []}

    def send(sender, course, again):
        answers["asked"].append((course, again))
        return [(None, answers["roster"])]

    monkeypatch.setattr(signals.course_opened, "send", send)
    return answers


def test_a_roster_that_was_refused_is_said_in_the_lms_sides_words(of, told):
    of.enrolled("Ada")
    told["roster"] = enrolments.Roster(offered=True, problem="The LMS did not give the roster: why.")
    html = " ".join(of.get().text.split())
    assert "The LMS did not give the roster: why. The list below holds those who have opened an activity" in html
    assert "Ask the LMS again" in html and "Ada" in html


def test_without_a_roster_the_page_says_whom_it_lists(of, told):
    assert "The LMS gives this tool no roster." in of.get().text


def test_a_roster_under_way_is_said_to_be(of, told):
    told["roster"] = enrolments.Roster(offered=True, reading=True)
    assert "The roster is being read from the LMS" in of.get().text


def test_the_instructor_can_have_it_read_again(of, told):
    told["roster"] = enrolments.Roster(offered=True, read=timezone.now())
    response = of.client.post(f"/v/{of.visit.id}/course/roster/", {"at": of.link.pk})
    assert response.status_code == 302 and response["Location"].endswith(f"/course/?at={of.link.pk}")
    assert told["asked"] == [(of.course, True)]


# Size.


def test_five_hundred_people_cost_as_many_queries_as_five(of, told, django_assert_max_num_queries):
    other = factories.resource_link(of.course)
    version = of.link.activity.latest
    now = timezone.now()
    people = Person.objects.bulk_create(
        Person(tenant=of.course.tenant, lms_id=f"p{number}", name=f"Person {number}") for number in range(500)
    )
    Enrolment.objects.bulk_create(Enrolment(course=of.course, person=person, role="learner") for person in people)
    attempts = Attempt.objects.bulk_create(
        Attempt(
            resource_link=link,
            learner=person,
            version=version if link == of.link else other.activity.latest,
            modality="text",
            state="finished",
            started=now,
            ended=now,
            score=0.5,
            outcome="unclear",
        )
        for person in people
        for link in (of.link, of.link, other)
    )
    ObjectiveOutcome.objects.bulk_create(
        ObjectiveOutcome(attempt=attempt, objective="agree", verdict="unclear", points=0.5) for attempt in attempts
    )
    with django_assert_max_num_queries(20) as few:
        html = of.get().text
    assert html.count('class="who"') == 500
    Enrolment.objects.filter(person__in=people[5:]).delete()
    Attempt.objects.filter(learner__in=people[5:]).delete()
    with django_assert_max_num_queries(len(few.captured_queries)) as fewer:
        of.get()
    assert len(fewer.captured_queries) == len(few.captured_queries)


def test_the_page_has_no_inline_style_or_script(of):
    of.practised(of.enrolled("Ada"), "unclear", 0.5, agree="unclear")
    for path in ("", "points/step/"):
        html = of.get(path).text
        assert " style=" not in html and "<style" not in html and "onclick" not in html
