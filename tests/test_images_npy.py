"""NPY files: every type there and back, and every way to get them wrong."""

from __future__ import annotations

import io
import math
import struct
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecli.errors import ImageError
from edgecli.images.npy import read_npy
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import Source
from tests.matrices import LIMIT, ROW_TYPES, whole, written


class Pipe(io.RawIOBase):
    """Bytes that can be read once, a few at a time, and not sought."""

    def __init__(self, data: bytes) -> None:
        self._rest = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._rest.readinto(memoryview(buffer)[:7])


def pipe(data: bytes) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(Pipe(data), 16))


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def from_npy(data: bytes | BinaryIO, max_pixels: int = LIMIT) -> Source:
    file = io.BytesIO(data) if isinstance(data, bytes) else data
    return next(read_npy(file, "a.npy", max_pixels=max_pixels))


STORED = ("?", "u1", "i1", "<u2", ">u2", "<i2", ">i2", "<i4", ">i4", "<u4", ">u4", "<i8", ">i8",
          "<u8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8")  # fmt: skip


@pytest.mark.parametrize(
    ("stored", "shape"),
    [*((stored, (5, 7, 3)) for stored in STORED)]
    + [("<i2", shape) for shape in [(5, 7), (5, 7, 1), (5, 7, 2), (1, 1, 4), (1, 9)]],
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_type_order_and_shape_is_read_from_files_and_pipes(
    stored: str, order: Any, shape: tuple[int, ...], tmp_path: Path
) -> None:
    values = np.random.default_rng(0).integers(0, 100, shape)
    array = np.asarray(values.astype(stored), order=order)
    path = tmp_path / "a.npy"
    path.write_bytes(npy(array))
    expected = array.reshape((*shape, 1)[:3]) * (255 if array.dtype == bool else 1)
    with path.open("rb") as file:
        for source in (from_npy(file), from_npy(npy(array)), from_npy(pipe(npy(array)))):
            assert source.dtype.name in ROW_TYPES
            assert source.info.shape == expected.shape
            assert source.info.dtype == array.dtype.name
            np.testing.assert_array_equal(whole(source), expected)


@pytest.mark.parametrize(
    ("stored", "low", "high", "dtype"),
    [
        ("int64", 0, 255, "uint8"),
        ("int64", -1, 255, "int16"),
        ("int64", -(2**31), 2**31 - 1, "int32"),
        ("uint32", 0, 65535, "uint16"),
        ("uint32", 0, 2**31 - 1, "int32"),
        ("int64", -(2**31), 2**31, "int64"),
        ("int64", -(2**63), 2**63 - 1, "int64"),
        ("uint32", 0, 2**32 - 1, "int64"),
        ("uint64", 0, 2**63 - 1, "int64"),
        ("int8", -128, 127, "int8"),
        ("float64", 0, 1, "float64"),
        ("float16", 0, 1, "float32"),
    ],
)
def test_types_of_other_widths_take_one_that_holds_the_values(
    stored: str, low: int, high: int, dtype: str
) -> None:
    source = from_npy(npy(np.array([[low, high]], stored)))
    assert source.dtype == dtype
    assert whole(source).ravel().tolist() == [low, high]


def test_float64_keeps_every_number() -> None:
    special = np.array([[np.nan, np.inf, -np.inf, 1e-300, 1e300, 1 + 2**-52]])
    np.testing.assert_array_equal(whole(from_npy(npy(special)))[..., 0], special)


@given(st.data())
def test_overlapping_blocks_are_slices(data: st.DataObject) -> None:
    array = np.arange(60, dtype=">i2").reshape(20, 3)
    starts = sorted(data.draw(st.lists(st.integers(0, 19), min_size=1, max_size=5)))
    stops = sorted(data.draw(st.integers(start + 1, 20)) for start in starts)
    ranges = [(start, max(start + 1, stop)) for start, stop in zip(starts, stops, strict=True)]
    for (start, stop), block in zip(ranges, from_npy(npy(array)).blocks(ranges), strict=True):
        assert (block[:, :, 0] == array[start:stop]).all()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(3), r"has the shape \(3,\); save it as \(H, W\), or as \(H, W, C\) with C ≤ 4"),
        (np.zeros((20, 30, 7)), r"has the shape \(20, 30, 7\), most likely of 7 channels, and at"),
        (np.array(1.0), r"has the shape \(\); save it as"),
        (np.zeros((0, 5)), "is an array without numbers"),
        (np.zeros((5, 4, 0)), "is an array without numbers"),
        (np.zeros((2, 2), complex), "holds '<c16'; save booleans, integers or floats of up to 64"),
        (np.zeros((2, 2), "S3"), r"holds '\|S3'; save booleans"),
        (np.zeros((2, 2), "M8[s]"), r"holds '<M8\[s\]'; save booleans"),
        (np.zeros((2, 2), [("a", "u1")]), "holds records; save booleans"),
        (np.array([[None]]), r"holds '\|O'; save booleans"),
    ],
)
def test_an_array_that_is_no_image_is_refused(array: Any, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        from_npy(npy(array))


def header(text: str, version: int = 1) -> bytes:
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text.encode()


PLAIN = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }"


