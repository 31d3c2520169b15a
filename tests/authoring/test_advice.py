"""What a careful colleague would say about a draft, and what keeps it from being published."""

import copy

import pytest
import yaml

from coachtool.activities.management.commands.load_activities import LIBRARY
from coachtool.authoring import advice, compare, faults, outline, posted, wording
from tests import factories


@pytest.fixture
def draft():
    made = copy.deepcopy(factories.DEFINITION)
    made["objectives"][0]["key_points"][0]["met_by"] += [
        "Your report was two days late.",
        "It arrived on Wednesday, two days after it was due.",
    ]
    made["objectives"][1]["key_points"][0]["met_by"] += [
        "Let's meet on Monday at ten and plan the next one.",
        "Send me a draft by Thursday.",
    ]
    return made


def said(found):
    return [(each.path, each.what) for each in found]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Understands the customer's needs", "Understands"),
        ("Is aware of the risk", "Is aware"),
        ("Communicates effectively", "Communicates effectively"),
        ("Is professional throughout", "Is professional"),
        ("Uses an appropriate tone", "appropriate"),
        ("Shows empathy", "Shows empathy"),
    ],
)
def test_what_cannot_be_heard_is_named(text, word):
    assert wording.vague(text) == word


@pytest.mark.parametrize(
    "text", ["Says that she understands the customer", "Asks what the customer needs", "Names the limit of $10,000"]
)
def test_what_can_be_heard_is_left_alone(text):
    assert wording.vague(text) == ""


def test_two_deeds_in_one_point_are_told_apart_from_one_deed_with_two_objects():
    assert wording.two_deeds("Names the delay and asks for the reason") == ("names", "asks")
    assert wording.two_deeds("Names the date and the place") is None


def test_each_criterion_that_would_not_measure_is_named_where_it_stands(draft):
    point = draft["objectives"][0]["key_points"][0]
    point["text"], point["met_by"] = "Understands the problem", []
    draft["objectives"][1]["key_points"][0]["not_met_by"] = []
    draft["guardrails"][0]["triggers"] = []
    draft["minutes"] = 1
    found = dict(said(advice.on_wording(draft)))
    assert found["objectives.0.key_points.0.text"] == "“Understands” cannot be heard."
    assert found["objectives.0.key_points.0.met_by"] == "There is no sentence that would show it."
    assert found["objectives.1.key_points.0.not_met_by"] == "There is no near miss."
    assert found["guardrails.0.triggers"] == "There is no example that touches it."
    assert found["minutes"] == "2 key points are a lot for 1 minute."
    assert all(each.why and each.instead for each in advice.on_wording(draft))


def test_three_points_that_are_all_needed_are_pointed_out(draft):
    point = draft["objectives"][0]["key_points"][0]
    draft["objectives"][0]["key_points"] = [{**point, "id": f"p{number}"} for number in range(3)]
    draft["objectives"][0]["required"] = 3
    assert ("objectives.0.required", "All 3 key points are needed.") in said(advice.on_wording(draft))
    draft["objectives"][0]["required"] = 2
    assert "objectives.0.required" not in dict(said(advice.on_wording(draft)))


def test_a_sound_draft_is_left_in_peace(draft):
    assert advice.of(draft) == ()


def test_the_judge_itself_is_asked_about_every_example(draft):
    point = draft["objectives"][0]["key_points"][0]
    point["met_by"].append("My colleague says that your report was late.")
    point["not_met_by"].append("Your monthly report came two days after the deadline.")
    found = said(advice.of(draft))
    hearsay = "“My colleague says that your report was late.” is not taken as showing it."
    assert ("objectives.0.key_points.0.met_by", hearsay) in found
    wrong = "“Your monthly report came two days after the deadline.”"
    assert any(path.endswith("0.not_met_by") and what.startswith(wrong) for path, what in found)


def test_a_hint_that_gives_the_answer_away_is_named(draft):
    draft["objectives"][0]["key_points"][0]["hints"] = ["Your report was two days late, remember?"]
    draft["objectives"][0]["key_points"][0]["probe"] = "What do you mean?"
    (path, what), *rest = said(advice.of(draft))
    assert path == "objectives.0.key_points.0.hints" and what.endswith("gives the answer away.") and not rest


def test_points_that_are_all_but_the_same_are_named_once(draft):
    twin = copy.deepcopy(draft["objectives"][0]["key_points"][0])
    twin["id"], twin["text"] = "twin", "Names what was late, and by how much."
    draft["objectives"][1]["key_points"].append(twin)
    found = [what for path, what in said(advice.of(draft)) if path == "objectives.1.key_points.1.text"]
    assert "This is all but the same as “Names what was late and by how much.”." in found


