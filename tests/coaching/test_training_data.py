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
    "conditional_rule",
}  # fmt: skip
NOT_MET = {
    "negation", "reported", "hypothetical", "wrong_number", "order_swapped", "hedge", "question", "keyword_list",
    "claim", "vague", "partial", "near_miss", "opposite", "off_topic", "quoting_task", "self_retracted",
    "asr_noise_wrong", "promise_later",
}  # fmt: skip


def answers(task="point"):
    return [pair for pair in cases.written(DATA) if pair.task == task]


def test_every_phenomenon_is_there_often_and_with_its_label():
    pairs = answers()
    kinds = Counter(pair.kind for pair in pairs)
    assert len(pairs) >= 7000
    assert {pair.kind for pair in pairs if pair.met} == MET
    assert {pair.kind for pair in pairs if not pair.met} == NOT_MET
    assert min(kinds.values()) >= 60
    assert 0.35 <= sum(pair.met for pair in pairs) / len(pairs) <= 0.45


def test_rules_are_touched_and_passed_often():
    rules = answers("rule")
    assert len(rules) >= 1500
    assert 0.35 <= sum(pair.met for pair in rules) / len(rules) <= 0.6


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


@pytest.mark.parametrize("name", ["scoring.jsonl", "scoring-more.jsonl", "guardrails.jsonl", "guardrails-more.jsonl"])
def test_nothing_said_in_the_development_cases_is_in_the_training_data(name):
    learnt = {pair.said.lower() for pair in cases.written(DATA)}
    for case in lines(name):
        said = {turn["text"].lower() for turn in case["turns"] if turn["role"] == "learner"}
        assert not {text for text in said & learnt if len(text.split()) > SMALL_TALK}, case["id"]


def test_ids_are_unique_over_all_files():
    ids = [json.loads(line)["id"] for path in DATA.glob("*.jsonl") for line in path.read_text("utf-8").splitlines()]
    assert len(ids) == len(set(ids))
