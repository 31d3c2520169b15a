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

if "COACHTOOL_TEST_STORES" not in os.environ:
    from coachtool.embedded import stores

    _directory = Path(tempfile.mkdtemp(prefix="coachtool-test-"))
    _stores = stores.start(_directory, durable=False)
    os.environ["COACHTOOL_TEST_STORES"] = str(_directory)
    os.environ["COACHTOOL_DATABASE_URL"] = _stores.database_url("coachtool")
    os.environ["COACHTOOL_VALKEY_URL"] = _stores.valkey_url
    os.environ["COACHTOOL_DATA"] = str(_directory / "data")

    @atexit.register
    def _stop() -> None:
        _stores.stop()
        shutil.rmtree(_directory, ignore_errors=True)
