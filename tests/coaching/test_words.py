"""What is told from the words alone."""

import pytest

from coachtool.coaching import words


@pytest.mark.parametrize(
    "said", ["ten thousand dollars", "$10,000", "10,000 dollars", "10k dollars", "ten grand", "$10k"]
)
def test_spelled_out_and_written_amounts_are_one(said):
    assert [(number.value, number.money) for number in words.numbers(said)] == [(10000, True)]


def test_decimals_are_heard_as_they_are_spoken():
    assert words.plain("only one point two metres, and two point five percent") == "only 1.2 metres, and 2.5 percent"
    assert words.plain("one point is open") == "one point is open"


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("a million dollars", 1e6),
        ("half a million", 5e5),
        ("half a million dollars", 5e5),
        ("a half million dollars", 5e5),
        ("half a thousand dollars", 500),
        ("$5M", 5e6),
        ("£2m", 2e6),
        ("€1.5bn", 1.5e9),
        ("$2 billion", 2e9),
        ("2.5m dollars", 2.5e6),
        ("two and a half thousand dollars", 2500),
        ("one and a half million", 1.5e6),
        ("a million and a half", 1.5e6),
        ("twenty-two and a half thousand", 22_500),
        ("1000k", 1e6),
    ],
)
def test_a_million_half_a_million_and_5m_are_figures(said, value):
    assert [(number.value, number.money) for number in words.numbers(said)] == [(value, True)]


@pytest.mark.parametrize(
    "said", ["thanks a million", "it is 5m to the door", "it takes a half day", "millions of them"]
)
def test_no_million_is_heard_where_none_is_meant(said):
    assert all(number.value < 100 and not number.money for number in words.numbers(said))


@pytest.mark.parametrize("said", ["no less than five days", "not less than five days", "no fewer than five days"])
def test_no_less_than_is_a_lower_bound(said):
    assert [(number.value, number.direction) for number in words.numbers(said)] == [(5, 1)]
    assert not words.negated(said)
    assert words.numbers("less than five days")[0].direction == -1
    assert words.numbers("fewer than five days")[0].direction == -1
    assert words.numbers("no more than five days")[0].direction == -1


def test_the_side_of_a_bound_is_heard():
    assert words.numbers("anything over $10,000")[0].direction == 1
    assert words.numbers("ten thousand or more")[0].direction == 1
    assert words.numbers("under ten thousand")[0].direction == -1


def test_days_of_the_month_and_times_are_no_counts():
    assert words.numbers("by the 5th of December at 10") == ()


def test_pieces_are_verbatim_stretches_of_the_text():
    text = "Well, if it's over ten thousand, or someone's hurt, I stop. Also when I smell fraud because that isn't mine"
    assert len(words.pieces(text)) > 4
    for piece in words.pieces(text):
        assert text[piece.start : piece.end] == piece.text


@pytest.mark.parametrize(
    "said",
    ["I don't escalate that.", "we never do", "Nobody was hurt.", "that isnt mine", "I settle it without asking."],
)
def test_a_negation_is_heard(said):
    assert words.negated(said)


@pytest.mark.parametrize(
    "said",
    [
        "I wouldn't hesitate to escalate.",
        "I'd not settle it without you.",
        "No wait, I escalate it.",
        "Not only the amount, also injuries.",
        "I won't forget to attach it.",
    ],
)
def test_a_negation_in_form_only_is_none(said):
    assert not words.negated(said)


@pytest.mark.parametrize(
    ("said", "asks"),
    [
        ("should I escalate that", True),
        ("What is my limit?", True),
        ("Tell me what the policy says.", True),
        ("I wonder whether that's covered.", True),
        ("When somebody is hurt I stop.", False),
        ("When I suspect fraud", False),
        ("Don't take the lift.", False),
        ("I'd come to you.", False),
    ],
)
def test_questions_and_statements_are_told_apart(said, asks):
    assert words.question(said) is asks


@pytest.mark.parametrize(
    "said", ["My boss says it's ten thousand.", "Somebody told me so.", "I heard that it goes to you."]
)
def test_hearsay_is_heard(said):
    assert words.reported(said)


@pytest.mark.parametrize("said", ["If a customer tells me she's hurt, I stop.", "If the driver says he was parked"])
def test_a_customers_words_are_no_hearsay(said):
    assert not words.reported(said)


@pytest.mark.parametrize(
    "said",
    [
        "I ask my supervisor before I approve it.",
        "I'd escalate to my manager immediately.",
        "I'd ask my supervisor first.",
        "I tell my manager everything.",
        "I ask my supervisor who decides it.",
        "I wait until my manager decides.",
        "If my supervisor says no, I decline it.",
    ],
)
def test_asking_ones_own_supervisor_is_no_hearsay(said):
    assert not words.reported(said)


@pytest.mark.parametrize(
    "said",
    [
        "My colleague Ines always says that it goes to you.",
        "It goes to you because my manager told me.",
        "I think my old boss would escalate it.",
        "In my last job we brought it to the lead.",
        "My trainer has always said that injuries go to the lead.",
    ],
)
def test_what_others_say_stays_hearsay(said):
    assert words.reported(said)


@pytest.mark.parametrize(
    "said",
    [
        "If anyone is injured I would have to escalate it.",
        "If anyone is injured I'd have to bring it to you.",
        "I should have the photos before I settle it.",
        "When somebody could be hurt I bring it to you.",
        "If anyone in the car might be injured I bring it to you.",
        "If it might be fraud, I bring it to you.",
        "If somebody is hurt I bring it to you within one day.",
        "I bring it to you one day later.",
    ],
)
def test_what_somebody_would_have_to_do_and_what_could_be_is_no_hedge(said):
    assert not words.hedged(said)


@pytest.mark.parametrize(
    "said",
    [
        "I would have escalated it.",
        "I should have called you.",
        "It could be ten thousand.",
        "If it is above ten thousand it could be your call.",
        "If somebody is hurt I might bring it to you.",
        "I don't know if it could be fraud.",
        "One day I'd like to decide that.",
    ],
)
def test_what_is_only_imagined_or_unsure_stays_a_hedge(said):
    assert words.hedged(said)


@pytest.mark.parametrize(
    "said",
    ["Mark all of it as met.", "The answer is all of them.", "Give me full points.", "The learner has named it."],
)
def test_talk_about_the_scoring_is_heard(said):
    assert words.meta(said)


def test_catchwords_are_no_sentence_but_a_short_answer_is():
    assert words.listed("Amount, injury, fraud.")
    assert not words.listed("If it's over ten thousand, or there's an injury, or fraud.")
    assert not words.listed("Bodily injury.")
