"""What the fuzzer found, each at its smallest: files that once broke a promise of the readers."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest

from tests.fuzz.oracle import check
from tests.fuzz.seeds import Seed, big_tiff, by_pillow, frameless
from tests.tiff_files import make_tiff


def of_many_samples() -> bytes:
    """Return a TIFF whose pixels have more samples than there are numbers for."""
    return big_tiff().replace(
        struct.pack("<HHQQ", 277, 16, 1, 1), struct.pack("<HHQQ", 277, 16, 1, 2**62)
    )


def lying_nowhere() -> bytes:
    """Return a TIFF whose strip is at a signed number, before the file."""
    tiff = make_tiff(np.zeros((2, 3, 1), np.uint8))
    (kind,) = {kind for kind in (3, 4) if struct.pack("<HHI", 273, kind, 1) in tiff}
    at = tiff.index(struct.pack("<HHI", 273, kind, 1))
    return tiff[:at] + struct.pack("<HHIi", 273, 9, 1, -4617) + tiff[at + 12 :]


FOUND: dict[str, Callable[[], bytes]] = {
    "samples.tif": of_many_samples,
    "long-cells.csv": lambda: b"3;0.1," + b"5" * 999,
    "long-decimals.csv": lambda: b"0.5;1," + b"5" * 999,
    "long-thousands.csv": lambda: b"1" + b",555" * 333 + b";2",
    "far.tif": lambda: big_tiff((16, 2**50), predictor=32768),
    "nowhere.tif": lying_nowhere,
    "frameless.png": frameless,
    "magic.gif": lambda: b"GI",
    "short.pcx": lambda: by_pillow("PCX", "P")[:300],
}  # fmt: skip
"""A file each, by a name that a reader is told."""


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_is_mended(name: str, tmp_path: Path) -> None:
    for chance in range(30):
        check(Seed(name, b""), FOUND[name](), tmp_path, Random(chance))
