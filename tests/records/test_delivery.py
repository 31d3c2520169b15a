"""Delivery against a record store that fails in every way that record stores and networks do."""

import json
import threading
from datetime import timedelta

import httpx
import pytest
import redis
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from coachtool.attempts import journal
from coachtool.embedded.stores import free_port
from coachtool.records import delivery, outbox
from coachtool.records import lrs as record_store
from coachtool.records import vocabulary as v
from coachtool.records.lrs import RecordStore
from coachtool.records.models import StatementOutbox
from coachtool.records.tasks import deliver_statements
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

WHOLE = ["launched", "initialized", "achieved", "achieved", "scored", "completed", "passed", "terminated"]


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """The kick on commit goes to the broker; here each test says when delivery runs."""
    monkeypatch.setattr(outbox, "_kick", lambda: None)


def whole_attempt():
    attempt = factories.attempt()
    journal.take(attempt.pk)
    return factories.finished(attempt, {"specific": "met", "agree": "met"}, outcome="passed", score=1.0)


def states(attempt):
    return list(attempt.statements.order_by("sequence").values_list("state", flat=True))


def later(**by):
    """As if so much time had gone by: what waits is due."""
    for row in StatementOutbox.objects.filter(state="pending"):
        row.next_try -= timedelta(**by)
        row.save(update_fields=["next_try"])


def test_what_is_pending_arrives_in_order_and_once(faulty):
    attempt = whole_attempt()
    deliver_statements()
    deliver_statements()
    assert faulty.verbs() == WHOLE and len(faulty.posts) == 1
    assert states(attempt) == ["sent"] * 8
    assert all(row.sent for row in attempt.statements.all())


def test_every_request_names_the_version_and_its_credentials(faulty):
    whole_attempt()
    deliver_statements()
    (headers,) = faulty.headers
    assert headers["X-Experience-API-Version"] == "1.0.3"
    assert headers["Authorization"] == httpx.BasicAuth("key", "secret")._auth_header


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503, 302])
def test_a_store_that_can_not_or_will_not_now_gets_it_later(faulty, status):
    attempt = whole_attempt()
    faulty.script = [status]
    deliver_statements()
    assert states(attempt) == ["pending"] * 8
    head = attempt.statements.order_by("sequence").first()
    assert head.tries == 1 and str(status) in head.last_error
    assert timedelta(seconds=3) < head.next_try - timezone.now() < timedelta(seconds=7)
    deliver_statements()
    assert len(faulty.posts) == 1, "it was tried again before its time"
    later(seconds=10)
    deliver_statements()
    assert states(attempt) == ["sent"] * 8 and faulty.verbs() == WHOLE


def test_the_waits_grow_and_end_at_a_quarter_of_an_hour(faulty):
    attempt = whole_attempt()
    faulty.script = [503] * 12
    waits = []
    for _ in range(12):
        deliver_statements()
        head = attempt.statements.order_by("sequence").first()
        waits.append((head.next_try - timezone.now()).total_seconds())
        later(hours=1)
    assert head.tries == 12 and head.state == "pending"
    assert waits[3] > 3 * waits[0] and 890 < waits[-1] < 1130


def test_a_store_that_says_when_to_come_back_is_believed(faulty):
    attempt = whole_attempt()
    faulty.script = [(503, {"Retry-After": "600"})]
    deliver_statements()
    wait = attempt.statements.order_by("sequence").first().next_try - timezone.now()
    assert timedelta(seconds=590) < wait < timedelta(seconds=601)


def test_nobody_at_the_address_keeps_everything(settings):
    settings.LRS_URL = f"http://127.0.0.1:{free_port()}/xAPI"
    attempt = whole_attempt()
    deliver_statements()
    assert states(attempt) == ["pending"] * 8
    assert "ConnectError" in attempt.statements.order_by("sequence").first().last_error


def test_a_request_that_was_stored_but_never_answered_changes_nothing_when_it_is_sent_again(faulty, monkeypatch):
    monkeypatch.setattr(record_store, "_TIMEOUT", httpx.Timeout(0.3))
    attempt = whole_attempt()
    faulty.script = ["hang"]
    deliver_statements()
    assert states(attempt) == ["pending"] * 8 and len(faulty.held) == 8
    later(seconds=10)
    deliver_statements()
    assert states(attempt) == ["sent"] * 8 and faulty.verbs() == WHOLE
    assert faulty.posts[0] == faulty.posts[1]


