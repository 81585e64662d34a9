"""GIF: frames composed as browsers compose them, which Pillow does not in every case."""

from __future__ import annotations

import io
import struct
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from edgecli.errors import ImageError
from edgecli.images.limits import MORE_FRAMES
from tests.pillow_files import Pixels, frames_of, read, rows_of, sources_of

SCREEN = (6, 5)  # width and height
PALETTE = np.random.default_rng(0).integers(0, 256, (4, 3)).astype(np.uint8)
KEEP, TO_BACKGROUND, TO_PREVIOUS = 1, 2, 3


class Frame(NamedTuple):
    """Indexes of colours, their place, and how the frame is shown and taken away."""

    indexes: NDArray[np.uint8]
    corner: tuple[int, int] = (0, 0)
    disposal: int = 0
    transparent: int | None = None


def compressed(indexes: NDArray[np.uint8]) -> bytes:
    """Return the data of a frame as Pillow writes it, after its descriptor."""
    picture = Image.fromarray(indexes).convert("P")
    picture.putpalette(PALETTE.tobytes())
    file = io.BytesIO()
    picture.save(file, "GIF", optimize=False, interlace=False)
    data = file.getvalue()
    descriptor = data.index(b",", 13 + (3 << (data[10] & 7) + 1))
    assert not data[descriptor + 9] & 0x80  # no palette of its own
    return data[descriptor + 10 : -1]


def gif(frames: list[Frame], screen: tuple[int, int] = SCREEN, background: int = 1) -> bytes:
    parts = [b"GIF89a", struct.pack("<HHBBx", *screen, 0x81, background), PALETTE.tobytes()]
    for frame in frames:
        transparent = frame.transparent or 0
        flags = frame.disposal << 2 | (frame.transparent is not None)
        height, width = frame.indexes.shape
        parts += [b"!\xf9\x04", struct.pack("<BHB", flags, 10, transparent), b"\0"]
        parts += [b",", struct.pack("<HHHHx", *frame.corner, width, height)]
        parts.append(compressed(frame.indexes))
    return b"".join((*parts, b";"))


def composed(frames: list[Frame], screen: tuple[int, int] = SCREEN) -> list[Pixels]:
    """Return what a browser shows, pixel by pixel, as RGBA."""
    canvas = np.zeros((screen[1], screen[0], 4), np.uint8)
    shown = []
    for frame in frames:
        before = canvas.copy()
        touched = []
        for (row, col), index in np.ndenumerate(frame.indexes):
            y, x = row + frame.corner[1], col + frame.corner[0]
            if y < screen[1] and x < screen[0]:
                touched.append((y, x))
                if index != frame.transparent:
                    canvas[y, x] = (*PALETTE[index], 255)
        shown.append(canvas.copy())
        for y, x in touched:
            if frame.disposal == TO_BACKGROUND:
                canvas[y, x] = 0
        if frame.disposal == TO_PREVIOUS:
            canvas = before
    return shown


def in_rgba(rows: Pixels) -> Pixels:
    """Return pixels with alpha, and nothing of what it hides."""
    if rows.shape[2] == 3:
        return np.dstack([rows, np.full(rows.shape[:2], 255, np.uint8)])
    return rows * (rows[..., 3:] > 0)


def drawn(height: int, width: int, seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 4, (height, width)).astype(np.uint8)


@st.composite
def frames_within(draw: st.DrawFn) -> Frame:
    width, height = draw(st.integers(1, SCREEN[0])), draw(st.integers(1, SCREEN[1]))
    corner = draw(st.integers(0, SCREEN[0] - width)), draw(st.integers(0, SCREEN[1] - height))
    disposal, transparent = draw(st.integers(0, 3)), draw(st.none() | st.integers(0, 3))
    return Frame(drawn(height, width, draw(st.integers(0, 99))), corner, disposal, transparent)


