"""Takes the still pictures of the heads: `<persona>.webp` (600 px, transparent) and `<persona>-small.webp` (160 px).

python -m realtime.rendering.face_asset.poster --out static/personas
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from realtime.rendering.mirror import mirror

from .personas import PERSONAS

POSE = {"mouthSmileLeft": 0.16, "mouthSmileRight": 0.14, "cheekSquintLeft": 0.08, "cheekSquintRight": 0.08}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, required=True)
    out = arguments.parse_args().out
    with mirror(1200, 1200) as camera:
        for persona in PERSONAS:
            camera.show(persona.name)
            picture = camera.picture(POSE)
            for size, name in ((600, persona.name), (160, f"{persona.name}-small")):
                Image.fromarray(_reduced(picture, size), "RGBA").save(out / f"{name}.webp", quality=92, method=6)


def _reduced(picture: np.ndarray, size: int) -> np.ndarray:
    """Averaged with colours weighted by alpha, so that the edge keeps the colour of what it is the edge of."""
    alpha = picture[..., 3:].astype(np.float32) / 255
    layers = [*np.moveaxis(picture[..., :3] * alpha, 2, 0), alpha[..., 0]]
    small = [
        np.asarray(Image.fromarray(layer.astype(np.float32)).resize((size, size), Image.Resampling.BOX))
        for layer in layers
    ]
    cover = small.pop()[..., None]
    return np.clip(np.dstack([np.dstack(small) / np.maximum(cover, 1e-4), cover * 255]).round(), 0, 255).astype(
        np.uint8
    )


if __name__ == "__main__":
    main()