def test_a_cut_connection_is_tried_again(faulty):
    attempt = whole_attempt()
    faulty.script = ["drop"]
    deliver_statements()
    later(seconds=10)
    deliver_statements()
    assert states(attempt) == ["sent"] * 8


def test_a_worker_that_dies_between_sending_and_noting_it_leaves_nothing_twice(faulty, monkeypatch):
    attempt = whole_attempt()

    def die(*_):
        raise SystemExit("killed")

    with monkeypatch.context() as dying:
        dying.setattr(delivery._Sending, "_sent", die)
        with pytest.raises(SystemExit):
            deliver_statements()
    assert states(attempt) == ["pending"] * 8 and len(faulty.held) == 8
    deliver_statements()
    assert states(attempt) == ["sent"] * 8
    assert faulty.verbs() == WHOLE


def test_one_refused_statement_is_buried_with_its_reason_and_the_others_arrive(faulty):
    attempts = [whole_attempt() for _ in range(3)]
    bad = attempts[1].statements.get(sequence=5)
    faulty.refuse = lambda body: body["id"] == str(bad.statement_id)
    deliver_statements()
    assert states(attempts[0]) == states(attempts[2]) == ["sent"] * 8
    assert states(attempts[1]) == ["sent"] * 4 + ["dead"] + ["sent"] * 3
    bad.refresh_from_db()
    assert bad.last_error.startswith("400")
    assert len(faulty.held) == 23
    deliver_statements()
    assert all(row["id"] for row in faulty.held.values()) and len(faulty.held) == 23


def test_order_within_an_attempt_is_kept_when_a_batch_is_halved(faulty):
    attempt = whole_attempt()
    faulty.refuse = lambda body: body["verb"]["id"] == v.SCORED.id
    deliver_statements()
    assert faulty.verbs() == [verb for verb in WHOLE if verb != "scored"]
    assert states(attempt).count("dead") == 1


def test_what_comes_after_a_failure_in_the_same_attempt_waits_for_it(faulty):
    attempt = whole_attempt()
    faulty.refuse = lambda body: body["verb"]["id"] == v.LAUNCHED.id
    # Halved from 8 to the refused one in four requests; the fifth brings its neighbour, then the store is gone.
    faulty.script = [200, 200, 200, 200, 200, 503]
    deliver_statements()
    assert faulty.verbs() == ["initialized"]
    assert states(attempt) == ["dead", "sent"] + ["pending"] * 6
    later(seconds=10)
    deliver_statements()
    assert faulty.verbs() == WHOLE[1:]


def test_a_conflict_over_a_statement_that_the_store_has_counts_as_sent(faulty):
    attempt = whole_attempt()
    first = attempt.statements.get(sequence=1)
    faulty.held[str(first.statement_id)] = {**first.body, "timestamp": "2026-01-01T00:00:00.000Z"}
    deliver_statements()
    assert states(attempt) == ["sent"] * 8 and len(faulty.held) == 8


def test_a_conflict_over_a_statement_that_the_store_does_not_have_waits_with_all_that_follows_it(faulty):
    attempt = whole_attempt()
    faulty.script = [409, 409, 409, 409]  # eight, four, two, and the first alone
    deliver_statements()
    assert states(attempt) == ["pending"] * 8 and not faulty.held
    assert attempt.statements.get(sequence=1).last_error.startswith("409")
    later(seconds=10)
    deliver_statements()
    assert faulty.verbs() == WHOLE


def test_a_store_in_trouble_is_left_alone_until_the_next_run(faulty, monkeypatch):
    monkeypatch.setattr(delivery, "_ATTEMPTS", 1)
    attempts = [whole_attempt() for _ in range(3)]
    faulty.script = [503]
    deliver_statements()
    assert len(faulty.posts) == 1
    deliver_statements()
    assert [states(attempt)[0] for attempt in attempts] == ["pending", "sent", "sent"]


