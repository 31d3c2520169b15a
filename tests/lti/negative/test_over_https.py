"""The launch checks against the tool over HTTPS, and docs/launch-checks.md as it was last written."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lti.negative.checks import CHECKS

ROOT = Path(__file__).resolve().parents[3]
TABLE = ROOT / "docs" / "launch-checks.md"


@pytest.fixture(scope="module")
def seen(tmp_path_factory) -> dict[tuple[str, str], dict]:
    """Every verdict, by check and tool. A process of its own plays them, with a database of its own."""
    found = tmp_path_factory.mktemp("negative") / "seen.json"
    played = subprocess.run(
        [sys.executable, "-m", "tests.lti.negative", "--json", str(found)],
        cwd=ROOT,
        timeout=280,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert found.exists(), played.stdout
    return {(each["check"], each["tool"]): each for each in json.loads(found.read_text())}


@pytest.mark.whole
@pytest.mark.timeout(300)  # the first one plays them all
@pytest.mark.parametrize("check", CHECKS, ids=[check.id for check in CHECKS])
def test_coachtool_gives_the_right_verdict(seen, check):
    verdict = seen[check.id, "coachtool"]
    assert verdict["right"], verdict


@pytest.mark.whole
def test_the_checks_can_tell_a_tool_that_lets_too_much_in(seen):
    """The same runner, the same forms: the bare library's tool lets in what ours must not."""
    plain = {check.id: seen[check.id, "plain pylti1p3next"]["says"] for check in CHECKS}
    for name in ("State and nonce: the same form sent again (replayed token)", "Claims: when: exp missing"):
        assert plain[name] == "let in"
    assert plain["Must launch: a learner"] == "let in"
    assert plain["Header and signature: tampered payload"] == "refused"


def test_no_two_checks_have_the_same_name():
    assert len({check.id for check in CHECKS}) == len(CHECKS)


def test_the_table_in_the_documentation_has_every_check_and_no_wrong_verdict_of_ours():
    rows = [line.split(" | ") for line in TABLE.read_text().splitlines() if line.startswith("| ")]
    rows = [[cell.strip("| ") for cell in row] for row in rows if not row[0].startswith("| check")]
    assert [row[0] for row in rows] == [check.name for check in CHECKS]
    for check, (_, expected, ours, _) in zip(CHECKS, rows, strict=True):
        wanted = "let in" if check.lets_in else f"refused (`{check.reason}`)"
        assert expected.removesuffix(" †") == wanted.split(" (")[0]
        assert ours.startswith(wanted), check.id
