"""How a parallel run is shared out: one file to one process, the whole product's folder first and in one piece."""

from pathlib import Path

import pytest

WHOLE = Path(__file__).resolve().parent / "whole"


def pytest_itemcollected(item: pytest.Item) -> None:
    group = "product" if WHOLE in item.path.parents else str(item.path)
    item.add_marker(pytest.mark.xdist_group(group))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: WHOLE not in item.path.parents)
