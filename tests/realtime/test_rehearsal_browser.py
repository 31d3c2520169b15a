"""The synthetic learner's browser on its way from the course into the conversation."""

from urllib.parse import parse_qs

import httpx
import pytest

from realtime.rehearsal.browser import Browser, BrowserError

LMS, TOOL = "http://127.0.0.1:8001", "http://localhost:8000"
ATTEMPT = "0b6f3a36-7d1f-4d3c-9f43-0a4a5ac9a6a1"
SECURE = "Path=/; Secure; HttpOnly; SameSite=None"
LOBBY = """<main><h1>Talk with Ruth</h1><form method=post action="/v/vis/attempts/start/">
<input type=hidden name=csrfmiddlewaretoken value=c><input type=radio name=modality value=voice>
<input type=radio name=modality value=text><input type=checkbox name=microphone><input type=checkbox name=ai_disclosure
value=v1><input type=checkbox name=without_memory><button>Start</button></form>
<a href="/v/vis/memory/">What Ruth remembers of you</a></main>"""
REMEMBERED = """<main><form method=post action="/v/vis/memory/forget/">
<input type=hidden name=csrfmiddlewaretoken value=c><button>Yes, forget everything</button></form></main>"""


class Sites:
    """An LMS and a tool as small as a launch allows; each checks what a browser must bring along."""

    def __init__(self, cookie=f"{SECURE}; Partitioned", allow=f"microphone {TOOL}"):
        self.cookie, self.allow = cookie, allow
        self.seen: list[httpx.Request] = []
        self.open_attempt = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        site = {LMS: "lms", TOOL: "tool"}[f"{request.url.scheme}://{request.url.netloc.decode()}"]
        brought = request.headers.get("cookie", "")
        sent = parse_qs(request.content.decode())
        match site, request.method, request.url.path:
            case ("lms", "GET", "/as/learner2/"):
                return httpx.Response(302, headers={"location": "/courses/1/", "set-cookie": "lms=2; Path=/"})
            case ("lms", "GET", path) if brought != "lms=2":
                return httpx.Response(403, text=f"who asks for {path}?")
            case ("lms", "GET", "/courses/1/"):
                return page('<a href="/courses/1/links/other/">Other</a><a href="/courses/1/links/claims/">Claims</a>')
            case ("lms", "GET", "/courses/1/links/claims/"):
                return page(f'<iframe src="launch/" allow="{self.allow}"></iframe>')
            case ("lms", "GET", "/courses/1/links/claims/launch/"):
                return page(form(f"{TOOL}/lti/login/", iss=LMS, login_hint="h&h"))
            case ("tool", "POST", "/lti/login/") if sent == {"iss": [LMS], "login_hint": ["h&h"]}:
                headers = {"location": f"{LMS}/lti/auth/?state=s", "set-cookie": f"state=s; {self.cookie}"}
                return httpx.Response(303, headers=headers)
            case ("lms", "GET", "/lti/auth/"):
                return page(form(f"{TOOL}/lti/launch/", id_token="t", state=request.url.params["state"]))
            case ("tool", "POST", "/lti/launch/") if "state=s" in brought and request.headers["origin"] == LMS:
                return httpx.Response(303, headers={"location": "/v/vis/", "set-cookie": f"session=1; {self.cookie}"})
            case ("tool", "GET", "/v/vis/") if "session=1" in brought:
                return httpx.Response(302, headers={"location": "/v/vis/lobby/"})
            case ("tool", "GET", "/v/vis/lobby/") if "session=1" in brought:
                return page(LOBBY)
            case ("tool", "GET", "/v/vis/memory/") if "session=1" in brought:
                return page(REMEMBERED)
            case ("tool", "POST", "/v/vis/memory/forget/") if sent == {"csrfmiddlewaretoken": ["c"]}:
                return page("<main>Forgotten.</main>")
            case ("tool", "POST", "/v/vis/attempts/start/") if request.headers["origin"] == TOOL:
                assert sent.pop("csrfmiddlewaretoken") == ["c"]
                self.started = sent
                return httpx.Response(302, headers={"location": f"/v/vis/attempts/{ATTEMPT}/"})
            case ("tool", "GET", path) if path == f"/v/vis/attempts/{ATTEMPT}/":
                data = f'{{"socket": "/ws/v/vis/attempts/{ATTEMPT}/", "iceServers": [{{"urls": "stun:s"}}]}}'
                return page(f'<script type="application/json">{data}</script>')
        return httpx.Response(403, text="<main><p>Not admitted.</p></main>")


