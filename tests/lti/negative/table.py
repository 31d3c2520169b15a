"""What was seen, as a table in Markdown."""

from __future__ import annotations

from importlib.metadata import version
from itertools import groupby

from tests.lti.negative.checks import Check
from tests.lti.negative.run import Played

OURS, PLAIN = "coachtool", "plain pylti1p3next"
_HEAD = """# Launch checks

Every way in that must be refused, and every one that must not be, played over HTTPS in the form in which a
platform sends it: against coachtool, and against a tool of plain pylti1p3next {library} made as its documentation
says to (`tests/lti/peers/bare.py`). Written by `python -m tests.lti.negative --write docs/launch-checks.md`.

{summary}

**Refused** by coachtool means: status 4xx, a page that says what happened and what to do (its reference is shown
here), nothing made in the database, no visit, no trace and no secret on the page. **Let in** means: the visit opens,
in the role and with the grade that it should have. *goes on* is a login that is sent on to the platform. A verdict
that is wrong is in **bold**. Where the bound is † the specification leaves it to the tool: a plain verdict that
differs is none of the wrong ones. Numbers are seconds where it took more than one.
"""


def summary(checks: list[Check], played: list[Played]) -> str:
    """Two lines, counted."""
    lines = []
    for tool in (OURS, PLAIN):
        seen = {each.check: each for each in played if each.tool == tool}
        wrong = [check for check in checks if _wrong(check, seen[check.id])]
        accepted = [check for check in wrong if not check.lets_in and seen[check.id].says in ("let in", "goes on")]
        rejected = [check for check in wrong if check.lets_in and seen[check.id].says in ("refused", "server error")]
        failed = len(wrong) - len(accepted) - len(rejected)
        name = f"{tool} {version('pylti1p3next')}" if tool == PLAIN else tool
        lines.append(
            f"{name}: {len(checks) - len(wrong)} of {len(checks)} right; {len(accepted)} wrongly accepted, "
            f"{len(rejected)} wrongly refused, {failed} answered in another wrong way (a server error, no answer)."
        )
    return "\n".join(lines)


def written(checks: list[Check], played: list[Played]) -> str:
    """The whole file."""
    library = version("pylti1p3next")
    lines = [_HEAD.format(library=library, summary="- " + summary(checks, played).replace("\n", "\n- "))]
    seen = {(each.check, each.tool): each for each in played}
    for group, members in groupby(checks, key=lambda check: check.group):
        lines += [
            f"## {group}",
            "",
            f"| check | expected | coachtool | plain pylti1p3next {library} |",
            "|---|---|---|---|",
        ]
        for check in members:
            cells = [_cell(check, seen[check.id, tool]) for tool in (OURS, PLAIN)]
            expected = ("let in" if check.lets_in else "refused") + (" †" if check.ours else "")
            lines.append(f"| {check.name} | {expected} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def _wrong(check: Check, seen: Played) -> bool:
    return not seen.right and (seen.tool == OURS or not check.ours)


def _cell(check: Check, seen: Played) -> str:
    says = seen.says
    if seen.tool == OURS and says == "refused":
        says += f" (`{seen.detail}`)"
    if seen.seconds >= 1:
        says += f", {seen.seconds:.0f} s"
    return f"**{says}**" if _wrong(check, seen) else says
