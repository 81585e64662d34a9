"""YUV4MPEG2: luma in, grey frames out, against streams laid out byte by byte."""

from __future__ import annotations

import errno
import io
import itertools
import re
from collections.abc import Iterator
from math import ceil
from typing import Any, BinaryIO, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgecli.errors import ImageError, OutputError
from edgecli.images.yuv4mpeg import FrameSource, FrameWriter, StreamHeader, read_frames
from edgecli.rows.base import Sink, Source

Pixels = NDArray[Any]

ONE_LINE = r"^image (?:\d+ of )?x\.y4m [^\n]+; [^\n]+$"

SAMPLINGS = {  # luma samples to one of chroma, across and down, and the planes after luma
    **dict.fromkeys(["", "420", "420jpeg", "420mpeg2", "420paldv", "420p10", "420p16"], (2, 2, 2)),
    **dict.fromkeys(["422", "422p9", "422p12"], (2, 1, 2)),
    **dict.fromkeys(["444", "444p10", "444p14"], (1, 1, 2)),
    **dict.fromkeys(["mono", "mono9", "mono10", "mono12", "mono14", "mono16"], (1, 1, 0)),
    "411": (4, 1, 2),
    "444alpha": (1, 1, 3),
}


class Trickle(io.RawIOBase):
    """A pipe: no seek, no tell, at most ``step`` bytes a read."""

    def __init__(self, data: bytes, step: int) -> None:
        self.data, self.step = data, step

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        piece = self.data[: min(self.step, len(buffer))]
        self.data = self.data[len(piece) :]
        buffer[: len(piece)] = piece
        return len(piece)


class Broken(io.RawIOBase):
    def readinto(self, _: Any, /) -> int:
        raise OSError(errno.EIO, "Input/output error")


def frames(file: bytes | io.RawIOBase, max_pixels: int = 1 << 20) -> Iterator[FrameSource]:
    stream = io.BytesIO(file) if isinstance(file, bytes) else cast(BinaryIO, file)
    return read_frames(stream, "x.y4m", max_pixels=max_pixels)


def whole(source: Source) -> Pixels:
    (rows,) = source.blocks([(0, source.shape[0])])
    return rows


def decoded(file: bytes | io.RawIOBase) -> list[Pixels]:
    return [whole(source) for source in frames(file)]


def bits_of(sampling: str) -> int:
    match = re.search(r"(?:p|mono)(\d+)$", sampling)
    return int(match[1]) if match else 8


def lumas(count: int, H: int, W: int, bits: int = 8) -> list[Pixels]:
    random = np.random.default_rng([count, H, W, bits])
    return [random.integers(0, 2**bits, (H, W, 1)) for _ in range(count)]


def stream_of(pictures: list[Pixels], sampling: str = "mono", frame: bytes = b"FRAME\n") -> bytes:
    """A stream whose chroma is all ``F``, to be mistaken for a frame if it is miscounted."""
    H, W, _ = pictures[0].shape
    across, down, planes = SAMPLINGS[sampling]
    sample = np.dtype("u1" if bits_of(sampling) == 8 else "<u2")
    chroma = b"F" * (ceil(W / across) * ceil(H / down) * planes * sample.itemsize)
    header = f"YUV4MPEG2 W{W} H{H} F30000:1001 It A4:3" + (sampling and f" C{sampling}") + "\n"
    body = [frame + picture.astype(sample).tobytes() + chroma for picture in pictures]
    return b"".join([header.encode(), *body])


def spread(luma: Pixels, bits: int) -> Pixels:
    largest = 2**bits - 1
    return luma if bits == 8 else (2 * 65535 * luma + largest) // (2 * largest)


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize(("H", "W"), [(1, 1), (1, 6), (5, 1), (5, 7), (4, 8)])
def test_luma_is_read_whatever_the_chroma(sampling: str, H: int, W: int) -> None:
    bits = bits_of(sampling)
    pictures = lumas(3, H, W, bits)
    for found, picture in zip(decoded(stream_of(pictures, sampling)), pictures, strict=True):
        assert found.dtype == (np.uint8 if bits == 8 else np.uint16)
        np.testing.assert_array_equal(found, spread(picture, bits))