@given(st.lists(frames_within(), min_size=1, max_size=4))
def test_frames_are_what_browsers_show(frames: list[Frame]) -> None:
    for rows, expected in zip(frames_of(gif(frames)), composed(frames), strict=True):
        assert (in_rgba(rows) == expected).all()


def test_a_frame_disposed_of_to_the_background_leaves_its_place_transparent() -> None:
    frames = [Frame(drawn(5, 6, 0), disposal=TO_BACKGROUND), Frame(drawn(2, 2, 1), (1, 1))]
    first, second = frames_of(gif(frames))
    assert first.shape[2] == 3
    assert second[0, 0, 3] == 0
    assert (second[..., 3] == 255).sum() == 4


def test_one_way_of_disposal_says_nothing_about_the_next() -> None:
    frames = [Frame(drawn(5, 6, 0), disposal=TO_BACKGROUND), Frame(drawn(5, 6, 1))]
    last = frames_of(gif([*frames, Frame(drawn(1, 1, 2))]))[2]
    assert (last[1:] == PALETTE[frames[1].indexes][1:]).all()


def test_around_a_smaller_first_frame_all_is_transparent() -> None:
    source = read(gif([Frame(drawn(2, 3, 0), (2, 1))]))
    assert source.info.shape == (5, 6, 4)
    alpha = rows_of(source)[..., 3]
    assert (alpha[1:3, 2:5] == 255).all()
    assert alpha.sum() == 6 * 255


def test_a_canvas_is_as_large_as_its_first_frame_and_later_ones_are_cut() -> None:
    frames = [Frame(drawn(5, 6, 0)), Frame(drawn(4, 4, 1), (4, 3))]
    for screen in ((1, 1), (0, 0)):
        first, second = frames_of(gif(frames, screen))
        assert first.shape == second.shape == (5, 6, 3)
        assert (second[3:, 4:] == PALETTE[frames[1].indexes[:2, :2]]).all()


def test_a_still_picture_keeps_its_palette_grey_and_limit() -> None:
    data = gif([Frame(drawn(5, 6, 0))])
    (grey,) = sources_of(data, grey=True)
    assert grey.shape == (5, 6, 1)
    with pytest.raises(ImageError, match="has 30 pixels, more than the limit 29"):
        next(sources_of(data, max_pixels=29))


@pytest.mark.parametrize("screen", [(60_000, 60_000), SCREEN])
def test_a_canvas_or_frame_that_promises_the_world_is_refused(screen: tuple[int, int]) -> None:
    data = bytearray(gif([Frame(drawn(5, 6, 0))], screen))
    if screen == SCREEN:
        at = data.index(b",", 13 + 12)
        data[at + 5 : at + 9] = struct.pack("<HH", 60_000, 60_000)
    with pytest.raises(ImageError, match="has 3,600,000,000 pixels, more than the limit"):
        next(sources_of(bytes(data)))


def test_a_file_without_its_end_marker_is_told() -> None:
    data = gif([Frame(drawn(5, 6, 0)), Frame(drawn(5, 6, 1))])[:-1]
    sources = list(sources_of(data, all_frames=True))
    notes = [source.info.notes for source in sources]
    assert notes == [[], ["lacks its end marker, so that frames after it may be missing"]]


def test_frames_left_out_are_told_be_they_cut_short() -> None:
    data = gif([Frame(drawn(5, 6, 0)), Frame(drawn(5, 6, 1))])
    for whole in (data, data[:-4]):
        assert next(sources_of(whole)).info.notes == [MORE_FRAMES]


def test_a_file_of_no_frame_is_refused() -> None:
    with pytest.raises(ImageError, match="image x holds no frame; get the file whole again"):
        next(sources_of(gif([])))


def test_a_frame_that_is_cut_is_named() -> None:
    data = gif([Frame(drawn(5, 6, 0)), Frame(drawn(5, 6, 1))])[:-4]
    sources = sources_of(data, all_frames=True)
    next(sources)
    with pytest.raises(ImageError, match="image 2 of x is cut short; get the file whole again"):
        next(sources)
