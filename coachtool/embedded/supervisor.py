"""Keeps processes running: starts them, starts again what dies, ends all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from coachtool.embedded.process import Process, last_lines


@dataclass(frozen=True)
class Backoff:
    """Seconds to wait before a process is started again; after `settled` seconds of life it counts from the start."""

    first: float = 0.2
    factor: float = 3.0
    longest: float = 30.0
    settled: float = 30.0

    def after(self, deaths: int) -> float:
        """The wait after that many deaths in a row."""
        return min(self.longest, self.first * self.factor ** (deaths - 1))


@dataclass
class _Watched:
    process: Process
    deaths: int = 0
    again_at: float | None = None


class Supervisor:
    """Call `check` a few times a second. `say` gets one line whenever a process died, `mourn` the process."""

    def __init__(
        self,
        say: Callable[[str], None],
        backoff: Backoff | None = None,
        mourn: Callable[[Process], None] = lambda process: None,
    ):
        self._say = say
        self._mourn = mourn
        self._backoff = backoff or Backoff()
        self._watched: list[_Watched] = []

    @property
    def processes(self) -> tuple[Process, ...]:
        return tuple(watched.process for watched in self._watched)

    def start(self, process: Process) -> None:
        process.start()
        self.watch(process)

    def watch(self, process: Process) -> None:
        """Take over a process that runs already."""
        self._watched.append(_Watched(process))

    def check(self) -> None:
        """Notice who died and start again whose time has come."""
        now = time.monotonic()
        for watched in self._watched:
            process = watched.process
            if watched.again_at is not None:
                if now >= watched.again_at:
                    watched.again_at = None
                    process.start()
            elif not process.alive():
                lived = now - process.started_at
                watched.deaths = 1 if lived > self._backoff.settled else watched.deaths + 1
                wait = self._backoff.after(watched.deaths)
                watched.again_at = now + wait
                when = "now" if wait < 1 else f"in {wait:.0f} s"
                self._say(f"{process.name} ended ({process.how_it_ended}); it is started again {when}.")
                self._mourn(process)

    def hopeless(self, deaths: int = 3) -> Process | None:
        """A process that died so often in a row that its start can't be waited for."""
        return next((watched.process for watched in self._watched if watched.deaths >= deaths), None)

    def stop(self, hurry: Callable[[], bool] = lambda: False) -> None:
        """End all of them side by side, each within its patience; when `hurry` says so, at once."""
        stop_all(self.processes, hurry)
        self._watched.clear()


def stop_all(processes: Sequence[Process], hurry: Callable[[], bool] = lambda: False) -> None:
    for process in processes:
        process.ask_to_stop()
    began = time.monotonic()
    waiting = list(processes)
    while waiting := [process for process in waiting if process.alive()]:
        for process in waiting:
            if hurry() or time.monotonic() - began > process.spec.patience:
                process.kill()
        time.sleep(0.02)


def why(process: Process) -> str:
    """One line on a process that does not start: how it ended, its last words, and where to read more."""
    said = " ".join(last_lines(process.spec.log, 1))
    return f"{process.name} does not start ({process.how_it_ended}; {said[-200:] or 'it said nothing'}): " + (
        f"see {process.spec.log}."
    )
