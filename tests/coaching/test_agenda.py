"""What is asked in which order: hints in turn, objectives that depend on others, practice of what was missed."""

from dataclasses import replace

import pytest

from coachtool.activities.brief import CLOSE, load
from coachtool.coaching import agenda, judge, scoring
from coachtool.coaching.types import CoachState, KeyPointJudgement


def brief(**conditions):
    """Three objectives of two key points, three hints each; `conditions` by objective, such as a={"if_met": "c"}."""
    objectives = [
        {
            "id": name,
            "name": name,
            "criterion": name,
            "required": 2,
            "question": f"Question {name}?",
            "key_points": [
                {
                    "id": f"{name}{number}",
                    "text": f"Says {name}{number}.",
                    "met_by": [f"I say {name}{number}."],
                    "probe": f"Probe {name}{number}?",
                    "hints": [f"Hint {hint} of {name}{number}?" for hint in (1, 2, 3)],
                    "practise": f"Practise {name}{number}.",
                }
                for number in (1, 2)
            ],
            **conditions.get(name, {}),
        }
        for name in "abc"
    ]
    return load(
        {
            "slug": "s",
            "title": "T",
            "field": "f",
            "summary": "s",
            "situation": "s",
            "learner_role": "r",
            "persona": {"id": "p", "name": "Ruth", "role": "lead"},
            "opening": "Hello.",
            "objectives": objectives,
            "closing_passed": "Well done.",
            "closing_not_passed": "Next time.",
        }
    )


def judged(of, *met):
    points = [point.id for objective in of.objectives for point in objective.key_points]
    return {name: KeyPointJudgement(name, "met" if name in met else "not_met") for name in points}


def walk(of, *met, later=()):
    """The prompts in their order for somebody who shows exactly `met`, and `later` once practice has begun."""
    state, prompts = CoachState(), []
    while True:
        shown = (*met, *later) if state.phase == "practise" else met
        step = agenda.next_step(of, state, judged(of, *shown))
        state = step.state
        if step.move == "close":
            return prompts, state
        prompts.append(step.prompt)


def test_every_authored_hint_is_given_before_the_objective_is_left():
    prompts, _ = walk(brief(), "a1", "b1", "b2", "c1", "c2")
    assert prompts == ["Question a?", "Probe a2?", "Hint 1 of a2?", "Hint 2 of a2?", "Hint 3 of a2?", "Practise a2."]


def test_the_hints_for_one_key_point_never_use_up_the_probe_of_another():
    prompts, _ = walk(brief(), "b1", "b2", "c1", "c2")
    assert prompts == [
        "Question a?",
        "Probe a1?",
        "Hint 1 of a1?",
        "Hint 2 of a1?",
        "Probe a2?",
        "Practise a1.",
        "Practise a2.",
    ]


def test_practice_is_of_what_was_missed_each_once_and_of_nothing_else():
    prompts, state = walk(brief(), "a1", "a2", "b2", "c1")
    assert [prompt for prompt in prompts if prompt.startswith("Practise")] == ["Practise b1.", "Practise c2."]
    assert state.practised == ("b1", "c2")


def test_practice_ends_with_what_lifts_the_objective():
    prompts, _ = walk(brief(), "a1", "a2", "b2", "c1", later=("b1",))
    assert "Practise b1." in prompts


def test_too_much_that_is_missed_is_not_practised_all_at_once():
    prompts, state = walk(brief())
    assert len(state.practised) == agenda.PRACTISED
    assert len(prompts) < agenda.most_turns(brief())


def test_objectives_come_in_their_order():
    prompts, state = walk(brief())
    assert [prompt for prompt in prompts if prompt.startswith("Question")] == [
        "Question a?",
        "Question b?",
        "Question c?",
    ]
    assert state.left == ("a", "b", "c") and state.skipped == ()


@pytest.mark.parametrize(
    ("condition", "met", "asked", "skipped"),
    [
        ({"if_met": "c"}, ("a1", "a2"), ["c"], ("b",)),
        ({"if_met": "c"}, (), ["a", "b", "c"], ()),
        ({"if_not_met": "c"}, (), ["a", "c"], ("b",)),
        ({"if_not_met": CLOSE}, (), ["a"], ("b", "c")),
        ({"if_met": CLOSE}, ("a1", "a2"), [], ("b", "c")),
        ({"if_met": "b"}, ("a1", "a2"), ["b", "c"], ()),
    ],
)
def test_an_objective_says_what_follows_it(condition, met, asked, skipped):
    prompts, state = walk(brief(a=condition), *met)
    assert [prompt[-2] for prompt in prompts if prompt.startswith("Question")] == asked
    assert state.skipped == skipped
    assert not {prompt for prompt in prompts if prompt[-3:-2] in skipped}


