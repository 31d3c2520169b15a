"""What a head is made with, so that a test can say whether the shipped one still is what the script makes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from .personas import Recipe

_SCRIPTS = ("build", "glb", "hair", "light", "mesh", "paint", "parts")


def made_with(recipe: Recipe) -> str:
    """A digest (SHA-256, hex) of the recipe and of the scripts that turn it into a head."""
    digest = hashlib.sha256(repr(recipe).encode())
    for script in _SCRIPTS:
        digest.update(Path(__file__).with_name(f"{script}.py").read_bytes())
    return digest.hexdigest()
