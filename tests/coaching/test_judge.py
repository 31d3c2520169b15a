"""Evidence: what counts, what does not, and what stays open."""

import pytest

from coachtool.activities.brief import KeyPoint, Objective
from coachtool.coaching import judge
from coachtool.coaching.authored import AuthoredCoach, scorecard
from coachtool.coaching.bench import measured
from coachtool.coaching.types import Turn

from .library import CLAIMS, FEEDBACK, activity, cases, lines


def judged(slug, *said, confidence=1.0):
    turns = tuple(Turn(number, "learner", text, confidence) for number, text in enumerate(said, start=1))
    return judge.key_points(activity(slug), turns)


def test_each_met_key_point_quotes_the_learner_verbatim():
    for entry in lines("utterances.jsonl"):
        turns = (Turn(7, "learner", entry["text"]),)
        for point in judge.key_points(activity(entry["activity"]), turns).values():
            assert bool(point.evidence) or point.verdict != "met"
            for mark in point.evidence:
                assert mark.seq == 7 and mark.quote and mark.quote in entry["text"]


def test_the_development_cases_with_exemplars_are_judged_as_labelled():
    figures = measured([case for case in cases() if "activity" in case])
    print({name: value for name, value in figures.items() if name != "wrong"}, *figures["wrong"], sep="\n")
    assert figures["cases"] >= 60
    assert figures["false_met_rate"] == 0
    assert figures["met_accuracy"] >= 0.94
    assert figures["key_point_f1"] >= 0.94


def test_the_development_cases_without_exemplars_are_judged_with_more_caution():
    figures = measured([case for case in cases() if "activity" not in case])
    print({name: value for name, value in figures.items() if name != "wrong"}, *figures["wrong"], sep="\n")
    assert figures["false_met_rate"] == 0
    assert figures["met_accuracy"] >= 0.7


def test_no_clear_negative_of_the_development_set_is_called_met():
    for case in cases():
        wrong = measured([case])["wrong"]
        for entry in wrong:
            met = {name for name, verdict in entry["key_points"].items() if verdict.startswith("met")}
            assert met <= set(case["expected"]["key_points"]), (case["id"], entry)


def test_single_utterances_show_the_key_points_that_a_reader_would_find():
    right = false = 0
    entries = lines("utterances.jsonl")
    for entry in entries:
        met = {name for name, point in judged(entry["activity"], entry["text"]).items() if point.verdict == "met"}
        right += met == set(entry["key_points"])
        false += bool(met - set(entry["key_points"]))
        if met != set(entry["key_points"]):
            print(entry, met)
    assert right / len(entries) >= 0.91
    assert false <= 3  # of 186; a mention without the action ("should see a doctor") can still pass


def test_a_bare_yes_to_a_leading_question_is_no_evidence():
    turns = (Turn(1, "persona", "So above ten thousand you bring it to me?"), Turn(2, "learner", "Yes, exactly."))
    assert all(point.verdict == "not_met" for point in judge.key_points(activity(CLAIMS), turns).values())


def test_the_personas_own_words_are_no_evidence():
    turns = (Turn(1, "persona", "Anything over ten thousand dollars has to be escalated."),)
    assert judge.key_points(activity(CLAIMS), turns)["amount"].verdict == "not_met"


def test_a_later_correction_supersedes_what_was_said():
    right, wrong = (
        "If it's over ten thousand dollars I bring it to you.",
        "If it's over five thousand dollars I bring it to you.",
    )
    assert (
        judged(CLAIMS, wrong, "No wait, sorry, over ten thousand dollars I bring it to you.")["amount"].verdict == "met"
    )
    back = judged(CLAIMS, right, "Actually I was wrong, I don't escalate anything over ten thousand dollars.")
    assert back["amount"].verdict != "met"


def test_a_contradiction_without_a_correction_is_unclear():
    point = judged(CLAIMS, "If anyone is hurt I escalate it.", "I don't escalate when somebody is hurt.")["injury"]
    assert point.verdict == "unclear"
    assert "contradict" in point.reason


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Maybe if somebody is injured?", "unsure"),
        ("Should I escalate when somebody is injured?", "asked back"),
        ("My colleague says injuries have to be escalated.", "reported"),
        ("Injury, fraud, money.", "listed"),
    ],
)
def test_what_cannot_be_counted_is_unclear_and_says_why(said, reason):
    point = judged(CLAIMS, said)["injury"]
    assert (point.verdict, point.reason) == ("unclear", reason)


def test_badly_recognised_words_never_count_against_the_learner():
    denied = judged(CLAIMS, "I do not escalate when somebody is hurt", confidence=0.3)["injury"]
    assert denied.verdict == "unclear"
    first = Turn(1, "learner", "If somebody is hurt I bring it to you.")
    second = Turn(2, "learner", "i do not escalate when somebody is hurt", 0.3)
    assert judge.key_points(activity(CLAIMS), (first, second))["injury"].verdict == "met"


def test_an_objective_is_counted_from_its_key_points():
    by_id = {
        each.objective: each
        for each in judge.judge(activity(CLAIMS), (Turn(1, "learner", "If anyone is hurt I escalate it."),))
    }
    assert (by_id["triggers"].verdict, by_id["triggers"].points) == ("not_met", pytest.approx(1 / 3))


def test_unclear_evidence_that_could_decide_leaves_the_result_open():
    brief = activity(FEEDBACK)
    said = (
        Turn(
            1, "learner", "Your last two reports came three days late, and finance had to postpone the client meeting."
        ),
        Turn(2, "learner", "Maybe you could send me a draft by Wednesday, I'm not sure."),
    )
    assert scorecard(brief, said, "x").passed is None
    assert scorecard(brief, said[:1], "x").passed is False
    assert scorecard(brief, (*said[:1], Turn(2, "learner", "Send me a draft by Wednesday.")), "x").passed is True


def test_a_score_names_its_judge_its_model_and_its_rubric():
    coach, brief = AuthoredCoach(), activity(CLAIMS)
    evaluator = coach.score(brief, ()).evaluator
    assert "authored/" in evaluator and "bge-small-en" in evaluator and "rubric-" in evaluator
    assert coach.score(activity(FEEDBACK), ()).evaluator != evaluator


def test_an_objective_without_exemplars_is_judged_from_its_wording():
    objective = Objective(
        id="return",
        name="return",
        criterion="The agent explains the return.",
        key_points=(KeyPoint("window", "Says that goods can be returned within 30 days."),),
        required=1,
    )

    def verdict(text):
        return judge.judge_objective(objective, (Turn(1, "learner", text),)).verdict

    assert verdict("You can return it within thirty days.") == "met"
    assert verdict("You can return it within sixty days.") == "not_met"
    assert verdict("You can't return it within thirty days.") == "not_met"
    assert verdict("Can I pay by card?") == "not_met"


def test_an_amount_far_above_the_limit_does_not_show_the_limit():
    for said in ("Above half a million dollars I bring it to you.", "Above $5M I bring it to you."):
        assert judged(CLAIMS, said)["amount"].verdict != "met"
