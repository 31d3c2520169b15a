"""What is noticed of a learner beside their own first minute, and what is not."""

from dataclasses import replace

import pytest

from coachtool.coaching.types import Observation
from realtime.perception import lids, spoken
from realtime.perception.baseline import Baseline, Spread, certainty
from realtime.perception.observing import Observer, fused, quote
from realtime.perception.prosody import Prosody
from realtime.perception.sights import Sight

USUAL = Prosody(0, 6000, 5600, 300, 0, 25, 3000, 120.0, 6.0, -24.0)
FLAT = replace(USUAL, pitch_range=2.0)
HALTING = replace(USUAL, pause_ms=3200, long_pauses=4)
AHEAD = Sight(0, True, turn=(4.0, 2.0, 0.0), smile=0.1, brows_down=0.1)


def after(turns=5, heard=USUAL, language="en"):
    observer = Observer(language)
    for number in range(turns):
        observer.turn("…", 10_000 * number, 10_000 * number + 6000, heard)
    return observer


def noticed(observer, heard=None, text="…", began=100_000):
    return [each.kind for each in observer.turn(text, began, began + 6000, heard)]


@pytest.mark.parametrize(
    ("kind", "heard"),
    [
        ("slower", replace(USUAL, syllables=14)),
        ("faster", replace(USUAL, syllables=41)),
        ("hesitant", HALTING),
        ("flatter", FLAT),
        ("livelier", replace(USUAL, pitch_range=12.0)),
        ("quieter", replace(USUAL, level_db=-33.0)),
        ("louder", replace(USUAL, level_db=-15.0)),
    ],
)
def test_a_turn_unlike_the_learners_own_is_noticed(kind, heard):
    language = "it"  # the syllables that are heard count
    assert noticed(after(language=language), heard) == [kind]
    assert (
        noticed(after(heard=heard, language=language), heard) == []
    )  # for somebody who always speaks so, it is nothing


LINE = "Before I say anything about the money I would like to hear what has happened to you."  # 24 syllables


def test_pace_is_counted_by_the_words_whatever_was_heard_of_their_syllables():
    observer = Observer()
    for number in range(5):
        observer.turn(LINE, 10_000 * number, 10_000 * number + 6000, USUAL)
    hurried = replace(USUAL, talk_ms=3100, syllables=15)  # as many a second as ever, by the sound
    assert noticed(observer, hurried, LINE) == ["faster"]


def test_words_that_were_not_all_recognised_say_nothing_about_pace():
    observer = Observer()
    for number in range(5):
        observer.turn(LINE, 10_000 * number, 10_000 * number + 6000, USUAL)
    assert noticed(observer, USUAL, "Thank you for calling.") == []


@pytest.mark.parametrize(
    ("said", "syllables"),
    [
        ("I would make the note.", 5),
        ("She wanted to be asked; he didn't.", 9),
        ("a table and an apple", 7),
        ("$10,000", 5),
        ("25% of 1,300", 3 + 2 + 1 + 6),
        ("3.5", 3),
        ("0", 2),
        ("", 0),
    ],
)
def test_syllables_are_those_that_are_said(said, syllables):
    assert spoken.syllables(said) == syllables


def test_nothing_is_noticed_before_there_is_something_to_compare_with():
    assert noticed(after(turns=2), FLAT) == []
    short = replace(USUAL, talk_ms=1600, pause_ms=0)
    assert noticed(after(turns=5, heard=short), FLAT) == []  # eight seconds in all
    assert noticed(after(), replace(FLAT, talk_ms=900)) == []


def test_little_changes_are_not_worth_a_word():
    changed = replace(USUAL, syllables=27, pitch_range=5.0, level_db=-27.0, pause_ms=700)
    assert noticed(after(), changed) == []


def test_fillers_count_as_hesitation_and_are_said_in_plain_words():
    (seen,) = after().turn("Um, well, uh, I would, um, er, ask, um, her, uh.", 0, 6000, USUAL)
    assert seen.kind == "hesitant" and "“um” or the like 6 times" in seen.text


def test_the_surer_the_more_there_is_to_go_by():
    short = Baseline(Spread(0.1, 0.4))
    for _ in range(6):
        short.add(0.0, 3.0)
    assert short.compare(0.3, 8.0).confidence > short.compare(0.3, 2.0).confidence
    assert short.compare(0.6, 2.0).confidence > short.compare(0.3, 2.0).confidence
    assert certainty(0) == 0 and 0.95 < certainty(2) < 0.96


