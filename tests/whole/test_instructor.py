"""Ten minutes of an instructor's, by keyboard alone and with third-party cookies blocked: from nothing to a grade."""

import re

import httpx
import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import expect

from tests.frames import arrived
from tests.lti.chromium import chromium, no_third_party_cookies
from tests.whole.test_browser import choose_by_keyboard, tab_to

pytestmark = [pytest.mark.whole, pytest.mark.timeout(360)]

LINES = (  # two of the three points, which is what the editor proposes as enough
    "I can see that you're upset, and I'm sorry that this happened to you.",
    "The refund period is thirty days, and yours was over two weeks ago.",
)
FOCUSED = """() => {
    const at = document.activeElement;
    const label = at.labels?.[0]?.cloneNode(true);
    label?.querySelectorAll(".optional").forEach((part) => part.remove());
    return (at.getAttribute("aria-label") ?? (label ?? at).textContent).trim().replace(/\\s+/g, " ");
}"""


class Keyboard:
    """A page that is used by its keys only, and looked over by axe wherever it stops."""

    def __init__(self, page):
        self.page = page
        self.faults: list[str] = []

    @property
    def tool(self):
        """The tool's frame in the LMS's page."""
        return next(frame for frame in self.page.frames if frame.parent_frame is not None)

    def to(self, name: str, most: int = 120) -> None:
        """Tab until what has the focus is called so, in the LMS's page or in the tool's; `Name…` is how it begins."""
        for _ in range(most):
            at = [self._focused(frame) for frame in self.page.frames]
            if name in at or any(name[-1] == "…" and each.startswith(name[:-1]) for each in at):
                return
            self.page.keyboard.press("Tab")
        at = [self._focused(frame) for frame in self.page.frames]
        raise AssertionError(f"“{name}” was not reached by Tab; the focus is on {at}")

    def press(self, name: str, key: str = "Enter") -> None:
        self.to(name)
        self.page.keyboard.press(key)

    def fill(self, name: str, *lines: str) -> None:
        self.to(name)
        for number, line in enumerate(lines):
            if number:
                self.page.keyboard.press("Enter")
            self.page.keyboard.type(line)

    def look(self, heading: str | re.Pattern) -> None:
        """Wait for the tool's page of this heading, and note what axe finds on it."""
        frame = self.page.frame_locator("iframe")
        arrived(frame.get_by_role("heading", name=heading).first, looks=12)
        self.axe(self.tool)

    def axe(self, frame) -> None:
        frame.evaluate(AXE_FILE_PATH.read_text())
        found = frame.evaluate("axe.run(document).then((found) => found.violations)")
        for violation in found:
            where = [node["target"] for node in violation["nodes"][:3]]
            self.faults.append(f"{frame.url.split('/v/')[-1]}: {violation['id']} at {where}")

    def talk(self, *lines: str) -> None:
        """The lobby's choices and a conversation in writing."""
        frame = self.page.frame_locator("iframe")
        tab_to(self.page, frame, "input[name=modality]")
        choose_by_keyboard(self.page, frame, "input[name=modality][value=text]")
        tab_to(self.page, frame, "#ai_disclosure")
        self.page.keyboard.press("Space")
        tab_to(self.page, frame, "#start")
        self.page.keyboard.press("Enter")
        expect(frame.locator("body[data-phase=live]")).to_be_attached(timeout=60_000)
        self.axe(self.tool)
        for number, line in enumerate(lines):
            expect(frame.locator("#lines > li")).to_have_count(2 * number + 1, timeout=30_000)
            tab_to(self.page, frame, "#words")
            self.page.keyboard.type(line)
            self.page.keyboard.press("Enter")

    def _focused(self, frame) -> str:
        return frame.evaluate(FOCUSED)


def test_an_instructor_writes_previews_and_places_an_activity_and_a_learner_gets_the_grade(world, tmp_path):
    lms = world.product.sandbox_url
    with chromium(tmp_path / "profile", no_third_party_cookies()) as context:
        page = context.new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        keys = Keyboard(page)

        page.goto(f"{lms}/as/instructor/")
        keys.press("Add activity")
        keys.look("Add a conversation to your course")
        keys.press("Write a new one")
        keys.look("A new activity")
        keys.fill("Title", "A refund that is not possible")
        keys.fill("Name", "Maya")
        keys.fill("Role", "upset customer")
        keys.fill("The situation", "A customer wants her money back, 45 days after she bought the coat.")
        keys.fill(
            "What should be heard?",
            "Acknowledges that the customer is upset",
            "Says that the refund period is 30 days",
            "Offers a voucher for the full amount",
        )
        keys.press("Make a first version")
        keys.look("What should be heard")
        for heading in ("Limits", "Knowledge", "Closing lines", "Title and grading", "Check and publish"):
            keys.press(f"Next: {heading}")
            keys.look(heading)

        keys.press("Try it with Maya")
        keys.look("Talk with Maya")
        keys.talk(LINES[0])
        frame = page.frame_locator("iframe")
        expect(frame.locator("#lines > li")).to_have_count(3, timeout=30_000)
        keys.press("Back to the editor")
        keys.look("Check and publish")
        keys.press("I have read them, and they are what I mean.", "Space")
        keys.press("Publish")
        keys.look("Versions")
        keys.press("Place it in the course")
        page.wait_for_url(re.compile(r"/courses/\d+/$"))
        course = page.url
        expect(page.get_by_role("link", name=re.compile("A refund that is not possible"))).to_be_visible()

        page.goto(f"{lms}/as/learner7/")
        page.goto(course)
        keys.press("A refund that is not possible…")
        keys.look("Talk with Maya")
        keys.talk(*LINES)
        keys.look("Passed")
        page.goto(f"{course}gradebook/")
        expect(page.get_by_role("row", name=re.compile("refund"))).to_contain_text("100", timeout=30_000)

        page.goto(f"{lms}/as/instructor/")
        page.goto(course)
        keys.press("A refund that is not possible…")
        keys.look(re.compile("A refund that is not possible"))
        keys.press("Course")
        keys.look(re.compile("A refund that is not possible"))
        keys.press("Grades")
        keys.look(re.compile("Grades"))
        keys.press("Activity")
        keys.look(re.compile("activity|practise", re.I))
        assert keys.faults == []
        assert errors == []
    assert httpx.get(f"{lms}/verdicts.json", timeout=10).json()["verdicts"] == []
