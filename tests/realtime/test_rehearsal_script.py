"""What the synthetic learner says to what it hears."""

import re

import pytest
import yaml

from coachtool.activities.brief import load as load_brief
from realtime.rehearsal import script as scripts
from realtime.rehearsal.script import Answer, Choice, Line, Pause, ScriptError

LIBRARY = scripts.SCRIPTS.parents[2] / "coachtool" / "activities" / "library"


def line(text):
    return Line((text,))


@pytest.fixture
def choice():
    return Choice(
        [
            Answer(line("first"), turn=1),
            Answer(line("about money"), when=re.compile("money|limit", re.I)),
            Answer(line("about people"), when=re.compile("hurt", re.I)),
            Answer(line("anything")),
            Answer(line("that was all"), again=True),
        ]
    )


def say(choice, turn, heard):
    answer = choice.next(turn, heard)
    choice.said(answer)
    return answer.line.text


def test_the_line_of_a_turn_comes_before_what_was_asked(choice):
    assert say(choice, 1, "Let's talk about money.") == "first"


def test_an_answer_is_called_for_by_words_of_the_question(choice):
    assert say(choice, 2, "And if somebody is hurt?") == "about people"
    assert say(choice, 3, "What is your LIMIT?") == "about money"


def test_the_last_sentence_decides_over_what_was_acknowledged(choice):
    assert say(choice, 2, "Right, nobody should get hurt. Now, what is your limit?") == "about money"


def test_a_question_that_nothing_waits_for_gets_the_free_lines_then_the_rest_then_the_one_that_repeats(choice):
    said = [say(choice, turn, "Hm?") for turn in range(2, 8)]
    assert said == ["anything", "about money", "about people", *["that was all"] * 3]


def test_a_script_without_anything_left_says_nothing():
    choice = Choice([Answer(line("once"))])
    assert say(choice, 1, "") == "once"
    assert choice.next(2, "And now?") is None


def test_an_interruption_waits_for_its_turn():
    cut_in = Answer(line("sorry"), turn=2, interrupt_after_ms=900)
    choice = Choice([cut_in])
    assert choice.interruption(1) is None
    assert choice.interruption(2) is cut_in


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({}, "say: is missing"),
        ({"say": "x", "after": 1}, "after: no such field"),
        ({"say": "x", "interrupt_after_ms": 500}, "needs the turn"),
        ({"say": "x", "when": "("}, "not a regular expression"),
        ({"say": ["x", {"pause": 1.2}]}, "begins and ends with words"),
        ({"say": ["x", {"wait": 1.2}, "y"]}, "use words, or"),
    ],
)
def test_a_mistake_in_a_script_is_named_with_its_place(answer, says):
    with pytest.raises(ScriptError, match=rf"mine\.answers\[0\].*{re.escape(says)}"):
        scripts.parse("mine", {"activity": "a", "expect": "passed", "answers": [answer]})


def test_the_next_conversation_is_the_same_learners_and_its_mistakes_are_named_with_their_place():
    first = {"activity": "a", "learner": "learner6", "memory": True, "expect": "passed", "answers": [{"say": "x"}]}
    then = {"expect": "failed", "opening": "again", "answers": [{"say": "y"}]}
    script = scripts.parse("mine", {**first, "then": then})
    assert (script.then.activity, script.then.learner, script.then.memory) == ("a", "learner6", True)
    assert [line.text for line in script.lines] == ["x", "y"]
    with pytest.raises(ScriptError, match=r"mine\.then\.learner: no such field"):
        scripts.parse("mine", {**first, "then": {**then, "learner": "learner7"}})
    with pytest.raises(ScriptError, match=r"mine\.then\.opening: is not a regular expression"):
        scripts.parse("mine", {**first, "then": {**then, "opening": "("}})
    with pytest.raises(ScriptError, match=r"mine\.hears: expected a list"):
        scripts.parse("mine", {**first, "hears": "again"})


def test_what_the_persona_should_have_said_and_what_not_is_told_in_sentences():
    wanted = {"opening": "good to see you", "hears": ["one"], "never_hears": ["two"]}
    script = scripts.parse("mine", {"activity": "a", "expect": "passed", "answers": [{"say": "x"}], **wanted})
    assert script.unlike(["Good to see you.", "One."]) == []
    assert script.unlike(["Hello. Good.", "Two."]) == [
        "The persona opened with “Hello. Good.”; the script expects “good to see you”.",
        "The persona never said “one”.",
        "The persona said “two”.",
    ]


def test_an_unknown_script_is_answered_with_the_known_ones():
    with pytest.raises(ScriptError, match="claims-pass"):
        scripts.load("claims-past")


def test_the_scripts_are_there_with_the_outcomes_in_their_names():
    expected = {
        "claims-pass": "passed",
        "claims-fail": "failed",
        "claims-hesitant": "passed",
        "claims-out-of-scope": "passed",
        "claims-practice": "passed",
        "feedback-pause": "passed",
        "feedback-interrupt": "passed",
    }
    assert {name: scripts.load(name).expect for name in scripts.names()} == expected


def test_what_is_to_be_noticed_is_wanted_where_it_may_be_sensed_and_forbidden_elsewhere():
    script = scripts.load("claims-hesitant")
    noticed, said = (
        ["Said “…”, pauses of 3.6 s together, voice flatter than before."],
        ["You can say it just like that."],
    )
    assert script.unnoticed(noticed, said, sensed=True) == [] == script.unnoticed([], ["Good."], sensed=False)
    assert len(script.unnoticed([], ["Good."], sensed=True)) == 3
    assert len(script.unnoticed(noticed, said, sensed=False)) == 2


def test_a_manner_is_one_of_those_that_there_are():
    data = {"activity": "a", "expect": "passed", "answers": [{"say": "Yes.", "manner": ["grumpy"]}]}
    with pytest.raises(ScriptError, match=r"answers\[0\]\.manner: use a list of flat, hesitant"):
        scripts.parse("s", data)


@pytest.mark.parametrize("name", scripts.names())
def test_a_script_rehearses_an_activity_of_the_library(name):
    script = scripts.load(name)
    brief = load_brief(yaml.safe_load((LIBRARY / f"{script.activity}.yaml").read_text()))
    assert set(script.guardrails) <= {guardrail.id for guardrail in brief.guardrails}


def test_feedback_pause_stops_for_1_2_seconds_in_every_line():
    for spoken in scripts.load("feedback-pause").lines:
        pauses = [part.seconds for part in spoken.parts if isinstance(part, Pause)]
        assert pauses and set(pauses) == {1.2}


@pytest.mark.parametrize("name", scripts.names())
def test_every_question_of_the_persona_calls_for_an_answer_to_it(name):
    """Each key point's probe, hints and practice call for the same one line, so that any order of questions works."""
    script = scripts.load(name)
    if script.expect != "passed" or script.hears:
        pytest.skip("a learner who fails, or needs practice, answers as it comes")
    brief = load_brief(yaml.safe_load((LIBRARY / f"{script.activity}.yaml").read_text()))
    by_turn = sum(answer.turn is not None for answer in script.answers)
    answered = set()
    for point in (point for objective in brief.objectives for point in objective.key_points):
        prompts = [point.probe, *point.hints, point.practise]
        answers = {Choice(script.answers).next(99, prompt) for prompt in prompts}
        matched = {a for a in answers if a.when and all(a.when.search(prompt) for prompt in prompts)}
        answered |= matched
    assert len(answered) >= len(script.answers) - by_turn
