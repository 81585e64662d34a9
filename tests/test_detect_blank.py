"""Images that are mostly blank: strips of one pixel are computed once, and nothing changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgecli.conv import Slide
from edgecli.detect import run
from edgecli.geometry import parse_padding, parse_padding_mode
from tests.conftest import noise
from tests.detections import detected, settings_of

PADDINGS = ["zeros", "constant:7", "replicate", "reflect", "symmetric", "circular"]


def blank(fill: float, dtype: str = "uint8") -> NDArray[np.generic]:
    """Return an image of one value with a patch of noise."""
    image = np.full((90, 31), fill, dtype)
    image[40:46, 9:14] = noise(6, 5)
    return image


def low_bands(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr("edgecli.conv.engine.FEWEST_ROWS", rows)
    monkeypatch.setattr("edgecli.conv.engine.MOST_ROWS", rows)


@pytest.mark.parametrize("mode", PADDINGS)
@pytest.mark.parametrize(("padding", "stride"), [("same", 1), ("same", 2), ("5", 1), ("valid", 3)])
@pytest.mark.parametrize("rows", [1, 4])
def test_blank_rows_change_nothing(
    monkeypatch: pytest.MonkeyPatch, rows: int, padding: str, stride: int, mode: str
) -> None:
    low_bands(monkeypatch, rows)
    given = settings_of(
        "sobel",
        padding=parse_padding(padding),
        padding_mode=parse_padding_mode(mode),
        stride=(stride, 1),
    )
    (found,), measured = detected(blank(200), given)
    monkeypatch.setattr(run, "_repeats", lambda *_: False)
    (truth,), all_measured = detected(blank(200), given)
    np.testing.assert_array_equal(found, truth)
    assert measured.extremes == all_measured.extremes


@pytest.mark.parametrize(("fill", "dtype"), [(200, "uint8"), (np.nan, "float32")])
def test_blank_rows_are_computed_once(
    monkeypatch: pytest.MonkeyPatch, fill: float, dtype: str
) -> None:
    low_bands(monkeypatch, 4)
    computed, compute = [], Slide.compute

    def counted(slide: Slide, *args: Any) -> None:
        computed.append(1)
        compute(slide, *args)

    monkeypatch.setattr(Slide, "compute", counted)
    detected(blank(fill, dtype), settings_of("sobel", threads=1))
    assert len(computed) < 10  # of 23 bands: the first, the last, a blank one, and four with noise
