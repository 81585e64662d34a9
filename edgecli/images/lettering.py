"""Small words as pixels, for pictures that need a number or a name."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont


def lettered(words: str, size: int) -> NDArray[np.uint8]:
    """Return how much of each pixel words cover, 0 … 255, ``(size + 2, W)``.

    >>> lettered("12", 10).shape[0], int(lettered("", 10).max(initial=0))
    (12, 0)
    """
    font: Any = ImageFont.load_default(size)
    ink = Image.new("L", (ceil(font.getlength(words)), size + 2))
    ImageDraw.Draw(ink).text((0, 0), words, fill=255, font=font)
    return np.asarray(ink)
