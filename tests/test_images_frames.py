"""Frames on a picture: where they say, in their colours, with the list of all beside."""

from __future__ import annotations

import numpy as np

from edgecli.images.frames import HEIGHT, WIDTH, Frame, colours, draw_frames
from edgecli.images.thumbnails import scaled

GREY = 77


def drawn(size: int, *frames: Frame) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return draw_frames(np.full((size, size, 3), GREY, np.uint8), frames, "title")


def test_frames_are_to_scale_and_in_their_colours() -> None:
    inner, outer = Frame("a", "", (4, 8), (6, 12)), Frame("b", "", (0, 16), (0, 16))
    slide = drawn(32, inner, outer)
    assert slide.shape == (HEIGHT, WIDTH, 3)
    part = slide[:, : WIDTH // 2]
    ends = []
    for colour in colours(2):
        rows, cols = np.nonzero((part == colour).all(axis=2))
        ends.append((rows.min(), rows.max() + 1, cols.min(), cols.max() + 1))
    (top, bottom, left, right), whole = ends
    scale = (whole[1] - whole[0]) / 16
    assert scale == int(scale) > 10
    assert [(top - whole[0]) / scale, (bottom - whole[0]) / scale] == [4, 8]
    assert [(left - whole[2]) / scale, (right - whole[2]) / scale] == [6, 12]


def test_small_frames_are_enlarged_beside_the_whole() -> None:
    near, far = (drawn(900, Frame("a", "", (at, at + 9), (at, at + 9))) for at in (0, 700))
    grey = (near == GREY).all(axis=2)
    assert grey.any(axis=1).sum() > 300  # the part is enlarged
    assert (near[:, :280] != far[:, :280]).any()  # the whole picture shows where it is


def test_frames_are_clipped_at_the_pictures_edge() -> None:
    slide = drawn(32, Frame("a", "clipped", (-9, 40), (-9, 5)))
    rows, _ = np.nonzero((slide[:, : WIDTH // 2] == colours(1)[0]).all(axis=2))
    assert rows.min() > 40
    assert rows.max() < HEIGHT


def test_a_long_list_makes_the_slide_higher() -> None:
    frames = [Frame(f"layer{n}", "rows", (0, n + 1), (0, n + 1)) for n in range(30)]
    slide = drawn(32, *frames)
    assert slide.shape[0] > HEIGHT
    listed = slide[:, WIDTH - 404 :].reshape(-1, 3)
    assert all((listed == colour).all(axis=1).any() for colour in colours(30))


def test_pictures_are_scaled_to_any_size() -> None:
    picture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    assert scaled(picture, (2, 2)).shape == (2, 2, 3)
    assert scaled(picture, (9, 2)).shape == (9, 2, 3)
