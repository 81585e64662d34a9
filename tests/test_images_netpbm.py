"""PNM and PAM against a naive decoder, Pillow, OpenCV, cut, bent and trickling streams."""

from __future__ import annotations

import io
import itertools
import re
import tracemalloc
from collections.abc import Iterator
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from edgecli.errors import ImageError
from edgecli.images.netpbm import read_image
from edgecli.images.streams import StreamSource
from edgecli.rows.base import Source
from tests.image_streams import Trickle, images_in, piped

Pixels = NDArray[Any]

PAM_TYPES = {1: "GRAYSCALE", 2: "GRAYSCALE_ALPHA", 3: "RGB", 4: "RGB_ALPHA"}


def opened(file: bytes | io.RawIOBase, max_pixels: int = 1 << 20) -> StreamSource:
    stream = io.BytesIO(file) if isinstance(file, bytes) else piped(file)
    return read_image(stream, "x.pnm", max_pixels=max_pixels)


def images(file: bytes | io.RawIOBase) -> Iterator[Source]:
    """All images of a stream, by whatever reader knows them."""
    return images_in(file if isinstance(file, bytes) else piped(file))


def whole(source: Source) -> Pixels:
    (rows,) = source.blocks([(0, source.shape[0])])
    return rows


def decoded(file: bytes | io.RawIOBase) -> list[Pixels]:
    return [whole(source) for source in images(file)]


def pam(depth: int, maxval: int, name: str, *, size: tuple[int, int] = (1, 1)) -> bytes:
    """A PAM's header."""
    lines = (f"WIDTH {size[1]}", f"HEIGHT {size[0]}", f"DEPTH {depth}", f"MAXVAL {maxval}")
    return "\n".join(["P7", *lines, f"TUPLTYPE {name}", "ENDHDR\n"]).encode()


def outcome(data: bytes) -> str:
    try:
        whole(opened(data, max_pixels=100))
    except ImageError as error:
        return str(error)
    return "read"


def encoded(kind: int, samples: Pixels, maxval: int) -> bytes:
    """An image ``(H, W, C)`` in one of the seven kinds; bitmaps hold 0 and 1 as the file does."""
    H, W, C = samples.shape
    size = f"P{kind}\n{W} {H}\n" + ("" if kind in (1, 4) else f"{maxval}\n")
    if kind == 7:
        size = pam(C, maxval, PAM_TYPES[C], size=(H, W)).decode()
    if kind < 4:
        rows = [" ".join(map(str, row)) for row in samples.reshape(H, -1).tolist()]
        return (size + "\n".join(rows) + "\n").encode()
    if kind == 4:
        return size.encode() + np.packbits(samples[:, :, 0], axis=1).tobytes()
    return size.encode() + samples.astype(">u2" if maxval > 255 else "u1").tobytes()


