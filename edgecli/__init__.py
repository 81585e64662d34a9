"""edgecli: edges out of pictures, by a NumPy convolution engine that says what it costs.

    bank = edgecli.load_filter("vertical")          # a name, a path or inline rows
    maps = edgecli.convolve(image, bank)            # (C, H, W) → (C_out, H', W')
    edges = edgecli.detect_edges(picture, "sobel")  # (H, W[, C]), or a path → uint8 (H', W')
    lines = edgecli.find_strokes(picture, "canny")  # → polylines of sub-pixel points

Nothing is imported until it is used: ``import edgecli`` loads neither NumPy nor Pillow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgecli.conv import convolve as convolve
    from edgecli.conv import plan_convolution as plan_convolution
    from edgecli.detect.edges import detect_edges as detect_edges
    from edgecli.detect.strokes import find_strokes as find_strokes
    from edgecli.errors import EdgeCliError as EdgeCliError
    from edgecli.errors import EdgeCliWarning as EdgeCliWarning
    from edgecli.filters import FilterBank as FilterBank
    from edgecli.filters import load_filter as load_filter
    from edgecli.networks import load_network as load_network

__version__ = "0.1.0"

_HOMES = {
    "EdgeCliError": "edgecli.errors",
    "EdgeCliWarning": "edgecli.errors",
    "FilterBank": "edgecli.filters",
    "convolve": "edgecli.conv",
    "detect_edges": "edgecli.detect.edges",
    "find_strokes": "edgecli.detect.strokes",
    "load_filter": "edgecli.filters",
    "load_network": "edgecli.networks",
    "plan_convolution": "edgecli.conv",
}

__all__ = [*_HOMES]  # noqa: PLE0604 (names, each in the module that _HOMES says)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'edgecli' has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
