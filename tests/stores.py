"""Loaded by pytest before Django: a real Postgres and a real Valkey for this run, in a directory of its own."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

os.environ["COACHTOOL_ENV"] = "test"
os.environ["DJANGO_SETTINGS_MODULE"] = "coachtool.settings"

# Each process of a parallel run has stores of its own; what it starts inherits them.
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")

if os.environ.get("COACHTOOL_TEST_STORES_OF") != _WORKER:
    from coachtool.embedded import stores

    _directory = Path(tempfile.mkdtemp(prefix="coachtool-test-"))
    _stores = stores.start(_directory, durable=False)
    os.environ["COACHTOOL_TEST_STORES_OF"] = _WORKER
    os.environ["COACHTOOL_DATABASE_URL"] = _stores.database_url("coachtool")
    os.environ["COACHTOOL_VALKEY_URL"] = _stores.valkey_url
    os.environ["COACHTOOL_DATA"] = str(_directory / "data")

    @atexit.register
    def pytest_unconfigure() -> None:
        """A worker of a parallel run ends without atexit; one that fails to start, without this."""
        _stores.stop()
        shutil.rmtree(_directory, ignore_errors=True)
