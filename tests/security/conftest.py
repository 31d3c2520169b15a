import pytest

from lti import tasks
from tests.security.world import World, build


@pytest.fixture
def world(db, monkeypatch) -> World:
    monkeypatch.setattr(tasks, "kick", lambda: None)
    return build()
