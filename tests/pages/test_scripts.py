"""The pages' own modules, those that need no page, in Node."""

import subprocess
from pathlib import Path

import pytest

from tests.node import node

HERE = Path(__file__).parent


@pytest.mark.parametrize("script", sorted(path.name for path in HERE.glob("*.test.mjs")))
def test_a_module_of_the_pages_behaves(script):
    run = subprocess.run([*node(), "--test", HERE / script], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
