"""Which gpu workers the demo runs, and what they are told."""

import signal

import pytest

from coachtool.embedded import plan
from coachtool.embedded.checks import Refused

WIRING = plan.Wiring("postgresql:///a", "postgresql:///b", "redis://127.0.0.1:1", "secret")


def workers(**environ):
    chosen = plan.options(environ)
    env = plan.environment(chosen, WIRING, {})
    return [spec for spec in plan.processes(chosen, env, ()) if "gpu" in spec.argv]


def test_two_workers_run_and_the_second_one_is_not_waited_for():
    assert [(spec.name, spec.spare) for spec in workers()] == [("gpu", False), ("gpu-2", True)]


def test_each_worker_knows_how_many_share_the_machine_and_measures_its_places():
    (worker, *_) = workers(COACHTOOL_GPU_PROCESSES="3")
    assert (worker.env["COACHTOOL_GPU_PROCESSES"], worker.env["COACHTOOL_GPU_SLOTS"]) == ("3", "0")


def test_the_places_may_be_set():
    assert workers(COACHTOOL_GPU_SLOTS="5")[0].env["COACHTOOL_GPU_SLOTS"] == "5"


def test_workers_are_named_apart_and_asked_to_end_in_the_way_in_which_they_drain():
    both = workers()
    assert len({spec.argv[spec.argv.index("-n") + 1] for spec in both}) == 2
    assert {spec.stop_signal for spec in both} == {signal.SIGTERM}


@pytest.mark.parametrize("value", ["0", "17", "two"])
def test_a_number_of_workers_that_cannot_be_is_refused(value):
    with pytest.raises(Refused, match="COACHTOOL_GPU_PROCESSES"):
        plan.options({"COACHTOOL_GPU_PROCESSES": value})
