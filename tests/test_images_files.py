"""Files: told apart by content, and written whole or not at all."""

from __future__ import annotations

import io
import os
import stat
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.errors import EdgeCliError, ImageError, OutputError
from edgecli.images.files import is_grid, open_images, read_mask, whole_file
from edgecli.images.readers import HEAD
from edgecli.rows.base import ImageInfo
from tests.conftest import Save, noise

PICTURE = noise(6, 5, 3)

CONTENT = {
    "PNG": "png",
    "JPEG": "jpeg",
    "WEBP": "webp",
    "TIFF": "tiff",
    "BMP": "bmp",
    "GIF": "gif",
    "PPM": "ppm",
    "PGM": "ppm",
}
"""What Pillow saves, and as what; the format that we must find."""


def saved(format_: str) -> bytes:
    buffer = io.BytesIO()
    image = Image.fromarray(PICTURE if format_ != "PGM" else PICTURE[..., 0])
    image.save(buffer, CONTENT[format_])
    return buffer.getvalue()


def read(path: Path | str, max_pixels: int = 10**6) -> tuple[ImageInfo, NDArray[Any]]:
    """Return the one image of a file, read while the file is open."""
    images = [
        (source.info, block)
        for source in open_images(str(path), max_pixels=max_pixels)
        for block in source.blocks([(0, source.shape[0])])
    ]
    (image,) = images
    return image


# --- reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", CONTENT)
@pytest.mark.parametrize("name", ["image.csv", "image.png", "image"])
def test_content_tells_the_format_and_not_the_name(tmp_path: Path, format_: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(saved(format_))
    info, block = read(path)
    assert (info.path, info.format) == (str(path), format_)
    assert block.shape[:2] == (6, 5)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (b"1 2\n3 4\n", [[1, 2], [3, 4]]),
        (b"1,2\n3,4", [[1, 2], [3, 4]]),
        (b"# a comment\n-1;+2\n", [[-1, 2]]),
        (b"\xef\xbb\xbf.5 1\n", [[0.5, 1]]),
        (b"\n\n  7\n", [[7]]),
        (b"nan inf\n", [[float("nan"), float("inf")]]),
    ],
)
def test_numbers_are_told_by_how_they_begin(
    tmp_path: Path, text: bytes, values: list[list[float]]
) -> None:
    path = tmp_path / "numbers.png"
    path.write_bytes(text)
    np.testing.assert_array_equal(read(path)[1][..., 0], np.array(values, np.float32))


@pytest.mark.parametrize(
    ("data", "is_text"),
    [
        (b"1 2", True),
        ("1,2".encode("utf-16"), True),
        (b"[[1 2]]", True),
        (b"a,b\n1,2", True),
        (b"ncols 2\nnrows 1\n1 2", True),
        (b"P2 1 1 255 0", False),
        (b"PK\3\4", False),
        (b"", False),
        (saved("PNG"), False),
    ],
)
def test_what_is_read_as_a_grid_is_known_as_one_before(
    tmp_path: Path, data: bytes, is_text: bool
) -> None:
    (tmp_path / "a.png").write_bytes(data)
    assert is_grid(str(tmp_path / "a.png")) == is_text


def test_arrays_are_told_by_their_magic_number(tmp_path: Path) -> None:
    np.save(tmp_path / "array.npy", PICTURE)
    path = (tmp_path / "array.npy").rename(tmp_path / "array.jpg")
    info, block = read(path)
    assert info.format == "NPY"
    np.testing.assert_array_equal(block, PICTURE)


def through_a_pipe(monkeypatch: pytest.MonkeyPatch, data: bytes) -> threading.Thread:
    """Put data behind standard input as a pipe, fed a few bytes at a time."""
    reading, writing = os.pipe()

    def feed() -> None:
        with os.fdopen(writing, "wb", buffering=0) as pipe:
            for start in range(0, len(data), 7):
                pipe.write(data[start : start + 7])

    monkeypatch.setattr(sys, "stdin", os.fdopen(reading))
    feeder = threading.Thread(target=feed)
    feeder.start()
    return feeder


@pytest.mark.parametrize("format_", CONTENT)
def test_a_pipe_gives_the_same_pixels_as_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, format_: str
) -> None:
    data = saved(format_)
    (tmp_path / "file").write_bytes(data)
    feeder = through_a_pipe(monkeypatch, data)
    info, block = read("-")
    np.testing.assert_array_equal(block, read(tmp_path / "file")[1])
    assert (info.path, info.format) == ("-", format_)
    feeder.join()
    sys.stdin.close()


@pytest.mark.parametrize("data", [b"1,2\n3,4\n", b"5"])
def test_a_pipe_shorter_than_a_head(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    assert len(data) < HEAD
    feeder = through_a_pipe(monkeypatch, data)
    assert read("-")[1].ravel().tolist() == [int(c) for c in data.decode() if c.isdigit()]
    feeder.join()
    sys.stdin.close()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda _: None, "does not exist"),
        (lambda path: path.mkdir(), "is a folder; give an image in it"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b"\xff" * 99), "image"),
        (lambda path: path.write_bytes(b"%PDF-1.7 ..."), "image"),
        (lambda path: path.symlink_to(path), "cannot be read"),
    ],
)
def test_what_is_no_image_is_refused_in_one_line(tmp_path: Path, make: Any, said: str) -> None:
    path = tmp_path / "image.png"
    make(path)
    with pytest.raises(ImageError) as refused:
        read(path)
    line = str(refused.value)
    assert said in line
    assert str(path) in line
    assert "\n" not in line


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000])
def test_impossible_names_are_refused(path: str) -> None:
    with pytest.raises(ImageError, match="cannot be read"):
        read(path)


