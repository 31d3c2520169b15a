"""What a page says to people."""

import html
import re


def text(page) -> str:
    """The words of a Django test response, without markup, single spaces between."""
    shown = re.sub(r"<[^>]+>", " ", page.content.decode())
    return " ".join(html.unescape(shown).split())
