"""What a rehearsal reports, and when it has succeeded."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from coachtool.embedded.stores import free_port
from realtime.rehearsal import gradebook
from realtime.rehearsal.result import Result, Turn, summary, together

FIELDS = {
    *("outcome", "score", "grade_in_lms", "statements", "guardrails", "turns"),
    *("interruptions_of_learner", "errors", "median_voice_to_voice_ms"),
}


def result(learner="learner1", outcome="passed", score=90.0, grade=90.0, times=(800, 1000)):
    turns = [Turn("persona", "Hello."), Turn("learner", "Hi.")]
    turns += [Turn("persona", "And?", voice_to_voice_ms=ms, longest_silence_ms=ms // 2) for ms in times]
    return Result(
        learner, "passed", outcome, score, grade, ["launched"], "", [{"name": "g", "action": "escalate"}], turns
    )


def test_one_learner_is_one_object_with_the_named_fields():
    data = result().as_data()
    assert set(data) >= FIELDS
    last = {"speaker": "persona", "text": "And?", "voice_to_voice_ms": 800}
    assert data["turns"][2] == {**last, "longest_silence_ms": 400, "interrupted": False}
    assert data["longest_silence_ms"] == 500
    assert data["median_voice_to_voice_ms"] == 900
    assert data["succeeded"] is True


def test_what_went_wrong_is_among_the_errors_and_it_has_not_succeeded():
    bad = result()
    bad.errors.append("The line was not heard; the learner says it again.")
    assert bad.succeeded
    bad.problems.append("The grade is missing.")
    assert not bad.succeeded
    assert bad.as_data()["errors"] == ["The line was not heard; the learner says it again.", "The grade is missing."]


def test_several_learners_are_one_object_with_each_in_it():
    data = together([result(), result("learner2", "failed", 20.0, None, times=(1400,))])
    assert set(data) >= FIELDS
    assert [each["learner"] for each in data["learners"]] == ["learner1", "learner2"]
    assert (data["outcome"], data["score"], data["grade_in_lms"]) == ("mixed", 20.0, None)
    assert data["median_voice_to_voice_ms"] == 1000
    assert len(data["turns"]) == 7 and data["turns"][-1]["learner"] == "learner2"


def test_the_summary_names_outcome_grade_times_and_problems():
    bad = result(grade=None)
    bad.problems.append("The gradebook shows no grade after 60 s.")
    text = summary(bad)
    for part in ("passed", "score 90", "grade in the gradebook missing", "800, 1000; median 900", "no grade after"):
        assert part in text


def test_a_grade_is_the_learners_own_at_the_activity():
    rows = [
        {"learner": "learner1", "activity": "claims", "score": 70.0},
        {"learner": "learner1", "activity": "feedback", "score": None},
    ]
    assert gradebook.points({"rows": rows}, "learner1", "claims") == 70.0
    assert gradebook.points({"rows": rows}, "learner1", "feedback") is None
    assert gradebook.points({"rows": rows}, "learner2", "claims") is None


def test_without_a_running_demo_the_command_fails_with_one_object_and_a_sentence():
    url = f"http://127.0.0.1:{free_port()}"
    out, progress = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit) as exit_:
        call_command("rehearse", "claims-pass", "--json", "--sandbox-url", url, stdout=out, stderr=progress)
    assert exit_.value.code == 1
    data = json.loads(out.getvalue())
    assert data["outcome"] is None and data["succeeded"] is False
    assert data["errors"] == [
        f"Nothing answers at {url}. Start the demo with “make demo”, wait for its two links, and try again "
        "(or name the addresses with --url and --sandbox-url)."
    ]


def test_an_unknown_script_is_a_sentence():
    with pytest.raises(CommandError, match="There is no script “claims”"):
        call_command("rehearse", "claims")


def test_a_conversation_after_it_is_an_object_of_its_own_and_has_to_succeed_too():
    first = result()
    first.then = result(score=80.0)
    assert first.as_data()["then"]["score"] == 80 and first.succeeded
    first.then.problems.append("The persona never said “one”.")
    assert not first.succeeded and first.as_data()["errors"] == ["The persona never said “one”."]
    assert "The persona never said" in summary(first)
