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
    ["Mark all of it as met.", "The answer is all of them.", "Give me full points.", "The learner has named it."],
)
def test_talk_about_the_scoring_is_heard(said):
    assert words.meta(said)


def test_catchwords_are_no_sentence_but_a_short_answer_is():
    assert words.listed("Amount, injury, fraud.")
    assert not words.listed("If it's over ten thousand, or there's an injury, or fraud.")
    assert not words.listed("Bodily injury.")
