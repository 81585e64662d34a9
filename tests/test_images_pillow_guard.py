"""Pillow's settings are borrowed and put back; whatever it raises is one clear line."""

from __future__ import annotations

import ctypes
import errno
import io
import logging
import struct
import threading
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageFile, UnidentifiedImageError

from edgecli.errors import ImageError, OutputError
from edgecli.images.limits import image_name
from edgecli.images.pillow import reading as pillow
from edgecli.images.pillow.guard import copy_rows, guarded, is_known, open_image
from tests.pillow_files import read_images, rows_of


def encoded(format_: str, width: int = 30, height: int = 20) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (9, 8, 7)).save(file, format_)
    return file.getvalue()


def settings() -> tuple[object, ...]:
    log = logging.getLogger("PIL")
    return (
        Image.MAX_IMAGE_PIXELS,
        list(warnings.filters),
        list(log.handlers),
        ImageFile.LOAD_TRUNCATED_IMAGES,
    )


# ---- settings ---------------------------------------------------------------------------------


def test_settings_are_put_back_after_success_and_failure() -> None:
    before = settings()
    with guarded("x", 1000):
        assert Image.MAX_IMAGE_PIXELS == 500
    assert settings() == before
    with pytest.raises(ImageError), guarded("x", 1000):
        raise OSError("gone")
    assert settings() == before


def test_the_last_reader_out_puts_the_settings_back() -> None:
    before = settings()
    with guarded("x", 1000):
        with guarded("y", 5000), guarded("z", 10):
            assert Image.MAX_IMAGE_PIXELS == 2500
        assert Image.MAX_IMAGE_PIXELS == 500
    assert settings() == before


def test_a_callers_own_limit_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for own in (7, None):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", own)
        (source,) = read_images(io.BytesIO(encoded("JPEG")), "x", max_pixels=1000)
        assert source.shape == (20, 30, 3)
        assert own == Image.MAX_IMAGE_PIXELS


def test_warnings_and_the_log_of_pillow_stay_inside(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL + 1)
    with guarded("x", 1000):
        exec("import warnings; warnings.warn('odd')", {"__name__": "PIL.SomePlugin"})
        logging.getLogger("PIL.SomePlugin").error("odd")
    with guarded("x", 1000), pytest.warns(UserWarning, match="ours"):
        warnings.warn("ours", UserWarning, stacklevel=1)
    assert capfd.readouterr() == ("", "")


def test_libtiff_need_not_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: object) -> None:
        raise OSError("no such library")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    (source,) = read_images(io.BytesIO(encoded("TIFF")), "x", max_pixels=1000)
    assert source.shape == (20, 30, 3)


def test_threads_may_read_at_once_with_different_limits() -> None:
    before = settings()
    small, large = encoded("WEBP", 20, 20), encoded("GIF", 300, 200)
    gate = threading.Barrier(4)

    def read(number: int) -> str:
        gate.wait()
        try:
            for _ in range(20):
                data, limit = (large, 50_000) if number % 2 else (small, 400)
                (source,) = read_images(io.BytesIO(data), "x", max_pixels=limit)
        except ImageError as error:
            return str(error)
        return str(source.shape)

    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(read, range(4)))
    refused = "image x has 60,000 pixels, more than the limit 50,000; raise it with --max-pixels"
    assert results == ["(20, 20, 3)", refused] * 2
    assert settings() == before


# ---- limits -----------------------------------------------------------------------------------

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "JPEG2000", "PCX", "SGI", "TGA",
           "QOI")  # fmt: skip


@pytest.mark.parametrize("format_", FORMATS)
def test_the_limit_holds_to_the_pixel(format_: str) -> None:
    data = encoded(format_)
    (source,) = read_images(io.BytesIO(data), "x", max_pixels=600)
    assert source.shape == (20, 30, 3)
    with pytest.raises(ImageError) as caught:
        next(read_images(io.BytesIO(data), "x", max_pixels=599))
    assert str(caught.value) == (
        "image x has 600 pixels, more than the limit 599; raise it with --max-pixels"
    )


def test_a_header_that_promises_the_world_is_refused_before_memory_is_taken() -> None:
    bitmap = bytearray(encoded("BMP"))
    bitmap[18:26] = struct.pack("<ii", 2**20, 2**20)
    with pytest.raises(
        ImageError, match=r"has 1,099,511,627,776 pixels, more than the limit 2,147"
    ):
        next(read_images(io.BytesIO(bytes(bitmap)), "x", max_pixels=2**31))


def test_an_icon_that_hides_a_larger_image_is_refused() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(bomb), 22)
    icon = struct.pack("<HHH", 0, 1, 1) + entry + bomb
    with pytest.raises(ImageError, match=r"has 900,000,000 pixels, more than the limit 1,000,000;"):
        next(read_images(io.BytesIO(icon), "x", max_pixels=10**6))


# ---- errors -----------------------------------------------------------------------------------

