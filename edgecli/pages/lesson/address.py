"""A lesson as text: the fragment of its page's address, as ``address.js`` reads and writes it.

>>> rows_text(np.array([[[1, 2], [3, 4.5]]]))
'1,2;3,4.5'
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from edgecli.detect.settings import Settings
from edgecli.filters import FilterBank
from edgecli.geometry import PaddingMode

AS_BYTES = 400  # numbers from which a picture of bytes is written as such, as in address.js


def address(
    volume: NDArray[Any],
    bank: FilterBank,
    settings: Settings,
    *,
    title: str = "",
    at: tuple[int, int] = (0, 0),
    predict: bool = False,
) -> str:
    """Return what shows ``volume (C, H, W)`` under a bank of its depth.

    ``settings`` say how it slides. A lesson to ``predict`` hides its maps.
    """
    padding = settings.padding
    parts = [_volume_text(volume)]
    for name, weight in zip(bank.names, bank.weight, strict=True):
        parts.append(f"filter={quote(name, safe='')}:{rows_text(weight)}")
    parts += [
        f"padding={padding if isinstance(padding, str) else _joined(padding)}",
        f"mode={_mode_text(settings.padding_mode)}",
        f"stride={_joined(settings.stride)}",
        f"dilation={_joined(settings.dilation)}",
        f"activation={settings.activation}",
        f"at={_joined(at)}",
    ]
    if bank.has_bias:
        parts.append(f"bias={_joined(map(number_text, bank.bias.tolist()))}")
    return "&".join([*parts, f"title={quote(title, safe='')}", f"predict={predict:d}"])


def rows_text(volume: NDArray[Any]) -> str:
    """Write numbers ``(C, H, W)``: rows by semicolons, channels by slashes."""
    return "/".join(
        ";".join(_joined(map(number_text, row)) for row in plane) for plane in volume.tolist()
    )


def number_text(number: float) -> str:
    """Write a number so that it is read as the same one, without a plus sign.

    >>> number_text(3.0), number_text(0.1), number_text(1e30)
    ('3', '0.1', '1e30')
    """
    whole = isinstance(number, float) and number.is_integer() and abs(number) < 2**53
    return repr(int(number) if whole else number).replace("+", "")


def _volume_text(volume: NDArray[Any]) -> str:
    if volume.size <= AS_BYTES or not _is_bytes(volume):
        return f"grid={rows_text(volume)}"
    channels, height, width = volume.shape
    coded = base64.urlsafe_b64encode(volume.astype(np.uint8).tobytes()).decode().rstrip("=")
    return f"bytes={height}x{width}x{channels}:{coded}"


def _is_bytes(volume: NDArray[Any]) -> bool:
    return bool(np.all((volume >= 0) & (volume <= 255) & (volume == np.rint(volume))))


def _joined(parts: Iterable[object]) -> str:
    return ",".join(map(str, parts))


def _mode_text(mode: PaddingMode) -> str:
    return f"constant:{number_text(mode.value)}" if mode.mode == "constant" else mode.mode