def test_somebody_who_varies_much_is_noticed_later_than_somebody_who_does_not():
    varied, even = Baseline(Spread(0.1, 0.1)), Baseline(Spread(0.1, 0.1))
    for number in range(6):
        varied.add((-1) ** number * 0.5, 8.0)
        even.add((-1) ** number * 0.02, 8.0)
    assert varied.compare(0.4, 8.0).confidence < 0.8 < even.compare(0.4, 8.0).confidence


def test_the_first_minute_stays_what_it_was():
    observer = after(turns=11)
    assert all(noticed(observer, FLAT) == ["flatter"] for _ in range(20))


def test_what_was_noticed_needs_less_to_be_noticed_again_and_does_not_come_back_by_a_hair():
    nearly = replace(USUAL, pitch_range=4.0)
    observer = after(turns=11)
    assert noticed(observer, nearly) == []
    assert noticed(observer, FLAT) == ["flatter"]
    assert noticed(observer, nearly) == ["flatter"]
    assert noticed(observer, USUAL) == []
    assert noticed(observer, nearly) == []


def see(observer, sight, began, ended, step=250):
    return [each for at in range(began, ended, step) for each in observer.saw(replace(sight, at_ms=at))]


@pytest.fixture
def watched():
    """Somebody who has looked ahead for forty seconds, blinking now and then."""
    observer = Observer()
    for at in range(0, 40_000, 250):
        observer.saw(replace(AHEAD, at_ms=at, blink=0.9 if at % 4000 == 0 else 0.1))
    return observer


@pytest.mark.parametrize(
    ("kind", "sight"),
    [
        ("looked_away", replace(AHEAD, gaze=(28.0, 0.0))),
        ("looked_away", replace(AHEAD, turn=(30.0, 2.0, 0.0))),
        ("smiled", replace(AHEAD, smile=0.7)),
        ("frowned", replace(AHEAD, brows_down=0.6)),
    ],
)
def test_what_a_face_does_for_a_while_is_noticed(watched, kind, sight):
    see(watched, AHEAD, 40_000, 42_000)
    see(watched, sight, 42_000, 43_500)
    see(watched, AHEAD, 43_500, 45_000)
    (seen,) = watched.turn("Yes.", 40_000, 45_000)
    assert seen.kind == kind and 0.5 < seen.confidence <= 1 and seen.at_ms == 45_000


def test_a_glance_aside_is_not(watched):
    see(watched, AHEAD, 40_000, 42_000)
    see(watched, replace(AHEAD, gaze=(28.0, 0.0)), 42_000, 42_500)
    see(watched, AHEAD, 42_500, 46_000)
    assert watched.turn("Yes.", 40_000, 46_000) == ()


def test_where_the_camera_stands_does_not_matter():
    observer, aside = Observer(), replace(AHEAD, turn=(10.0, 35.0, 0.0))
    see(observer, aside, 0, 45_000)
    assert observer.turn("Yes.", 40_000, 45_000) == ()


def test_leaving_the_picture_is_told_at_once_and_once(watched):
    gone = see(watched, Sight(0, False), 40_000, 48_000)
    assert [each.kind for each in gone] == ["left_the_picture"] and 42_000 <= gone[0].at_ms <= 42_500
    see(watched, AHEAD, 48_000, 50_000)
    assert len(see(watched, Sight(0, False), 50_000, 54_000)) == 1


def test_frames_out_of_order_and_a_face_that_never_came_say_nothing(watched):
    assert watched.saw(replace(AHEAD, at_ms=5)) == ()
    assert see(Observer(), Sight(0, False), 0, 30_000) == []


def test_a_little_of_a_frown_counts_where_the_brows_are_quiet(watched):
    see(watched, replace(AHEAD, brows_down=0.17), 40_000, 42_000)
    assert [each.kind for each in watched.turn("Yes.", 40_000, 42_000)] == ["frowned"]
    see(watched, replace(AHEAD, brows_down=0.14), 42_000, 44_000)
    assert watched.turn("Yes.", 42_000, 44_000) == ()


