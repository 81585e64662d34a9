"""Why a page of a TIFF is not read: its compression, its colours or its samples, by their names."""

from __future__ import annotations

from collections.abc import Iterator

from edgecli.images.tiff.directories import Directory, Tag

_READ = {1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 34925, 50000}  # compressions that Pillow undoes
_COMPRESSIONS = {
    9: "JBIG",
    10: "JBIG",
    22610: "JPEG XR",
    32766: "NeXT's run lengths",
    32809: "ThunderScan",
    33003: "JPEG 2000",
    33004: "JPEG 2000",
    33005: "JPEG 2000",
    34661: "JBIG",
    34676: "LogLuv",
    34677: "LogLuv",
    34712: "JPEG 2000",
    34887: "LERC",
    34892: "JPEG",
    34933: "PNG",
    34934: "JPEG XR",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
_PHOTOMETRICS = {
    0: "grey",
    1: "grey",
    2: "RGB",
    3: "palette",
    4: "mask",
    5: "CMYK",
    6: "YCbCr",
    8: "Lab",
    9: "Lab",
    10: "Lab",
    32844: "LogL",
    32845: "LogLuv",
}
_GREY_OR_RGB = {0, 1, 2}
_JPEG = {6, 7}
_NO_NUMBERS = {5, 6}  # of SampleFormat: complex
_MOST_BANDS = 16


def why_not(directory: Directory) -> str | None:
    """Return a clause on what is not read of a page, and what to do; None if all of it is.

    It goes on after the image's name: "is compressed with …".
    """
    return next(_reasons(directory), None)


def would_be_cut(directory: Directory) -> bool:
    """Return whether Pillow may cut samples to 8 bits without a word, or take bytes for them."""
    is_deep = max(directory.tags.get(Tag.BITS, (1,))) > 8
    return is_deep and directory.value(Tag.PHOTOMETRIC, 1) not in _GREY_OR_RGB


def _reasons(directory: Directory) -> Iterator[str]:
    """Yield what stands in the way, what is hardest to get around first."""
    compression = directory.value(Tag.COMPRESSION, 1)
    if compression not in _READ:
        name = _COMPRESSIONS.get(compression, "an unknown method")
        yield (
            f"is compressed with {name} ({compression}), which is not read here; "
            "use deflate: gdal_translate -co COMPRESS=DEFLATE IN.tif OUT.tif"
        )
    yield from _reasons_of_samples(directory)
    yield from _reasons_of_colours(directory)
    if directory.value(Tag.PREDICTOR, 1) not in {1, 2, 3}:
        yield f"has the unknown predictor {directory.value(Tag.PREDICTOR, 1)}; save it without"
    if directory.value(Tag.FILL_ORDER, 1) != 1:
        yield "has the bits of its bytes in reverse (FillOrder 2); save it in the usual order"
    tiles = Tag.TILE_OFFSETS if Tag.TILE_OFFSETS in directory.tags else Tag.STRIP_OFFSETS
    if 0 in directory.tags.get(tiles, ()):
        yield (
            "has tiles that were never written, which are not filled in for its kind; save it "
            "without them: gdal_translate IN.tif OUT.tif"
        )


def _reasons_of_samples(directory: Directory) -> Iterator[str]:
    forms = directory.tags.get(Tag.SAMPLE_FORMAT, (1,))
    depths = directory.tags.get(Tag.BITS, (1,))
    samples = directory.value(Tag.SAMPLES, 1)
    if _NO_NUMBERS.intersection(forms):
        yield "has complex samples; save their magnitudes, as floats"
    if len(set(depths)) > 1 or len(set(forms)) > 1:
        listed = ", ".join(map(str, depths[:_MOST_BANDS]))
        yield f"has samples of several kinds, of {listed} bits; save them all as one kind"
    if samples > _MOST_BANDS:
        yield (
            f"has {samples:,} bands, more than the {_MOST_BANDS} that are read here; take one: "
            "gdal_translate -b 1 IN.tif OUT.tif"
        )


def _reasons_of_colours(directory: Directory) -> Iterator[str]:
    number = directory.value(Tag.PHOTOMETRIC, 1)
    name, bits = _PHOTOMETRICS.get(number), max(directory.tags.get(Tag.BITS, (1,)))
    compression = directory.value(Tag.COMPRESSION, 1)
    if name is None or name.startswith("Log"):
        yield f"has colours of a kind ({name or number}) that is not read here; save it as RGB"
    elif compression in _JPEG and bits != 8:
        yield f"is compressed with JPEG of {bits} bits, which is not read here; use deflate"
    elif name in {"grey", "RGB"}:
        if bits > 16 and bits not in {32, 64}:
            yield f"has {bits} bits per sample; save it with 8, 16 or 32"
    elif bits > 8:
        yield f"has {bits} bits per sample in {name}, which is read with 8; save it as RGB"
