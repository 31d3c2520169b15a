"""The ready activities: complete, fair with what learners really say, and worth talking to.

What learners say is in library_lines/: whole conversations, and single lines with the key points that a reader finds
in them. Run with -s to read the conversations and the lines that are judged otherwise.
"""

from functools import cache
from pathlib import Path

import pytest
import yaml

from coachtool.coaching import agenda, guard, judge, words
from coachtool.coaching.types import Turn
from tests.coaching.library import LIBRARY, Conversation, activity

LINES = Path(__file__).parent / "library_lines"
SLUGS = sorted(path.stem for path in LIBRARY.glob("*.yaml"))
HELD = sorted(path.stem for path in LINES.glob("*.yaml"))


@cache
def lines(slug):
    return yaml.safe_load((LINES / f"{slug}.yaml").read_text(encoding="utf-8"))


def met(authored, text):
    judged = judge.key_points(authored, (Turn(1, "learner", text),))
    return {name for name, point in judged.items() if point.verdict == "met"}


def key_points(authored):
    return [point for objective in authored.objectives for point in objective.key_points]


def tricky():
    return [(slug, each) for slug in HELD for each in lines(slug)["tricky"]]


def asked(kind):
    return [(slug, each) for slug in HELD for each in lines(slug)[kind]]


def test_the_library_has_six_activities_from_six_fields():
    assert len(SLUGS) >= 6
    assert all(activity(slug).slug == slug for slug in SLUGS)
    assert len({activity(slug).field for slug in SLUGS}) == len(SLUGS)
    assert {activity(slug).persona.face for slug in SLUGS} == {"ruth", "maya", "daniel", "samuel"}


@pytest.mark.parametrize("slug", SLUGS)
def test_an_activity_is_complete(slug):
    authored = activity(slug)
    ids = [point.id for point in key_points(authored)]
    assert len(ids) == len(set(ids))
    assert 2 <= len(authored.objectives) <= 4
    for text in (authored.summary, authored.situation, authored.learner_role, authored.persona.manner):
        assert text
    for objective in authored.objectives:
        assert 2 <= len(objective.key_points) <= 4 and objective.question and objective.acknowledge
    for point in key_points(authored):
        assert point.probe and len(point.hints) >= 2 and all(point.hints) and point.practise, point.id
        assert len(point.met_by) >= 8 and len(point.not_met_by) >= 6, point.id
        assert point.acknowledge, point.id
    assert authored.guardrails and authored.facts and authored.tips
    for guardrail in authored.guardrails:
        assert guardrail.triggers and guardrail.not_triggers and guardrail.reply, guardrail.id
    assert "AI" in authored.phrases.who and authored.persona.name in authored.phrases.who


@pytest.mark.parametrize("slug", SLUGS)
def test_no_prompt_gives_its_own_answer_away(slug):
    authored = activity(slug)
    for objective in authored.objectives:
        assert not met(authored, objective.question) & {point.id for point in objective.key_points}, objective.question
        for point in objective.key_points:
            for prompt in (point.probe, *point.hints, point.practise):
                assert point.id not in met(authored, prompt), (point.id, prompt)


@pytest.mark.parametrize("slug", HELD)
def test_nothing_that_the_persona_says_on_its_way_shows_a_key_point_that_may_still_be_open(slug):
    authored = activity(slug)
    texts = [authored.opening, *(fact.answer for fact in authored.facts)]
    for objective in authored.objectives:
        texts += [
            objective.question,
            *(prompt for point in objective.key_points for prompt in (point.probe, *point.hints)),
        ]
        for point in objective.key_points:
            for text in point.acknowledge:
                assert met(authored, text) <= {point.id}, text
    for name, value in vars(authored.phrases).items():
        texts += [] if name == "who" else (value,) if isinstance(value, str) else value
    for text in texts:
        assert not met(authored, text.replace("{what}", "one thing")), text


