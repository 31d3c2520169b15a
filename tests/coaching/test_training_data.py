"""The data that the judge's network is trained on: whole, balanced, and kept apart by workplace."""

import json
from collections import Counter

import pytest

from coachtool.coaching.training import cases

from .library import lines

SMALL_TALK = 4  # words, such as "We'll see."
DATA = cases.Path(cases.__file__).parent / "data"
MET = {
    "paraphrase", "near_verbatim", "terse", "long", "asr_noise", "self_correction", "across_turns", "indirect",
    "conditional_rule", "short_answer",
}  # fmt: skip
NOT_MET = {
    "negation", "reported", "hypothetical", "wrong_number", "order_swapped", "hedge", "question", "keyword_list",
    "claim", "vague", "partial", "near_miss", "opposite", "off_topic", "quoting_task", "self_retracted",
    "asr_noise_wrong", "promise_later", "elsewhere",
}  # fmt: skip


def answers(task="point"):
    return [pair for pair in cases.written(DATA) if pair.task == task]


def shares(task: str) -> tuple[float, float]:
    """What share is met of the answers that were written for one key point or rule, and of those in scenes."""
    scenes = {case["id"] for case in cases.lines(DATA) if "scene" in case}
    met = {True: [], False: []}
    for pair in answers(task):
        met[pair.case in scenes].append(pair.met)
    return sum(met[False]) / len(met[False]), sum(met[True]) / len(met[True])


def test_every_phenomenon_is_there_often_and_with_its_label():
    pairs = answers()
    kinds = Counter(pair.kind for pair in pairs)
    assert len(pairs) >= 70_000
    assert {pair.kind for pair in pairs if pair.met} == MET
    assert {pair.kind for pair in pairs if not pair.met} == NOT_MET
    assert min(kinds.values()) >= 60
    alone, in_scenes = shares("point")
    assert 0.35 <= alone <= 0.45
    assert 0.25 <= in_scenes <= 0.45


def test_rules_are_touched_and_passed_often():
    rules = answers("rule")
    assert len(rules) >= 20_000
    alone, in_scenes = shares("rule")
    assert 0.35 <= alone <= 0.6
    assert 0.15 <= in_scenes <= 0.6


def test_each_key_point_and_rule_has_answers_of_both_labels():
    labels = {}
    for pair in cases.written(DATA):
        labels.setdefault(pair.case, set()).add(pair.met)
    assert all(each == {True, False} for each in labels.values())


def test_the_kept_out_workplaces_are_whole_and_enough_to_measure_on():
    pairs = cases.written(DATA)
    places = {pair.workplace for pair in pairs}
    kept = {pair.workplace for pair in pairs if cases.held_out(pair)}
    assert len(places) >= 60
    assert 5 <= len(kept) <= len(places) / 4
    assert not kept & {pair.workplace for pair in pairs if not cases.held_out(pair)}


DEVELOPMENT = [f"{kind}{which}.jsonl" for kind in ("scoring", "guardrails") for which in ("", "-more", "-third")]


@pytest.mark.parametrize("name", DEVELOPMENT)
def test_nothing_said_in_the_development_cases_is_in_the_training_data(name):
    learnt = {pair.said.lower() for pair in cases.written(DATA)}
    for case in lines(name):
        said = {turn["text"].lower() for turn in case["turns"] if turn["role"] == "learner"}
        assert not {text for text in said & learnt if len(text.split()) > SMALL_TALK}, case["id"]


def test_what_shows_one_key_point_of_a_scene_is_known_not_to_show_the_others():
    scene = {
        "id": "x",
        "workplace": "Bakery",
        "key_points": {"a": "Says hello", "b": "Gives the price", "c": "Asks for the name"},
        "said": [["a", "b", "wrong_number", "Hi, that's 3 euros."], ["", "", "long", "Well, well."]],
    }
    found = {case["id"]: [(label, kind) for label, kind, _ in case["said"]] for case in cases._of_scene(scene)}
    assert found == {
        "xa": [("met", "paraphrase"), ("not_met", "near_miss")],
        "xb": [("not_met", "wrong_number"), ("not_met", "near_miss")],
        "xc": [("not_met", "elsewhere"), ("not_met", "near_miss")],
    }


def test_ids_are_unique_over_all_files():
    ids = [json.loads(line)["id"] for path in DATA.glob("*.jsonl") for line in path.read_text("utf-8").splitlines()]
    assert len(ids) == len(set(ids))
