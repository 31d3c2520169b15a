"""The authored activities: complete, and sayable."""

import copy

import pytest
import yaml

from coachtool.activities import brief
from coachtool.activities.management.commands.load_activities import LIBRARY
from coachtool.coaching import words

SLUGS = ("claims-escalation", "specific-feedback")


def definition(slug):
    return yaml.safe_load((LIBRARY / f"{slug}.yaml").read_text(encoding="utf-8"))


def spoken(authored):
    """Every text of a brief that the persona may say."""
    yield from (authored.opening, authored.closing_passed, authored.closing_not_passed, authored.closing_unclear)
    for objective in authored.objectives:
        yield from (objective.question, objective.acknowledge)
        for point in objective.key_points:
            yield from (point.probe, *point.hints, point.practise, *point.acknowledge)
    yield from (guardrail.reply for guardrail in authored.guardrails)
    yield from (fact.answer for fact in authored.facts)
    for value in vars(authored.phrases).values():
        yield from (value,) if isinstance(value, str) else value


@pytest.mark.parametrize("slug", SLUGS)
def test_each_key_point_has_examples_enough_and_every_kind_of_prompt(slug):
    for objective in brief.load(definition(slug)).objectives:
        assert objective.question and objective.acknowledge
        for point in objective.key_points:
            assert len(point.met_by) >= 6 and len(point.not_met_by) >= 4, point.id
            assert point.probe and len(point.hints) >= 2 and point.practise and point.acknowledge, point.id


@pytest.mark.parametrize("slug", SLUGS)
def test_what_the_persona_says_can_be_spoken(slug):
    for text in spoken(brief.load(definition(slug))):
        for sentence in words.sentences(text.replace("{what}", "one thing")):
            assert len(sentence.split()) <= 25, sentence
            assert not set(sentence) & set("*_#<>[]{}|/\\"), sentence


@pytest.mark.parametrize("slug", SLUGS)
def test_no_prompt_gives_its_key_points_figure_away(slug):
    for objective in brief.load(definition(slug)).objectives:
        for point in objective.key_points:
            figures = {number.value for number in words.numbers(point.text)}
            for prompt in (objective.question, point.probe, *point.hints, point.practise):
                assert not figures & {number.value for number in words.numbers(prompt)}, prompt


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("guardrails", 0, "patterns"), ["("], "patterns"),
        (("guardrails", 0, "of_questions"), "yes", "of_questions"),
        (("persona", "mood"), "furious", "mood"),
        (("phrases", "neutral"), [], "neutral"),
    ],
)
def test_a_mistake_in_an_activity_is_named(path, value, message):
    wrong = copy.deepcopy(definition("claims-escalation"))
    place = wrong
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(brief.BriefError, match=message):
        brief.load(wrong)
