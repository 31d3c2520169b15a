"""`python -m tests.lti.negative`: play the launch checks; --write and --json keep what was seen."""

import argparse
import json
import sys
from pathlib import Path

from tests.lti.negative import run, table
from tests.lti.negative.checks import CHECKS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lti.negative", description=__doc__)
    parser.add_argument("--write", type=Path, help="write the table there")
    parser.add_argument("--json", type=Path, help="write every verdict there")
    parser.add_argument("--only", default="", help="only the checks whose name has this in it")
    asked = parser.parse_args()
    checks = [check for check in CHECKS if asked.only.lower() in check.id.lower()]
    played = run.play(checks)
    if asked.json:
        asked.json.write_text(json.dumps(run.as_json(played), indent=1))
    if asked.write:
        asked.write.write_text(table.written(checks, played))
    wrong = [each for each in played if each.tool == "coachtool" and not each.right]
    for each in wrong:
        print(f"{each.check}: {each.says} {each.detail} {' '.join(each.faults)}", file=sys.stderr)
    print(table.summary(checks, played))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
