"""Smaller pictures: every pixel is the mean of what it covers, by loops and by Pillow."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.errors import UsageError
from edgecli.images import resizing
from edgecli.images.resizing import Resize, parse_resize, resized
from edgecli.rows.arrays import ArraySource
from tests.conftest import Run, Save, noise

BOX = Resize(width=10, height=10)


def shrink(picture: NDArray[Any], resize: Resize, *ranges: tuple[int, int]) -> NDArray[Any]:
    source = resized(ArraySource.of(picture), resize)
    ranges = ranges or ((0, source.shape[0]),)
    return np.concatenate([*source.blocks(ranges)])


def covered(start: Fraction, stop: Fraction, size: int) -> list[float]:
    """Return how much of each pixel lies between two places."""
    one = Fraction(1)
    return [float(max(min(stop, n + one) - max(start, n * one), 0 * one)) for n in range(size)]


def by_hand(picture: NDArray[Any], height: int, width: int) -> NDArray[np.float64]:
    H, W = picture.shape[:2]
    tall = np.array([covered(Fraction(i * H, height), Fraction((i + 1) * H, height), H)
                     for i in range(height)]) * height / H  # fmt: skip
    wide = np.array([covered(Fraction(j * W, width), Fraction((j + 1) * W, width), W)
                     for j in range(width)]) * width / W  # fmt: skip
    return np.asarray(np.einsum("ih,jw,hwc->ijc", tall, wide, picture.astype(float)))


@pytest.mark.parametrize("shape", [(23, 31), (10, 40), (40, 10), (200, 3), (7, 11), (33, 33)])
@pytest.mark.parametrize("name", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_pixel_is_the_mean_of_what_it_covers(
    shape: tuple[int, int], name: str, channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resizing, "PIXELS_AT_ONCE", 64)
    picture = noise(*shape, channels).astype(name)
    height, width = BOX.size(*shape)
    assert max(height, width) <= 10
    small = shrink(picture, BOX)
    assert (small.shape, small.dtype) == ((height, width, channels), picture.dtype)
    expected = by_hand(picture, height, width)
    np.testing.assert_allclose(small, expected, atol=0.501 if picture.dtype.kind in "ui" else 1e-3)


def test_whole_blocks_are_pillows() -> None:
    picture = noise(60, 90)
    expected = np.asarray(Image.fromarray(picture).reduce(3), int)
    small = shrink(picture, Resize(Fraction(1, 3)))[..., 0]
    assert np.abs(small - expected).max() <= 1


def test_what_is_transparent_has_no_colour_to_give() -> None:
    picture = np.array([[[200, 255], [10, 0]], [[200, 255], [10, 0]]], np.uint8)
    assert shrink(picture, Resize(Fraction(1, 2)))[0, 0].tolist() == [200, 128]


def test_rows_may_overlap_and_be_left_out() -> None:
    picture = noise(50, 20)
    whole = shrink(picture, BOX)
    parts = shrink(picture, BOX, (1, 4), (2, 6), (8, 10))
    np.testing.assert_array_equal(parts, whole[[1, 2, 3, 2, 3, 4, 5, 8, 9]])


def test_nan_is_left_out_of_means_and_stays_where_most_is_nan() -> None:
    picture = np.arange(24, dtype=np.float32).reshape(4, 6)
    picture[0, 0] = picture[1, 2] = picture[0, 4:] = picture[2:, 2:4] = np.nan
    small = shrink(picture, Resize(Fraction(1, 2)))[..., 0]
    mean = [14 / 3, 14 / 3, np.nan, 15.5, np.nan, 19.5]
    np.testing.assert_allclose(small.ravel(), mean, rtol=1e-6)


@pytest.mark.parametrize(
    ("text", "size"),
    [("50%", (240, 320)), ("12.5%", (60, 80)), ("100%", (480, 640)), ("0.01%", (1, 1)),
     ("320x999", (240, 320)), ("999x120", (120, 160)), ("max:64", (48, 64)),
     ("max:5000", (480, 640)), ("5000x5000", (480, 640))],
)  # fmt: skip
def test_pictures_keep_their_proportions_and_are_never_enlarged(
    text: str, size: tuple[int, int]
) -> None:
    resize = parse_resize(text)
    assert resize is not None
    assert resize.size(480, 640) == size


@pytest.mark.parametrize("text", ["", "50", "200%", "0%", "-5%", "0x5", "max:0", "1e2%", "٥%"])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write 50%, 800x600 or max:1000"):
        parse_resize(text)


def pixels(path: Path) -> NDArray[Any]:
    with Image.open(path) as picture:
        return np.asarray(picture)


def report(run: Run, *args: str | Path) -> Any:
    result = run("detect", *args, "--report", "json")
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def test_the_report_has_both_sizes(run: Run, save: Save, tmp_path: Path) -> None:
    picture = save("picture.png", noise(40, 60, 3))
    told = report(run, picture, "--resize", "50%", "-o", tmp_path / "a.png")
    assert (told["input"]["shape"], told["resized"]) == ([40, 60, 3], [20, 30])
    assert told["convolved_shape"] == [20, 30, 1]
    assert pixels(tmp_path / "a.png").shape == (20, 30)
    assert "resized" not in report(run, picture, "--resize", "max:60", "-o", tmp_path / "b.png")
    table = run("detect", picture, "--resize", "max:30", "-o", tmp_path / "c.png").stdout
    assert "resized          20×30, the mean of" in table


def test_masks_overlays_and_sheets_are_of_the_small_picture(
    run: Run, save: Save, tmp_path: Path
) -> None:
    picture, mask = save("picture.png", noise(40, 60, 3)), np.zeros((20, 30), np.uint8)
    mask[:, 15:] = 255
    output = tmp_path / "a.png"
    args = picture, "--resize", "50%", "--mask", save("mask.png", mask), "-o", output
    report(run, *args)
    assert not pixels(output)[:, :15].any()
    report(run, *args, "--overlay", "red")
    small = shrink(noise(40, 60, 3), Resize(Fraction(1, 2)))
    np.testing.assert_array_equal(pixels(output)[:, :15], small[:, :15])
    told = report(run, picture, "--grid", "-f", "sobel", "-f", "canny", "--resize", "50%")
    assert told["tiles"][0]["resized"] == [20, 30]


def test_a_mask_of_the_pictures_own_size_is_resized_with_it(
    run: Run, save: Save, tmp_path: Path
) -> None:
    picture, mask = save("picture.png", noise(40, 61)), np.zeros((40, 61), np.uint8)
    mask[:, 31:] = 255  # the small picture has 31 columns: the 16th covers 2/61 more than a half
    small = np.zeros((20, 31), np.uint8)
    small[:, 16:] = 255
    for name, array in (("own", mask), ("small", small)):
        path = save(f"{name}-mask.png", array)
        output = tmp_path / f"{name}.png"
        run("detect", picture, "--resize", "50%", "--mask", path, "-o", output)
    np.testing.assert_array_equal(pixels(tmp_path / "own.png"), pixels(tmp_path / "small.png"))
    assert pixels(tmp_path / "own.png")[:, 17:].any()


def test_a_video_keeps_its_rate(run: Run, tmp_path: Path) -> None:
    frames = b"".join(b"FRAME\n" + bytes(96) for _ in range(2))
    video = tmp_path / "a.y4m"
    video.write_bytes(b"YUV4MPEG2 W12 H8 F25:2 Ip A1:1 Cmono\n" + frames)
    run("detect", video, "--resize", "50%", "--all-frames", "-o", tmp_path / "b.y4m")
    header, _, rest = (tmp_path / "b.y4m").read_bytes().partition(b"\n")
    assert header.startswith(b"YUV4MPEG2 W6 H4 F25:2 ")
    assert rest.count(b"FRAME") == 2


def test_a_turned_picture_is_resized_upright(run: Run, tmp_path: Path) -> None:
    turned = Image.fromarray(noise(40, 60))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "turned.png", exif=exif, dpi=(300, 300))
    output = tmp_path / "a.png"
    told = report(run, tmp_path / "turned.png", "--resize", "20x999", "-o", output)
    assert told["resized"] == [30, 20]
    with Image.open(output) as written:
        assert written.info["dpi"] == pytest.approx((150, 150), abs=0.1)