@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_version_of_the_header_is_read(version: int) -> None:
    source = from_npy(header(PLAIN, version) + bytes(range(6)))
    assert whole(source).ravel().tolist() == list(range(6))


@pytest.mark.parametrize(
    "start",
    [
        b"\x93NUMPY\x01\x00",
        header(PLAIN)[:-5],
        header("{}"),
        header(PLAIN.replace("(2, 3)", "(2, -3)")),
        header(PLAIN.replace("(2, 3)", "__import__('os').abort()")),
        header(PLAIN.replace("False", "1")),
        b"\x93NUMPY\x07\x00" + header(PLAIN)[8:],
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b" " * 100,
    ],
)
def test_a_broken_header_is_one_clear_line(start: bytes) -> None:
    with pytest.raises(ImageError, match=r"has no valid NPY header; save it with numpy\.save"):
        from_npy(start + bytes(6))


def test_the_limit_is_checked_before_memory_is_taken() -> None:
    vast = header(PLAIN.replace("(2, 3)", "(1048576, 1048576)").replace("|u1", "<u8"))
    with pytest.raises(ImageError, match=r"has 1,099,511,627,776 pixels, more than the limit 2,14"):
        from_npy(vast)


def test_what_memory_cannot_hold_is_one_clear_line() -> None:
    vast = header(PLAIN.replace("(2, 3)", f"({2**40}, {2**40})").replace("|u1", "<u8"))
    with pytest.raises(ImageError, match=r"needs [\d,]+ bytes of memory; save it in C order as"):
        from_npy(pipe(vast), max_pixels=2**90)
    with pytest.raises(ImageError, match=r"is cut short, at least [\d,]+ bytes are missing"):
        from_npy(vast, max_pixels=2**90)


