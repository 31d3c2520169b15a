"""Crawling a web site: how far, how fast, what is left alone, and what is never reached."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import DataError, OperationalError
from django.utils import timezone

from knowledge import actions, crawling, tasks
from knowledge.models import Crawl, Document
from tests.knowledge.conftest import finish

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("read_here")]


class Site:
    """A web site on this machine: `pages` by path, as text, (status, text) or "-> where"."""

    def __init__(self):
        self.pages: dict[str, object] = {}
        self.asked: list[str] = []
        self.charset = ""  # as the site's header names it
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                site.asked.append(self.path)
                found = site.pages.get(self.path, (404, "nothing"))
                status, text = found if isinstance(found, tuple) else (200, found)
                self.send_response(302 if text.startswith("-> ") else status)
                if text.startswith("-> "):
                    self.send_header("Location", text.removeprefix("-> "))
                plain = self.path.endswith((".txt", ".md", ".pdf"))
                kind = "text/plain" if plain else "text/html"
                self.send_header("Content-Type", kind + (f"; charset={site.charset}" if site.charset else ""))
                self.end_headers()
                self.wfile.write(text.encode(site.charset or "utf-8"))

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def page(self, path: str, words: str, *links: str) -> None:
        anchors = "".join(f'<p><a href="{link}">Read on about this</a></p>' for link in links)
        self.pages[path] = (
            f"<!DOCTYPE html><html><head><title>{words}</title></head><body><main><h1>{words}</h1>"
            f"<p>{words}. Here the rules are explained in a few whole sentences, so that everybody finds them.</p>"
            f"{anchors}</main></body></html>"
        )


@contextlib.contextmanager
def served():
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield site
    site.server.shutdown()
    site.server.server_close()
    thread.join()


@pytest.fixture
def site(settings, monkeypatch):
    settings.CRAWL_PRIVATE_ADDRESSES = True
    monkeypatch.setattr(crawling, "PAUSE", 0.0)
    with served() as site:
        yield site


@pytest.fixture
def other(site):
    """Another host for the crawler, which goes by host and port."""
    with served() as other:
        yield other


def run(crawl: Crawl) -> Crawl:
    waits = []
    while (wait := crawling.step(crawl.pk)) is not None:
        waits.append(wait)
        Crawl.objects.update(due=timezone.now())
    for document in crawl.documents.filter(state__in=Document.BUSY):
        finish(document)
    crawl.refresh_from_db()
    crawl.waits = waits
    return crawl


def crawl_of(collection, site, depth=1, pages=10, path="/") -> Crawl:
    return run(actions.add_url(collection, site.url + path, depth, pages, None))


def paths(crawl: Crawl, site: Site) -> set[str]:
    return {each.url.removeprefix(site.url) for each in crawl.documents.filter(state=Document.State.READ)}


def reasons(crawl: Crawl, site: Site) -> dict[str, str]:
    return {each["place"].removeprefix(site.url): each["reason"] for each in crawl.skipped}


def test_links_are_followed_as_deep_as_was_asked(collection, site):
    site.page("/", "Start", "/one", "https://elsewhere.example/")
    site.page("/one", "Leave", "/two")
    site.page("/two", "Travel", "/three")
    crawl = crawl_of(collection, site, depth=1)
    assert crawl.state == Crawl.State.DONE
    assert paths(crawl, site) == {"/", "/one"}
    one = crawl.documents.get(url=site.url + "/one")
    assert (one.depth, one.parent.url, one.name) == (1, site.url + "/", "Leave")
    assert (crawl.found, crawl.read, crawl.failed) == (2, 2, 0)


def test_no_more_pages_are_read_than_was_asked(collection, site):
    site.page("/", "Start", *(f"/{n}" for n in range(9)))
    for n in range(9):
        site.page(f"/{n}", f"Rule number {n}")
    crawl = crawl_of(collection, site, pages=3)
    assert crawl.read == 3
    assert crawl.skipped == [{"place": "7 more", "reason": "The limit of pages was reached."}]


def test_a_loop_of_links_ends(collection, site):
    site.page("/", "Start", "/a")
    site.page("/a", "Turn", "/b", "/a#part")
    site.page("/b", "Return", "/", "/a")
    crawl = crawl_of(collection, site, depth=5)
    assert paths(crawl, site) == {"/", "/a", "/b"}


def test_addresses_without_end_for_the_same_page_are_read_once(collection, site):
    text = "<!DOCTYPE html><html><body><p>The calendar of all rules, for every day of the year.</p>%s</body></html>"
    for n in range(30):
        site.pages["/" + "again/" * n] = text % '<a href="again/">next</a>'
    crawl = crawl_of(collection, site, depth=5, pages=30)
    assert crawl.read == 1
    assert reasons(crawl, site) == {"/again/": f"It is the same as {site.url}/."}


def test_robots_are_respected(collection, site):
    site.pages["/robots.txt"] = "User-agent: *\nDisallow: /private/\nCrawl-delay: 2\n"
    site.page("/", "Start", "/private/file", "/open")
    site.page("/open", "Open rules")
    site.page("/private/file", "Secret")
    crawl = crawl_of(collection, site)
    assert paths(crawl, site) == {"/", "/open"}
    assert "/private/file" not in site.asked
    assert "robots.txt" in reasons(crawl, site)["/private/file"]
    assert crawl.waits[0] == 2.0


def test_a_site_whose_robots_cannot_be_asked_is_left_alone(collection, site):
    site.pages["/robots.txt"] = (503, "busy")
    site.page("/", "Start")
    crawl = crawl_of(collection, site)
    assert crawl.state == Crawl.State.FAILED
    assert "robots.txt" in crawl.problem
    assert site.asked == ["/robots.txt"]


def test_a_page_that_asks_not_to_be_kept_is_not(collection, site):
    site.page("/", "Start", "/hidden")
    site.page("/hidden", "Hidden")
    site.pages["/hidden"] = site.pages["/hidden"].replace("<head>", '<head><meta name="robots" content="noindex">')
    crawl = crawl_of(collection, site)
    assert paths(crawl, site) == {"/"}
    assert "noindex" in reasons(crawl, site)["/hidden"]


def test_a_page_that_redirects_inside_is_not_followed(collection, site):
    site.page("/", "Start", "/in", "/other", "/circle")
    site.pages["/in"] = "-> http://169.254.169.254/latest/meta-data/"
    site.pages["/other"] = "-> file:///etc/passwd"
    site.pages["/circle"] = "-> /circle"
    crawl = crawl_of(collection, site)
    assert paths(crawl, site) == {"/"}
    assert reasons(crawl, site) == {
        "/in": "It leads to another site, 169.254.169.254.",
        "/other": "It leads to something that is no web address.",
        "/circle": "It leads back to itself, in a circle.",
    }


def test_a_start_that_redirects_inside_is_not_followed(collection, site):
    site.pages["/"] = "-> http://169.254.169.254/latest/meta-data/"
    crawl = crawl_of(collection, site)
    assert crawl.state == Crawl.State.FAILED
    assert "inside a private network" in crawl.problem


def test_private_addresses_are_refused_where_the_site_does_not_allow_them(collection, site, settings):
    site.page("/", "Start")
    crawl = actions.add_url(collection, site.url, 0, 1, None)
    settings.CRAWL_PRIVATE_ADDRESSES = False
    Crawl.objects.filter(pk=crawl.pk).update(url=site.url.replace("http:", "https:"))
    crawl = run(crawl)
    assert crawl.state == Crawl.State.FAILED
    assert "inside a private network" in crawl.problem
    assert site.asked == []


def test_a_redirect_within_the_site_is_followed_and_kept_under_its_last_address(collection, site):
    site.page("/", "Start", "/old")
    site.pages["/old"] = "-> /new"
    site.page("/new", "New rules")
    crawl = crawl_of(collection, site)
    assert paths(crawl, site) == {"/", "/new"}


def test_reading_again_changes_only_what_changed_and_notices_what_is_gone(collection, site):
    site.page("/", "Start", "/a", "/b")
    site.page("/a", "Leave")
    site.page("/b", "Travel")
    crawl = crawl_of(collection, site)
    before = {document.url: document.read_at for document in crawl.documents.all()}
    site.page("/a", "Leave and sickness")
    del site.pages["/b"]
    crawl = run(actions.recrawl(crawl))
    assert (crawl.read, crawl.unchanged, crawl.failed) == (1, 1, 1)
    documents = {document.url.removeprefix(site.url): document for document in crawl.documents.all()}
    assert documents["/"].read_at == before[site.url + "/"]
    assert documents["/a"].name == "Leave and sickness"
    assert documents["/b"].state == Document.State.GONE
    assert not documents["/b"].chunks.exists()


def hide(site: Site, path: str) -> None:
    site.pages[path] = site.pages[path].replace("<head>", '<head><meta name="robots" content="noindex">')


@pytest.mark.parametrize(
    ("change", "reason", "left"),
    [
        (lambda site: site.pages.update({"/b": "-> /"}), "It leads to {}/ now.", {"/", "/a"}),
        (
            lambda site: site.page("/new", "New") or site.pages.update({"/b": "-> /new"}),
            "leads to {}/new",
            {"/", "/a", "/new"},
        ),
        (lambda site: site.pages.update({"/b": "-> http://127.0.0.1:9/"}), "leads to another site", {"/", "/a"}),
        (lambda site: [site.page(path, "Withdrawn") for path in ("/a", "/b")], "It is the same as {}/a.", {"/", "/a"}),
        (lambda site: hide(site, "/b"), "noindex", {"/", "/a"}),
    ],
    ids=["to the start", "to a new page", "to another site", "same as another", "noindex"],
)
def test_a_page_that_now_leads_elsewhere_says_the_same_as_another_or_asks_not_to_be_kept_answers_no_more(
    collection, site, change, reason, left
):
    site.page("/", "Start", "/a", "/b")
    site.page("/a", "Leave")
    site.page("/b", "Travel")
    crawl = crawl_of(collection, site)
    change(site)
    crawl = run(actions.recrawl(crawl))
    gone = crawl.documents.get(url=site.url + "/b")
    assert gone.state == Document.State.GONE
    assert reason.format(site.url) in gone.problem
    assert not gone.chunks.exists()
    assert paths(crawl, site) == left


def test_the_reason_why_a_page_is_gone_fits_however_long_the_address_is(collection, site):
    site.page("/", "Start", "/b")
    site.page("/b", "Travel")
    crawl = crawl_of(collection, site)
    far = "/" + "n" * 900
    site.page(far, "New")
    site.pages["/b"] = "-> " + far
    crawl = run(actions.recrawl(crawl))
    assert crawl.documents.get(url=site.url + "/b").state == Document.State.GONE
    assert paths(crawl, site) == {"/", far}


def test_pages_that_move_up_an_address_are_all_kept(collection, site):
    site.page("/", "Start", "/1", "/2", "/3")
    for n in range(1, 4):
        site.page(f"/{n}", f"Notice {n}")
    crawl = crawl_of(collection, site)
    for n in range(1, 4):
        site.page(f"/{n}", f"Notice {n + 1}")
    crawl = run(actions.recrawl(crawl))
    assert {each.name for each in crawl.documents.filter(state=Document.State.READ)} == {
        *("Start", "Notice 2", "Notice 3", "Notice 4")
    }


def test_reading_again_finds_new_pages_of_the_site_that_the_start_leads_to(collection, site, other):
    site.pages["/"] = f"-> {other.url}/"
    other.page("/", "Start", "/a")
    other.page("/a", "Leave")
    crawl = crawl_of(collection, site)
    assert paths(crawl, other) == {"/", "/a"}
    other.page("/", "Start", "/a", "/new")
    other.page("/new", "New rules")
    crawl = run(actions.recrawl(crawl))
    assert paths(crawl, other) == {"/", "/a", "/new"}


def test_the_robots_of_the_site_that_a_start_leads_to_are_asked(collection, site, other):
    site.pages["/robots.txt"] = "User-agent: *\nDisallow: /open\n"
    site.pages["/"] = f"-> {other.url}/"
    other.pages["/robots.txt"] = "User-agent: *\nDisallow: /private\nCrawl-delay: 2\n"
    other.page("/", "Start", "/private", "/open")
    other.page("/private", "Secret")
    other.page("/open", "Open rules")
    crawl = crawl_of(collection, site)
    assert paths(crawl, other) == {"/", "/open"}
    assert other.asked == ["/robots.txt", "/", "/open"]
    assert crawl.waits[0] == 2.0


def test_a_start_that_leads_to_a_site_whose_robots_forbid_it_reads_nothing_there(collection, site, other):
    site.pages["/"] = f"-> {other.url}/"
    other.pages["/robots.txt"] = "User-agent: *\nDisallow: /\n"
    other.page("/", "Start")
    crawl = crawl_of(collection, site)
    assert "robots.txt" in crawl.problem
    assert other.asked == ["/robots.txt"]


@pytest.mark.parametrize(
    ("robots", "closed", "open_"),
    [
        ("User-agent: *\nDisallow: /*.pdf$\n", "/forms/leave.pdf", "/forms/leave.pdf?page=1"),
        ("User-agent: *\nDisallow: /*/private/\n", "/staff/private/pay", "/staff/pay"),
        ("User-agent: *\n\nDisallow: /a\n", "/a", "/b"),
        ("\ufeffUser-agent: *\nDisallow: /a\n", "/a", "/b"),
        ("User-agent: coachtool\nDisallow: /c\n\nUser-agent: coachtool\nDisallow: /a\n", "/a", "/b"),
        ("User-agent: *\nDisallow: /a/\nAllow: /a/open\n", "/a/closed", "/a/open"),
        ("User-agent: *\nDisallow: /a\n# \0\n", "/a", "/b"),
    ],
    ids=["end", "wildcard", "blank line", "mark", "two groups", "longest match", "a NUL"],
)
def test_robots_are_read_by_their_standard(collection, site, robots, closed, open_):
    site.pages["/robots.txt"] = robots
    site.page("/", "Start", closed, open_)
    site.pages[closed] = site.pages[open_] = "# Rules\n\nNobody works alone after six."
    crawl_of(collection, site)
    assert closed not in site.asked
    assert open_ in site.asked


def test_no_more_is_fetched_than_was_asked_whatever_the_pages_are(collection, site):
    site.page("/", "Start", *(f"/{n}" for n in range(40)))
    site.page("/sign-in", "Sign in first")
    for n in range(40):
        site.pages[f"/{n}"] = "-> /sign-in"
    crawl = crawl_of(collection, site, pages=5)
    assert sum(path[1:].isdigit() for path in site.asked) == 9  # twice five, less the start
    assert crawl.state == Crawl.State.DONE
    assert crawl.skipped[-1] == {"place": "31 more", "reason": "The limit of pages was reached."}


def test_a_long_address_that_a_page_leads_to_does_not_keep_a_crawl_from_its_end(collection, site):
    site.page("/", "Start", "/far", "/near")
    site.pages["/far"] = "-> /" + "f" * 2100
    site.page("/" + "f" * 2100, "Far away")
    site.page("/near", "Near by")
    crawl = crawl_of(collection, site)
    assert crawl.state == Crawl.State.DONE
    assert paths(crawl, site) == {"/", "/near"}
    assert reasons(crawl, site)["/far"] == "It leads to an address that is too long."


def test_what_the_database_cannot_keep_ends_the_crawl_and_a_database_that_is_unwell_does_not(
    collection, site, monkeypatch
):
    crawl = actions.add_url(collection, site.url, 0, 1, None)

    def step(problem):
        monkeypatch.setattr(crawling, "step", lambda key: (_ for _ in ()).throw(problem))
        tasks.crawl(str(crawl.pk))

    with pytest.raises(OperationalError):
        step(OperationalError("the connection is lost"))
    crawl.refresh_from_db()
    assert crawl.is_busy
    step(DataError("value too long"))
    crawl.refresh_from_db()
    assert crawl.state == Crawl.State.FAILED


def test_files_behind_links_are_read_by_their_content(collection, site):
    site.page("/", "Start", "/rules.md", "/fake.pdf", "/logo.png")
    site.pages["/rules.md"] = "# Rules\n\nNobody works alone after six."
    site.pages["/fake.pdf"] = "<!DOCTYPE html><html><body>Sign in first</body></html>"
    crawl = crawl_of(collection, site)
    assert "/logo.png" not in site.asked
    assert paths(crawl, site) == {"/", "/rules.md"}
    assert "is a web page" in reasons(crawl, site)["/fake.pdf"]


def test_a_page_that_is_too_large_leaves_a_sentence(collection, site, settings):
    settings.DOCUMENT_MB = 1
    site.page("/", "Start", "/big")
    site.pages["/big"] = "<!DOCTYPE html>" + "x" * 1_500_000
    crawl = crawl_of(collection, site)
    assert "larger than 1" in reasons(crawl, site)["/big"]
    assert paths(crawl, site) == {"/"}


def test_deleting_a_crawl_deletes_its_pages(collection, site):
    site.page("/", "Start")
    crawl = crawl_of(collection, site, depth=0)
    actions.delete_crawl(crawl)
    assert not Document.objects.exists()


def test_a_crawl_that_was_deleted_meanwhile_is_not_taken_up(collection, site):
    site.page("/", "Start")
    crawl = actions.add_url(collection, site.url, 0, 1, None)
    key = crawl.pk
    actions.delete_crawl(crawl)
    assert crawling.step(key) is None


@pytest.mark.parametrize(
    ("url", "depth", "pages", "field"),
    [
        ("handbook", 0, 1, "url"),
        ("ftp://example.edu/", 0, 1, "url"),
        ("http://example.edu/", 0, 1, "url"),
        ("https://me:secret@example.edu/", 0, 1, "url"),
        ("https://example.edu:99999/", 0, 1, "url"),
        ("https://example.edu/", 9, 1, "depth"),
        ("https://example.edu/", 0, 0, "pages"),
    ],
)
def test_what_cannot_be_crawled_is_refused_by_its_field(collection, url, depth, pages, field):
    with pytest.raises(actions.Refused) as refusal:
        actions.add_url(collection, url, depth, pages, None)
    assert refusal.value.field == field


def test_a_crawl_under_way_is_not_begun_again(collection, site):
    site.page("/", "Start", "/a")
    site.page("/a", "More")
    crawl = actions.add_url(collection, site.url, 1, 5, None)
    crawling.step(crawl.pk)
    with pytest.raises(actions.Refused, match="right now"), contextlib.nullcontext():
        actions.recrawl(crawl)


@pytest.mark.parametrize(
    ("charset", "words"),
    [
        ("iso-8859-2", "Žádost o stipendium podávejte do konce září"),
        ("Shift_JIS", "奨学金の申請は九月末までに提出してください"),
        ("koi8-r", "Заявление на стипендию подаётся до конца сентября"),
    ],
)
def test_a_page_is_read_in_the_encoding_that_the_site_names(collection, site, charset, words):
    site.charset = charset
    site.page("/", words)
    (document,) = crawl_of(collection, site, depth=0).documents.all()
    assert document.name == words
    assert words in " ".join(document.chunks.values_list("text", flat=True))