@pytest.mark.parametrize("slug", HELD)
def test_what_the_persona_says_can_be_spoken(slug):
    authored = activity(slug)
    texts = [authored.opening, authored.closing_passed, authored.closing_not_passed, authored.closing_unclear]
    for objective in authored.objectives:
        texts += [objective.question, objective.acknowledge]
        for point in objective.key_points:
            texts += [point.probe, *point.hints, point.practise]
            assert all(len(words.sentences(text)) == 1 for text in point.acknowledge), "more than one would be cut"
    texts += [guardrail.reply for guardrail in authored.guardrails] + [fact.answer for fact in authored.facts]
    for value in vars(authored.phrases).values():
        texts += (value,) if isinstance(value, str) else value
    for text in texts:
        for sentence in words.sentences(text.replace("{what}", "one thing")):
            assert len(sentence.split()) <= 25 and not set(sentence) & set("*_#<>[]{}|/\\"), sentence


@pytest.mark.parametrize("slug", HELD)
def test_the_exemplars_are_judged_as_what_they_are(slug):
    authored = activity(slug)
    for point in key_points(authored):
        shown = [text for text in point.met_by if point.id in met(authored, text)]
        assert set(point.met_by) == set(shown), set(point.met_by) - set(shown)
        assert not [text for text in point.not_met_by if point.id in met(authored, text)]
        assert not [text for text in point.met_by if guard.check(authored, Turn(1, "learner", text))]


@pytest.mark.parametrize("slug", HELD)
def test_each_guardrail_and_fact_answers_to_its_own_examples(slug):
    authored = activity(slug)
    for guardrail in authored.guardrails:
        for text in guardrail.triggers:
            found = guard.check(authored, Turn(1, "learner", text))
            assert found and found[0].id == guardrail.id, text
        for text in guardrail.not_triggers:
            assert guard.check(authored, Turn(1, "learner", text)) is None, text
    for fact in authored.facts:
        for text in fact.asked_by:
            assert guard.answer_to(authored, text) is fact, text
            assert guard.check(authored, Turn(1, "learner", text)) is None, text


@pytest.mark.parametrize("slug", HELD)
@pytest.mark.parametrize(("kind", "least", "most_false"), [("tuned", 0.94, 0), ("held", 0.8, 0)])
def test_single_lines_show_the_key_points_that_a_reader_would_find(slug, kind, least, most_false):
    authored, entries = activity(slug), lines(slug)[kind]
    assert len(entries) >= 10
    right, false = 0, []
    for entry in entries:
        found, wanted = met(authored, entry["say"]), set(entry["met"])
        right += found == wanted
        false += [entry["say"]] if found - wanted else []
        if found != wanted:
            print(f"{slug} {kind}: {entry['say']} wanted {sorted(wanted)}, found {sorted(found)}")
    print(f"{slug} {kind}: {right} of {len(entries)} as a reader would, {len(false)} falsely met")
    assert len(false) <= most_false, false
    assert right / len(entries) >= least


@pytest.mark.parametrize("slug", HELD)
def test_the_lines_are_the_learners_own_and_not_the_exemplars(slug):
    exemplars = {
        words.plain(text) for point in key_points(activity(slug)) for text in (*point.met_by, *point.not_met_by)
    }
    said = [*lines(slug)["good"], *(entry["say"] for entry in lines(slug)["held"] if entry["met"])]
    assert not exemplars & {words.plain(text) for text in said}


@pytest.mark.parametrize("slug", HELD)
def test_a_good_learner_passes(slug):
    talk = Conversation(slug)
    for text in (f"Hello, {talk.brief.persona.name}.", *lines(slug)["good"]):
        before = talk.reply.state.asked
        talk.say(text)
        if len(talk.replies) == 2:
            assert talk.reply.state.asked == before, "a greeting uses up no prompt"
    assert talk.reply.closes and talk.reply.move == "close"
    assert words.sentences(talk.brief.closing_passed)[0] in talk.reply.lines
    assert talk.score().passed is True
    spoken_well(talk)


