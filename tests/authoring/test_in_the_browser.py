"""The editor in a real Chromium: by keyboard alone, saved by itself, and without a finding of axe."""

import asyncio

import pytest
from axe_playwright_python.async_playwright import Axe
from channels.db import database_sync_to_async
from playwright.async_api import expect

from coachtool.activities.models import ActivityVersion
from coachtool.authoring.models import CourseActivity, Draft
from tests.pages.browser import focused, opened, page_in, to

pytestmark = [pytest.mark.whole, pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def origin(live_server):
    return live_server.url.replace("127.0.0.1", "localhost")


@pytest.fixture
def in_db():
    """Run a function that uses the database from a coroutine."""

    async def run(function):
        return await database_sync_to_async(function)()

    return run


async def test_an_activity_is_written_tried_and_published_by_keyboard_alone(world, author, origin, in_db):
    async with opened(author.client.session.session_key) as context:
        page, errors = await page_in(context)
        await page.goto(f"{origin}/v/{author.visit}/activities/")
        await to(page, "Write a new one")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="A new activity")).to_be_visible()
        await to(page, "Title")
        await page.keyboard.type("A refund that is not possible")
        await to(page, "Ruth’s face")
        await page.keyboard.press("ArrowDown")
        await to(page, "Name")
        await page.keyboard.type("Maya")
        await to(page, "Role")
        await page.keyboard.type("upset customer")
        await to(page, "The situation")
        await page.keyboard.type("A customer wants her money back after 45 days.")
        await to(page, "What should be heard?")
        await page.keyboard.type("Acknowledges that the customer is upset")
        await page.keyboard.press("Enter")
        await page.keyboard.type("Says that the refund period is 30 days")
        await to(page, "Make a first version")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="What should be heard")).to_be_visible()

        await to(page, "Add a key point to objective 1")
        await page.keyboard.press("Enter")
        await expect(page.locator(".point-card")).to_have_count(3)
        assert await focused(page) == "Key point"
        await page.keyboard.type("Offers a voucher")
        await to(page, "How learners might say it")
        await page.keyboard.press("Enter")
        await to(page, "Suggest sentences for key point 3")
        await page.keyboard.press("Enter")
        third = page.locator(".point-card").nth(2)
        await expect(third.get_by_label("Would show it")).not_to_have_value("")
        assert await focused(page) == "Suggest sentences for key point 3"
        await page.keyboard.press("Shift+Tab")
        for _ in range(40):
            if await focused(page) == "Remove: Key point 3":
                break
            await page.keyboard.press("Shift+Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator(".point-card")).to_have_count(2)
        assert await focused(page) == "Undo"
        await page.keyboard.press("Enter")
        await expect(page.locator(".point-card")).to_have_count(3)
        await expect(page.locator(".point-card").nth(2).get_by_label("Key point", exact=True)).to_be_focused()

        for heading in ("Limits", "Knowledge", "Closing lines", "Title and grading", "Check and publish"):
            await to(page, f"Next: {heading}")
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        await to(page, "Try it with Maya")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("nothing is recorded in the course")).to_be_visible()
        await expect(page.get_by_role("heading", name="Talk with Maya")).to_be_visible()
        await to(page, "Back to the editor")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Check and publish")).to_be_visible()
        await to(page, "I have read them, and they are what I mean.")
        await page.keyboard.press("Space")
        await to(page, "Publish")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("is published.")).to_be_visible()
        await to(page, "Use it here instead")
        assert errors == []
    version = await in_db(lambda: ActivityVersion.objects.get(activity__owned__isnull=False))
    assert version.published and version.definition["persona"]["face"] == "maya"
    assert len(version.brief.objectives[0].key_points) == 3