@pytest.mark.parametrize("stored", ["u1", "<f8", "<i8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_cut_anywhere_is_an_error(order: Any, stored: str) -> None:
    data = npy(np.asarray(np.ones((4, 5), stored), order=order))
    for length in range(1, len(data)):
        for file in (io.BytesIO(data[:length]), pipe(data[:length])):
            with pytest.raises(ImageError, match=r"cut short|no valid NPY header") as caught:
                whole(from_npy(file))
            assert "\n" not in str(caught.value)


def test_rows_between_are_left_unread() -> None:
    """Of a file; a pipe gives them one after another."""

    class Counted(io.BytesIO):
        taken = 0

        def readinto(self, buffer: Any) -> int:
            self.taken += (count := super().readinto(buffer))
            return count

    rows = np.arange(90 * 40, dtype=np.int16).reshape(90, 40, 1)
    with io.BytesIO() as file:
        np.save(file, rows)
        counted = Counted(file.getvalue())
    first, last = from_npy(counted).blocks([(0, 2), (70, 73)])
    np.testing.assert_array_equal(first, rows[:2])
    np.testing.assert_array_equal(last, rows[70:73])
    assert counted.taken == 5 * 40 * 2


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("stored", ["?", "u1", ">u2", "<i8", "<f2", "<f8"])
@pytest.mark.parametrize("shape", [(5, 6, 7), (2, 5, 6, 7), (6, 9, 8, 3)])
def test_a_stack_is_pages_from_files_and_pipes(
    shape: tuple[int, ...], stored: str, order: Any, tmp_path: Path
) -> None:
    values = np.random.default_rng(0).integers(-100, 100, shape)
    stack = np.asarray(values.astype(stored), order=order)
    data = npy(stack)
    (tmp_path / "a.npy").write_bytes(data)
    pages = stack.reshape(-1, *shape[-3:]) if shape[-1] == 3 else stack.reshape(-1, *shape[-2:], 1)
    expected = pages * np.uint8(255) if stack.dtype == bool else pages
    with (tmp_path / "a.npy").open("rb") as file:
        for opened in (file, pipe(data), io.BytesIO(data)):
            given = read_npy(opened, "a.npy", max_pixels=LIMIT, all_frames=True)
            for number, source in enumerate(given):
                assert (source.info.frame, source.info.notes) == (number, [])
                part = slice(0, 3 if number % 2 else None)  # rows may be left unread
                (rows,) = source.blocks([part.indices(source.shape[0])[:2]])
                np.testing.assert_array_equal(rows, expected[number][part])
            assert number == len(pages) - 1


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        (
            (5, 20, 30),
            "read as 5 pages, of which the first is taken; --page N takes another, --all",
        ),
        ((3, 20, 30), "and numpy.moveaxis(array, 0, -1) makes colours of them"),
    ],
)
def test_the_first_page_of_a_stack_says_that_there_are_more(shape: Any, told: str) -> None:
    source = from_npy(npy(np.arange(math.prod(shape), dtype=np.int32).reshape(shape)))
    assert whole(source)[:, :, 0].tolist() == np.arange(600).reshape(20, 30).tolist()
    (note,) = source.info.notes
    assert told in note


def test_wide_integers_of_a_file_are_looked_at_and_streamed_not_held(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.arange(4 << 20, dtype=np.int64).reshape(2048, 2048))
    with path.open("rb") as file:
        source = from_npy(file)
        assert not isinstance(source, ArraySource)
        assert source.dtype == np.int32
        (rows,) = source.blocks([(2000, 2010)])
        assert (rows[..., 0] == np.load(path)[2000:2010]).all()


def test_bytes_after_the_array_are_left_alone() -> None:
    file = io.BytesIO(npy(np.ones((2, 3), np.uint8)) + b"more")
    whole(from_npy(file))
    assert file.read() == b"more"


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_behind_the_first_is_told_of(order: Any) -> None:
    first = npy(np.zeros((2, 3), np.uint8, order))
    told = "has 140 bytes behind its array, perhaps another one; they are left out"
    assert from_npy(first).info.notes == []
    assert from_npy(first + npy(np.ones((3, 4), np.uint8))).info.notes == [told]
    stack = npy(np.zeros((2, 30, 30), np.uint8)) + bytes(140)
    pages = read_npy(io.BytesIO(stack), "a.npy", max_pixels=LIMIT, all_frames=True)
    assert [page.info.notes for page in pages] == [[told], []]


def test_an_array_in_fortran_order_is_mapped(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.asfortranarray(np.arange(12, dtype=np.int16).reshape(3, 4)))
    with path.open("rb") as file:
        source = from_npy(file)
        assert isinstance(source, ArraySource)
        assert isinstance(source.array, np.memmap)
        assert (source.array[:, :, 0] == np.load(path)).all()


@pytest.mark.parametrize("dtype", ROW_TYPES)
@pytest.mark.parametrize("C", [1, 2, 3, 4])
def test_npy_there_and_back(C: int, dtype: str) -> None:
    rows = np.random.default_rng(C).integers(0, 100, (10, 6, C)).astype(dtype)
    data = written("npy", rows)
    expected = rows[:, :, 0] if C == 1 else rows
    loaded = np.load(io.BytesIO(data))
    np.testing.assert_array_equal(loaded, expected, strict=True)
    # 64-bit integers take the smallest type that holds them.
    np.testing.assert_array_equal(whole(from_npy(data)), rows, strict=dtype != "int64")
