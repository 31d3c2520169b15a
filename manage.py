#!/usr/bin/env python3
"""Django's command line, with coachtool's settings.

Without COACHTOOL_ENV in the environment it speaks to the demo of this
checkout, if one runs: the demo leaves its environment in its data directory.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv" / "bin" / "python"
NEEDS_NO_DEMO = ("rehearse", "bench", "makemigrations", "help", "--help", "--version")


def adopt_demo() -> None:
    """Take what the environment leaves open from the running demo."""
    if "COACHTOOL_ENV" in os.environ:
        return
    left = Path(os.environ.get("COACHTOOL_DATA") or HERE / ".data") / "environment.json"
    if left.exists():
        for name, value in json.loads(left.read_text()).items():
            os.environ.setdefault(name, value)
    elif len(sys.argv) < 2 or sys.argv[1] in NEEDS_NO_DEMO:
        os.environ["COACHTOOL_ENV"] = "test"


if __name__ == "__main__":
    if importlib.util.find_spec("django") is None and VENV.exists() and Path(sys.executable) != VENV:
        os.execv(VENV, [str(VENV), *sys.argv])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coachtool.settings")
    adopt_demo()

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
