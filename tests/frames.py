"""Waiting for what a page shows inside the LMS's frame."""

from __future__ import annotations

from playwright.sync_api import Locator, TimeoutError

_LOOK_MS = 5_000


def arrived(target: Locator, looks: int = 6) -> Locator:
    """`target`, once it is visible in a frame that is still on its way there; looks again every 5 s.

    `expect` looks once without any timeout before it starts to wait. If the frame is being replaced by another
    process's at that moment, the answer is lost and the test hangs. Wait here first, expect afterwards.

    Raises playwright's TimeoutError after the last look.
    """
    for look in range(looks):
        try:
            target.wait_for(timeout=_LOOK_MS)
            return target
        except TimeoutError:
            if look == looks - 1:
                raise
    raise AssertionError("at least one look")
