"""`manage.py bench launch`, in small: both tools let everybody in, and the figures add up."""

import pytest

from lti import benchmark

SMALL = benchmark.Load(rounds=2, launches=6, at_once=2, burst=20, seconds=2.0)


@pytest.mark.whole
@pytest.mark.timeout(240)
def test_the_bench_launches_with_both_tools_and_counts_a_burst():
    figures = benchmark.launch(SMALL)
    for name in ("one at a time", "2 at a time"):
        for row in figures[name]["tools"].values():
            assert row["n"] == 12 and 0 < row["p50"] <= row["p95"] and row["per_second"] > 0
    burst = figures["burst"]
    assert (burst["launches"], burst["n"], burst["errors"]) == (20, 20, {})
    assert burst["seconds"] >= 1.9  # at its pace, not as fast as it goes
    assert "20 launches in" in benchmark.report(figures)


@pytest.mark.whole
@pytest.mark.timeout(240)
def test_a_launch_that_is_not_let_in_is_counted_as_an_error():
    with benchmark._tools() as (ours, _):
        ours.target = ours.target.replace("/lti/launch/", "/lti/elsewhere/")
        burst = benchmark._burst(ours, 3, 0.1)
    assert burst["errors"] == {"login answered 400": 3}
    assert burst["n"] == 0
