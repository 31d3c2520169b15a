"""The lobby and the conversation page in a real Chromium; the WebSocket's other end is the test."""

import asyncio
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlencode, urlparse

import pytest
from channels.db import database_sync_to_async
from playwright.async_api import expect

from coachtool.attempts.models import Attempt
from tests.pages.browser import Server, connected, opened, page_in

pytestmark = [pytest.mark.whole, pytest.mark.django_db(transaction=True)]


class _CoursePage(BaseHTTPRequestHandler):
    """A page that frames the address in its query string and hands nothing on to it."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        framed = parse_qs(urlparse(self.path).query).get("frame", [""])[0]
        self.wfile.write(f"<!doctype html><title>Course</title><iframe src='{framed}'></iframe>".encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def course():
    """The origin of a course page on another site than the tool."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _CoursePage) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def place(world, live_server, course):
    """`await place(modality)` gives the session and the address of a conversation of the learner, or of the lobby."""
    origin = live_server.url.replace("127.0.0.1", "localhost")

    def make(modality: str | None = None) -> tuple[str, str]:
        client, visit = world.admitted(world.learner, "learner", frame_origin=course)
        path = f"attempts/{world.attempt(modality=modality).pk}/" if modality else "lobby/"
        return client.session.session_key, f"{origin}/v/{visit}/{path}"

    return database_sync_to_async(make)


@pytest.fixture
async def conversation(place, request):
    """The conversation page: its server, its page; fails if the page logs an error."""
    modality = getattr(request, "param", "text")
    key, url = await place(modality)
    async with connected(key, url) as (server, page):
        yield server, page


async def test_what_was_said_is_on_the_page_once_although_it_is_sent_twice(conversation):
    server, page = conversation
    server.live()
    for _ in range(2):
        server.utterance(3, "persona", "When do you stop?")
        server.utterance(4, "learner", "Above ten thousand.")
    lines = page.locator("#lines .spoken")
    await expect(lines).to_have_text(["When do you stop?", "Above ten thousand."])
    await expect(page.locator("body")).to_have_attribute("data-phase", "live")


async def test_what_a_line_rests_on_is_shown_on_request_by_keyboard_too(conversation):
    server, page = conversation
    server.live()
    cited = {"passage": "7", "document": "Claims handbook", "place": "page 4, Limits", "quote": "Above $10,000, ask."}
    server.utterance(3, "persona", "Above ten thousand it comes to me.", citations=[cited])
    server.utterance(4, "persona", "And now to you.")
    source = page.locator("#lines summary")
    await expect(source).to_have_text("Source")
    await expect(page.get_by_text("page 4, Limits")).to_be_hidden()
    await page.locator("#log").focus()
    await page.keyboard.press("Tab")
    await expect(source).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#lines cite")).to_have_text("Claims handbook, page 4, Limits")
    await expect(page.locator("#lines q")).to_be_visible()
    await expect(page.locator("#lines q")).to_have_text("Above $10,000, ask.")


async def test_a_lost_connection_is_said_comes_back_and_asks_for_what_it_missed(conversation):
    server, page = conversation
    assert server.of("hello")[0] == {"type": "hello", "after": 0, "modality": "text"}
    server.live()
    server.utterance(7, "persona", "When do you stop?")
    await expect(page.locator("#lines .spoken")).to_have_count(1)
    await server.drop()
    await expect(page.locator("#banner")).to_contain_text("nothing you said is lost")
    assert (await server.expect_greeting(2))["after"] == 7
    server.live()
    server.utterance(7, "persona", "When do you stop?")
    server.utterance(8, "persona", "Are you there?")
    await expect(page.locator("#lines .spoken")).to_have_text(["When do you stop?", "Are you there?"])
    await expect(page.locator("#banner")).to_be_hidden()


async def test_typed_words_are_sent_again_until_they_are_confirmed(conversation):
    server, page = conversation
    server.live()
    await page.keyboard.type("Above ten thousand.")
    await page.keyboard.press("Enter")
    first = await server.expect("say")
    assert first["text"] == "Above ten thousand."
    await server.drop()
    await server.expect_greeting(2)
    assert await server.expect("say") == first
    server.utterance(5, "learner", "Above ten thousand.")
    await expect(page.locator("#lines .line-sending")).to_have_count(0)
    await expect(page.locator("#lines .spoken")).to_have_count(1)
    await server.drop()
    await server.expect_greeting(3)
    await asyncio.sleep(0.3)
    assert server.of("say") == []