def naive(data: bytes) -> Pixels:
    """One image decoded as the manual reads, a sample at a time; for files without comments."""
    kind = int(data[1:2])
    pattern = rb"P.\s(\d+)\s(\d+)\s" + (b"" if kind in (1, 4) else rb"(\d+)\s")
    if kind == 7:
        pattern = rb"P7\sWIDTH (\d+)\sHEIGHT (\d+)\sDEPTH (\d+)\sMAXVAL (\d+)\s.+\sENDHDR\s"
    match = re.match(pattern, data)
    assert match
    W, H, *rest = map(int, match.groups())
    C, maxval, raster = 3 if kind in (3, 6) else 1, (rest or [1])[-1], data[match.end() :]
    C = rest[0] if kind == 7 else C
    if kind == 1:
        values = [1 - int(bit) for bit in raster.decode() if bit in "01"]
    elif kind < 4:
        values = [int(token) for token in raster.split()]
    elif kind == 4:
        stride = (W + 7) // 8
        places = itertools.product(range(H), range(W))
        values = [1 - (raster[y * stride + x // 8] >> (7 - x % 8) & 1) for y, x in places]
    elif maxval < 256:
        values = list(raster)
    else:
        values = [high << 8 | low for high, low in zip(raster[::2], raster[1::2], strict=True)]
    full = 255 if maxval < 256 else 65535
    scaled = [floor(Fraction(value * full, maxval) + Fraction(1, 2)) for value in values]
    return np.array(scaled, np.uint8 if full == 255 else np.uint16).reshape(H, W, C)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    kind = draw(st.integers(1, 7))
    maxval = 1 if kind in (1, 4) else draw(st.integers(1, 300) | st.sampled_from([1023, 65535]))
    channels = {3: 3, 6: 3, 7: draw(st.integers(1, 4))}.get(kind, 1)
    shape = (draw(st.integers(1, 5)), draw(st.integers(1, 19)), channels)
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    return encoded(kind, random.integers(0, maxval + 1, shape), maxval)


def small_files() -> list[bytes]:
    random = np.random.default_rng(4)
    return [
        encoded(kind, random.integers(0, maxval + 1, (2, 3, C)), maxval)
        for kind, C, maxval in [
            *((1, 1, 1), (2, 1, 255), (2, 1, 300), (3, 3, 9), (4, 1, 1)),
            *((5, 1, 255), (5, 1, 1000), (6, 3, 65535), (7, 2, 255), (7, 4, 65535)),
        ]
    ]


@given(files())
def test_an_image_is_what_a_naive_decoder_reads(data: bytes) -> None:
    (rows,) = decoded(data)
    expected = naive(data)
    assert rows.dtype == expected.dtype
    np.testing.assert_array_equal(rows, expected)


@pytest.mark.parametrize(
    ("kind", "maxval"), [(1, 1), (2, 255), (3, 255), (4, 1), (5, 255), (6, 255), (5, 65535)]
)
@pytest.mark.parametrize("size", [(1, 1), (1, 17), (17, 1), (5, 8)])
def test_an_image_is_what_pillow_reads(kind: int, maxval: int, size: tuple[int, int]) -> None:
    shape = (*size, 3 if kind in (3, 6) else 1)
    data = encoded(kind, np.random.default_rng(1).integers(0, maxval + 1, shape), maxval)
    expected = np.asarray(Image.open(io.BytesIO(data)))
    expected = expected * np.uint8(255) if expected.dtype == bool else expected
    np.testing.assert_array_equal(decoded(data)[0], expected.reshape(shape))


def test_every_value_of_a_maxval_is_spread_and_rounded_to_nearest() -> None:
    for maxval in (*range(1, 256), 256, 1023, 4095, 65534, 65535):
        values = np.arange(maxval + 1)
        full = 255 if maxval < 256 else 65535
        (rows,) = decoded(encoded(5, values.reshape(1, -1, 1), maxval))
        np.testing.assert_array_equal(rows.ravel(), (2 * values * full + maxval) // (2 * maxval))


@pytest.mark.parametrize(
    ("data", "form", "dtype", "shape"),
    [
        (b"P1 3 2 010101", "PBM", "bool", (2, 3, 1)),
        (b"P4 3 2\nAB", "PBM", "bool", (2, 3, 1)),
        (b"P2 1 1 1 1", "PGM", "uint8", (1, 1, 1)),
        (b"P5 1 1 256 \0\1", "PGM", "uint16", (1, 1, 1)),
        (b"P6 1 1 255 ABC", "PPM", "uint8", (1, 1, 3)),
        (pam(4, 255, "") + b"ABCD", "PAM", "uint8", (1, 1, 4)),
        (pam(2, 1, "BLACKANDWHITE_ALPHA") + b"\0\1", "PAM", "bool", (1, 1, 2)),
    ],
)
def test_the_header_is_told(data: bytes, form: str, dtype: str, shape: tuple[int, ...]) -> None:
    source = opened(data)
    info = source.info
    assert (info.path, info.format, info.dtype, info.shape) == ("x.pnm", form, dtype, shape)
    assert source.shape == whole(source).shape == shape
    assert source.dtype == (np.uint16 if dtype == "uint16" else np.uint8)


def test_one_is_black_in_a_pbm_and_white_in_a_pam() -> None:
    stream = b"P1 2 1 10 P4 2 1 \x80" + pam(1, 1, "BLACKANDWHITE", size=(1, 2)) + b"\1\0"
    assert [rows.ravel().tolist() for rows in decoded(stream)] == [[0, 255], [0, 255], [255, 0]]


@pytest.mark.parametrize(
    "data",
    [
        b"P5#a\n#b\r 2#c\n#d\n1#e\n255#f\nAB",
        b"P5 # P6\n2 1\n# 7\n255\nAB",
        b"P5\t2\r\n1\v255 AB",
        b"P2#a\n2 1#b\n255#c\n#\r65 #e\r66#f",
        b"P2 2 1 255 #" + b"#" * 70_000 + b"\n65\r#\r66",
        b"P7\n# a\n\n  WIDTH 2 \nHEIGHT\t1\nCREATOR me\nDEPTH 1\nMAXVAL 255\nENDHDR\nAB",
    ],
)
def test_comments_and_blanks_stand_where_netpbm_lets_them(data: bytes) -> None:
    assert decoded(data)[0].ravel().tolist() == [65, 66]


def test_one_blank_follows_the_maxval_and_then_pixels() -> None:
    assert decoded(b"P5 2 1 255 \n#")[0].tobytes() == b"\n#"


@pytest.mark.parametrize("raster", [b"1011", b"1 0 1 1", b"1#1\n011\n", b"\n10\n\n11"])
def test_plain_bits_need_no_blanks_between_them(raster: bytes) -> None:
    assert decoded(b"P1 2 2 " + raster)[0].ravel().tolist() == [0, 255, 0, 0]


@given(st.lists(files(), min_size=1, max_size=4), st.integers(1, 9), st.binary().map(len))
def test_images_follow_each_other_through_a_trickling_pipe(
    stream: list[bytes], step: int, blanks: int
) -> None:
    pipe = Trickle((b" \n" * blanks).join(stream), step)
    for source, expected in zip(images(pipe), map(naive, stream), strict=True):
        np.testing.assert_array_equal(whole(source), expected)


@given(files(), st.integers(0, 40))
def test_nothing_is_read_past_an_image(data: bytes, extra: int) -> None:
    pipe = piped(data + b"x" * extra)
    whole(read_image(pipe, "x.pnm", max_pixels=1 << 20))
    plain_end = data[1] < ord("4")  # its last newline may be taken as the last number's end
    assert extra <= len(pipe.read()) <= extra + plain_end


@given(files(), st.integers(0, 3))
def test_rows_that_nobody_asked_for_are_skipped(data: bytes, rows_read: int) -> None:
    source_of = images(data + b"P5 1 1 255 A")
    first = next(source_of)
    for _ in first.blocks([(0, min(rows_read, first.shape[0]))] if rows_read else []):
        pass
    first.close()
    assert whole(next(source_of)).ravel().tolist() == [65]
    assert next(source_of, None) is None


@given(files(), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=6))
def test_ranges_may_overlap_and_leave_gaps(data: bytes, wanted: list[tuple[int, int]]) -> None:
    source, expected = opened(data), naive(data)
    starts, stops = (sorted(column) for column in zip(*wanted, strict=True)) if wanted else ([], [])
    H = source.shape[0]
    ranges = [(min(a, H - 1), min(max(a, b) + 1, H)) for a, b in zip(starts, stops, strict=True)]
    ranges = [(a, b) for a, b in ranges if a < b]
    for (start, stop), block in zip(ranges, source.blocks(ranges), strict=True):
        np.testing.assert_array_equal(block, expected[start:stop])


def test_long_plain_files_are_decoded_in_pieces() -> None:
    samples = np.random.default_rng(3).integers(0, 1000, (3, 40_001, 1))
    bits = samples % 2
    grey = (2 * 65535 * samples + 999) // (2 * 999)
    for kind, values, expected in [(2, samples, grey), (1, bits, 255 - bits * 255)]:
        np.testing.assert_array_equal(decoded(encoded(kind, values, 999))[0], expected)


@pytest.mark.parametrize("kind", [2, 5, 6])
def test_memory_follows_the_band(kind: int) -> None:
    shape = (1024, 1024, 3 if kind == 6 else 1)
    stream = io.BytesIO(encoded(kind, np.zeros(shape, np.uint8), 200))
    source = read_image(stream, "x.pnm", max_pixels=1 << 20)
    tracemalloc.start()
    for _ in source.blocks([(row, row + 256) for row in range(0, 1024, 256)]):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < (1 << 20) + 3 * 256 * 1024 * shape[2]


@pytest.mark.parametrize("data", small_files(), ids=lambda data: repr(data[:2]))
def test_a_cut_file_is_an_error(data: bytes) -> None:
    last = data.rstrip().rfind(b" ") if data[1] < ord("4") else len(data) - 1
    for length in range(last + 1):
        with pytest.raises(ImageError, match=r"^image x\.pnm [^\n]+; [^\n]+$"):
            whole(opened(data[:length]))


@pytest.mark.parametrize("data", small_files(), ids=lambda data: repr(data[:2]))
def test_a_bent_file_is_an_image_or_an_error(data: bytes) -> None:
    for place, mask in itertools.product(range(len(data)), [1, 2, 4, 8, 16, 32, 64, 128, 255]):
        bent = bytearray(data)
        bent[place] ^= mask
        assert re.match(r"^(read|image (\d+ of )?x\.pnm [^\n]+; [^\n]+)$", outcome(bytes(bent)))


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "starts with ''"),
        (b"GIF89a", "starts with 'GI', not P1 to P7"),
        (b"P5", "has a header without width"),
        (b"P5 7 7", "has a header without maxval"),
        (b"P5 0 7 255 ", "has '0' for width, not a number from 1"),
        (b"P5 7 7\xff 255 ", r"has '7\\xff' for height"),
        (b"P5 " + b"9" * 9999, "has '99999999999999999999' for width"),
        (b"P5 1 1 65536 A", "has maxval 65,536, more than 65,535"),
        (b"P5 2 3 255\nABC", "ends in row 2 of 3"),
        (b"P4 9 3\nABCDE", "ends in row 3 of 3"),
        (b"P2 1 9 9 1 2 3 4 10 6 7 8 9 ", "has a sample above its maxval 9 in row 5 of 9"),
        (b"P2 2 2 9 1 2 3 " + b"0" * 99, "has a sample above its maxval 9 in row 2 of 2"),
        (b"P5 2 2 9 \1\2\3\12", "has a sample above its maxval 9 in row 2 of 2"),
        (b"P5 1 2 999 \0\1\7\1", "has a sample above its maxval 999 in row 2 of 2"),
        (b"P2 1 9 9 1 2 3x4 5 6 7 8 9 ", "has 'x' in a number in row 3 of 9"),
        (b"P2 2 2 9 1 -2 3 4", "has '-' in a number in row 1 of 2"),
        (b"P1 2 2 1012", "has '2' for a bit in row 2 of 2"),
        (b"P7 332\n", "has ' 332' after P7 in its first line"),
        (b"P7\nWIDTH 1\nENDHDR\nA", "has a header without HEIGHT"),
        (b"P7\nWIDTH 1 #a\nHEIGHT 1\nENDHDR\nA", "has '1 #a' for WIDTH"),
        (b"P7\n" + b"#" * 99_999 + pam(1, 1, ""), "has a header line without end"),
        (pam(1, 255, "BLACKANDWHITE"), "has depth 1, tuple type 'BLACKANDWHITE' and maxval 255"),
        (pam(3, 255, "GRAYSCALE"), "has depth 3, tuple type 'GRAYSCALE' and maxval 255"),
        (pam(4, 255, "CMYK"), "has depth 4, tuple type 'CMYK' and maxval 255"),
        (pam(5, 255, ""), "has depth 5, tuple type '' and maxval 255"),
    ],
)
def test_a_fault_is_named_in_one_line(data: bytes, fault: str) -> None:
    with pytest.raises(ImageError, match=rf"^image x\.pnm {fault}[^\n]*; [^\n]+$"):
        whole(opened(data))