async def test_typing_is_saved_by_itself_and_says_so(world, author, origin, in_db):
    mine = await in_db(author.begun)
    async with opened(author.client.session.session_key) as context:
        page, errors = await page_in(context)
        await page.goto(origin + author.url("section", mine.activity.slug, "situation"))
        await page.get_by_label("Opening line").fill("Good morning.")
        await expect(page.locator("#state")).to_have_text("Not saved yet")
        await expect(page.locator("#state")).to_contain_text("Saved ", timeout=8000)
        draft = await in_db(Draft.objects.get)
        assert draft.definition["opening"] == "Good morning." and draft.revision == 2
        await page.get_by_label("Opening line").fill("Good evening.")
        await page.get_by_role("button", name="Save", exact=True).click()
        await asyncio.sleep(0.3)
        assert (await in_db(Draft.objects.get)).definition["opening"] == "Good evening."
        assert errors == []


async def test_going_on_while_a_save_is_under_way_is_no_conflict_with_oneself(world, author, origin, in_db):
    mine = await in_db(author.begun)
    async with opened(author.client.session.session_key) as context:
        page, errors = await page_in(context)

        async def slowly(route):
            if route.request.headers.get("accept") == "application/json":
                await asyncio.sleep(1)
            await route.continue_()

        await page.route("**/edit/situation/", slowly)
        await page.goto(origin + author.url("section", mine.activity.slug, "situation"))
        await page.get_by_label("Opening line").fill("Good morning.")
        await expect(page.locator("#state")).to_have_text("Saving…", timeout=8000)
        await page.get_by_role("button", name="Next: What should be heard").click()
        await expect(page.get_by_role("heading", name="What should be heard")).to_be_visible()
        assert (await in_db(Draft.objects.get)).definition["opening"] == "Good morning."
        assert errors == []


async def test_enter_saves_and_stays_in_the_field_and_nothing_is_typed_while_the_answer_is_awaited(
    world, author, origin, in_db
):
    mine = await in_db(author.begun)
    async with opened(author.client.session.session_key) as context:
        page, errors = await page_in(context)
        goes_on = asyncio.Event()

        async def slowly(route):
            if route.request.method == "POST":
                await goes_on.wait()
            await route.continue_()

        await page.route("**/edit/settings/", slowly)
        await page.goto(origin + author.url("section", mine.activity.slug, "settings"))
        title = page.get_by_label("Title", exact=True)
        await title.fill("Another title")
        await page.keyboard.press("Enter")
        await expect(page.locator("#editor")).to_have_js_property("inert", True)
        await page.keyboard.type("lost")
        goes_on.set()
        await expect(page.locator("#editor")).to_have_js_property("inert", False)
        await expect(title).to_have_value("Another title")
        await expect(title).to_be_focused()
        assert (await in_db(Draft.objects.get)).definition["title"] == "Another title"
        assert errors == []


async def test_a_page_that_has_been_open_for_too_long_says_so_and_does_not_try_again(world, author, origin, in_db):
    mine = await in_db(author.begun)
    async with opened(author.client.session.session_key) as context:
        page, _ = await page_in(context)
        asked = []

        async def ended(route):
            if route.request.method != "POST":
                return await route.continue_()
            asked.append(route.request.headers.get("accept"))
            await route.fulfill(status=403, body="ended")

        await page.route("**/edit/settings/", ended)
        await page.clock.install()
        await page.goto(origin + author.url("section", mine.activity.slug, "settings"))
        title = page.get_by_label("Title", exact=True)
        await title.fill("Another title")
        await page.clock.run_for(3000)
        await expect(page.locator("#state")).to_contain_text("open for too long")
        await page.clock.run_for(60000)
        assert asked == ["application/json"]
        await title.press("Enter")
        await expect(page.locator("#editor")).to_have_js_property("inert", False)
        await expect(title).to_be_focused()
        await page.clock.run_for(60000)
        assert asked == ["application/json", "text/html"]
        await expect(page.locator("#state")).to_contain_text("open for too long")
        await expect(title).to_have_value("Another title")


