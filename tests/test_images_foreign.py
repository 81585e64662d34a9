"""Files that are known but not read: each has its name, and the extra that reads it, if any."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest
from PIL import Image

from edgecli.errors import ImageError
from edgecli.images.foreign import EXTRAS, HEIF, JPEG_XL, refusal
from edgecli.images.pillow.guard import _COMMON, _RARE
from edgecli.images.readers import HEAD
from tests.pillow_files import encode, psd, read, rows_of, scene


def boxes(brand: bytes, *others: bytes) -> bytes:
    return b"\0\0\0\x1cftyp" + brand + bytes(4) + b"".join(others)


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"icns\0\2", "an ICNS icon"),
        (b"DDS |\0", "a DDS texture"),
        (b"\0\0\2\0\1\0\x20\x20", "a CUR cursor"),
        (b"SIMPLE  =                    T", "a FITS file"),
        (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n", "a Radiance HDR picture"),
        (b"#?RGBE\n", "a Radiance HDR picture"),
        (b"\x76\x2f\x31\x01\2", "an OpenEXR picture"),
        (b"/* XPM */\nstatic char *a[] = {", "an XPM pixmap"),
        (b"gimp xcf v011", "an XCF of GIMP"),
        (b"%PDF-1.7", "a PDF document"),
        (b"%!PS-Adobe-3.0", "a PostScript file"),
        (b"\1\0\0\0" + bytes(36) + b" EMF", "a Windows metafile"),
        (b'\xef\xbb\xbf <?xml version="1.0"?><svg', "a file of markup, such as SVG or HTML"),
        (b"FUJIFILMCCD-RAW 0201", "a camera raw photo"),
        (boxes(b"crx ", b"crx isom"), "a camera raw photo"),
        (boxes(b"isom", b"isommp41"), "a video"),
        (boxes(b"iso5", b"iso5iso6mp41"), "a video"),
        (b"RIFF\0\0\0\0AVI LIST", "a video"),
        (b"G@\x11\x10\0B\xf0%\0\1", "a video"),
        (b"FLV\1\5\0\0\0\t", "a video"),
        (b"OggS\0\2", "a video"),
        (b"id=ImageMagick  version=1.0\nclass=DirectClass", "a picture of ImageMagick's own"),
        (b"\xb6\xa6\xf2\x08\0\0\0\x20", "a VIPS image"),
        (b"MATLAB 5.0 MAT-file, Platform: GLNXA64", "a MAT file of MATLAB"),
        (b"NRRD0004\n# Complete NRRD file", "an NRRD volume"),
        (b"NITF02.1003BF01GDAL", "an NITF image"),
        (b"EHFA_HEADER_TAG\0", "an ERDAS Imagine raster"),
        (b"CDF\1\0\0\0\0", "a NetCDF file"),
        (b"\x1f\x8b\x08", "a gzip archive"),
    ],
)
def test_a_known_file_is_refused_by_its_name(start: bytes, name: str) -> None:
    with pytest.raises(ImageError) as caught:
        read(start.ljust(200, b"\0"))
    told, advice = str(caught.value).split("; ")
    assert told == f"image x is {name}, which is not read here"
    assert advice


def test_advice_names_a_file_as_a_shell_takes_it() -> None:
    told = refusal(boxes(b"isom"), "my film.mp4")
    assert told is not None
    assert told.endswith(
        "; give its frames: ffmpeg -i 'my film.mp4' -pix_fmt yuv420p -f yuv4mpegpipe - "
        "| edgecli detect - -o edges.y4m"
    )


@pytest.mark.parametrize("format_", ["ICNS", "DDS", "EPS", "PDF"])
def test_those_that_pillow_writes_are_refused_too(format_: str) -> None:
    assert refusal(encode(scene(32, 32), format_)[:HEAD], "x")


# A file of each format that docs/formats.md promises, and its name in reports if another.
BITMAP = scene(32, 32).convert("1")
PROMISED = {
    "PNG": encode(scene(32, 32), "PNG"),
    "JPEG": encode(scene(32, 32), "JPEG"),
    "WebP": encode(scene(32, 32), "WEBP"),
    "TIFF": encode(scene(32, 32), "TIFF"),
    "GIF": encode(scene(32, 32), "GIF"),
    "BMP": encode(scene(32, 32), "BMP"),
    "AVIF": encode(scene(32, 32), "AVIF"),
    "JPEG 2000": encode(scene(32, 32), "JPEG2000"),
    "PNM": encode(scene(32, 32), "PPM"),
    "PAM": b"P7\nWIDTH 32\nHEIGHT 32\nDEPTH 1\nMAXVAL 255\nENDHDR\n" + bytes(1024),
    "PFM": b"Pf\n32 32\n-1\n" + bytes(4096),
    "YUV4MPEG2": b"YUV4MPEG2 W32 H32 F1:1 Cmono\nFRAME\n" + bytes(1024),
    "PSD": psd(scene(32, 32)),
    "TGA": encode(scene(32, 32), "TGA"),
    "ICO": encode(scene(32, 32), "ICO", sizes=[(32, 32)]),
    "DIB": encode(scene(32, 32), "DIB"),
    "PCX": encode(scene(32, 32), "PCX"),
    "SGI": encode(scene(32, 32), "SGI"),
    "QOI": encode(scene(32, 32), "QOI"),
    "XBM": encode(BITMAP, "XBM"),
}
TOLD = (Path(__file__).parents[1] / "docs" / "formats.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PROMISED)
def test_what_is_promised_is_read(name: str) -> None:
    source = read(PROMISED[name])
    assert source.shape[:2] == (32, 32)
    assert source.info.format.upper() in {name.upper().replace(" ", ""), "PPM"}
    assert not any(extra.accepts(PROMISED[name][:HEAD]) for extra in EXTRAS)


def test_these_are_promised_and_no_others() -> None:
    told = re.search(
        r"Read are (.*?); with `pip install 'edgecli\[formats\]'` (.*?), too", TOLD, re.S
    )
    assert told
    parts = (" ".join(part.split()) for part in told.groups())
    names, extras = (re.split(r", | and ", part) for part in parts)
    assert names == list(PROMISED)
    assert extras == ["HEIC", "JPEG XL"]


def test_what_pillow_may_read_is_promised() -> None:
    names = {name.upper().replace(" ", "") for name in PROMISED}
    assert {*_COMMON, *_RARE} <= names


def test_heif_is_told_from_avif_which_has_the_same_boxes() -> None:
    assert HEIF.accepts(boxes(b"heic", b"mif1heic"))
    assert HEIF.accepts(boxes(b"mif1", b"mif1heic"))
    assert not HEIF.accepts(boxes(b"mif1", b"mif1avifmiaf"))
    assert not HEIF.accepts(boxes(b"avif", b"mif1avif"))


@pytest.mark.parametrize(
    ("start", "name", "package"),
    [
        (boxes(b"heic", b"mif1heic"), "HEIC photo", "pillow_heif"),
        (b"\xff\n\x88\1", "JPEG XL picture", "pillow_jxl"),
        (b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl ", "JPEG XL picture", "pillow_jxl"),
    ],
)
def test_a_missing_package_is_named(
    start: bytes, name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImageError) as caught:
        read(start.ljust(200, b"\0"))
    assert str(caught.value) == (
        f"image x is a {name}, which takes another package; pip install 'edgecli[formats]'"
    )


def test_the_extra_has_the_packages() -> None:
    project = (Path(__file__).parents[1] / "pyproject.toml").read_text()
    for package in ("pillow-heif", "pillow-jxl-plugin"):
        assert f'"{package}>=' in project
    assert {extra.package for extra in (HEIF, JPEG_XL)} == {"pillow_heif", "pillow_jxl"}


def test_reading_goes_on_where_a_number_grid_begins_with_a_comment() -> None:
    assert rows_of(read(b"# counts\n1 2\n3 4\n")).tolist() == [[[1], [2]], [[3], [4]]]
    assert Image.open(io.BytesIO(encode(scene().convert("1"), "XBM"))).format == "XBM"
