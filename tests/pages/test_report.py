"""The report and the instructor's list: evidence shown in the learner's words, unclear as unclear, answers kept."""

import re

import pytest

from coachtool.attempts import journal, report
from coachtool.attempts.models import Escalation


def page(world, attempt, person=None, role="learner"):
    client, visit = world.admitted(person or world.learner, role)
    return client.get(f"/v/{visit}/attempts/{attempt.pk}/report/").text


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("&#x27;", "'").split())


def test_the_report_quotes_the_learners_words_and_leads_to_them_in_the_transcript(world):
    html = page(world, world.finished())
    (anchor,) = re.findall(r'<a href="#(said-\d+)">above ten thousand dollars I bring it to you</a>', html)
    line = html[html.index(f'id="{anchor}"') :]
    assert "<mark>above ten thousand dollars I bring it to you</mark>" in line[: line.index("</li>")]


@pytest.mark.parametrize(
    ("outcome", "headline"),
    [("passed", "Passed"), ("failed", "Not yet"), ("unclear", "Being checked by a person")],
)
def test_the_outcome_is_said_in_plain_words(world, outcome, headline):
    html = page(world, world.finished(outcome=outcome))
    assert f"<h1>{headline}</h1>" in html
    assert "50</b> of 100 points" in html


def test_unclear_is_shown_as_unclear_with_its_reason(world):
    html = page(world, world.finished())
    point = html[html.index('class="point point-unclear"') :]
    point = words(point[: point.index("</li>")])
    assert "Anyone is injured" in point
    assert "Unclear : near the line" in point or "Unclear: near the line" in point


def test_a_learner_reads_what_to_practise_but_not_the_answers_that_were_missed(world):
    html = words(page(world, world.finished()))
    assert "A passenger is sore. What now?" in html
    assert "Look at the photos again." in html
    assert "Tell me your limit" not in html, "what was met need not be practised"
    assert "The story does not add up" not in html


def test_an_instructor_sees_the_learners_name_the_missed_points_and_what_scored_them(world):
    html = words(page(world, world.finished(), world.instructor, "instructor"))
    for shown in ("Ann Okafor", "The story does not add up", "authored-coach 1.0", "claims v1"):
        assert shown in html
    assert "Practise again" not in html


def test_words_that_may_be_misheard_are_marked_and_not_held_against_the_learner(world):
    html = page(world, world.finished())
    line = html[html.index("hurting the car") :]
    assert "not held against you" in line[: line.index("</li>")]
    assert html.count("not held against you") == 1


def test_an_escalated_question_and_a_redirection_are_on_the_report(world):
    html = words(page(world, world.finished()))
    assert "Your question went to a reviewer." in html
    assert "It is not answered yet." in html
    assert "Insults. Ruth led back to the subject." in html


def test_practice_without_a_grade_says_so(world):
    assert "no grade is sent" in page(world, world.finished(graded=False))
    assert "your course has no gradebook column for this activity" in page(world, world.finished())


def test_a_learner_who_said_nothing_gets_a_report_that_says_so(world):
    attempt = world.attempt(state="finished", outcome="failed", score=0.0, end_reason="left")
    attempt.ended = attempt.started
    attempt.save()
    html = page(world, attempt)
    assert "Nothing was said" in html
    assert "ended early" in html


def test_what_was_said_cannot_become_markup(world):
    attempt = world.finished()
    journal.append(attempt.pk, "utterance", {"speaker": "learner", "text": "<script>alert(1)</script>"})
    html = page(world, attempt)
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


def test_what_the_persona_said_from_documents_names_the_place_and_its_words(world):
    attempt = world.finished()
    limit = {
        "passage": "7",
        "document": "Claims handbook",
        "place": "page 4, Limits",
        "quote": "Above $10,000 <b>ask</b>.",
    }
    other = {"passage": "9", "document": "Claims handbook", "place": "Claims handbook, page 5", "quote": "Call first."}
    for citations in ([limit], [other, limit]):
        said = {"speaker": "persona", "text": "That is in the handbook.", "citations": citations}
        journal.append(attempt.pk, "utterance", said)
    html = page(world, attempt)
    lists = [words(part.split("</ol>")[0]) for part in html.split('aria-label="What this rests on">')[1:]]
    assert lists == [
        "Claims handbook, page 4, Limits Above $10,000 &lt;b&gt;ask&lt;/b&gt;.",
        "Claims handbook, page 5 Call first. Claims handbook, page 4, Limits Above $10,000 &lt;b&gt;ask&lt;/b&gt;.",
    ]
    assert re.findall(r'<li value="(\d)">', html) == ["1", "2", "1"], "the same words keep their number"


