"""Files that are known by their first bytes, but not read here, or only with an extra installed.

Each has its name and a next step, for the one line that refuses it.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from importlib.util import find_spec
from types import ModuleType

from edgecli.errors import ImageError
from edgecli.records import dataclass

_SAVE = "save it as PNG in the program that shows it"
_NUMBERS = "save its numbers as NPY, or as TIFF of 32 bits"
_DRAW = "draw it as PNG, at the size that you want"
_DEVELOP = "develop it first (darktable, RawTherapee, dcraw)"
_UNPACK = "unpack it first"
_BY_GDAL = "convert it: gdal_translate {path} OUT.tif"
_BY_MAGICK = "convert it: convert {path} OUT.png"
_BY_VIPS = "convert it: vips copy {path} OUT.tif"
_FRAMES = (
    "give its frames: ffmpeg -i {path} -pix_fmt yuv420p -f yuv4mpegpipe - "
    "| edgecli detect - -o edges.y4m"
)

_MARKUP = rb"(\xef\xbb\xbf)?\s*<[!?a-zA-Z]"

# Where the bytes stand that tell a file, these bytes, what the file is, and what to do.
_NOT_READ = (
    (0, b"icns", "an ICNS icon", _SAVE),
    (0, b"DDS |\0\0\0", "a DDS texture", _SAVE),
    (0, b"\0\0\2\0\1\0", "a CUR cursor", _SAVE),
    (0, b"SIMPLE  =", "a FITS file", _NUMBERS),
    (0, b"#?RADIANCE", "a Radiance HDR picture", _NUMBERS),
    (0, b"#?RGBE", "a Radiance HDR picture", _NUMBERS),
    (0, b"\x76\x2f\x31\x01", "an OpenEXR picture", _NUMBERS),
    (0, b"\x89HDF", "an HDF5 file", _NUMBERS),
    (0, b"/* XPM */", "an XPM pixmap", _SAVE),
    (0, b"gimp xcf", "an XCF of GIMP", "export it as PNG there"),
    (0, b"II\xbc\1", "a JPEG XR photo", _SAVE),
    (0, b"BPG\xfb", "a BPG picture", _SAVE),
    (0, b"AT&TFORM", "a DjVu document", "save its page as PNG"),
    (0, b"%PDF", "a PDF document", "draw its page: pdftoppm -png -r 150 {path} page"),
    (0, b"%!PS", "a PostScript file", _DRAW),
    (0, b"\xc5\xd0\xd3\xc6", "a PostScript file", _DRAW),
    (0, b"\xd7\xcd\xc6\x9a", "a Windows metafile", _DRAW),
    (40, b" EMF", "a Windows metafile", _DRAW),
    (0, b"<", "a file of markup, such as SVG or HTML", _DRAW),
    (0, b"FUJIFILMCCD-RAW", "a camera raw photo", _DEVELOP),
    (4, b"ftypcrx", "a camera raw photo", _DEVELOP),
    (6, b"HEAPCCDR", "a camera raw photo", _DEVELOP),
    (0, b"FOVb", "a camera raw photo", _DEVELOP),  # Sigma
    (0, b"\0MRM", "a camera raw photo", _DEVELOP),  # Minolta
    (0, b"id=ImageMagick", "a picture of ImageMagick's own", _BY_MAGICK),
    (0, b"id=Magick", "a picture of ImageMagick's own", _BY_MAGICK),
    (0, b"\xb6\xa6\xf2\x08", "a VIPS image", _BY_VIPS),
    (0, b"\x08\xf2\xa6\xb6", "a VIPS image", _BY_VIPS),
    (0, b"farbfeld", "a farbfeld picture", _SAVE),
    (0, b"SDPX", "a DPX picture", _SAVE),
    (0, b"XPDS", "a DPX picture", _SAVE),
    (0, b"MATLAB 5.0", "a MAT file of MATLAB", _NUMBERS),
    (0, b"NRRD0", "an NRRD volume", _NUMBERS),
    (0, b"ObjectType = Image", "a MetaImage volume", _NUMBERS),
    (0, b"# vtk DataFile", "a VTK file", _NUMBERS),
    (0, b"NITF0", "an NITF image", _BY_GDAL),
    (0, b"EHFA_HEADER_TAG", "an ERDAS Imagine raster", _BY_GDAL),
    (0, b"CDF\1", "a NetCDF file", _BY_GDAL),
    (0, b"CDF\2", "a NetCDF file", _BY_GDAL),
    (0, b"CDF\5", "a NetCDF file", _BY_GDAL),
    (0, b"\x0e\3\x13\1", "an HDF4 file", _BY_GDAL),
    (0, b"GRIB", "a GRIB file", _BY_GDAL),
    (8, b"AVI LIST", "a video", _FRAMES),
    (0, b"\x1aE\xdf\xa3", "a video", _FRAMES),  # Matroska and WebM
    (4, b"ftypiso", "a video", _FRAMES),
    (4, b"ftypmp4", "a video", _FRAMES),
    (4, b"ftypM4V", "a video", _FRAMES),
    (4, b"ftypqt", "a video", _FRAMES),
    (4, b"ftyp3g", "a video", _FRAMES),
    (4, b"ftypdash", "a video", _FRAMES),
    (0, b"G@\x11\x10", "a video", _FRAMES),  # MPEG's transport stream, as ffmpeg begins it
    (0, b"G@\0\x10", "a video", _FRAMES),
    (0, b"\0\0\1\xba", "a video", _FRAMES),
    (0, b"FLV\1", "a video", _FRAMES),
    (0, b"OggS", "a video", _FRAMES),
    (0, b"0&\xb2u\x8ef\xcf\x11", "a video", _FRAMES),  # of Windows Media
    (0, b"nut/multimedia container", "a video", _FRAMES),
    (0, b"\x1f\x8b", "a gzip archive", _UNPACK),
    (0, b"BZh91AY&SY", "a bzip2 archive", _UNPACK),
    (0, b"\xfd7zXZ", "an xz archive", _UNPACK),
)


@dataclass(frozen=True)
class Extra:
    """A format that a package of an extra reads, by default of ``formats``."""

    name: str
    package: str
    extensions: tuple[str, ...]
    accepts: Callable[[bytes], bool]
    extra: str = "formats"

    @property
    def is_installed(self) -> bool:
        """Whether the package is there; it is not loaded."""
        return find_spec(self.package) is not None

    def library(self, path: str) -> ModuleType:
        """Return the package; ImageError, which says how to get it, where it is missing."""
        try:
            return importlib.import_module(self.package)
        except ImportError as error:
            raise ImageError(
                f"image {path} is a {self.name}, which takes another package; "
                f"pip install 'edgecli[{self.extra}]'"
            ) from error


def _is_heif(head: bytes) -> bool:
    """Return whether a file says that it is HEIF, and not AVIF, which is in the same boxes."""
    if head[4:8] != b"ftyp":
        return False
    brand, others = head[8:12], head[16:]
    general = brand in {b"mif1", b"msf1"} and b"avif" not in others and b"avis" not in others
    return general or brand in {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}


HEIF = Extra("HEIC photo", "pillow_heif", (".heic", ".heif", ".hif"), _is_heif)
JPEG_XL = Extra(
    "JPEG XL picture",
    "pillow_jxl",
    (".jxl",),
    lambda head: head.startswith((b"\xff\n", b"\0\0\0\x0cJXL \r\n\x87\n")),
)
ZARR = Extra("Zarr array", "zarr", (".zarr",), lambda _: False, "zarr")  # a folder, not a file
EXTRAS = (HEIF, JPEG_XL, ZARR)


RAW = frozenset((
    ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos",
    ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f",
))  # fmt: skip
"""Extensions of camera raw."""

OTHERS = frozenset((
    ".bpg", ".cur", ".dds", ".djvu", ".emf", ".eps", ".exr", ".fit", ".fits", ".flif", ".hdr",
    ".icns", ".jxr", ".svg", ".wdp", ".wmf", ".xcf", ".xpm",
))  # fmt: skip
"""Extensions of other pictures that are not read here."""


def refusal(head: bytes, path: str = "") -> str | None:
    """Return the line that refuses a file of a known format, or None where it is none of these.

    >>> refusal(b"%PDF-1.7 ...", "a.pdf")
    'image a.pdf is a PDF document, which is not read here; draw its page: pdftoppm -png -r 150 \
a.pdf page'
    """
    if re.match(_MARKUP, head):
        head = b"<"
    for at, told, name, advice in _NOT_READ:
        if head.startswith(told, at):
            import shlex  # most files are read

            step = advice.format(path=shlex.quote(path))
            return f"image {path} is {name}, which is not read here; {step}"
    return None
