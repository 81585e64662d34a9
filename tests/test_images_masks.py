"""Masks from images of every kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgecli.errors import ImageError
from edgecli.images.masks import read_mask
from tests.conftest import Save


@pytest.mark.parametrize(
    ("name", "array", "expected"),
    [
        ("m.png", np.array([[0, 100, 255]], np.uint8), [[False, False, True]]),
        ("m.png", np.array([[0, 1, 1]], np.uint8), [[False, True, True]]),
        ("m.png", np.array([[[255] * 3, [255, 0, 0], [0] * 3]], np.uint8), [[True, False, False]]),
        ("m.csv", np.array([[0, 1], [2, 3]]), [[False, False], [True, True]]),
        ("m.npy", np.array([[0.0, 0.4, 1.0]], np.float32), [[False, False, True]]),
        ("m.npy", np.array([[False, True]]), [[False, True]]),
        ("m.npy", np.array([[-1.0, np.nan]], np.float32), [[False, False]]),
        ("m.png", np.zeros((1, 2), np.uint8), [[False, False]]),
    ],
)
def test_what_is_at_least_half_as_bright_as_the_brightest(
    save: Save, name: str, array: Any, expected: list[list[bool]]
) -> None:
    assert read_mask(str(save(name, array)), max_pixels=100).tolist() == expected


def test_a_mask_that_is_none_or_too_large(save: Save) -> None:
    with pytest.raises(ImageError, match=r"gone\.png"):
        read_mask("gone.png", max_pixels=100)
    with pytest.raises(ImageError, match="limit"):
        read_mask(str(save("m.png", np.zeros((20, 20), np.uint8))), max_pixels=100)
