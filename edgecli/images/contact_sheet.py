"""A contact sheet: several edge maps at a small size, each with a caption."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from edgecli.rows.base import Rows
from edgecli.rows.samples import full_scale

TILE = 320  # pixels of the longer side of a map
GAP = 12
CAPTION = 22  # height of a line of text
PAPER, INK = 24, 232  # grey levels


def small(pixels: Rows) -> NDArray[np.uint8]:
    """Return a map ``(H, W, 1 or 3)`` in 8 bits of RGB, its longer side at most TILE pixels."""
    levels = np.clip(pixels.astype(np.float32) * np.float32(255 / full_scale(pixels.dtype)), 0, 255)
    eight = np.rint(levels).astype(np.uint8)
    image = Image.fromarray(eight[..., 0] if eight.shape[2] == 1 else eight)
    image.thumbnail((TILE, TILE), Image.Resampling.BOX)
    return np.asarray(image.convert("RGB"))


def contact_sheet(maps: Sequence[tuple[str, NDArray[np.uint8]]]) -> NDArray[np.uint8]:
    """Return one RGB picture ``(H, W, 3)`` of captions and small maps ``(h, w, 3)``, in rows."""
    columns = ceil(sqrt(len(maps)))
    height = max(tile.shape[0] for _, tile in maps) + CAPTION + GAP
    width = max(tile.shape[1] for _, tile in maps) + GAP
    size = (columns * width + GAP, ceil(len(maps) / columns) * height + GAP)
    sheet = Image.new("RGB", size, (PAPER,) * 3)
    draw = ImageDraw.Draw(sheet)
    font: Any = ImageFont.load_default(CAPTION * 2 / 3)
    for n, (caption, tile) in enumerate(maps):
        x, y = GAP + n % columns * width, GAP + n // columns * height
        sheet.paste(Image.fromarray(tile), (x, y))
        draw.text((x, y + tile.shape[0] + 2), caption, fill=(INK,) * 3, font=font)
    return np.asarray(sheet)
