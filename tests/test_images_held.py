"""Pictures that a program holds are read as their files would be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgecli import detect_edges, find_strokes
from edgecli.images.held import held_picture
from tests.conftest import noise
from tests.pillow_files import rows_of, scene


@pytest.mark.parametrize("mode", ["P", "PA", "CMYK", "YCbCr", "LAB", "HSV", "RGBX", "1"])
def test_an_image_of_pillow_is_what_is_seen_of_it(mode: str) -> None:
    image = scene().convert(mode) if mode != "LAB" else scene().convert("RGB").convert("LAB")
    seen = image.convert({"1": "L", "PA": "RGBA"}.get(mode, "RGB"))
    rows = rows_of(held_picture(image))  # type: ignore[arg-type]
    np.testing.assert_array_equal(rows.squeeze(), np.asarray(seen))


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "I;16", "F"])
def test_other_images_of_pillow_are_the_arrays_that_they_make(mode: str) -> None:
    image = scene().convert("L").convert(mode) if mode in {"I;16", "F"} else scene().convert(mode)
    rows = rows_of(held_picture(image))  # type: ignore[arg-type]
    np.testing.assert_array_equal(rows.squeeze(), np.asarray(image))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_what_an_array_masks_is_no_data(dtype: str, channels: tuple[int, ...]) -> None:
    pixels = noise(40, 50, *channels).astype(dtype) + np.dtype(dtype).type(1)
    pixels[10:20, 15:30] = 0
    if dtype == "int16":
        pixels *= 128
    if dtype == "float32":
        pixels /= 256
    masked = np.ma.masked_equal(pixels, 0)
    for call in ({"operator": "sobel"}, {"operator": "gradient:1", "thin": True}):
        ours: dict[str, Any] = {**call, "depth": "float"}
        found, expected = detect_edges(masked, **ours), detect_edges(pixels, nodata=0, **ours)
        np.testing.assert_array_equal(found, expected)
        assert np.isnan(found).any()
    whole = np.ma.array(pixels, mask=False)
    np.testing.assert_array_equal(detect_edges(whole), detect_edges(pixels))


def test_no_stroke_runs_along_what_is_masked() -> None:
    flat = np.full((60, 60), 100, np.uint8)
    flat[20:40, 20:40] = 255
    assert len(find_strokes(flat, "canny:1")) == 1
    assert find_strokes(np.ma.masked_equal(flat, 255), "canny:1") == []
