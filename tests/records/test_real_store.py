"""The whole way: statements in a real, strict record store, read back from it."""

import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from django.conf import settings

from coachtool.attempts import journal
from coachtool.coaching.types import Trigger
from coachtool.embedded.lrs import VERSION
from coachtool.embedded.stores import free_port
from coachtool.records import outbox
from coachtool.records.tasks import deliver_statements
from tests import factories

# The first test to need it installs the record store's packages from npm.
pytestmark = [pytest.mark.whole, pytest.mark.django_db(transaction=True), pytest.mark.timeout(360)]

VECTORS = Path(settings.BASE_DIR).parent / "shared" / "data" / "xapi" / "statements-1.0.3.json"


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(outbox, "_kick", lambda: None)


def whole_attempt(outcome="passed", **verdicts):
    """Every kind of statement that there is."""
    attempt = factories.attempt(modality="voice")
    journal.take(attempt.pk)
    asked = factories.say(attempt, "learner", "How much will this cut my bonus?")
    trigger = Trigger("scope", "escalate", "medium", asked.seq, asked.data["text"])
    journal.append(attempt.pk, "guardrail", asdict(trigger))
    journal.escalate(attempt.pk, trigger, asked.data["text"])
    given = {"specific": "met", "agree": "met", **verdicts}
    return factories.finished(attempt, given, outcome=outcome, score=0.5, seq=asked.seq, quote="this cut my bonus")


def verbs(statements):
    return [statement["verb"]["display"]["en"] for statement in statements]


@pytest.mark.parametrize(
    ("outcome", "verdict", "end"),
    [
        ("passed", "met", ["achieved", "achieved", "scored", "completed", "passed", "terminated"]),
        ("failed", "not_met", ["achieved", "failed", "scored", "completed", "failed", "terminated"]),
        ("unclear", "unclear", ["achieved", "scored", "completed", "terminated"]),
    ],
)
def test_a_real_record_store_takes_every_statement_and_gives_them_back_in_order(lrs, outcome, verdict, end):
    attempt = whole_attempt(outcome, agree=verdict)
    deliver_statements()
    rows = attempt.statements.order_by("sequence")
    assert [row.state for row in rows] == ["sent"] * len(rows), [row.last_error for row in rows]
    held = lrs.statements(registration=str(attempt.pk))
    assert verbs(held) == ["launched", "initialized", "triggered guardrail", "escalated", *end]
    for row, statement in zip(rows, held, strict=True):
        assert {name: statement[name] for name in row.body} == row.body


def test_sending_all_of_it_again_changes_nothing_in_a_real_store(lrs):
    attempt = whole_attempt()
    deliver_statements()
    held = lrs.statements(registration=str(attempt.pk))
    attempt.statements.update(state="pending")
    deliver_statements()
    assert set(attempt.statements.values_list("state", flat=True)) == {"sent"}
    assert lrs.statements(registration=str(attempt.pk)) == held


def test_a_real_store_refuses_one_statement_and_gets_the_others(lrs):
    attempt = whole_attempt()
    bad = attempt.statements.get(sequence=3)
    bad.body = {**bad.body, "verb": {"id": "not an IRI"}}
    bad.save()
    deliver_statements()
    bad.refresh_from_db()
    assert bad.state == "dead" and bad.last_error.startswith("400")
    assert len(lrs.statements(registration=str(attempt.pk))) == attempt.statements.count() - 1


def test_a_conflict_in_a_real_store_counts_as_sent(lrs):
    attempt = whole_attempt()
    deliver_statements()
    first = attempt.statements.get(sequence=1)
    first.state, first.body = "pending", {**first.body, "timestamp": "2026-01-01T00:00:00.000Z"}
    first.save()
    deliver_statements()
    first.refresh_from_db()
    assert first.state == "sent"
    assert len(lrs.statements(registration=str(attempt.pk))) == attempt.statements.count()


def test_wrong_credentials_keep_everything_for_later(lrs, settings):
    settings.LRS_SECRET = "wrong"
    attempt = whole_attempt()
    deliver_statements()
    assert set(attempt.statements.values_list("state", flat=True)) == {"pending"}
    assert "401" in attempt.statements.get(sequence=1).last_error


def test_the_record_store_listens_on_loopback_only_and_ends_with_its_parent(running_lrs):
    port = free_port()
    command = [sys.executable, "-m", "coachtool.embedded.lrs", "--port", str(port), "--dir", ".data/lrs"]
    parent = subprocess.Popen(command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout.readline().strip() == f"http://127.0.0.1:{port}/xAPI"
        listening = {line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines() if " 0A " in line}
        assert f"0100007F:{port:04X}" in listening and f"00000000:{port:04X}" not in listening
        everywhere = Path("/proc/net/tcp6")
        assert not everywhere.exists() or f":{port:04X} " not in everywhere.read_text()
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    with pytest.raises(httpx.TransportError):
        for _ in range(50):
            httpx.get(f"http://127.0.0.1:{port}/xAPI/about", headers=VERSION, timeout=2)
            time.sleep(0.1)


def test_the_store_that_judges_us_is_strict(running_lrs):
    """ADL's conformance suite as vectors: what it lets through says what our own tests are worth."""
    if not VECTORS.exists():
        pytest.skip(f"{VECTORS} is not here: the vectors are kept outside the repository")
    wrong = []
    with httpx.Client(auth=(running_lrs.key, running_lrs.secret), headers=VERSION, timeout=10) as client:
        for vector in json.loads(VECTORS.read_text()):
            statement = {**vector["statement"], "id": vector["statement"].get("id", str(uuid4()))}
            answer = client.post(f"{running_lrs.url}/statements", json=statement).status_code
            if answer not in vector["expect"]:
                wrong.append((answer, vector["expect"], vector["name"]))
    assert not wrong
