"""What is left out of a text before it goes to a person."""

import pytest

from coachtool.attempts import sharing


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("My card is 4111 - 1111 - 1111 - 1111, ok?", "My card is [number], ok?"),
        ("My card is 4111\u20131111\u20131111\u20131111.", "My card is [number]."),
        ("My card is 4111\u00a01111\u00a01111\u00a01111.", "My card is [number]."),
        ("My social is 123\u201345\u20136789.", "My social is [number]."),
        ("My social is 123 - 45 - 6789.", "My social is [number]."),
        ("Call 555 - 123 - 4567 today.", "Call [number] today."),
        ("Call +49 30 / 901820 today.", "Call [number] today."),
        ("Call 030 \u2013 901820 today.", "Call [number] today."),
        ("Call \uff15\uff15\uff15\uff11\uff12\uff13\uff14\uff15\uff16\uff17 today.", "Call [number] today."),
        ("Write to olga@exam\u200bple.edu about it.", "Write to [e-mail address] about it."),
        ("It's de89 3704 0044 0532 0130 00 at the bank.", "It's de[number] at the bank."),
        ("Take gb29 nwbk 6016 1331 9268 19. Is it covered?", "Take gb29 nwbk [number]. Is it covered?"),
        ("Call five five five, one two three, four five six seven today.", "Call [number] today."),
        ("It is one two three four five six seven eight nine.", "It is [number]."),
    ],
)
def test_dashes_spaces_small_letters_and_words_hide_no_number(said, shown):
    assert sharing.masked(said) == shown


@pytest.mark.parametrize(
    "said",
    [
        "Between 2000 \u2013 2500 dollars it is mine.",
        "Between 2000\u20132500 dollars it is mine.",
        "It is 10,000.00 - 25,000.00 dollars.",
        "It is 10.50 - 12.50 an hour, or 0.500 - 0.750.",
        "It is 1000 - 2000 - 3000 dollars.",
        "It was on 12 / 05 / 2024, or 2024 - 05 - 12.",
        "From 2020 \u2013 2024 it was two and a half metres.",
        "Count 1, 2, 3, 4, 5, 6, 7.",
        "One or two of the three, and four more\u2026",
        "\u201cIs it covered?\u201d \u2013 that\u2019s what she said.",
    ],
)
def test_amounts_days_and_the_marks_of_ordinary_text_stay_as_they_are(said):
    assert sharing.masked(said) == said
