"""A real Chromium that keeps only some cookies: in the LMS's frame, or from other sites at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, expect, sync_playwright

from coachtool.embedded import browser

_BLOCK = 2
_ARGUMENTS = ("--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update")


def no_third_party_cookies() -> dict:
    """Chromium's own "Block third-party cookies"; partitioned ones stay."""
    return {"profile": {"cookie_controls_mode": 1, "block_third_party_cookies": True}}


def no_cookies_of(tool: str, within: str = "*") -> dict:
    """No cookie of the tool, partitioned or not: anywhere, or `within` the LMS's pages only, as with Safari."""
    pattern = f"{_pattern(tool)},{_pattern(within) if within != '*' else '*'}"
    return {"profile": {"content_settings": {"exceptions": {"cookies": {pattern: {"setting": _BLOCK}}}}}}


@contextmanager
def chromium(profile: Path, preferences: dict, *flags: str, **options) -> Iterator[BrowserContext]:
    """A browser with a profile of its own at `profile`, which must not exist yet."""
    (profile / "Default").mkdir(parents=True)
    (profile / "Default" / "Preferences").write_text(json.dumps(preferences))
    with sync_playwright() as play:
        context = play.chromium.launch_persistent_context(
            profile,
            executable_path=browser.find(),
            args=[*_ARGUMENTS, *flags],
            chromium_sandbox=False,
            **options,
        )
        context.set_default_timeout(30_000)
        expect.set_options(timeout=30_000)
        try:
            yield context
        finally:
            context.close()


def _pattern(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