@pytest.mark.parametrize("slug", HELD)
def test_a_vague_learner_is_probed_then_hinted_then_let_practise_and_does_not_pass(slug):
    talk, vague = Conversation(slug), lines(slug)["vague"]
    moves = []
    while not talk.reply.closes:
        moves.append(talk.say(vague[len(moves) % len(vague)]).move)
        assert not talk.reply.state.met
    assert moves.index("probe") < moves.index("hint") < moves.index("practise") and moves[-1] == "close"
    assert moves.count("practise") == agenda.PRACTISED
    assert len(moves) <= agenda.most_turns(talk.brief)
    assert words.sentences(talk.brief.closing_not_passed)[0] in talk.reply.lines
    assert talk.score().passed is False and talk.score().score == 0
    spoken_well(talk)


@pytest.mark.parametrize(("slug", "case"), tricky())
def test_what_must_not_be_said_or_asked_meets_its_guardrail(slug, case):
    talk = Conversation(slug)
    talk.say(case["say"])
    assert talk.reply.trigger and talk.reply.trigger.guardrail == case["guardrail"]
    assert talk.reply.move == case["move"]
    authored = next(each for each in talk.brief.guardrails if each.id == case["guardrail"])
    assert words.sentences(authored.reply)[0] in talk.reply.lines
    assert talk.reply.closes == (authored.action == "end")
    assert ("human reviewer" in talk.said) == (authored.action == "escalate")
    assert not talk.reply.state.met


@pytest.mark.parametrize("slug", HELD)
def test_after_a_guardrail_the_conversation_goes_on_and_can_still_be_passed(slug):
    talk = Conversation(slug)
    for case in lines(slug)["tricky"]:
        if case["move"] != "close":
            talk.say(case["say"])
    assert not talk.reply.state.met
    for text in lines(slug)["good"]:
        talk.say(text)
    assert talk.reply.closes and talk.score().passed is True


@pytest.mark.parametrize(("slug", "case"), asked("asked"))
def test_a_question_to_the_persona_is_answered_from_its_role(slug, case):
    talk = Conversation(slug)
    waiting = talk.reply.state.pending
    talk.say(case["say"])
    assert talk.reply.move == "answer" and case["answer"] in talk.said
    assert talk.reply.lines[-1] in waiting


@pytest.mark.parametrize(("slug", "text"), asked("passes"))
def test_what_is_honest_and_allowed_touches_no_guardrail(slug, text):
    assert guard.check(activity(slug), Turn(1, "learner", text)) is None


@pytest.mark.parametrize("slug", HELD)
def test_every_guardrail_is_tried(slug):
    assert {case["guardrail"] for case in lines(slug)["tricky"]} == {each.id for each in activity(slug).guardrails}


@pytest.mark.parametrize("slug", HELD)
def test_who_is_at_a_loss_is_helped_without_being_told(slug):
    talk = Conversation(slug)
    first = talk.say("I don't know what to say.")
    second = talk.say("Give me a hint, please.")
    assert first.trigger is None and second.trigger is None
    assert first.move == "probe" and second.move == "hint"
    assert not talk.reply.state.met
    spoken_well(talk)


@pytest.mark.parametrize("slug", HELD)
def test_the_persona_says_that_it_is_an_ai_when_asked(slug):
    talk = Conversation(slug)
    talk.say("Are you a real person?")
    assert "I'm an AI." in talk.reply.lines


def spoken_well(talk):
    """What holds for every turn of the persona."""
    for reply in talk.replies:
        assert 1 <= len(reply.lines) <= 6
        assert len(reply.lines) == len(set(reply.lines)), reply.lines
    for before, after in zip(talk.replies, talk.replies[1:], strict=False):
        if after.move in ("probe", "hint", "practise"):
            assert before.lines != after.lines, f"said twice running: {after.lines}"
