"""A Chromium for the browser tests: `python -m coachtool.embedded.browser` finds it or gets it.

Debian's own package where apt can be used, else Playwright's build.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REMEDY = "No Chromium was found: run apt install chromium (as root), then make test again."


def find(which: Callable[[str], str | None] = shutil.which) -> str | None:
    """The path of a Chromium that works: from PATH, or Playwright's build."""
    for name in NAMES:
        if (path := which(name)) and _works(path):
            return path
    kept = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    for path in sorted(kept.glob("chromium-*/chrome-linux*/chrome"), reverse=True):
        if _works(str(path)):
            return str(path)
    return None


def get() -> str | None:
    """Install one: by apt as root or with sudo that asks for no password, else by Playwright."""
    if apt := _apt():
        print("Installing Chromium with apt.", flush=True)
        for command in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", "chromium"]):
            subprocess.run([*apt, *command], stdin=subprocess.DEVNULL, stdout=sys.stderr, timeout=900)
        if found := find():
            return found
    # Ubuntu's chromium is a snap, which does not run everywhere; Playwright's build does.
    print("Installing Playwright's Chromium.", flush=True)
    subprocess.run(
        [sys.executable, "-m", "playwright", "install", *(["--with-deps"] if os.geteuid() == 0 else []), "chromium"],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        timeout=900,
    )
    return find()


def _apt() -> list[str] | None:
    if not shutil.which("apt-get"):
        return None
    env = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    if os.geteuid() == 0:
        return env
    if shutil.which("sudo") and not subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode:
        return ["sudo", "-n", *env]
    return None


def _works(path: str) -> bool:
    """A launcher without its snap is not a browser."""
    try:
        return not subprocess.run([path, "--version"], capture_output=True, timeout=30).returncode
    except (OSError, subprocess.TimeoutExpired):
        return False


def main() -> int:
    try:
        found = find() or get()
    except (OSError, subprocess.SubprocessError):
        found = None
    print(f"Browser for the tests: {found}" if found else REMEDY, file=sys.stdout if found else sys.stderr)
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
