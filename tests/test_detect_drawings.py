"""What strokes are laid on, and what is seen of them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.detect.drawings import Preview, Underlay
from edgecli.paint.painting import Style
from edgecli.rows.arrays import ArraySink, ArraySource
from edgecli.rows.base import Sink
from tests.conftest import noise
from tests.drawings import drawing_of

WHITE = (255, 255, 255)


def embedded(pixels: NDArray[Any], background: Any = WHITE, white: float | None = None) -> Any:
    """Return the picture that is embedded of one that is read in overlapping blocks."""
    source = Underlay(ArraySource.of(pixels), background, white)
    spans = [(start, min(start + 7, len(pixels))) for start in range(0, len(pixels), 5)]
    for (start, stop), block in zip(spans, source.blocks(spans), strict=True):
        np.testing.assert_array_equal(block, ArraySource.of(pixels).array[start:stop])
    return np.asarray(Image.open(io.BytesIO(source.encoded())), int)


SMOOTH = np.add.outer(np.arange(23), np.arange(31)) * 4


@pytest.mark.parametrize(
    ("pixels", "white"),
    [
        (SMOOTH.astype(np.uint8), None),
        ((SMOOTH * 257).astype(np.uint16), None),
        ((SMOOTH / 255).astype(np.float32), None),
        (SMOOTH.astype(np.float64), 255.0),
        (np.where(SMOOTH == 0, np.nan, SMOOTH / 255), None),
    ],
    ids=["bytes", "16 bits", "floats", "floats to 255", "NaN"],
)
def test_pictures_of_every_type_are_seen(pixels: NDArray[Any], white: float | None) -> None:
    assert np.abs(embedded(pixels, white=white) - SMOOTH).max() <= 4


def test_what_is_transparent_shows_the_background() -> None:
    pixels = np.zeros((8, 9, 4), np.uint8)
    pixels[:, 4:] = (200, 100, 0, 255)
    seen = embedded(pixels, (0, 0, 255))
    assert np.abs(seen[:, 1] - (0, 0, 255)).max() < 8
    assert np.abs(seen[:, -2] - (200, 100, 0)).max() < 8


def test_a_preview_is_of_every_pixel_that_a_stroke_passes() -> None:
    seen: list[ArraySink] = []

    def watch(sink: Sink, shape: tuple[int, int, int], paper: Any) -> Sink:
        del sink  # that of no file
        assert paper == (1, 1, 1)
        seen.append(ArraySink(shape, np.dtype(np.uint8)))
        return seen[0]

    preview = Preview(ArraySource.of(noise(6, 10)), Style(line=(255, 0, 0), paper=None), watch)
    preview.draw(drawing_of([[(0.5, 0.5), (9.5, 0.5)], [(1.5, 2), (1.5, 5)], [(8, 4)]]))
    preview.finish()
    red = (seen[0].array == (255, 0, 0)).all(axis=2)
    expected = np.zeros((6, 10), bool)
    expected[0], expected[2:6, 1], expected[4, 8] = True, True, True
    np.testing.assert_array_equal(red, expected)
