"""What the learner sees of the persona's face where it comes as video, and how long it stayed away."""

from __future__ import annotations


class Eye:
    """Counts pictures. `longest_gap`: the longest time without one since the first came, in seconds."""

    def __init__(self) -> None:
        self.pictures = 0
        self.longest_gap = 0.0
        self._last: float | None = None

    def picture(self, at: float) -> None:
        """A picture was shown at `at` (seconds, monotonic)."""
        self.look(at)
        self.pictures += 1
        self._last = at

    def look(self, at: float) -> None:
        """Count the time without a picture up to `at`, whether another one follows or not."""
        if self._last is not None:
            self.longest_gap = max(self.longest_gap, at - self._last)