def test_brows_that_are_always_on_the_move_have_to_move_more():
    observer = Observer()
    for number, at in enumerate(range(0, 40_000, 250)):
        observer.saw(replace(AHEAD, at_ms=at, brows_down=(0.05, 0.15, 0.25)[number // 4 % 3]))
    see(observer, replace(AHEAD, brows_down=0.3), 40_000, 42_000)
    assert observer.turn("Yes.", 40_000, 42_000) == ()
    see(observer, replace(AHEAD, brows_down=0.7), 42_000, 44_000)
    assert [each.kind for each in observer.turn("Yes.", 42_000, 44_000)] == ["frowned"]


def blinking(observer, began, ended, every, open_=0.1, shut=0.65):
    """One frame of each blink is seen; the turn is the end of it."""
    for at in range(began, ended, 250):
        observer.saw(replace(AHEAD, at_ms=at, blink=shut if every and at % every == 0 else open_))
    return [each.kind for each in observer.turn("Yes.", ended - 5_000, ended)]


@pytest.mark.parametrize("open_", [0.02, 0.25])
@pytest.mark.parametrize(("every", "kinds"), [(6_000, []), (2_000, ["more_blinks"]), (0, ["fewer_blinks"])])
def test_blinks_are_noticed_over_half_a_minute_whatever_the_lids_rest_at(open_, every, kinds):
    observer = Observer()
    assert blinking(observer, 0, 60_000, 6_000, open_) == []
    assert blinking(observer, 60_000, 95_000, every, open_) == kinds


def test_lids_that_stay_down_are_not_blinking():
    observer = Observer()
    blinking(observer, 0, 60_000, 6_000)
    see(observer, replace(AHEAD, blink=0.8), 60_000, 64_000)
    assert "more_blinks" not in blinking(observer, 64_000, 90_000, 6_000)
    assert observer.face["blinks"] == pytest.approx(60_000 / lids.BLINK_MS * 4 / 104, abs=3)


def test_of_somebody_who_hardly_blinks_it_is_not_said_that_they_blink_less():
    observer = Observer()
    blinking(observer, 0, 60_000, 15_000)
    assert blinking(observer, 60_000, 95_000, 0) == []


def test_of_lids_that_never_read_as_open_no_blinks_are_told():
    observer = Observer()
    blinking(observer, 0, 60_000, 6_000, open_=0.45, shut=0.9)
    assert blinking(observer, 60_000, 95_000, 1_000, open_=0.45, shut=0.9) == []
    assert observer.face["blinks"] is None


@pytest.mark.parametrize(
    ("closed", "seen", "frames"),
    [("", 0, 12), (".x..x...x...", 3, 12), (".xx..xx.....", 2, 12), ("..xxx...x...", 1, 9), ("xxxxxx......", 0, 6)],
)
def test_a_blink_is_one_however_many_frames_it_spans(closed, seen, frames):
    levels = [(250 * number, 0.6 if each == "x" else 0.1) for number, each in enumerate(closed or "." * 12)]
    assert lids.blinks(levels, 0.1) == lids.Blinks(seen, frames)


def test_the_more_frames_the_surer_two_rates_of_blinks_differ():
    twice = [lids.certainty(lids.Blinks(4 * many, 60 * many), lids.Blinks(4 * many, 120 * many)) for many in (1, 2, 8)]
    assert twice == sorted(twice) and twice[0] < 0.8 < 0.9 < twice[-1]
    assert lids.certainty(lids.Blinks(4, 60), lids.Blinks(8, 120)) < 0.2
    assert lids.certainty(lids.Blinks(0, 60), lids.Blinks(0, 120)) == 0


def test_a_voice_and_a_face_become_one_sentence():
    observer = after()
    see(observer, AHEAD, 60_000, 102_000)
    see(observer, replace(AHEAD, gaze=(28.0, 0.0)), 102_000, 103_250)
    see(observer, AHEAD, 103_250, 106_000)
    text = "Yes, of course, I understand what you want from me there."
    observed = observer.turn(text, 100_000, 106_000, FLAT)
    one = fused(observed, text)
    assert {each.kind for each in observed} == {"flatter", "looked_away"} and one.kind == observed[0].kind
    assert one.text.startswith("Said “I understand”, ") and one.text.endswith(".")
    assert "voice flatter than before" in one.text and "looked away for 1.2 s" in one.text
    assert one.confidence == min(each.confidence for each in observed)


def test_a_few_of_the_learners_own_words_are_quoted():
    assert quote("I would, if I may say so, ask her first.") == "I would, if I may…"
    assert quote("Understood.") == "Understood" and quote("Fine, thanks.") == "Fine, thanks"


def test_without_words_it_is_said_all_the_same():
    assert fused((Observation("left_the_picture", "left the picture", 0.95, 7),)).text == "Left the picture."


def test_what_is_switched_off_is_forgotten(watched):
    observer = after()
    observer.forget("voice")
    assert noticed(observer, FLAT) == []
    watched.forget("face")
    see(watched, replace(AHEAD, smile=0.9), 40_000, 45_000)
    assert watched.turn("Yes.", 40_000, 45_000) == () and watched.face["smile"] == 0.9


def test_no_word_of_it_is_of_feelings_or_attention():
    from realtime.perception import heard, seen

    said = " ".join([*heard._WORDS.values(), *seen._WORDS.values()]).lower()
    for word in (
        "attent",
        "engag",
        "bored",
        "nervous",
        "happy",
        "sad",
        "angry",
        "anxious",
        "confus",
        "stress",
        "emotion",
    ):
        assert word not in said
