"""A picture that is wholly transparent is never silent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.images.alpha import watched
from edgecli.rows.arrays import ArraySource
from tests.conftest import Run, Save
from tests.pillow_files import Pixels, encode, read, rows_of

TRANSPARENT = ["is wholly transparent, so that nothing of it is seen but the background"]


def notes_after(picture: Pixels, ranges: list[tuple[int, int]]) -> list[str]:
    source = watched(ArraySource.of(picture))
    for (start, stop), block in zip(ranges, source.blocks(ranges), strict=True):
        assert (block == picture[start:stop]).all()
    return source.info.notes


@pytest.mark.parametrize("C", [2, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_it_is_told_when_the_last_row_has_passed(C: int, dtype: type) -> None:
    picture: Pixels = np.ones((6, 3, C), dtype)
    picture[..., -1] = 0
    assert notes_after(picture, [(0, 4), (2, 5)]) == []
    assert notes_after(picture, [(0, 4), (2, 6)]) == TRANSPARENT
    assert notes_after(picture, [(0, 3), (4, 6)]) == []  # a row that nobody saw
    picture[5, 2, -1] = 1
    assert notes_after(picture, [(0, 4), (2, 6)]) == []


@pytest.mark.parametrize("C", [1, 3])
def test_pictures_without_alpha_are_not_watched(C: int) -> None:
    source = ArraySource.of(np.zeros((6, 3, C), np.uint8))
    assert watched(source) is source


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "TIFF", "GIF"])
def test_formats_of_true_alpha_stay_transparent(format_: str) -> None:
    options = {"lossless": True, "exact": True} if format_ == "WEBP" else {}
    source = read(encode(Image.new("RGBA", (9, 5), (200, 9, 8, 0)), format_, **options))
    assert not rows_of(source)[..., 3].any()
    assert source.info.notes == TRANSPARENT


def shape_of(colour: tuple[int, ...], behind: int = 0, dtype: type = np.uint8) -> NDArray[Any]:
    """Draw a square of a colour on transparency, or on a weaker alpha."""
    white = np.iinfo(dtype).max
    picture: Pixels = np.zeros((12, 12, len(colour) + 1), dtype)
    picture[..., :-1] = np.array(colour) * (white // 255)
    picture[..., -1] = behind
    picture[4:8, 4:8, -1] = white
    return picture


@pytest.mark.parametrize(
    ("colour", "background", "advice"),
    [
        ((255, 255, 255), "white", "black"),
        ((255,), "white", "black"),
        ((0, 0, 0), "black", "white"),
        ((200, 30, 99), "200,30,99", "white"),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("behind", [0, 7])
def test_a_shape_in_the_colour_of_the_background_is_told(
    run: Run, save: Save, colour: tuple[int, ...], background: str, advice: str, dtype: type,
    behind: int,
) -> None:  # fmt: skip
    picture = save("shape.npy", shape_of(colour, behind, dtype))
    result = run("detect", picture, "--background", background)
    assert result.exit_code == 0
    assert result.stderr == (
        f"edgecli: image {picture} shows no edges, as all that is seen of it has the colour of "
        f"the background; give --background {advice}\n"
    )
    told = run("detect", picture, "--background", advice)
    assert (told.stderr, "responses 0 … 0" in told.stdout) == ("", False)


def test_an_opaque_sheet_of_paper_is_no_shape(run: Run, save: Save) -> None:
    picture = np.full((12, 12, 4), 255, np.uint8)
    assert run("detect", save("paper.png", picture)).stderr == ""
    picture[5, 5, :3] = 254
    picture[0, 0, 3] = 0
    assert run("detect", save("dot.png", picture)).stderr == ""
