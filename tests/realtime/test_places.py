"""How many conversations a worker lets in, and what it takes that number from."""

from types import SimpleNamespace

import pytest
import redis

from realtime import pool, workers
from realtime.perception.seeing import pictures
from realtime.perception.seeing.landmarker import Landmarker
from realtime.worker import capacity, filming, metrics
from realtime.worker.capacity import Cost
from realtime.worker.house import House
from realtime.worker.lanes import Lane
from realtime.worker.places import Places


def test_as_many_conversations_are_let_in_as_there_are_places():
    places = Places(1)
    with places.place(False) as first, places.place(False) as second:
        assert first and not second and places.taken == 1
    assert places.taken == 0


def test_a_conversation_that_lost_its_worker_is_let_in_beyond_the_places_but_not_without_end():
    places = Places(1)
    with places.place(False), places.place(True) as crowding, places.place(True) as too_many:
        assert crowding and not too_many and places.taken == 2


def test_a_place_is_given_back_once_also_where_the_lease_breaks():
    places = Places(2)
    with pytest.raises(OSError), places.place(False):
        raise OSError
    assert places.taken == 0


def test_a_worker_that_drains_lets_nobody_in_and_is_over_when_its_time_is():
    places = Places(2)
    places.drain(300)
    with places.place(True) as found:
        assert not found
    assert places.draining and not places.over
    places.drain(0)
    assert places.over
    places.drain(300)
    assert places.over


def test_a_worker_whose_renderer_is_at_its_limit_takes_nobody_but_who_lost_their_worker():
    places = Places(8, strained=lambda: True)
    with places.place(False) as beginning, places.place(True) as urgent:
        assert not beginning and urgent and places.slots == places.taken == 1
    assert Places(8).slots == 8


@pytest.mark.parametrize(("cores", "processes", "expected"), [(2, 1, 5), (2, 2, 2), (1, 4, 1), (64, 1, 32)])
def test_the_places_are_what_the_processors_carry_at_what_one_conversation_costs(cores, processes, expected):
    assert capacity.slots(Cost(hearing=0.18, speaking=0.02), cores, processes) == expected


@pytest.fixture
def house(monkeypatch):
    house = House("gpu@test", Places(1), {"voice": "v"})
    monkeypatch.setattr(workers, "_house", house)
    yield house
    house.close()


@pytest.fixture
def served(monkeypatch):
    served = []
    monkeypatch.setattr("realtime.worker.lease.serve", lambda *dial: served.append(dial[:3]))
    return served


def test_a_worker_with_a_place_serves_the_lease_and_one_without_passes_it_on(house, served, monkeypatch):
    passed = []
    monkeypatch.setattr(workers.lease, "apply_async", lambda args, **options: passed.append(args))
    workers.lease("host", 1, "token")
    with house.places.place(False):
        workers.lease("host", 1, "another")
        workers.lease("host", 1, "many times", False, 16)
    assert served == [("host", 1, "token")] and passed == [("host", 1, "another", False, 1)]


@pytest.mark.parametrize("trouble", [redis.TimeoutError, ValueError])
def test_a_lease_ends_well_though_valkey_cannot_be_told(house, served, monkeypatch, trouble):
    def pipeline(**_):
        raise trouble("no answer")

    monkeypatch.setattr(pool, "valkey", lambda: SimpleNamespace(pipeline=pipeline, delete=lambda _: None))
    workers.lease("host", 1, "token")
    assert served == [("host", 1, "token")]


def test_a_worker_says_at_once_in_the_pool_that_a_place_is_taken(house):
    def entry():
        return next((worker for worker in pool.read().workers if worker.name == "gpu@test"), None)

    def until(condition):
        for _ in range(100):
            if (seen := entry()) and condition(seen):
                return
            house._changed.wait(0.05)
        pytest.fail(f"{entry()}")

    until(lambda worker: worker.taken == 0)
    with house.places.place(False):
        house.changed()
        until(lambda worker: worker.taken == 1)
    house.changed()
    until(lambda worker: worker.taken == 0)
    house.drain(300)
    until(lambda worker: worker.draining)
    house.close()
    assert entry() is None


def test_the_time_of_a_stage_is_counted_in_the_bucket_it_falls_into(monkeypatch):
    monkeypatch.setattr(metrics, "_stages", {})
    for seconds in (0.004, 0.005, 0.3, 60):
        metrics.observe("voice", seconds)
    kept = metrics.snapshot()["voice"]
    assert kept["counts"] == [2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1] and kept["seconds"] == 60.309


async def test_how_long_calls_wait_and_take_is_counted_under_their_lanes_name(monkeypatch):
    monkeypatch.setattr(metrics, "_stages", {})
    lane = Lane("counted")
    assert await lane.run(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await lane.run(lambda: 1 / 0)
    lane.close()
    assert {name: sum(kept["counts"]) for name, kept in metrics.snapshot().items()} == {"counted wait": 2, "counted": 2}


def test_a_camera_that_may_be_sensed_is_part_of_what_a_conversation_costs():
    seen = []

    def look(jpeg):
        seen.append(pictures.decode(jpeg))
        sum(range(200_000))

    engine = SimpleNamespace(models=_Models())
    assert capacity.measured(engine).seeing == 0
    cost = capacity.measured(engine, SimpleNamespace(look=look))
    assert cost.seeing > 0 and cost.whole == cost.hearing + cost.speaking + cost.seeing
    assert Landmarker().look(*seen) is not None


@pytest.mark.parametrize(
    ("software", "rate", "strained"), [(True, 15, False), (True, 10, True), (False, 40, False), (False, 30, True)]
)
def test_a_renderer_that_falls_behind_strains_its_worker(monkeypatch, software, rate, strained):
    assert not filming.strained()
    studio = SimpleNamespace(software=software, rate=rate, films={"a face"})
    monkeypatch.setattr(filming, "_studio", studio)
    assert filming.strained() is strained


def test_a_renderer_without_a_face_strains_nobody_however_slow_the_last_one_made_it(monkeypatch):
    monkeypatch.setattr(filming, "_studio", SimpleNamespace(software=False, rate=10, films=set()))
    assert not filming.strained()


def test_what_a_conversation_costs_is_measured_with_each_model():
    engine = SimpleNamespace(models=_Models())
    cost = capacity.measured(engine)
    assert cost.hearing >= 0 and cost.speaking >= 0 and len(engine.models.asked) == 4


class _Models:
    """Each model, and which of them was asked for something."""

    frame = 512

    def __init__(self):
        self.asked = set()
        self.voice = SimpleNamespace(speak=self._speak)
        self.recogniser = SimpleNamespace(recognise=lambda samples, **options: self.asked.add("recogniser"))
        self.turn = SimpleNamespace(probability=lambda samples: self.asked.add("turn"))
        stream = SimpleNamespace(frame=512, probability=lambda samples: self.asked.add("activity"))
        self.activity = SimpleNamespace(stream=lambda: stream)

    def _speak(self, text):
        import numpy as np

        from realtime.rendering.protocols import Phone, Speech

        self.asked.add("voice")
        return Speech(np.zeros(24_000, np.int16), (Phone("m", 0, 1000),))