async def test_in_writing_the_keyboard_is_enough_and_no_microphone_is_asked_for(conversation):
    server, page = conversation
    server.live()
    await expect(page.locator("#words")).to_be_focused()
    await page.keyboard.type("Hel")
    await server.expect("typing")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("lo")
    await page.keyboard.press("Enter")
    assert (await server.expect("say"))["text"] == "Hel\nlo"
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(page.locator("#finish")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Keep talking")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("#finish")).to_be_focused()
    assert server.of("finish") == [] and server.of("interrupt") == [] and server.of("offer") == []
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await server.expect("finish")


async def test_the_end_leads_to_the_report(conversation):
    server, page = conversation
    server.live()
    report = page.url + "report/"
    server.say("ended", reason="closed", report=report)
    await expect(page.locator("body")).to_have_attribute("data-phase", "ended")
    await expect(page.get_by_role("link", name="See your report")).to_be_focused()
    async with page.expect_request(report):
        pass


@pytest.mark.parametrize("conversation", ["voice"], indirect=True)
async def test_the_sentence_that_is_being_said_stands_out(conversation):
    server, page = conversation
    server.live()
    server.say("floor", state="speaking")
    server.say("caption", speaker="persona", text="Good.", id="1.0")
    server.say("caption", speaker="persona", text="And if somebody is hurt?", id="1.1")
    await expect(page.locator("#caption-persona .now")).to_have_text("And if somebody is hurt?")
    await expect(page.locator("#caption-persona")).to_have_text("Good. And if somebody is hurt?")
    await expect(page.locator("#floor-words")).to_have_text("Ruth is speaking")
    server.say("floor", state="hearing")
    server.say("caption", speaker="learner", text="then I bring", id="partial")
    await expect(page.locator("#caption-learner")).to_have_text("You then I bring")
    await expect(page.locator("#caption-persona .now")).to_have_count(0)


@pytest.mark.parametrize("conversation", ["voice"], indirect=True)
async def test_an_offer_is_complete_made_once_and_made_again_when_its_taker_is_gone(conversation):
    server, page = conversation
    sdp = (await server.expect("offer"))["sdp"]
    assert "a=candidate" in sdp and "m=audio" in sdp and "m=application" in sdp and "a=sendrecv" in sdp
    server.live(offer=True)
    await asyncio.sleep(0.5)
    assert len(server.of("offer")) == 1, "one is waiting for its answer"
    server.say("state", phase="recovering", detail="The voice was lost for a moment.")
    await expect(page.locator("#banner")).to_have_text("The voice was lost for a moment.")
    server.live(offer=True)
    assert (await server.expect("offer", 2))["sdp"] != sdp
    await expect(page.locator("#banner")).to_be_hidden()


@pytest.mark.parametrize("conversation", ["voice"], indirect=True)
async def test_escape_and_the_button_take_the_floor_and_mute_is_said(conversation):
    server, page = conversation
    server.live()
    server.say("floor", state="speaking")
    await expect(page.locator("body")).to_have_attribute("data-floor", "speaking")
    await page.keyboard.press("Escape")
    await server.expect("interrupt")
    await page.get_by_role("button", name="Let me speak").click()
    await server.expect("interrupt", 2)
    server.say("floor", state="listening")
    await page.get_by_role("button", name="Mute").click()
    await expect(page.locator("#floor-words")).to_have_text("You are muted")
    await expect(page.locator("#mute")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("conversation", ["voice"], indirect=True)
async def test_waiting_says_how_many_are_before_you_and_a_problem_says_what_to_do(conversation):
    server, page = conversation
    server.say("state", phase="waiting", detail="", queue=2)
    await expect(page.locator("#curtain")).to_contain_text("2 conversations are before yours")
    server.live()
    await expect(page.locator("#curtain")).to_be_hidden()
    server.say(
        "problem", code="speech_unavailable", message="I could not hear that.", remedy="Say it again, or type it."
    )
    await expect(page.locator("#problem-words")).to_have_text("I could not hear that. Say it again, or type it.")
    await expect(page.locator("#words")).to_be_visible()


async def test_without_a_microphone_the_conversation_goes_on_in_writing(place):
    key, url = await place("voice")
    async with opened(key, microphone=False) as context:
        page, errors = await page_in(context)
        server = Server()
        await page.route_web_socket("**/ws/**", server.take)
        await page.goto(url)
        await server.expect("hello")
        await expect(page.locator("#problem-words")).to_contain_text("write instead")
        await page.get_by_role("button", name="Go on in writing").click()
        assert (await server.expect_greeting(2))["modality"] == "text"
        await expect(page.locator("#words")).to_be_focused()
        assert errors == []


async def test_the_lobby_hears_the_learner_names_what_is_missing_and_starts(place):
    key, url = await place()
    async with opened(key) as context:
        page, errors = await page_in(context)
        await page.route_web_socket("**/ws/**", Server().take)
        await page.goto(url)
        await page.get_by_role("button", name="Start the conversation").click()
        await expect(page.locator("#modality-error")).to_be_visible()
        await page.get_by_label("By voice").check()
        await page.locator("#microphone").check()
        await expect(page.locator("#meter-words")).to_have_text("We can hear you.")
        assert await page.locator("#microphone-choice option").count() > 0
        await page.get_by_role("button", name="Start the conversation").click()
        await expect(page.locator("#ai_disclosure-error")).to_be_visible()
        await page.locator("#ai_disclosure").check()
        await page.get_by_role("button", name="Start the conversation").click()
        await page.wait_for_url("**/attempts/*/")
        assert errors == []
    attempt = await database_sync_to_async(Attempt.objects.get)()
    assert (attempt.modality, attempt.consent["microphone"]) == ("voice", True)


async def test_who_chooses_writing_while_the_browser_still_asks_keeps_the_microphone_off(place):
    key, url = await place()
    async with opened(key) as context:
        page, errors = await page_in(context)
        await page.add_init_script(
            """navigator.mediaDevices.getUserMedia = () => new Promise((answered) => {
                window.allow = () => {
                    const { stream } = new AudioContext().createMediaStreamDestination();
                    window.track = stream.getAudioTracks()[0];
                    answered(stream);
                };
            });"""
        )
        await page.goto(url)
        await page.get_by_label("By voice").check()
        await page.locator("#microphone").check()
        await page.get_by_label("In writing").check()
        await page.evaluate("allow()")
        await asyncio.sleep(0.5)
        assert await page.evaluate("track.readyState") == "ended"
        await expect(page.locator("#preview")).to_be_hidden()
        await page.get_by_label("By voice").check()
        await page.evaluate("allow()")
        await expect(page.locator("#preview")).to_be_visible()
        assert await page.evaluate("track.readyState") == "live"
        assert errors == []


@pytest.mark.parametrize("conversation", ["voice"], indirect=True)
async def test_on_a_phone_on_its_side_every_control_can_be_scrolled_to(conversation):
    server, page = conversation
    await page.set_viewport_size({"width": 844, "height": 340})
    server.live()
    await expect(page.locator("#curtain")).to_be_hidden()
    await page.mouse.move(420, 100)
    await page.mouse.wheel(0, 1000)
    for name in ("#mute", "#interrupt", "#type", "#finish"):
        await expect(page.locator(name)).to_be_in_viewport(ratio=1)
    await page.mouse.wheel(0, -1000)
    await expect(page.locator("#transcript-toggle")).to_be_in_viewport(ratio=1)


async def test_a_course_page_that_keeps_the_microphone_is_named_and_a_window_of_ones_own_helps(place, course):
    key, url = await place()
    async with opened(key, within="http://127.0.0.1") as context:
        page, _ = await page_in(context)
        await page.goto(f"{course}/?{urlencode({'frame': url})}")
        frame = page.frame_locator("iframe")
        await frame.get_by_label("By voice").check()
        await frame.locator("#microphone").check()
        await expect(frame.locator("#trouble-words")).to_contain_text("does not pass the microphone on")
        await frame.locator("#ai_disclosure").check()
        await frame.get_by_role("button", name="Start the conversation").click()
        await expect(frame.get_by_role("button", name="Open in a new window")).to_be_focused()
        async with page.expect_popup() as popup:
            await frame.get_by_role("button", name="Open in a new window").click()
        window = await popup.value
        await window.get_by_label("By voice").check()
        await window.locator("#microphone").check()
        await expect(window.locator("#preview")).to_be_visible()
        await frame.get_by_role("button", name="Write instead").click()
        await expect(frame.get_by_label("In writing")).to_be_checked()