async def test_leaving_unsaved_is_warned_of_and_a_lost_connection_is_said_and_made_good(world, author, origin, in_db):
    mine = await in_db(author.begun)
    async with opened(author.client.session.session_key) as context:
        page, _ = await page_in(context)
        await page.goto(origin + author.url("section", mine.activity.slug, "situation"))
        await page.get_by_label("Opening line").press_sequentially("x")
        await context.set_offline(True)
        await expect(page.locator("#state")).to_contain_text("Not saved", timeout=8000)
        warned = []

        async def dismiss(dialog):
            warned.append(dialog.type)
            await dialog.accept()

        page.on("dialog", dismiss)
        await context.set_offline(False)
        await expect(page.locator("#state")).to_contain_text("Saved ", timeout=15000)
        await page.get_by_label("Opening line").press_sequentially("y")
        await page.get_by_role("link", name="All activities").click()
        await page.wait_for_url("**/activities/")
        assert warned == ["beforeunload"]


async def test_a_colleague_who_saved_first_is_named_while_typing_and_nothing_is_lost(world, author, origin, in_db):
    mine = await in_db(author.begun)
    slug = mine.activity.slug
    colleague = await in_db(lambda: world.author("Alan Colleague"))
    async with opened(author.client.session.session_key) as context:
        page, _ = await page_in(context)
        await page.goto(origin + author.url("section", slug, "situation"))
        await in_db(
            lambda: colleague.post("section", slug, "situation", do="save", base=0, revision=1, opening="From Alan.")
        )
        await page.get_by_label("Opening line").fill("From Grace.")
        await expect(page.locator("#conflict")).to_contain_text("Alan Colleague saved this part", timeout=8000)
        await expect(page.locator("#conflict")).to_be_focused()
        await expect(page.get_by_label("Opening line")).to_have_value("From Grace.")
        await page.get_by_role("button", name="Keep mine").click()
        await expect(page.locator("#conflict")).to_have_count(0)
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_label("Opening line")).to_have_value("From Alan.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_on_any_page(world, author, origin, in_db, scheme):
    pages = await in_db(lambda: _pages(world, author))
    found = []
    async with opened(author.client.session.session_key) as context:
        page, errors = await page_in(context)
        await page.emulate_media(color_scheme=scheme)
        for width in (1280, 390):
            await page.set_viewport_size({"width": width, "height": 900})
            for url in pages:
                await page.goto(origin + url)
                await page.evaluate("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
                result = await Axe().run(page)
                for each in result.response["violations"]:
                    found.append((width, url, each["id"], [node["html"][:160] for node in each["nodes"]][:3]))
                wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert wide <= 0, f"{url} is {wide} pixels too wide at {width}"
        assert errors == []
    assert found == []


def _pages(world, author) -> list[str]:
    """Every page of the editor, full, with messages and with everything to say."""
    mine = author.published()
    slug = mine.activity.slug
    author.post("section", slug, "situation", do="save", opening="Changed.", base=1, revision=0)
    author.post("publish", slug, revision=1, looked="yes", note="A note")
    wip = author.begun(
        heard="Understands the customer\r\nSays that it is late and offers a voucher\r\nAsks what she needs"
    )
    work = wip.activity.slug
    author.post("section", work, "guardrails", do="add:guardrail", base=0, revision=1, **{"guardrails.count": "1"})
    author.post("section", work, "knowledge", do="add:fact", base=0, revision=2, **{"facts.count": "1"})
    point = Draft.objects.get(activity=wip.activity).definition["objectives"][0]["key_points"][2]["id"]
    author.post("section", work, "objectives", do=f"remove:point:{point}", base=0, revision=3)
    author.post("section", work, "settings", do="save", minutes="ten", base=0, revision=4)
    author.post("new")
    new = CourseActivity.objects.latest("pk").activity.slug
    first = Draft.objects.get(activity=wip.activity).definition["objectives"][0]["key_points"][0]["id"]
    preview = author.post("preview", slug).headers["Location"]
    objectives = author.url("section", work, "objectives")
    return [
        author.url("begin", new),
        *[author.url("section", work, name) for name in ("persona", "situation", "guardrails", "knowledge", "closing")],
        author.url("section", work, "settings") + "?check=1",
        objectives,
        f"{objectives}?inspire={first}&at={first}",
        author.url("check", work),
        author.url("check", slug),
        author.url("versions", slug) + "?published=2&old=1&new=2",
        author.url("versions", world.library.slug),
        author.url("text", slug, 2),
        preview,
    ]