@given(st.sampled_from([*SAMPLINGS]), st.integers(1, 4), st.integers(1, 5), st.integers(1, 9))
def test_a_trickling_pipe_gives_the_same(sampling: str, H: int, W: int, step: int) -> None:
    bits = bits_of(sampling)
    pictures = lumas(2, H, W, bits)
    pipe = Trickle(stream_of(pictures, sampling), step)
    np.testing.assert_array_equal(decoded(pipe), [spread(picture, bits) for picture in pictures])


def test_the_header_is_told_with_every_frame() -> None:
    sources = list(frames(stream_of(lumas(2, 3, 4), "422p12")))
    assert [source.header for source in sources] == [StreamHeader((30000, 1001), "t", (4, 3))] * 2
    info = sources[1].info
    assert (info.path, info.format, info.shape, info.dtype) == (
        *("x.y4m", "YUV4MPEG2", (3, 4, 1), "uint16"),
    )
    assert info.frame == 1
    assert info.duration == pytest.approx(1001 / 30)


def test_what_the_header_leaves_out_is_unknown() -> None:
    (source,) = frames(b"YUV4MPEG2 H1 XCOLORRANGE=FULL W2 XYSCSS=MONO Cmono\nFRAME\nAB")
    assert source.header == StreamHeader(rate=(0, 0), interlacing="?", aspect=(0, 0))
    assert source.info.duration is None


def test_a_frame_may_have_parameters() -> None:
    pictures = lumas(2, 2, 2)
    found = decoded(stream_of(pictures, frame=b"FRAME Ixtp XB=1\n"))
    np.testing.assert_array_equal(found, pictures)


def test_rows_may_be_skipped_and_asked_for_twice() -> None:
    pictures = lumas(3, 9, 2)
    sources = frames(stream_of(pictures, "420"))
    next(sources)
    ranges = [(1, 3), (2, 4), (7, 8)]
    for (start, stop), rows in zip(ranges, next(sources).blocks(ranges), strict=True):
        np.testing.assert_array_equal(rows, pictures[1][start:stop])
    np.testing.assert_array_equal(whole(next(sources)), pictures[2])


def test_a_cut_stream_is_an_error_unless_it_is_cut_between_frames() -> None:
    data = stream_of(lumas(2, 2, 3), "420")
    header = data.index(b"\n") + 1
    between = (len(data) + header) // 2
    for length in {*range(len(data))} - {between}:
        with pytest.raises(ImageError, match=ONE_LINE):
            decoded(data[:length])
    assert len(decoded(data[:between])) == 1


def outcome(data: bytes) -> str:
    try:
        for source in frames(data, max_pixels=100):
            whole(source)
    except ImageError as error:
        return str(error)
    return "read"


@pytest.mark.parametrize("sampling", ["420", "mono10"])
def test_a_bent_stream_is_read_or_an_error(sampling: str) -> None:
    data = stream_of(lumas(2, 2, 3, bits_of(sampling)), sampling)
    for place, mask in itertools.product(range(len(data)), [1, 2, 4, 8, 16, 32, 64, 128, 255]):
        bent = bytearray(data)
        bent[place] ^= mask
        assert re.match(rf"^read$|{ONE_LINE}", outcome(bytes(bent)))


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "starts with '', not YUV4MPEG2"),
        (b"P5 1 1 255 A", "starts with 'P5 1 1 25', not YUV4MPEG2"),
        (b"YUV4MPEG2 W1 H1", "has a header line without end"),
        (b"YUV4MPEG2 W1 H1 Cmono\n", "has a header line without end"),
        (b"YUV4MPEG2 W1\nFRAME\n", "has '' for width or height"),
        (b"YUV4MPEG2 W1 H0\nFRAME\n", "has '0' for width or height"),
        (b"YUV4MPEG2 W-1 H1\nFRAME\n", "has '-1' for width or height"),
        (b"YUV4MPEG2 W1 H" + b"9" * 9999 + b"\n", "has '99999999999999999999' for width or height"),
        (b"YUV4MPEG2 W1 H1 F25\nFRAME\n", "has the frame rate '25'"),
        (b"YUV4MPEG2 W1 H1 A1:x\nFRAME\n", "has the pixel aspect '1:x'"),
        (b"YUV4MPEG2 W1 H1 I\xff\nFRAME\n", r"has the interlacing '\\xff'"),
        (b"YUV4MPEG2 W1 H1 C410\nFRAME\n", "has the sampling '410', not one of 8 to 16 bits"),
        (b"YUV4MPEG2 W1 H1 C420p11\nFRAME\n", "has the sampling '420p11'"),
        (b"YUV4MPEG2 W1 H1 Cmono\nframe\nA", "starts with 'frame', not with FRAME"),
        (b"YUV4MPEG2 W1 H1 Cmono\nFRAMES\nA", "starts with 'FRAMES', not with FRAME"),
        (b"YUV4MPEG2 W1 H2 Cmono\nFRAME\nA", "ends in row 2 of 2"),
        (b"YUV4MPEG2 W1 H1\nFRAME\nAB", "ends in its chroma"),
        (b"YUV4MPEG2 W1 H1 Cmono10\nFRAME\n\0\4", "has a sample above its maxval 1,023 in row 1"),
    ],
)
def test_a_fault_is_named_in_one_line(data: bytes, fault: str) -> None:
    with pytest.raises(ImageError, match=rf"^image x\.y4m {fault}[^\n]*; [^\n]+$"):
        decoded(data)