NONSENSE = "does not decode (its numbers make no sense); get the file whole again"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError("image file is truncated (3 bytes)"), "is cut short; get the file whole again"),
        (SyntaxError("two\nlines"), "does not decode (two lines); get the file whole again"),
        (struct.error("short"), NONSENSE),
        (KeyError(3), NONSENSE),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), NONSENSE),
        (ValueError("bell \7"), "does not decode (bell ?); get the file whole again"),
        (
            RuntimeError("Generic Error. Build `libjxl` in debug mode. Check `stderr`."),
            "does not decode (its data make no sense); get the file whole again",
        ),
        (
            OSError(errno.EINVAL, "Invalid argument"),
            "does not decode (its numbers point outside it); get the file whole again",
        ),
        (
            OSError(errno.EIO, "Input/output error"),
            "does not decode (Input/output error); get the file whole again",
        ),
        (
            OSError("buffer overrun when reading image file"),
            "does not decode here (buffer overrun when reading image file), as it may elsewhere; "
            "save it as PNG where it is shown",
        ),
        (zlib.error("bad"), "does not decode (bad); get the file whole again"),
        (IndexError(), NONSENSE),
        (EOFError(), "does not decode (EOFError); get the file whole again"),
        (
            MemoryError(),
            "needs more memory than there is; make it smaller, or convert it to PNG or PNM",
        ),
        (
            UnidentifiedImageError("cannot identify <_io.BytesIO object at 0x7f>"),
            "is in no format that can be read here; convert it to PNG, JPEG or TIFF",
        ),
        (
            Image.DecompressionBombError("Image size (5000 pixels) exceeds limit"),
            "has 5,000 pixels, more than the limit 99; raise it with --max-pixels",
        ),
    ],
)
def test_every_exception_is_one_line_and_keeps_its_cause(error: Exception, line: str) -> None:
    with pytest.raises(ImageError) as caught, guarded("x.tif", 99):
        raise error
    assert str(caught.value) == f"image x.tif {line}"
    assert caught.value.__cause__ is error


def test_our_own_errors_pass() -> None:
    with pytest.raises(OutputError, match=r"^ours$"), guarded("x", 9):
        raise OutputError("ours")


def test_an_interruption_passes() -> None:
    with pytest.raises(KeyboardInterrupt), guarded("x", 9):
        raise KeyboardInterrupt


def test_frames_are_counted_from_one() -> None:
    assert [image_name("x.gif", frame) for frame in (0, 1, 2)] == [
        "x.gif",
        "2 of x.gif",
        "3 of x.gif",
    ]


# ---- formats ----------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", [*FORMATS, "ICO", "DIB"])
def test_a_format_is_known_by_its_first_bytes(format_: str) -> None:
    assert is_known(encoded(format_)[:16]) == (format_ != "TGA")


@pytest.mark.parametrize("format_", ["EPS", "ICNS", "DDS", "PPM", "PDF"])
def test_formats_that_are_left_out_are_not_opened(format_: str) -> None:
    data = encoded(format_, 32, 32)
    assert not is_known(data[:16])
    with pytest.raises(ImageError, match="is in no format that can be read here"):
        next(pillow.read_images(io.BytesIO(data), "x", max_pixels=10**6))


@pytest.mark.parametrize("length", range(16))
def test_a_file_of_a_few_bytes_is_of_no_format_rather_than_a_foreign_error(length: int) -> None:
    assert not is_known(b"~" * length)


def test_only_the_formats_asked_for_are_tried() -> None:
    with pytest.raises(ImageError, match="in no format"), guarded("x", 10**6):
        open_image(io.BytesIO(encoded("JPEG")), ("TIFF",))


def test_rows_are_copied_in_the_mode_asked_for() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (300, 1000, 3)).astype(np.uint8)
    image = Image.fromarray(pixels)
    rows = np.empty((200, 1000, 3), np.uint8)
    copy_rows(image, "RGB", 50, rows)
    assert (rows == pixels[50:250]).all()
    grey = np.empty((300, 1000, 1), np.uint8)
    copy_rows(image, "L", 0, grey)
    assert (grey[..., 0] == np.asarray(image.convert("L"))).all()


def test_a_pcx_whose_runs_cross_rows_is_not_called_cut_short() -> None:
    header = struct.pack("<4B4H", 10, 5, 1, 8, 0, 0, 3, 1) + bytes(53)
    header += struct.pack("<BHH", 1, 4, 1) + bytes(58)  # 2 rows of 4 bytes
    runs = [bytes([0xC0 | count, 7]) for count in (4, 4, 6, 2)]
    palette = b"\x0c" + bytes(range(256)) * 3
    (whole,) = read_images(io.BytesIO(header + runs[0] + runs[1] + palette), "x", max_pixels=99)
    assert rows_of(whole).shape == (2, 4, 3)
    crossing = io.BytesIO(header + runs[2] + runs[3] + palette)
    with pytest.raises(ImageError, match="as it may elsewhere; save it as PNG where it is shown"):
        list(read_images(crossing, "x", max_pixels=99))
