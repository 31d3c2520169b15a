"""The people of a course as a file for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC

from django.utils.text import slugify

from coachtool.attempts.dashboard import Row
from coachtool.attempts.models import ResourceLink

_STATUS = {"not_yet": "not yet", "in_progress": "in progress", "practised": "practised"}
_OUTCOME = {"": "", "passed": "passed", "failed": "not yet", "unclear": "needs a person's check"}
_WAITING = {"unclear": "unclear result", "dispute": "dispute", "question": "question"}
_GONE = {"": "yes", "left": "left", "suspended": "suspended"}
_STEP = {"none": "", "practised": "practised", "passed": "passed"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_of(rows: Iterable[Row], links: Sequence[ResourceLink]) -> str:
    """RFC 4180 with a byte order mark, by which spreadsheets know UTF-8; times are UTC.

    A cell that a spreadsheet would run as a formula begins with an apostrophe.
    """
    out = io.StringIO()
    write = csv.writer(out).writerow
    several = [str(link) for link in links] if len(links) > 1 else []
    head = ["Name", "In the course", "Practised", "Times", "Best outcome", "Points", "Of", "Grade by"]
    write(_safe(cell) for cell in [*head, "Last time (UTC)", "Waits for you", *several])
    for row in rows:
        write(_safe(cell) for cell in _cells(row))
    return "\ufeff" + out.getvalue()


def file_name(link: ResourceLink) -> str:
    """Of letters, digits and hyphens only."""
    return f"{slugify(f'{link.course} {link}')[:80] or 'course'}.csv"


def _cells(row: Row) -> list[str]:
    return [
        row.name,
        _GONE[row.gone],
        _STATUS[row.status],
        str(row.times),
        _OUTCOME[row.best],
        "" if row.points is None else f"{row.points:g}",
        "" if row.points is None else str(row.maximum),
        "" if row.points is None else "instructor" if row.own_grade else "conversation",
        row.last.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if row.last else "",
        "; ".join(_WAITING[waiting.kind] for waiting in row.waiting),
        *(_STEP[step.state] for step in row.steps),
    ]


def _safe(cell: str) -> str:
    return "'" + cell if cell.lstrip(" ").startswith(_FORMULA) else cell
