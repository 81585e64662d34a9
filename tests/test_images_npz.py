"""NPZ archives: the array that is taken, and every way in which an archive is none."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecli.errors import ImageError
from edgecli.images.files import open_images
from edgecli.images.npz import read_npz
from edgecli.rows.base import Source
from tests.matrices import LIMIT, Pixels, whole
from tests.test_images_npy import PLAIN, header, pipe

GRID = np.arange(12, dtype=np.uint8).reshape(3, 4)


def npz(save: Any = np.savez, **arrays: Any) -> bytes:
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


def archive(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as written:
        for name, data in members.items():
            written.writestr(name.replace("__", "/").replace("_", "."), data)
    return file.getvalue()


def read(data: bytes, max_pixels: int = LIMIT) -> Source:
    return next(read_npz(io.BytesIO(data), "a.npz", max_pixels=max_pixels))


def refusal(data: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        whole(read(data))
    message = str(caught.value)
    assert message.isprintable()
    return message.removeprefix("image a.npz ")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    "array",
    [GRID, GRID > 5, GRID.astype(">f4"), np.asfortranarray(GRID), GRID.astype("int64") - 6,
     np.dstack([GRID] * 3), np.zeros((200, 300), np.uint16)],
    ids=lambda array: f"{array.dtype.str}{array.shape}",
)  # fmt: skip
def test_an_array_is_read_from_files_and_pipes(save: Any, array: Pixels, tmp_path: Path) -> None:
    data = npz(save, image=array)
    path = tmp_path / "a.npz"
    path.write_bytes(data)
    expected = array.reshape((*array.shape, 1)[:3]) * (255 if array.dtype == bool else 1)
    opened = open_images(str(path), max_pixels=LIMIT)  # holds the file open
    for source in (next(opened), read(data), next(read_npz(pipe(data), "-", max_pixels=LIMIT))):
        np.testing.assert_array_equal(whole(source), expected)
        assert (source.info.format, source.info.notes) == ("NPZ", [])
        assert source.info.dtype == array.dtype.name


def test_the_first_image_of_several_arrays_is_taken_and_told_of() -> None:
    source = read(npz(labels=np.array(["a"]), scale=2.0, image=GRID, mask=GRID > 3))
    np.testing.assert_array_equal(whole(source)[:, :, 0], GRID)
    assert source.info.notes == [
        "holds 4 arrays; 'image' is taken, not 'labels' (1,), 'scale' (), 'mask' (3, 4)"
    ]


def test_a_picture_is_taken_before_a_stack_and_a_stack_is_pages() -> None:
    source = read(npz(stack=np.ones((5, 6, 7)), image=GRID))
    assert whole(source).shape == (3, 4, 1)
    stack = np.arange(5 * 6 * 7).reshape(5, 6, 7)
    data = npz(np.savez_compressed, stack=stack, x=np.ones(3))
    pages = read_npz(io.BytesIO(data), "a.npz", max_pixels=LIMIT, all_frames=True)
    for number, page in enumerate(pages):
        assert len(page.info.notes) == (number == 0)
        np.testing.assert_array_equal(whole(page)[:, :, 0], stack[number])
    assert number == 4


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (npz(x=np.ones(5), y=np.ones((0, 3, 9))), "holds no image, but 'x' (5,), 'y' (0, 3, 9);"),
        (npz(x=np.array([[None]])), "holds no image, but 'x' (1, 1); save one as (H, W)"),
        (npz(x=np.ones((0, 3))), "holds no image, but 'x' (0, 3)"),
        (npz(), "is a zip archive without arrays of NumPy; give an image out of it"),
        (archive(a_png=b""), "is a zip archive without arrays of NumPy"),
        (archive(xl__workbook_xml=b""), "is an Excel workbook; save the sheet as CSV"),
        (archive(word__document_xml=b""), "is a Word document; save its picture"),
        (npz(image=GRID)[:-30], "is no archive that can be read (File is not a zip file); save it"),
        (archive(image_npy=b"text"), "is no archive that can be read ("),
        (archive(image_npy=header(PLAIN) + b"12345"), "is cut short, at least 1 bytes are missing"),
    ],
)  # fmt: skip
def test_an_archive_without_an_image_is_one_clear_line(data: bytes, message: str) -> None:
    assert message in refusal(data)


def test_damage_and_locks_show_where_they_are() -> None:
    data = bytearray(npz(image=GRID))
    data[data.index(bytes(range(12))) + 5] ^= 1
    assert "is no archive that can be read (Bad CRC-32 for file 'image.npy')" in refusal(
        bytes(data)
    )
    locked = bytearray(npz(image=GRID))
    locked[6] |= 1
    locked[locked.index(b"PK\1\2") + 8] |= 1
    assert "is no archive that can be read (File 'image.npy' is encrypted" in refusal(bytes(locked))


def test_archives_that_inflate_take_no_more_than_their_header_says() -> None:
    bomb = archive(image_npy=header(PLAIN) + bytes(2**26))
    assert len(bomb) < 2**18
    assert whole(read(bomb)).shape == (2, 3, 1)
    vast = archive(image_npy=header(PLAIN.replace("(2, 3)", "(1048576, 1048576)")))
    with pytest.raises(ImageError, match=r"has 1,099,511,627,776 pixels, more than the limit"):
        read(vast, max_pixels=2**31)


def test_an_archive_damaged_anywhere_gives_an_image_or_one_line() -> None:
    good = npz(np.savez_compressed, image=GRID, mask=GRID > 3)
    for place in range(0, len(good), 3):
        damaged = bytearray(good)
        damaged[place] ^= 255
        try:
            result = whole(read(bytes(damaged))).shape[2]
        except ImageError as error:
            result = str(error).count("\n") + 1
        assert result == 1