def test_what_the_persona_was_kept_from_saying_is_shown_to_the_instructor_only(world):
    attempt = world.finished()
    held = {"guardrail": "policy", "action": "refuse", "severity": "high", "seq": 2, "quote": "Floods are covered."}
    journal.append(attempt.pk, "guardrail", {**held, "speaker": "persona"})
    assert "Floods are covered." not in page(world, attempt)
    html = words(page(world, attempt, world.instructor, "instructor"))
    assert "Ruth was about to say this, and it was held back. (high)" in html and "Floods are covered." in html


def test_what_a_condition_passed_over_and_what_a_person_has_to_confirm_are_said(world):
    first = world.version.definition["objectives"][0]
    after = {
        **first,
        "id": "after",
        "name": "Call the team lead",
        "key_points": [{"id": "call", "text": "Calls"}],
        "required": 1,
    }
    world.version.definition = {**world.version.definition, "objectives": [{**first, "confirmation": "person"}, after]}
    world.version.save()
    attempt = world.finished(outcome="unclear")
    journal.append(attempt.pk, "ended", {"reason": "closed", "skipped": ["after"], "awaiting": ["triggers"]})
    html = words(page(world, attempt))
    assert "A person confirms the result before it counts." in html
    assert "a person is still to confirm it" in html
    assert "did not come to this, so it does not count: Call the team lead." in html


@pytest.mark.parametrize(
    ("text", "quotes", "marked"),
    [
        ("a b c", ["b"], "a [b] c"),
        ("a b c", ["a b", "b c"], "[a b c]"),
        ("a b c", ["nowhere", ""], "a b c"),
        ("a b c", ["c"], "a b [c]"),
        ("", ["a"], ""),
    ],
)
def test_an_utterance_is_cut_at_its_quotes_and_nowhere_else(text, quotes, marked):
    pieces = report.pieces(text, quotes)
    assert "".join(piece.text for piece in pieces) == text
    assert "".join(f"[{piece.text}]" if piece.evidence else piece.text for piece in pieces) == marked


def test_the_instructors_list_has_the_attempts_of_this_resource_link_only(world, elsewhere):
    world.finished(outcome="passed")
    world.attempt(world.other, link=elsewhere)
    client, visit = world.admitted(world.instructor, "instructor")
    html = words(client.get(f"/v/{visit}/attempts/").text)
    assert "Ann Okafor" in html and "Passed" in html and "50 of 100" in html
    assert "Ben Larsson" not in html


def test_without_attempts_the_list_says_what_will_come(world):
    client, visit = world.admitted(world.instructor, "instructor")
    assert "Nobody has talked with Ruth yet." in client.get(f"/v/{visit}/attempts/").text


def test_an_answer_reaches_the_learners_report_and_the_first_one_stands(world):
    attempt = world.finished()
    escalation = attempt.escalations.get()
    client, visit = world.admitted(world.instructor, "instructor")
    path, field = f"/v/{visit}/escalations/{escalation.pk}/answer/", f"{escalation.pk}-answer"
    assert client.post(path, {field: "Bring it to me on Thursday."}).status_code == 302
    client.post(path, {field: "Or never."})
    escalation.refresh_from_db()
    assert (escalation.state, escalation.answer) == (Escalation.State.ANSWERED, "Bring it to me on Thursday.")
    assert escalation.answered_by == world.instructor
    assert "that answer stands" in client.get(f"/v/{visit}/escalations/").text
    assert "Dana Whitfield answered: Bring it to me on Thursday." in words(page(world, attempt))


def test_an_empty_answer_is_asked_for_again_and_nothing_is_sent(world):
    escalation = world.finished().escalations.get()
    client, visit = world.admitted(world.instructor, "instructor")
    response = client.post(f"/v/{visit}/escalations/{escalation.pk}/answer/", {f"{escalation.pk}-answer": "  "})
    assert response.status_code == 422
    assert "Write your answer first" in response.text
    escalation.refresh_from_db()
    assert escalation.state == Escalation.State.OPEN
