"""Whether words sound like the end of a turn."""

import pytest

from realtime.floor.words import Completeness, completeness


@pytest.mark.parametrize(
    "text",
    """I would escalate this claim to a senior adjuster.
That sounds fair to me.
How do you feel about that?
What are you thinking of?
Yes.
Yes, I do.
I think so.
Let's meet again on Monday and look at the numbers together.
When the injury is serious, I stop and hand it over.
If the customer mentions an attorney I would send it on.
Because of that, the whole team stayed late.
I don't know what to do.
Thank you for being honest with me.
Stop and hand it over.
The second trigger is a coverage dispute.
If the estimate is above ten thousand, I stop. And bring the claim to you.
Even if it's only a stiff neck. I hand the claim over to you.
Let's agree that you send me a draft. By Wednesday at noon.""".splitlines(),
)
def test_a_whole_sentence_is_finished(text):
    assert completeness(text) is Completeness.FINISHED


@pytest.mark.parametrize(
    "text",
    """I noticed that
I noticed that in the last two sprints.
Because of that, the whole team.
You have always been reliable. And that is why.
The first one is.
So three triggers.
It depends on.
My goal is two.
I would look for.
We could, um
Well, it was...
If the customer mentions an attorney,
Your slides were missing the
Can we agree that?
I talked to them because""".splitlines(),
)
def test_words_that_wait_for_more_are_unfinished(text):
    assert completeness(text) is Completeness.UNFINISHED


@pytest.mark.parametrize(
    "text",
    ["A fatality.", "When the injury is serious.", "I want to understand.", "the report", "Can I ask you something?"],
)
def test_what_may_be_an_answer_or_a_beginning_is_open(text):
    assert completeness(text) is Completeness.OPEN


def test_other_languages_go_by_their_marks():
    assert completeness("Ich habe den Bericht gelesen.", "de") is Completeness.FINISHED
    assert completeness("Ich habe den Bericht,", "de") is Completeness.UNFINISHED
    assert completeness("Ich habe den Bericht", "de") is Completeness.OPEN
