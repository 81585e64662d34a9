"""An independent reference: convolution as nested loops over Python numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pads = tuple[int, int, int, int]
"""Padding at the top, bottom, left and right."""

SOURCES: dict[str, Callable[[list[Any], int], Any]] = {
    "zeros": lambda line, i: line[i] if 0 <= i < len(line) else None,
    "constant:7": lambda line, i: line[i] if 0 <= i < len(line) else None,
    "replicate": lambda line, i: line[min(max(i, 0), len(line) - 1)],
    "circular": lambda line, i: line[i % len(line)],
    "symmetric": lambda line, i: (line + line[::-1])[i % (2 * len(line))],
    "reflect": lambda line, i: (line + line[-2:0:-1])[i % max(2 * len(line) - 2, 1)],
}
"""How each padding mode continues a line of samples: by what the mode repeats."""


def pad(image: NDArray[Any], pads: Pads, mode: str) -> NDArray[Any]:
    """Pad ``(C, H, W)`` by looking up every sample of the padded image on its own."""
    C, H, W = image.shape
    top, bottom, left, right = pads
    fill = 7 if mode == "constant:7" else 0
    rows = [SOURCES[mode](list(range(H)), i) for i in range(-top, H + bottom)]
    cols = [SOURCES[mode](list(range(W)), j) for j in range(-left, W + right)]
    wide = np.float64 if image.dtype.kind == "f" else np.int64  # holds the fill, whatever the type
    out = np.full((C, len(rows), len(cols)), fill, wide)
    for y, row in enumerate(rows):
        for x, col in enumerate(cols):
            if row is not None and col is not None:
                out[:, y, x] = image[:, row, col]
    return out


def correlate(
    image: NDArray[Any],
    weight: NDArray[Any],
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
) -> NDArray[Any]:
    """Cross-correlate ``(C, H, W)``, already padded, with ``(N, C, kH, kW)``, in loops."""
    N, C, kH, kW = weight.shape
    rows = (image.shape[1] - dilation[0] * (kH - 1) - 1) // stride[0] + 1
    cols = (image.shape[2] - dilation[1] * (kW - 1) - 1) // stride[1] + 1
    out = np.zeros((N, rows, cols))
    for n, y, x in np.ndindex(N, rows, cols):
        total = 0.0
        for c, i, j in np.ndindex(C, kH, kW):
            pixel = image[c, y * stride[0] + i * dilation[0], x * stride[1] + j * dilation[1]]
            total += float(weight[n, c, i, j]) * float(pixel)
        out[n, y, x] = total
    return out
