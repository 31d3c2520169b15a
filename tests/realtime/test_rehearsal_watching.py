"""What is measured of the pictures of the persona's face."""

from realtime.rehearsal.watching import Eye


def test_the_longest_time_without_a_picture_counts_from_the_first_one_to_the_end():
    eye = Eye()
    eye.look(5.0)
    assert (eye.pictures, eye.longest_gap) == (0, 0.0)
    for at in (7.0, 7.25, 8.0):
        eye.picture(at)
    assert (eye.pictures, eye.longest_gap) == (3, 0.75)
    eye.look(10.0)
    assert eye.longest_gap == 2.0
