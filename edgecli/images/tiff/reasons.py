"""Why a page of a TIFF is not read: its compression, its colours or its samples, by their names."""

from __future__ import annotations

from collections.abc import Iterator

from edgecli.images.tiff.directories import Directory, Tag
from edgecli.images.tiff.kinds import (
    CMYK,
    COLOURS,
    FAX,
    ICC_LAB,
    JPEG,
    LAB,
    PALETTE,
    PREDICTED,
    READ,
    WEBP,
    YCBCR,
    photometric_of,
    stored_type,
)

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
    50002: "JPEG XL",
    52546: "JPEG XL",
}
_NAMES = {
    PALETTE: "palette",
    CMYK: "CMYK",
    YCBCR: "YCbCr",
    LAB: "Lab",
    ICC_LAB: "Lab",
    10: "Lab",
    32844: "LogL",
    32845: "LogLuv",
}
_MOST_BITS = {PALETTE: 16, CMYK: 16, YCBCR: 8, LAB: 8, ICC_LAB: 8}
_COMPLEX = {5, 6}  # of SampleFormat
_MOST_NAMED, _MOST_SAMPLES = 16, 0xFFFF


def why_not(directory: Directory) -> str | None:
    """Return a clause on what is not read of a page, and what to do; None if all of it is.

    It goes on after the image's name: "is compressed with …".
    """
    return next(_reasons(directory), None)


def _reasons(directory: Directory) -> Iterator[str]:
    """Yield what stands in the way, what is hardest to get around first."""
    compression = directory.value(Tag.COMPRESSION, 1)
    name = None
    if compression not in READ:
        name = f"{_COMPRESSIONS.get(compression, 'an unknown method')} ({compression})"
    elif compression == JPEG and (bits := directory.value(Tag.BITS, 1)) != 8:
        name = f"{'JPEG' if bits == 12 else 'lossless JPEG'} of {bits} bits"
    if name is not None:
        yield (
            f"is compressed with {name}, which is not read here; "
            "use deflate: gdal_translate -co COMPRESS=DEFLATE IN.tif OUT.tif"
        )
    yield from _reasons_of_samples(directory)
    yield from _reasons_of_colours(directory)
    yield from _reasons_of_coding(directory)


def _reasons_of_samples(directory: Directory) -> Iterator[str]:
    forms = directory.tags.get(Tag.SAMPLE_FORMAT, (1,))
    samples = directory.value(Tag.SAMPLES, 1)
    if samples > _MOST_SAMPLES:
        yield f"has {samples:,} bands, which no TIFF can have; get the file whole again"
    depths = directory.tags.get(Tag.BITS, (1,))
    if _COMPLEX.intersection(forms):
        yield "has complex samples; save their magnitudes, as floats"
    if len(set(depths)) > 1 or len(set(forms)) > 1:
        listed = ", ".join(map(str, depths[:_MOST_NAMED]))
        yield f"has samples of several kinds, of {listed} bits; save them all as one kind"
    if stored_type(directory)[0] is None:
        yield f"has {depths[0]} bits per sample; save it with 8, 16 or 32"


def _reasons_of_colours(directory: Directory) -> Iterator[str]:
    photometric, bits = photometric_of(directory), directory.value(Tag.BITS, 1)
    samples, is_planar = directory.value(Tag.SAMPLES, 1), directory.value(Tag.PLANAR, 1) == 2
    stored, name = stored_type(directory)[0], _NAMES.get(photometric)
    if photometric not in COLOURS:
        kind = name or photometric
        yield f"has colours of a kind ({kind}) that is not read here; save it as RGB"
    elif samples < COLOURS[photometric]:
        kind = name or "RGB"
        yield f"has {samples} of the samples of {kind} alone; get the file whole again"
    elif photometric == PALETTE and len(directory.tags.get(Tag.COLOUR_MAP, ())) < 3:
        yield "is a palette picture without its palette; get the file whole again"
    most = _MOST_BITS.get(photometric, 64)
    if bits > most or (most < 64 and stored is not None and stored.kind != "u"):
        yield f"has {bits} bits per sample in {name}, which is read with {most}; save it as RGB"
    if photometric in {CMYK, LAB, ICC_LAB, YCBCR} and bits % 8:
        yield f"has {bits} bits per sample in {name}, which is not read here; save it with 8"
    if photometric == YCBCR and samples != 3:
        yield f"has YCbCr with {samples} samples, which is not read here; save it as RGB"
    is_sampled = directory.tags.get(Tag.YCBCR_SUBSAMPLING, (2, 2)) != (1, 1)
    if photometric == YCBCR and is_planar and is_sampled:
        yield "has YCbCr in planes of several sizes, which is not read here; save it as RGB"


def _reasons_of_coding(directory: Directory) -> Iterator[str]:
    """Yield reasons that lie in how compression, predictor and samples go together."""
    compression, bits = directory.value(Tag.COMPRESSION, 1), directory.value(Tag.BITS, 1)
    is_planar = directory.value(Tag.PLANAR, 1) == 2
    together = 1 if is_planar else directory.value(Tag.SAMPLES, 1)
    predictor, stored = directory.value(Tag.PREDICTOR, 1), stored_type(directory)[0]
    is_float = stored is not None and stored.kind == "f"
    known = {1} if bits % 8 else {1, 2, 3} if is_float else {1, 2}
    if compression in PREDICTED and predictor not in known:
        yield f"has the unknown predictor {predictor}; save it without"
    if (
        (compression in FAX and (bits, together) != (1, 1))
        or (compression == WEBP and (bits != 8 or together not in {3, 4}))
        or (compression == JPEG and together > 4)
    ):
        them = f"samples of {bits} bits, {together} together, in a compression for others"
        yield f"has {them}; get the file whole again"