def page(html):
    return httpx.Response(200, html=f"<body>{html}</body>")


def form(action, **fields):
    hidden = "".join(f'<input type=hidden name="{k}" value="{v.replace("&", "&amp;")}">' for k, v in fields.items())
    return f'<form method="post" action="{action}">{hidden}<button>Continue</button></form>'


def browser(sites):
    return Browser(LMS, TOOL, transport=httpx.MockTransport(sites))


async def test_it_comes_from_the_course_through_the_launch_into_the_conversation():
    sites = Sites()
    async with browser(sites) as one:
        lobby = await one.launch("learner2", "claims")
        assert lobby.url == f"{TOOL}/v/vis/lobby/"
        conversation = await one.start(lobby, "voice")
    chosen = {"modality": ["voice"], "microphone": ["on"], "ai_disclosure": ["v1"], "without_memory": ["on"]}
    assert sites.started == chosen
    assert conversation.socket == f"ws://localhost:8000/ws/v/vis/attempts/{ATTEMPT}/"
    assert conversation.attempt == ATTEMPT
    assert set(conversation.cookie.split("; ")) == {"state=s", "session=1"}
    assert conversation.ice_servers == [{"urls": "stun:s"}]


async def test_in_writing_the_microphone_is_not_allowed():
    sites = Sites()
    async with browser(sites) as one:
        await one.start(await one.launch("learner2", "claims"), "text")
    assert sites.started == {"modality": ["text"], "ai_disclosure": ["v1"], "without_memory": ["on"]}


async def test_it_can_begin_as_somebody_who_was_never_there_and_then_be_remembered():
    sites = Sites()
    async with browser(sites) as one:
        lobby = await one.launch("learner2", "claims")
        await one.be_forgotten(lobby)
        assert sites.seen[-1].url.path == "/v/vis/memory/forget/"
        await one.start(lobby, "text", memory=True)
    assert sites.started == {"modality": ["text"], "ai_disclosure": ["v1"]}


async def test_neither_site_is_told_the_other_ones_addresses_or_cookies():
    sites = Sites()
    async with browser(sites) as one:
        await one.launch("learner2", "claims")
    for request in sites.seen:
        host = request.url.netloc.decode()
        if host == "localhost:8000":
            assert "lms=" not in request.headers.get("cookie", "")
            assert "/courses/" not in request.headers.get("referer", "")


async def test_a_tool_whose_cookies_browsers_drop_is_not_entered_and_the_reason_is_told():
    async with browser(Sites(cookie=SECURE)) as one:
        with pytest.raises(BrowserError, match=r"Not admitted.*Partitioned"):
            await one.launch("learner2", "claims")


async def test_a_frame_without_a_microphone_is_noticed():
    async with browser(Sites(allow="camera")) as one:
        with pytest.raises(BrowserError, match="does not allow the microphone"):
            await one.launch("learner2", "claims")


async def test_an_activity_that_is_not_in_the_course_is_named_with_those_that_are():
    async with browser(Sites()) as one:
        with pytest.raises(BrowserError, match=r"“feedback” is not in the course.*claims"):
            await one.launch("learner2", "feedback")


async def test_when_nothing_runs_it_says_what_to_start():
    def nobody(request):
        raise httpx.ConnectError("refused")

    async with browser(nobody) as one:
        with pytest.raises(BrowserError, match=r"Nothing answers at http://127\.0\.0\.1:8001.*make demo"):
            await one.launch("learner1", "claims")