def test_the_frame_is_named_too() -> None:
    with pytest.raises(ImageError, match=r"^image 2 of x\.y4m ends in row 1 of 2; "):
        decoded(stream_of(lumas(2, 2, 3))[:-4])


def test_the_pixel_limit_comes_before_any_pixel() -> None:
    with pytest.raises(ImageError, match=r"has 10,000,000,000 pixels, more than the limit 99; "):
        next(frames(b"YUV4MPEG2 W100000 H100000\n", max_pixels=99))


def test_a_fault_of_the_device_names_the_image() -> None:
    with pytest.raises(ImageError, match=r"^image x\.y4m cannot be read: Input/output error$"):
        decoded(Broken())


def written(pictures: list[Pixels], header: StreamHeader | None = None) -> bytes:
    file = io.BytesIO()
    writer = FrameWriter(file, header)
    for picture in pictures:
        sink: Sink = writer.sink(picture.shape, picture.dtype)
        for rows in (picture[:2], picture[2:]):
            sink.write(sink.encode(rows))
        sink.finish()
    return file.getvalue()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_is_written_is_read_again(dtype: type[np.unsignedinteger[Any]]) -> None:
    pictures = [luma.astype(dtype) for luma in lumas(3, 4, 5, np.iinfo(dtype).bits)]
    header = StreamHeader((30000, 1001), "b", (4, 3))
    sources = frames(written(pictures, header))
    for picture, source in zip(pictures, sources, strict=True):
        assert source.header == header
        assert source.dtype == dtype
        np.testing.assert_array_equal(whole(source), picture)


def test_a_stream_is_written_to_the_byte() -> None:
    pictures = [np.array([[[1], [513]]], np.uint16)] * 2
    expected = b"YUV4MPEG2 W2 H1 F25:1 Ip A0:0 Cmono16 XCOLORRANGE=FULL\n"
    expected += b"FRAME\n\1\0\1\2" * 2
    assert written(pictures, StreamHeader((25, 1), "p")) == expected


def test_eight_bit_rows_are_written_from_their_own_memory() -> None:
    picture = lumas(1, 3, 4)[0].astype(np.uint8)
    sink = FrameWriter(io.BytesIO()).sink(picture.shape, picture.dtype)
    assert np.shares_memory(np.frombuffer(sink.encode(picture), np.uint8), picture)


def test_frames_of_one_stream_are_of_one_size() -> None:
    writer = FrameWriter(io.BytesIO())
    writer.sink((2, 3, 1), np.dtype(np.uint8))
    fault = "^a frame of 2×4×1 uint8 follows 2×3×1 uint8 before; write frames of different sizes"
    with pytest.raises(OutputError, match=fault):
        writer.sink((2, 4, 1), np.dtype(np.uint8))


def test_colours_that_are_left_out_are_told_once_where_they_are_looked_at() -> None:
    stream = b"YUV4MPEG2 W1 H1 C444\n" + 2 * b"FRAME\nABC"
    for grey, told in ((True, 0), (False, 1)):
        frames = read_frames(io.BytesIO(stream), "x.y4m", max_pixels=9, grey=grey)
        notes = [note for frame in frames for note in frame.info.notes]
        assert len(notes) == told
        assert all("of which the luma alone is read; for its colours give PPM" in n for n in notes)