def test_a_right_answer_that_a_limit_would_stop_is_named(draft):
    draft["guardrails"][0]["triggers"].append("Let's look at your draft together every Thursday.")
    draft["guardrails"][0]["patterns"] = ["every thursday"]
    assert any("touches the limit “Pay and contracts”" in what for _, what in said(advice.of(draft)))


def test_a_pass_mark_that_one_point_reaches_or_that_nothing_reaches_is_named(draft):
    draft["pass_mark"] = 0.3
    assert ("pass_mark", "30 percent is reached with a single key point.") in said(advice.of(draft))
    draft["pass_mark"] = 0.9
    draft["objectives"][0]["key_points"][0]["met_by"] = ["My colleague says that it was late.", "Report, late, days"]
    assert ("pass_mark", "90 percent cannot be reached.") in said(advice.of(draft))


def test_advice_points_into_the_draft_also_where_it_holds_empty_points(draft):
    draft["objectives"][0]["key_points"].insert(0, outline.new("point"))
    draft["objectives"][0]["key_points"][1]["hints"] = ["Your report was two days late."]
    assert [each.path for each in advice.of(draft)] == ["objectives.0.key_points.1.hints"]


@pytest.mark.parametrize("name", ["claims-escalation", "specific-feedback"])
def test_a_ready_activity_has_no_faults_and_its_examples_agree_with_the_judge(name):
    definition = yaml.safe_load((LIBRARY / f"{name}.yaml").read_text())
    assert faults.of(definition) == ()
    examples = [each for each in advice.of(definition) if each.path.endswith(("met_by", "not_met_by"))]
    every = sum(len(point["met_by"]) + len(point["not_met_by"]) for _, point in outline.points(definition))
    assert len(examples) <= every / 50


def test_every_fault_is_told_at_its_field_and_not_only_the_first():
    blank = outline.blank()
    paths = [fault.path for fault in faults.of(blank)]
    assert paths == [
        "persona.name",
        "persona.role",
        "situation",
        "opening",
        "objectives.0.key_points.0.text",
        "title",
    ]
    assert all(fault.missing for fault in faults.of(blank))


def test_what_the_brief_itself_refuses_is_mapped_to_its_field(draft):
    draft["phrases"] = {"heard": []}
    (fault,) = faults.of(draft)
    assert fault.path == "phrases.heard" and fault.message.startswith("Give at least one phrase")
    draft = copy.deepcopy(factories.DEFINITION)
    draft["guardrails"][0]["patterns"] = ["(unclosed"]
    (fault,) = faults.of(draft)
    assert fault.path == "guardrails.0.patterns" and not fault.missing and "(unclosed" in fault.message


def test_a_section_that_was_not_sent_is_kept_and_odd_input_does_no_harm(draft):
    draft = outline.filled(draft)
    assert posted.read("objectives", {}, draft) == draft
    odd = {
        "objectives.count": "1",
        "objectives.0.id": draft["objectives"][0]["id"],
        "objectives.0.name": "Nul\x00 byte",
        "objectives.1.id": "../../etc",
        "objectives.2.id": draft["objectives"][0]["id"],
    }
    read = posted.read("objectives", odd, draft)
    assert [each["name"] for each in read["objectives"]] == ["Nul byte"]
    assert read["objectives"][0]["key_points"] == draft["objectives"][0]["key_points"]
    assert posted.read("settings", {"pass_mark": "nan", "counts": "worst"}, draft)["pass_mark"] == "nan"
    assert posted.read("settings", {"counts": "worst"}, draft)["counts"] == "best"


def test_changes_name_what_is_new_gone_moved_and_worded_differently(draft):
    before = outline.filled(draft)
    after, step = outline.removed(before, "objective", before["objectives"][0]["id"])
    after["opening"], after["attempts"] = "Hello.", 3
    after["objectives"][0]["key_points"][0]["met_by"].append("By Friday at noon.")
    found = {change.where: (change.before, change.after) for change in compare.changes(before, after)}
    assert found["Opening line"] == (("You wanted to see me?",), ("Hello.",))
    assert found["Attempts that count"] == (("As many as they like",), ("3",))
    assert found["Objective “Say what happened”"] == (("Names what was late and by how much.",), ())
    (line,) = [where for where in found if where.endswith("Would show it")]
    assert found[line] == ((), ("By Friday at noon.",))
    assert (
        compare.changes(before, outline.taken_back(outline.removed(before, "objective", step["item"]["id"])[0], step))
        == ()
    )
    swapped = outline.moved(before, "objective", before["objectives"][0]["id"], 1)
    assert all(change.moved for change in compare.changes(before, swapped))
