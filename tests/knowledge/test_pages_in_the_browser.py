"""The documents' pages in a real Chromium: files by keyboard and by drop, states that move on, and nothing for axe."""

import pytest
from axe_playwright_python.async_playwright import Axe
from channels.db import database_sync_to_async
from playwright.async_api import expect

from knowledge import actions
from knowledge.models import Collection, Crawl, Document
from tests import factories
from tests.knowledge.test_pages import document, teacher_of
from tests.pages.browser import opened, page_in

pytestmark = [pytest.mark.whole, pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def place(live_server, monkeypatch):
    """A teacher, a collection, and an address; a file that is added is being read until the test says otherwise."""

    def add_file(collection, name, file, person):
        if name.endswith(".exe"):
            raise actions.Refused("file", "b.exe is a program. Add documents only.")
        return document(collection, name, state="reading", progress=30, passages=0, size=len(file.read()))

    monkeypatch.setattr(actions, "add_file", add_file)
    teacher = teacher_of(factories.course())
    collection = Collection.objects.create(tenant=teacher.course.tenant, course=teacher.course, name="Handbook")
    origin = live_server.url.replace("127.0.0.1", "localhost")
    return teacher, collection, origin + teacher.url("collection", collection.pk)


async def test_files_are_taken_in_one_by_one_and_shown_as_they_are_read(place):
    teacher, collection, url = place
    async with opened(teacher.client.session.session_key) as context:
        page, errors = await page_in(context)
        await page.goto(url)
        await expect(page.get_by_text("Nothing in it yet.")).to_be_visible()
        files = [("a.md", b"# A"), ("b.exe", b"MZ"), ("c.md", b"# C")]
        sent = [{"name": name, "mimeType": "text/plain", "buffer": data} for name, data in files]
        await page.get_by_label("Choose files").set_input_files(sent)
        for name in ("a.md", "c.md"):
            await expect(page.locator("#contents").get_by_role("link", name=name)).to_be_visible()
        await expect(page.get_by_role("alert")).to_have_text("b.exe is a program. Add documents only.")
        await expect(page.locator("[data-told]")).to_have_text("2 files added.")
        await expect(page.get_by_role("progressbar")).to_have_count(2)
        done = Document.objects.filter(collection=collection)
        await database_sync_to_async(done.update)(state="read", passages=3, progress=100)
        await expect(page.get_by_role("progressbar")).to_have_count(0)
        await expect(page.locator("#contents .read")).to_have_count(2)
        await expect(page.locator("[data-live-told]")).to_have_text("Everything has been read.")
        assert [error for error in errors if "422" not in error] == []


async def test_a_file_is_dropped_and_a_focus_or_an_open_fold_is_left_where_it_is(place):
    teacher, collection, url = place

    def site():
        crawl = Crawl.objects.create(collection=collection, url="https://a.example/", pages=9, state="running", read=1)
        for name in ("One", "Two", "Three", "Four"):
            document(collection, name, kind="page", url=f"https://a.example/{name}", crawl=crawl)
        return crawl

    crawl = await database_sync_to_async(site)()
    async with opened(teacher.client.session.session_key) as context:
        page, errors = await page_in(context)
        await page.goto(url)
        drop = """(zone) => {
            const data = new DataTransfer();
            data.items.add(new File(["# D"], "d.md"));
            zone.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
        }"""
        await page.locator("[data-drop]").evaluate(drop)
        await expect(page.get_by_role("link", name="d.md")).to_be_visible()
        await page.get_by_text("Its pages").click()
        await page.get_by_role("link", name="d.md").focus()
        await database_sync_to_async(Crawl.objects.filter(pk=crawl.pk).update)(read=5)
        await expect(page.get_by_text("5 of 9 fetched")).to_be_visible()
        await expect(page.get_by_role("link", name="Three")).to_be_visible()
        await expect(page.get_by_role("link", name="d.md")).to_be_focused()
        assert errors == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_pages_pass_axe_and_fit_their_window(place, width, scheme):
    teacher, collection, url = place

    def filled():
        left = [{"place": "Page 7", "reason": "It is a picture without text."}]
        read = [{"place": "Page 1", "words": 3, "note": "a table"}]
        one = document(collection, "a-name-without-a-single-space" * 4 + ".pdf", skipped=left, read=read)
        document(collection, "b.pdf", state="reading", progress=20)
        document(collection, "c.docm", state="failed", problem="Save it without macros and add it again.")
        far = "https://a.example/" + "very-long-path/" * 8
        crawl = Crawl.objects.create(collection=collection, url=far, pages=9, state="done", skipped=left)
        return one, crawl

    one, crawl = await database_sync_to_async(filled)()
    pages = [
        url,
        url.replace(f"{collection.pk}/", ""),
        f"{url}{one.pk}/",
        f"{url}addresses/{crawl.pk}/",
        f"{url}delete/",
        f"{url}question/",
    ]
    async with opened(teacher.client.session.session_key) as context:
        page, errors = await page_in(context)
        await page.set_viewport_size({"width": width, "height": 900})
        await page.emulate_media(color_scheme=scheme)
        for address in pages:
            await page.goto(address)
            found = await Axe().run(page)
            assert found.violations_count == 0, f"{address}: {found.generate_report()}"
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, address
        assert errors == []