def test_an_unreadable_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(ImageError, match="may not be read; check its permissions"):
        read(tmp_path / "image.png")


@pytest.mark.parametrize("format_", CONTENT)
def test_the_limit_of_pixels_is_checked_for_every_format(tmp_path: Path, format_: str) -> None:
    path = tmp_path / "image"
    path.write_bytes(saved(format_))
    assert read(path, max_pixels=30)[1].shape[:2] == (6, 5)
    with pytest.raises(ImageError, match=r"30 pixels.*29.*--max-pixels"):
        read(path, max_pixels=29)


@pytest.mark.parametrize("format_", CONTENT)
def test_every_cut_gives_pixels_or_one_line(tmp_path: Path, format_: str) -> None:
    data = saved(format_)
    path = tmp_path / "image"
    for size in range(1, len(data), max(len(data) // 40, 1)):
        path.write_bytes(data[:size])
        try:
            assert read(path)[1].shape[:2] == (6, 5)
        except EdgeCliError as error:
            assert "\n" not in str(error)  # noqa: PT017 (both ends are right)


# --- writing ------------------------------------------------------------------------------------


def write_half(path: Path, error: BaseException) -> None:
    with whole_file(str(path)) as file:
        file.write(b"half")
        raise error


def leftovers(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_a_file_appears_under_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "map.png"
    with whole_file(str(path)) as file:
        file.write(b"whole")
        (temporary,) = leftovers(tmp_path)
        assert temporary.startswith(".map.png.")
        assert temporary.endswith(".edgecli-tmp")
    assert leftovers(tmp_path) == ["map.png"]
    assert path.read_bytes() == b"whole"


@pytest.mark.parametrize("error", [ImageError("broken"), KeyboardInterrupt(), BrokenPipeError()])
def test_a_failure_keeps_the_old_file_and_leaves_no_other(
    tmp_path: Path, error: BaseException
) -> None:
    path = tmp_path / "map.png"
    path.write_bytes(b"old")
    with pytest.raises(type(error)):
        write_half(path, error)
    assert leftovers(tmp_path) == ["map.png"]
    assert path.read_bytes() == b"old"


def test_a_link_stays_a_link_to_what_is_written(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "map.png", tmp_path / "link.png"
    target.write_bytes(b"old")
    link.symlink_to(target)
    with whole_file(str(link)) as file:
        file.write(b"new")
        assert len(leftovers(tmp_path / "real")) == 2
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert leftovers(tmp_path / "real") == ["map.png"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "map.png"
    path.write_bytes(b"old")
    path.chmod(mode)
    with whole_file(str(path)) as file:
        file.write(b"new")
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_new_file_has_the_permissions_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with whole_file(str(tmp_path / "map.png")) as file:
            file.write(b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "map.png").stat().st_mode) == 0o640


@pytest.mark.parametrize("name", ["x" * 250 + ".png", "é" * 120 + ".png", "..png"])
def test_long_names_have_short_enough_temporary_ones(tmp_path: Path, name: str) -> None:
    with whole_file(str(tmp_path / name)) as file:
        file.write(b"new")
    assert leftovers(tmp_path) == [name]


def test_a_device_is_written_to_directly() -> None:
    with whole_file(os.devnull) as file:
        file.write(b"gone")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_pipe_without_a_name_is_written_to_directly() -> None:
    reading, writing = os.pipe()
    with whole_file(f"/dev/fd/{writing}") as file:
        file.write(b"through")
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b"through"


def test_a_full_disk_is_one_line() -> None:
    with pytest.raises(OutputError) as refused, whole_file("/dev/full") as file:
        file.write(b"x" * 10**5)
    assert str(refused.value) == (
        "/dev/full cannot be written: No space left on device; make room there; nothing was changed"
    )


def test_a_disk_that_fills_up_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "map.png"
    path.write_bytes(b"old")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match="No space left"), whole_file(str(path)) as file:
        file.write(b"new")
    assert leftovers(tmp_path) == ["map.png"]
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("name", ["missing/map.png", "file/map.png", "x" * 300 + ".png"])
def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError) as refused, whole_file(str(tmp_path / name)):
        pass
    assert "cannot be written: " in str(refused.value)
    assert leftovers(tmp_path) == ["file"]


def test_a_folder_that_may_not_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(OutputError, match="Permission denied"), whole_file(f"{tmp_path}/a.png"):
        pass


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="Is a directory"), whole_file(str(tmp_path)):
        pass


# --- masks ----------------------------------------------------------------------------------------


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
    inside, _ = read_mask(str(save(name, array)), max_pixels=100)
    assert inside.tolist() == expected


def test_a_mask_is_turned_as_its_exif_says(tmp_path: Path) -> None:
    lying = Image.fromarray(np.array([[0, 100], [100, 0], [0, 0]], np.uint8))
    exif = lying.getexif()
    exif[0x0112] = 6  # its right side is the top
    lying.save(path := tmp_path / "m.png", exif=exif)
    inside, _ = read_mask(str(path), max_pixels=100)
    assert inside.tolist() == [[False, True, False], [False, False, True]]
    inside, _ = read_mask(str(path), max_pixels=100, auto_orient=False)
    assert inside.tolist() == [[False, True], [True, False], [False, False]]


def test_a_mask_that_is_none_or_too_large(save: Save) -> None:
    with pytest.raises(ImageError, match=r"gone\.png"):
        read_mask("gone.png", max_pixels=100)
    with pytest.raises(ImageError, match="limit"):
        read_mask(str(save("m.png", np.zeros((20, 20), np.uint8))), max_pixels=100)
