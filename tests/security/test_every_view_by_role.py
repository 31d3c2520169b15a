"""Every view and every socket against everybody who might ask: table.py says what each gets."""

import pytest
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.urls import NoReverseMatch, URLPattern, get_resolver, resolve, reverse

from coachtool.asgi import application, sockets
from tests.security.table import ROWS, SOCKETS, Row
from tests.security.world import WHO, Asker, World


def patterns(resolver=None, namespace: str = "") -> dict[str, URLPattern]:
    """Every URL pattern of the tool by its full name."""
    found = {}
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            name = f"{namespace}:{entry.name}"
            assert entry.name and name not in found, f"{entry.pattern} has no name of its own"
            found[name] = entry
        else:
            found |= patterns(entry, entry.namespace or namespace)
    return found


def ask(world: World, row: Row, asker: Asker, **more) -> HttpResponse:
    """The row's request by this asker."""
    ids = row.ids(world)
    try:
        path = reverse(row.view, kwargs={"visit_id": asker.visit_id, **ids})
    except NoReverseMatch:
        path = reverse(row.view, kwargs=ids)
    query = row.query(world)
    path += f"?{query}" if query else ""
    if row.method == "POST":
        return asker.client.post(path, row.data(world), **more)
    return asker.client.get(path, **more)


def says(response: HttpResponse) -> str:
    """A cell's words for what was answered."""
    if response.status_code in (302, 303):
        return f"to {resolve(response['Location'].split('?')[0].split('#')[0]).view_name}"
    return str(response.status_code)


def test_the_table_has_every_view_and_none_that_is_gone():
    assert {row.view for row in ROWS} == set(patterns())
    assert len({row.id for row in ROWS}) == len(ROWS)


def test_the_table_has_every_socket_and_none_that_is_gone():
    assert set(SOCKETS) == {str(route.pattern) for route in sockets().routes}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_view_opens_for_those_it_is_for_and_tells_others_nothing(world, row):
    wrong = []
    for who in WHO:
        with transaction.atomic():
            response = ask(world, row, world.asker(who))
            said = says(response)
            transaction.set_rollback(True)
        if said != row.cell(who):
            wrong.append(f"{who}: {said}, not {row.cell(who)}")
        if response.status_code >= 400:
            page = response.content.decode()
            told = [name for name in ("Olga", "came in two days", "I did say so", "bonus") if name in page]
            if told:
                wrong.append(f"{who}: the refusal tells {told}")
            if "Traceback" in page:
                wrong.append(f"{who}: a stack trace")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("view", sorted({row.view for row in ROWS}))
def test_a_view_takes_the_methods_of_its_rows_only(world, view):
    rows = [row for row in ROWS if row.view == view]
    methods = {row.method for row in rows}
    # A launch that is not a POST gets a page in the course's frame that says where to go.
    for method in {"GET", "POST", "PUT", "DELETE", "PATCH"} - methods:
        if view in ("lti:launch", "lti:login") and method not in ("GET", "POST"):
            continue
        asker = world.asker("instructor")
        ids = rows[0].ids(world)
        try:
            path = reverse(view, kwargs={"visit_id": asker.visit_id, **ids})
        except NoReverseMatch:
            path = reverse(view, kwargs=ids)
        assert asker.client.generic(method, path).status_code == 405, f"{method} {view}"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("who", WHO)
async def test_a_conversations_socket_opens_for_its_learner_only(who):
    from tests.security.world import build

    world = await database_sync_to_async(build)()
    asker = await database_sync_to_async(world.asker)(who)
    path = f"/ws/v/{asker.visit_id}/attempts/{world.live.pk}/"
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost")]
    if asker.session_key:
        headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={asker.session_key}".encode()))
    page = WebsocketCommunicator(application, path, headers=headers)
    connected, _ = await page.connect(timeout=20)
    assert connected
    if who in SOCKETS["ws/v/<str:visit_id>/attempts/<uuid:attempt_id>/"]:
        assert await page.receive_nothing(timeout=0.3)
        await page.disconnect()
    else:
        assert (await page.receive_output(timeout=20))["code"] == 4403


@pytest.mark.django_db(transaction=True)
async def test_a_socket_of_another_sites_page_is_not_opened():
    from tests.security.world import build

    world = await database_sync_to_async(build)()
    asker = await database_sync_to_async(world.asker)("owner")
    path = f"/ws/v/{asker.visit_id}/attempts/{world.live.pk}/"
    cookie = f"{settings.SESSION_COOKIE_NAME}={asker.session_key}".encode()
    headers = [(b"host", b"localhost"), (b"origin", b"https://evil.example"), (b"cookie", cookie)]
    connected, _ = await WebsocketCommunicator(application, path, headers=headers).connect(timeout=20)
    assert not connected
