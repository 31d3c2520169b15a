"""The camera's pictures as they come over a connection: JPEG from a browser that nobody here controls."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, UnidentifiedImageError

from realtime.wire import PICTURE_BYTES

LARGEST_SIDE = 640  # px


class PictureError(ValueError):
    """The bytes are no picture that is taken; the message says what is wrong with them."""


def decode(jpeg: bytes) -> np.ndarray:
    """uint8 (h, w, 3). Sizes are checked before anything is decoded. Raises PictureError."""
    if len(jpeg) > PICTURE_BYTES:
        raise PictureError(f"the picture has {len(jpeg)} bytes, more than {PICTURE_BYTES}")
    try:
        with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
            if max(picture.size) > LARGEST_SIDE:
                raise PictureError(f"the picture is {picture.width} x {picture.height} px, more than {LARGEST_SIDE}")
            return np.asarray(picture.convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as refusal:
        if isinstance(refusal, PictureError):
            raise
        raise PictureError(f"the picture is not a JPEG that can be read: {refusal}") from refusal
