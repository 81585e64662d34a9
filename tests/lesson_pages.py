"""Lessons drawn by lot: an address, and the maps that the engine makes of the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli import FilterBank
from edgecli.conv.activations import ACTIVATIONS, activate
from edgecli.conv.engine import slide_over
from edgecli.detect.settings import Settings
from edgecli.geometry import PADDING_MODES, PaddingMode, Window
from edgecli.pages.lesson.address import address
from edgecli.records import dataclass
from edgecli.rows.memory import Memory

Random = np.random.Generator


@dataclass(frozen=True, eq=False)
class Case:
    """A volume under a bank, and how it slides."""

    volume: NDArray[Any]  # (C, H, W)
    bank: FilterBank
    settings: Settings

    @property
    def address(self) -> str:
        """Return the fragment that shows the case."""
        return address(self.volume, self.bank, self.settings, title="by lot")

    @property
    def is_whole(self) -> bool:
        """Whether every sum is one of whole numbers, and so exact."""
        whole = self.volume.dtype.kind == "i" and self.bank.is_integer
        return whole and self.settings.padding_mode.value.is_integer()

    def maps(self) -> NDArray[Any]:
        """Return the engine's feature maps ``(C_out, H', W')``, in 64 bits."""
        settings = self.settings
        pixels = self.volume if self.is_whole else self.volume.astype(np.float64)
        window = Window(
            self.bank.kernel_size,
            settings.stride,
            settings.dilation,
            settings.padding,
            settings.padding_mode,
        )
        slide = slide_over(self.bank, window, pixels.shape, pixels.dtype)
        ((low, high),) = slide.needed(0, slide.shape[1])
        out = np.empty(slide.shape, slide.dtype)
        slide.compute([pixels[:, low:high]], 0, slide.shape[1], out, Memory())
        return activate(out.astype(np.float64), settings.activation)


def draw_case(random: Random) -> Case:
    """Draw a lesson in which the window fits."""
    kernel = random.integers(1, 6, 2)
    dilation = random.integers(1, 4, 2)
    spans = dilation * (kernel - 1) + 1
    height, width = spans + random.integers(0, 9, 2)
    channels = int(random.choice([1, 3]))
    filters = int(random.integers(1, 5))
    whole = bool(random.integers(2))
    volume = _numbers(random, (channels, int(height), int(width)), 255, whole)
    weight = _numbers(random, (filters, channels, *map(int, kernel)), 9, whole)
    bias = _numbers(random, (filters,), 20, whole) if random.integers(2) else None
    settings = Settings(
        (),
        padding=_padding(random),
        padding_mode=_padding_mode(random),
        stride=_pair(random, 4),
        dilation=(int(dilation[0]), int(dilation[1])),
        activation=str(random.choice(ACTIVATIONS)),
    )
    return Case(volume, FilterBank(weight, bias), settings)


def _numbers(random: Random, shape: tuple[int, ...], most: int, whole: bool) -> NDArray[Any]:
    if whole:
        return random.integers(-most, most + 1, shape)
    return random.uniform(-most, most, shape)


def _pair(random: Random, stop: int) -> tuple[int, int]:
    first, second = random.integers(1, stop, 2)
    return int(first), int(second)


def _padding(random: Random) -> Any:
    if random.integers(3):
        return str(random.choice(["valid", "same"]))
    top, bottom, left, right = map(int, random.integers(0, 6, 4))
    return top, bottom, left, right


def _padding_mode(random: Random) -> PaddingMode:
    mode = str(random.choice(PADDING_MODES))
    return PaddingMode(mode, float(random.integers(-9, 10)) / 4 if mode == "constant" else 0.0)


HEAD, TAIL = "grid=1,2;3,4&filter=a:1", "grid=1,2;3,4&filter=a:1&"
MALFORMED = {
    "nothing": "no grid",
    "grid=1,x&filter=a:1": "no number",
    "grid=1,2;3&filter=a:1": "different lengths",
    "grid=1/2&filter=a:1": "one channel or three",
    "grid=1,2": "one filter",
    f"{HEAD},1/1,1/1,1": "as many channels",
    f"{TAIL}filter=b:1,1": "differ in size",
    f"{TAIL}padding=-1": "padding",
    f"{TAIL}mode=mirror": "unknown",
    f"{TAIL}stride=0": "stride",
    f"{TAIL}dilation=1,2,3": "dilation",
    f"{TAIL}activation=<script>alert(1)</script>": "unknown",
    f"{TAIL}bias=1,2": "bias",
    f"{TAIL}at=1": "row and a column",
    f"{TAIL}title=%E0%A4%A": "stands for no letter",
    "bytes=2x2x1:AAAA&filter=a:1": "cut short",
    "bytes=999x2x1:AAAA&filter=a:1": "larger than",
    f"grid={','.join('1' * 200)}&filter=a:1": "larger than",
    "grid=Infinity&filter=a:1": "no number",
}
"""What follows the # of addresses that no page could have made, and what is said of each."""
