"""How a parallel run is shared out: one file to one process, and the whole product's folder first and in one piece."""

from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

WHOLE = Path(__file__).resolve().parent / "whole"


class ByFile(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::", 1)[0]
        return "tests/whole" if path.startswith("tests/whole/") else path


def pytest_xdist_make_scheduler(config: pytest.Config, log) -> ByFile:
    config.option.loadscopereorder = False  # by number of tests, it would put the longest last
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: WHOLE not in item.path.parents)