def test_a_store_that_goes_away_while_a_batch_is_halved_is_asked_no_more(faulty):
    attempts = [whole_attempt(), whole_attempt()]
    faulty.script = [400, 503]
    deliver_statements()
    assert len(faulty.posts) == 2
    assert sorted(attempt.statements.get(sequence=1).tries for attempt in attempts) == [0, 1]


def test_a_statement_that_breaks_the_store_ends_up_holding_back_nobody_else(faulty):
    broken, sound = whole_attempt(), whole_attempt()
    faulty.choke = lambda body: body["context"]["registration"] == str(broken.pk)
    for _ in range(4):
        deliver_statements()
        later(hours=1)
    assert states(sound) == ["sent"] * 8
    assert states(broken) == ["pending"] * 8


def test_two_workers_at_once_send_each_statement_once_and_in_order(faulty):
    attempts = [whole_attempt() for _ in range(12)]
    errors = []

    def work():
        try:
            with RecordStore.configured() as store:
                delivery.deliver(store)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert not errors
    sent = [statement for post in faulty.posts for statement in post]
    assert sorted(sent) == sorted(set(sent)) and len(sent) == 96
    for attempt in attempts:
        told = [b for b in faulty.held.values() if b["context"]["registration"] == str(attempt.pk)]
        assert [body["verb"]["display"]["en"] for body in told] == WHOLE


def test_an_attempt_that_another_worker_holds_is_left_to_it(faulty):
    held, free = whole_attempt(), whole_attempt()
    locked, done = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            list(held.statements.select_for_update().filter(sequence=1))
            locked.set()
            done.wait(10)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(10)
    try:
        deliver_statements()
        assert states(free) == ["sent"] * 8 and states(held) == ["pending"] * 8
    finally:
        done.set()
        holder.join()
    deliver_statements()
    assert states(held) == ["sent"] * 8


def test_a_long_queue_leaves_in_batches(faulty, monkeypatch):
    monkeypatch.setattr(delivery, "_BATCH", 20)
    monkeypatch.setattr(delivery, "_ATTEMPTS", 3)
    attempts = [whole_attempt() for _ in range(7)]
    deliver_statements()
    assert all(states(attempt) == ["sent"] * 8 for attempt in attempts)
    assert max(len(post) for post in faulty.posts) <= 20 and len(faulty.posts) >= 3


def test_without_a_record_store_the_tools_own_store_keeps_them(settings):
    settings.LRS_URL = ""
    attempt = whole_attempt()
    deliver_statements()
    assert states(attempt) == ["kept"] * 8


def test_what_was_kept_is_sent_on_request_once_there_is_a_store(settings, faulty):
    settings.LRS_URL = ""
    attempt = whole_attempt()
    with pytest.raises(CommandError):
        call_command("redeliver_statements", "--kept")
    settings.LRS_URL = faulty.url
    call_command("redeliver_statements", "--kept")
    deliver_statements()
    assert states(attempt) == ["sent"] * 8 and faulty.verbs() == WHOLE


def test_what_was_refused_is_sent_on_request(faulty):
    attempt = whole_attempt()
    faulty.refuse = lambda body: body["verb"]["id"] == v.SCORED.id
    deliver_statements()
    faulty.refuse = lambda body: False
    call_command("redeliver_statements", "--dead")
    deliver_statements()
    assert states(attempt) == ["sent"] * 8 and len(faulty.held) == 8


def test_a_broker_that_is_gone_does_not_undo_what_was_recorded(settings, faulty, monkeypatch):
    monkeypatch.undo()
    settings.LRS_URL = faulty.url

    def gone(**_):
        raise ConnectionError("no broker")

    monkeypatch.setattr(deliver_statements, "apply_async", gone)
    attempt = whole_attempt()
    assert states(attempt) == ["pending"] * 8


def test_the_end_of_an_attempt_asks_for_delivery_as_soon_as_it_is_committed(settings, faulty, monkeypatch):
    monkeypatch.undo()
    settings.LRS_URL = faulty.url

    def queued():
        return [json.loads(task)["headers"]["task"] for task in broker.lrange("default", 0, -1)].count(
            "coachtool.records.tasks.deliver_statements"
        )

    with redis.Redis.from_url(f"{settings.VALKEY_URL}/0") as broker:
        before = queued()
        with transaction.atomic():
            whole_attempt()
            assert queued() == before
        assert queued() == before + 1