def test_the_pixel_limit_comes_before_any_pixel() -> None:
    with pytest.raises(ImageError) as caught:
        opened(b"P5 65536 65536 255\n", max_pixels=1 << 31)
    assert str(caught.value) == (
        "image x.pnm has 4,294,967,296 pixels, more than the limit 2,147,483,648; "
        "raise it with --max-pixels"
    )


@pytest.mark.parametrize(
    ("tail", "said"),
    [
        (b"junk", ["is followed by 4 bytes that are no image; they are left out"]),
        (b"P5 \0\1", ["is followed by 5 bytes that are no image; they are left out"]),
        (b"j" * 64, ["is followed by 64 bytes or more that are no image; they are left out"]),
        (b" \n\0\0", []),
        (b"\0" * 999, []),
    ],
)
def test_what_follows_the_last_image_is_left_out_with_a_note(tail: bytes, said: list[str]) -> None:
    for stream in (b"P5 1 1 255 A", b"P5 1 1 255 AP5 1 1 255 B"):
        found = [(whole(source).item(), source.info) for source in images(stream + tail)]
        assert [value for value, _ in found] == [65, 66][: len(found)]
        assert found[-1][1].notes == said


@pytest.mark.parametrize("tail", [b"# end\n", b"\n# a\r# b", b"#", b" #\n \n#\n"])
@pytest.mark.parametrize("data", [b"P2 1 1 255 65\n", b"P2 1 1 255 65"])
def test_comments_may_follow_the_last_number_of_a_plain_file(data: bytes, tail: bytes) -> None:
    (source,) = [source for source in images(data + tail) if whole(source).item() == 65]
    assert source.info.notes == []
    both = [whole(source).item() for source in images(data + tail + b"\nP5 1 1 255 B")]
    assert both == [65, 66]


@pytest.mark.parametrize(
    "data", [b"P5\r\n2 1\r\n255\r\nAB", b"P4\r\n9 1\r\nAB", pam(1, 255, "").replace(b"\n", b"\r\n")]
)
def test_a_header_in_cr_lf_is_said_to_be_one(data: bytes) -> None:
    with pytest.raises(ImageError, match=r"^image x\.pnm has a header whose lines end in CR LF"):
        opened(data)
    assert decoded(b"P5\r2 1\r255\rAB")[0].tobytes() == b"AB"
    assert decoded(b"P2\r\n2 1\r\n255\r\n65 66\r\n")[0].tobytes() == b"AB"


def test_after_a_broken_image_nothing_is_read() -> None:
    sources = images(b"P5 1 1 9 AP5 1 1 255 A")
    with pytest.raises(ImageError, match="above its maxval 9"):
        whole(next(sources))
    with pytest.raises(ImageError, match="is damaged"):
        next(sources)
