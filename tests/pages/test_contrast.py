"""The colours that are used together can be read: WCAG 2.2, 1.4.3 and 1.4.11, in light and in dark."""

import re
from pathlib import Path

import pytest

TOKENS = (Path(__file__).parents[2] / "static/css/tokens.css").read_text()
LIGHT, DARK = TOKENS.split("@media (prefers-color-scheme: dark)")
TEXT = [
    *(("ink", ground) for ground in ("ground", "surface", "sunken", "accent-soft", "stage-from", "stage-to")),
    *(("ink-soft", ground) for ground in ("ground", "surface", "sunken")),
    *(("accent", ground) for ground in ("ground", "surface")),
    *(("care", ground) for ground in ("ground", "surface", "care-soft")),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
]
SHAPES = [("edge", "ground"), ("edge", "surface"), ("accent", "accent-soft"), ("accent", "ground")]


def luminance(colour: str) -> float:
    """WCAG's relative luminance of #rrggbb."""
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground", "least"), [(*pair, 4.5) for pair in TEXT] + [(*pair, 3.0) for pair in SHAPES]
)
def test_ink_stands_out_from_its_ground(theme, ink, ground, least):
    tokens = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", theme))
    darker, lighter = sorted((luminance(tokens[ink]), luminance(tokens[ground])))
    assert (lighter + 0.05) / (darker + 0.05) >= least
