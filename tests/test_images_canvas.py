"""Canvases: boxes to the pixel, text that is where it should be, signs that the font lacks."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageFont

from edgecli.errors import UsageError
from edgecli.images.canvas import STROKES, Canvas, Ink, _font, animation


def ink_of(
    text: str, anchor: str = "start", size: float = 40.0, *, bold: bool = False
) -> list[int]:
    """Return the left, top, right and bottom of a text written at 100, 60."""
    canvas = Canvas(300, 100)
    canvas.text((150.0, 60.0), size, [(text, Ink("#ffffff", bold))], anchor)
    rows, cols = np.nonzero(np.asarray(canvas.image)[..., 0] > 128)
    return [int(cols.min()), int(rows.min()), int(cols.max()), int(rows.max())]


def test_boxes_are_filled_and_outlined() -> None:
    canvas = Canvas(10, 8)
    canvas.box((0, 0), (9, 7), fill="#ffffff")
    canvas.box((2, 2), (4, 3), fill="#ff0000", line="#0000ff")
    pixels = np.asarray(canvas.image)
    assert pixels[3, 4].tolist() == [255, 0, 0]
    assert pixels[2, 2:7].tolist() == [[0, 0, 255]] * 5
    assert pixels[1, 1].tolist() == [255, 255, 255]
    canvas.box((0, 0), (9, 7), fill="#000000", opacity=0.5)
    assert np.abs(np.asarray(canvas.image)[3, 4].astype(int) - [127, 0, 0]).max() <= 1


def test_a_copy_is_drawn_on_alone() -> None:
    canvas = Canvas(4, 4)
    canvas.copy().box((0, 0), (3, 3), fill="#ffffff")
    assert not np.asarray(canvas.image).any()


@pytest.mark.parametrize("text", ["8·(−1)", "25", "√5", "∗"])
def test_text_is_anchored(text: str) -> None:
    (start, _, stop, bottom), centre, end = (
        ink_of(text, anchor) for anchor in ("start", "middle", "end")
    )
    assert start >= 150 > end[0]
    assert end[2] <= 151
    assert abs((centre[0] + centre[2]) / 2 - 150) <= 4
    assert stop - start == pytest.approx(end[2] - end[0], abs=1)
    assert bottom <= 70


@pytest.mark.parametrize("sign", STROKES)
def test_signs_that_the_font_lacks_are_drawn(sign: str) -> None:
    left, top, right, bottom = ink_of(sign)
    assert 150 <= left < right <= 150 + 40 * STROKES[sign][0] + 2
    assert 20 <= top <= bottom <= 63


def test_bold_is_heavier() -> None:
    def weight(bold: bool) -> int:
        canvas = Canvas(300, 100)
        canvas.text((10, 60), 40, [("8−", Ink("#ffffff", bold))], "start")
        return int(np.asarray(canvas.image).sum())

    assert weight(True) > 1.2 * weight(False)


def test_a_pillow_without_letters_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: float) -> None:
        raise ImportError("The _imagingft C module is not installed")

    _font.cache_clear()
    monkeypatch.setattr(ImageFont, "load_default", fail)
    with pytest.raises(UsageError, match="have the figure as SVG"):
        Canvas(9, 9).text((0, 0), 9, [("1", Ink("#ffffff"))], "start")


def test_an_animation_shows_each_canvas() -> None:
    frames: list[Canvas] = []
    for n in range(3):
        canvas = Canvas(20, 10) if not frames else frames[-1].copy()
        canvas.box((6 * n, 0), (5, 9), fill="#2f55c5")
        frames.append(canvas)
    with Image.open(io.BytesIO(animation(frames, 0.5))) as gif:
        for n, frame in enumerate(frames):
            gif.seek(n)
            assert gif.info["duration"] == 500
            shown, drawn = (np.asarray(one.convert("RGB")) for one in (gif, frame.image))
            assert (shown == drawn).all()