def test_what_was_passed_over_is_not_practised():
    prompts, _ = walk(brief(a={"if_not_met": "c"}), "c1", "c2")
    assert [prompt for prompt in prompts if prompt.startswith("Practise")] == ["Practise a1.", "Practise a2."]


def test_the_way_is_decided_once():
    of = brief(a={"if_not_met": "c"})
    _, state = walk(of, "c1", "c2", later=("a1", "a2"))
    assert state.skipped == ("b",), "what is met in practice does not bring back what was passed over"


def test_what_has_begun_or_is_met_already_is_not_passed_over():
    of = brief(a={"if_met": "c"})
    begun = CoachState(asked={"@b": 1, "b1": 1}, focus="b1")
    assert agenda.next_step(of, begun, judged(of, "a1", "a2")).state.skipped == ()
    assert agenda.next_step(of, CoachState(), judged(of, "a1", "a2", "b1", "b2")).state.skipped == ()


def verdicts(monkeypatch, of, **verdicts):
    """The judge says met or unclear of these key points, and not met of the others."""

    def judging(brief, transcript):
        return tuple(
            judge.counted(
                objective,
                tuple(KeyPointJudgement(point.id, verdicts.get(point.id, "not_met")) for point in objective.key_points),
            )
            for objective in brief.objectives
        )

    monkeypatch.setattr(judge, "judge", judging)


def test_what_was_passed_over_is_not_held_against_the_learner(monkeypatch):
    of = brief(a={"if_met": "c"})
    verdicts(monkeypatch, of, a1="met", a2="met", c1="met", c2="met")
    assert scoring.scorecard(of, (), "x").passed is False
    counted = scoring.scorecard(of, (), "x", skipped=("b",))
    assert (counted.score, counted.passed, counted.skipped) == (1.0, True, ("b",))
    assert [each.objective for each in counted.objectives] == ["a", "c"]


def test_what_was_passed_over_counts_where_it_was_shown_all_the_same(monkeypatch):
    of = brief()
    verdicts(monkeypatch, of, a1="met", b1="met", b2="met", c1="met", c2="met")
    counted = scoring.scorecard(of, (), "x", skipped=("b",))
    assert counted.skipped == () and len(counted.objectives) == 3


@pytest.mark.parametrize(
    ("shown", "passed"),
    [
        (("a1", "a2", "b1", "b2", "c1", "c2"), None),  # the person may take c away
        (("a1", "a2", "b1", "b2"), None),  # or give it
        (("a1",), False),  # and cannot lift this
    ],
)
def test_an_objective_that_a_person_confirms_leaves_open_what_it_could_decide(monkeypatch, shown, passed):
    of = brief(c={"confirmation": "person"})
    verdicts(monkeypatch, of, **dict.fromkeys(shown, "met"))
    counted = scoring.scorecard(of, (), "x")
    assert counted.passed is passed and counted.awaiting == ("c",)


def test_a_person_who_could_not_change_the_outcome_does_not_hold_it_up(monkeypatch):
    of = replace(brief(c={"confirmation": "person"}), pass_mark=0.6)
    verdicts(monkeypatch, of, a1="met", a2="met", b1="met", b2="met")
    assert scoring.scorecard(of, (), "x").passed is True


def test_who_stalls_at_a_remembered_point_is_helped_there_before_anything_else_is_asked():
    of = brief()
    step = agenda.begin_at(of, "b2")
    prompts = []
    while step.move != "close" and len(prompts) < 9:
        prompts.append(step.prompt)
        step = agenda.next_step(of, step.state, judged(of))
    assert prompts[:4] == ["Practise b2.", "Probe b2?", "Hint 1 of b2?", "Hint 2 of b2?"]
    assert "Question a?" in prompts and prompts.index("Question a?") > prompts.index("Probe b1?")
    assert "Question b?" not in prompts


def test_once_a_remembered_point_is_shown_the_rest_of_its_objective_follows_and_then_the_others():
    of = brief()
    first = agenda.next_step(of, agenda.begin_at(of, "b2").state, judged(of, "b2"))
    assert first.prompt == "Probe b1?" and not first.moved
    assert agenda.next_step(of, first.state, judged(of, "b1", "b2")).prompt == "Question a?"


def test_a_point_that_is_nearly_said_does_not_open_its_objective_ahead_of_the_others():
    of = brief()
    state = replace(agenda.next_step(of, CoachState(), judged(of)).state, focus="c1")
    assert agenda.next_step(of, state, judged(of)).prompt == "Probe a1?"
