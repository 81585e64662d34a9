"""The files that mutants are made of: a row each in ``SEEDS``, drawn when first asked for."""

from __future__ import annotations

import io
import json
import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from click.testing import CliRunner
from PIL import Image, features

from edgecli.cli import main
from tests.corpus import encoders, scenes
from tests.corpus.filter_files import LAYERS, NETWORK, TEXTS
from tests.pillow_files import encode, psd
from tests.places import NORTH_UP, geotiff
from tests.tiff_files import Page, make_pages, make_tiff
from tests.tiffs import colours

H, W = 11, 13


@dataclass(frozen=True)
class Seed:
    """A whole file: its name, its bytes, what reads it, and the files that it needs beside it."""

    name: str
    data: bytes
    reader: str = "image"  # or filter, network, weights, journal
    beside: Mapping[str, bytes] = field(default_factory=dict)


def all_seeds() -> Iterator[Seed]:
    """Yield every seed, images first."""
    for name, draw in IMAGES.items():
        yield Seed(name, draw())
    for name, array in _arrays().items():
        yield Seed(f"{name}.npy", npy(array))
    for name, text in GRIDS.items():
        yield Seed(name, text)
    for name, draw in _filters().items():
        yield Seed(name, draw(), "filter")
    weights = npz(_weights())
    network = NETWORK.format(name="net", method="bilinear", last="sigmoid").encode()
    yield Seed("net.toml", network, "network", {"net.npz": weights})
    yield Seed("plain.toml", LAYERS.encode(), "network")
    yield Seed("net.npz", weights, "weights", {"net.toml": network})
    yield _journal()


def npy(array: Any) -> bytes:
    """Return an array as NPY."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(arrays: Mapping[str, Any], *, packed: bool = True) -> bytes:
    """Return arrays as NPZ."""
    file = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(file, **arrays)
    return file.getvalue()


def by_pillow(format_: str, mode: str = "RGB", **options: Any) -> bytes:
    """Return a picture that Pillow encodes."""
    image = Image.fromarray(scenes.rgba(H, W) if mode in ("RGBA", "LA") else scenes.rgb(H, W))
    return encode(image.convert(mode), format_, **options)


def frames(format_: str, **options: Any) -> bytes:
    """Return an animation or pages of three frames."""
    first, *others = (Image.fromarray(frame) for frame in scenes.frames(H, W))
    return encode(first, format_, save_all=True, append_images=others, **options)


def tiff(kind: str = "rgb", **options: Any) -> bytes:
    """Return a TIFF of our maker."""
    rgb = scenes.rgb(H, W)
    pixels: Any = {
        "grey": rgb[..., :1], "rgb": rgb, "deep": scenes.deepened(rgb), "float": scenes.unit(rgb),
        "double": scenes.unit(rgb).astype(np.float64), "rgba": scenes.rgba(H, W),
        "signed": rgb.astype(np.int8), "wide": rgb.astype(np.uint32), "bands": rgb[..., [0, 1]],
    }[kind]  # fmt: skip
    return make_tiff(pixels, **options)


def coloured_tiff(kind: str) -> bytes:
    """Return the first of the TIFFs of colours that is of a kind."""
    return next(made.data for made in colours.every() if made.name.startswith(kind))


def masked_tiff() -> bytes:
    """Return a page with its mask."""
    grey = np.arange(48, dtype=np.uint8).reshape(6, 8, 1)
    return make_pages(Page(grey), Page(grey * 255, {254: (4,)}))


def big_tiff(strips: tuple[int, ...] = (16,), predictor: int = 1) -> bytes:
    """Return a grey BigTIFF, whose strips are said to be at these places."""
    grey = scenes.grey(H, W).tobytes()
    end = 16 + len(grey)  # of the pixels, where the places of strips stand if they are several
    where = strips[0] if len(strips) == 1 else end
    rows, places = -(-H // len(strips)), struct.pack(f"<{len(strips)}Q", *strips)
    tags = ((256, 1, W), (257, 1, H), (258, 1, 8), (259, 1, 1), (262, 1, 1),
            (273, len(strips), where), (277, 1, 1), (278, 1, rows), (279, 1, len(grey)),
            (317, 1, predictor))  # fmt: skip
    entries = b"".join(struct.pack("<HHQQ", tag, 16, count, value) for tag, count, value in tags)
    head = struct.pack("<2sHHHQ", b"II", 43, 8, 0, end + len(places))
    return head + grey + places + struct.pack("<Q", len(tags)) + entries + bytes(8)


def cgbi() -> bytes:
    """Return a PNG as Apple's tools crush them: no header of deflate, and blue first."""
    rows = np.insert(scenes.rgba(H, W).reshape(H, -1), 0, 0, axis=1).tobytes()
    parts = {
        "CgBI": b"\x50\0\x20\6",
        "IHDR": struct.pack(">IIBBBBB", W, H, 8, 6, 0, 0, 0),
        "IDAT": zlib.compress(rows)[2:-4],
        "IEND": b"",
    }
    return b"\x89PNG\r\n\x1a\n" + b"".join(encoders.chunk(*part) for part in parts.items())


def frameless() -> bytes:
    """Return a PNG that speaks of frames, and has none but a stray mark of one."""
    whole = encoders.png(scenes.grey(H, W), acTL=struct.pack(">II", 2, 0))
    mark = encoders.chunk("fcTL", struct.pack(">IIIIIHHBB", 0, W, H, 0, 0, 1, 25, 0, 0))
    return whole[:-12] + mark + whole[-12:]


def pfm(colours: int, order: str = "<") -> bytes:
    """Return floats from the lowest row up."""
    floats = scenes.unit(scenes.rgb(H, W))[::-1, :, :colours].astype(f"{order}f4")
    kind, scale = ("PF" if colours == 3 else "Pf"), (-1.0 if order == "<" else 1.0)
    return f"{kind}\n{W} {H}\n{scale}\n".encode() + floats.tobytes()


def radiance() -> bytes:
    """Return a Radiance HDR picture in runs of one scanline each."""
    head = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\nEXPOSURE=1.0\n\n-Y %d +X %d\n" % (H, W)
    rows = np.concatenate([scenes.rgb(H, W), np.full((H, W, 1), 128, np.uint8)], axis=2)
    lines = []
    for row in rows:
        planes = b"".join(bytes([W]) + plane.tobytes() for plane in row.T)
        lines.append(b"\2\2\0%c" % W + planes)
    return head + b"".join(lines)


def fits() -> bytes:
    """Return a FITS picture of 16 bits."""
    cards = ["SIMPLE  =                    T", "BITPIX  =                   16",
             "NAXIS   =                    2", f"NAXIS1  = {W:20}", f"NAXIS2  = {H:20}",
             "BZERO   =                32768", "END"]  # fmt: skip
    head = "".join(card.ljust(80) for card in cards).encode()
    body = scenes.deepened(scenes.grey(H, W)).astype(">i2").tobytes()
    return head.ljust(2880) + body.ljust(2880, b"\0")


def icns() -> bytes:
    """Return an icon of 16 pixels, kept as PNG."""
    icon = encoders.png(scenes.rgba(16, 16))
    entry = b"icp4" + struct.pack(">I", 8 + len(icon)) + icon
    return b"icns" + struct.pack(">I", 8 + len(entry)) + entry


def mjpeg() -> bytes:
    """Return JPEGs one after another, as cameras and ffmpeg give them to a pipe."""
    return by_pillow("JPEG") + by_pillow("JPEG", quality=30)


def pngs() -> bytes:
    """Return PNGs one after another."""
    return encoders.png(scenes.rgb(H, W)) + encoders.png(scenes.rgb(H, W, seed=9))


def interrupted() -> bytes:
    """Return a JPEG with restart marks."""
    return by_pillow("JPEG", restart_marker_blocks=1)


_GREY, _RGB, _RGBA = scenes.grey(H, W), scenes.rgb(H, W), scenes.rgba(H, W)
_DEEP = scenes.deepened(_RGB)
_PALETTE = np.random.default_rng(1).integers(0, 256, (16, 3))
_png, _pil = encoders.png, by_pillow

IMAGES: dict[str, Callable[[], bytes]] = {
    "bits1.png": lambda: _png(_GREY >> 7, 1),
    "bits2.png": lambda: _png(_GREY >> 6, 2),
    "bits4.png": lambda: _png(_GREY >> 4, 4, interlaced=True),
    "grey.png": lambda: _png(_GREY, tRNS=b"\0\x7f"),
    "rgb.png": lambda: _png(_RGB, pHYs=bytes(9), tEXt=b"Title\0word", gAMA=bytes(4)),
    "deep.png": lambda: _png(_DEEP, 16),
    "deep-rgba.png": lambda: _png(scenes.deepened(_RGBA), 16, interlaced=True),
    "palette.png": lambda: _png(_GREY >> 4, 4, palette=_PALETTE, tRNS=bytes(range(16))),
    "grey-alpha.png": lambda: _png(_RGBA[..., [0, 3]]),
    "rgba.png": lambda: _png(_RGBA, interlaced=True),
    "filtered.png": partial(_pil, "PNG", "RGBA", optimize=True),
    "moving.png": partial(frames, "PNG", duration=40),
    "apple.png": cgbi,
    "several.png": pngs,
    "colour.jpg": partial(_pil, "JPEG", quality=80, dpi=(72, 72)),
    "progressive.jpg": partial(_pil, "JPEG", progressive=True),
    "grey.jpg": partial(_pil, "JPEG", "L"),
    "cmyk.jpg": partial(_pil, "JPEG", "CMYK"),
    "full.jpg": partial(_pil, "JPEG", subsampling=0, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0"),
    "restarts.jpg": interrupted,
    "several.jpg": mjpeg,
    "pair.mpo": partial(frames, "MPO"),
    "still.gif": partial(_pil, "GIF", "P"),
    "moving.gif": partial(frames, "GIF", duration=40, disposal=2),
    "lossy.webp": partial(_pil, "WEBP"),
    "lossless.webp": partial(_pil, "WEBP", "RGBA", lossless=True),
    "moving.webp": partial(frames, "WEBP"),
    "grey.tif": partial(tiff, "grey"),
    "rgb.tif": tiff,
    "map.tif": partial(geotiff, np.arange(48, dtype=np.uint8).reshape(6, 8), NORTH_UP),
    "inverse.tif": partial(tiff, "grey", t262=(0,)),
    "deep.tif": partial(tiff, "deep", tile=(16, 16)),
    "deflate.tif": partial(tiff, "deep", tile=(16, 16), compression="deflate", predictor=2),
    "packbits.tif": partial(tiff, "deep", order=">", compression="packbits"),
    "planar.tif": partial(tiff, "deep", planar=True, tile=(4, None)),
    "float.tif": partial(tiff, "float", compression="deflate", predictor=3),
    "double.tif": partial(tiff, "double"),
    "signed.tif": partial(tiff, "signed", t339=(2, 2, 2)),
    "wide.tif": partial(tiff, "wide"),
    "gaps.tif": partial(tiff, "grey", t42113=b"9\0"),
    "masked.tif": masked_tiff,
    "rgba.tif": partial(tiff, "rgba", t338=(1,)),
    "bands.tif": partial(tiff, "bands"),
    "big.tif": big_tiff,
    "bits.tif": partial(_pil, "TIFF", "1"),
    "fax.tif": partial(_pil, "TIFF", "1", compression="group4"),
    "lzw.tif": partial(_pil, "TIFF", compression="tiff_lzw"),
    "jpeg.tif": partial(_pil, "TIFF", compression="jpeg"),
    "fax3.tif": partial(_pil, "TIFF", "1", compression="group3"),
    "zstd.tif": partial(_pil, "TIFF", compression="zstd"),
    "lzma.tif": partial(_pil, "TIFF", "L", compression="lzma"),
    "ycbcr.tif": partial(_pil, "TIFF", "YCbCr", compression="tiff_lzw"),
    "webp.tif": partial(coloured_tiff, "WebP"),
    "blocks.tif": partial(coloured_tiff, "YCbCr 2×2"),
    "palette.tif": partial(_pil, "TIFF", "P"),
    "cmyk.tif": partial(_pil, "TIFF", "CMYK"),
    "lab.tif": partial(_pil, "TIFF", "LAB"),
    "pages.tif": partial(frames, "TIFF"),
    "rgb.bmp": partial(_pil, "BMP"),
    "palette.bmp": partial(_pil, "BMP", "P"),
    "bits.bmp": partial(_pil, "BMP", "1"),
    "rgba.bmp": partial(_pil, "BMP", "RGBA"),
    "plain.dib": partial(_pil, "DIB"),
    "rgb.tga": partial(_pil, "TGA"),
    "runs.tga": partial(_pil, "TGA", "RGBA", compression="tga_rle"),
    "rgb.psd": lambda: psd(Image.fromarray(_RGB)),
    "rgb.pcx": partial(_pil, "PCX"),
    "bits.pcx": partial(_pil, "PCX", "1"),
    "icon.ico": partial(_pil, "ICO", "RGBA", sizes=[(8, 8), (11, 11)]),
    "icon-bmp.ico": partial(_pil, "ICO", "RGBA", sizes=[(8, 8)], bitmap_format="bmp"),
    "icon.icns": icns,
    "rgb.sgi": partial(_pil, "SGI"),
    "rgba.qoi": partial(_pil, "QOI", "RGBA"),
    "rgb.dds": partial(_pil, "DDS"),
    "packed.dds": partial(_pil, "DDS", "RGBA", pixel_format="DXT5"),
    "bits.xbm": partial(_pil, "XBM", "1"),
    "plain.pbm": lambda: encoders.plain_pnm(1, _GREY >> 7),
    "plain.pgm": lambda: encoders.plain_pnm(2, _GREY),
    "plain.ppm": lambda: encoders.plain_pnm(3, _RGB),
    "bits.pbm": lambda: encoders.bitmap(_GREY >> 7),
    "deep.pgm": lambda: encoders.pnm(_DEEP[..., 0]),
    "frames.ppm": lambda: encoders.pnm(_RGB) + encoders.pnm(scenes.grey(5, 4)),
    "alpha.pam": lambda: encoders.pam(_RGBA),
    "grey.pfm": partial(pfm, 1),
    "rgb.pfm": partial(pfm, 3, ">"),
    "rgb.hdr": radiance,
    "deep.fits": fits,
    "video.y4m": lambda: encoders.y4m(scenes.frames(H, W)),
    "mono.y4m": lambda: encoders.y4m(scenes.frames(H, W), "mono"),
    "deep.y4m": lambda: encoders.y4m(scenes.frames(H, W), "444p10", "<u2") + bytes(4 * H * W * 2),
    "array.npz": lambda: npz({"image": _GREY}),
    "arrays.npz": lambda: npz({"a": scenes.unit(_RGB), "b": _GREY}, packed=False),
}  # fmt: skip
"""Every format of pictures, by a name for it."""

if features.check("jpg_2000"):
    IMAGES |= {
        "rgb.jp2": partial(_pil, "JPEG2000"),
        "stream.j2k": partial(_pil, "JPEG2000", "L", no_jp2=True),
    }
if features.check("avif"):
    IMAGES |= {
        "rgb.avif": partial(_pil, "AVIF", speed=10),
        "moving.avif": partial(frames, "AVIF", speed=10),
    }

with suppress(ImportError):
    import pillow_heif

    pillow_heif.register_heif_opener()
    IMAGES |= {
        "rgb.heic": partial(_pil, "HEIF"),
        "alpha.heic": partial(_pil, "HEIF", "RGBA"),
        "several.heic": partial(frames, "HEIF"),
    }
with suppress(ImportError):
    import pillow_jxl  # noqa: F401 (which tells Pillow of it)

    IMAGES |= {
        "rgb.jxl": partial(_pil, "JXL"),
        "lossless.jxl": partial(_pil, "JXL", "RGBA", lossless=True),
    }

_NUMBERS = "\n".join(",".join(f"{value / 200:.3f}" for value in row) for row in _GREY[:5, :6])

GRIDS: dict[str, bytes] = {
    "floats.csv": _NUMBERS.encode(),
    "table.tsv": _NUMBERS.replace(",", "\t").encode(),
    "semicolons.csv": _NUMBERS.replace(",", ";").replace(".", ",").encode(),
    "spaces.txt": b"# a grid\r\n1 2 3 4\r\n5 -6 7 8\r\n9 10 -11 300\r\n",
    "holes.csv": b"1,nan,3\n-inf,5e-3,6.\n7,,9\n",
    "headed.csv": b'"x","y","z"\n1,2,3\n4,5,6\n',
    "trailing.csv": b"1,2,3,\n4,5,6,\n",
    "marked.csv": b"\xef\xbb\xbf1,2\n3,4\n",
    "wide.csv": "1,2\n3,4\n".encode("utf-16"),
    "minus.csv": "1,\N{MINUS SIGN}2\n3,4\n".encode(),
    "brackets.txt": b"[[1, 2, 3],\n [4, 5, 6]]\n",
    "terrain.asc": b"ncols 3\nnrows 2\nxllcorner 0\nyllcorner 0\ncellsize 1\n"
                   b"NODATA_value -9999\n1 2 3\n4 -9999 6\n",
    "large.csv": b"2147483648,-9223372036854775808\n18446744073709551615,16777217\n",
}  # fmt: skip
"""Grids of numbers as programs write them."""

_DTYPES = ("u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", ">u2", ">f4", "?")


def _arrays() -> dict[str, Any]:
    numbers = _GREY.astype(np.int64) // 2
    names = {kind: kind.replace(">", "big-").replace("?", "bool") for kind in _DTYPES}
    arrays = {name: numbers.astype(kind) for kind, name in names.items()}
    return arrays | {
        "fortran": np.asfortranarray(_GREY), "colours": _RGB, "alpha": _RGBA,
        "complex": _GREY.astype(complex), "cube": np.zeros((2, 2, 2, 2)),
    }  # fmt: skip


def _filters() -> dict[str, Callable[[], bytes]]:
    texts = {name: partial(str.encode, text) for name, text in TEXTS.items() if text}
    weight = np.arange(18.0).reshape(2, 1, 3, 3)
    return texts | {
        "kernel.npy": partial(npy, weight[0, 0]),
        "bank.npy": partial(npy, weight),
        "bank.npz": partial(npz, {"weight": weight, "bias": np.zeros(2), "names": ["a", "b"]}),
        "lines.csv": lambda: b"1,0,-1\r\n2,0,-2\r\n1,0,-1\r\n",
        "two.json": lambda: json.dumps({"weight": weight.tolist(), "bias": [1, 2]}).encode(),
    }


def _weights() -> dict[str, Any]:
    shapes = {
        "in.weight": (4, 3, 3, 3), "in.bias": (4,), "deep.weight": (4, 2, 3, 1),
        "out.weight": (1, 8, 1, 1), "out.bias": (1,),
    }  # fmt: skip
    random = np.random.default_rng(8)
    return {name: random.random(shape, np.float32) for name, shape in shapes.items()}


def _journal() -> Seed:
    """Return the journal of a batch of two pictures, with the first one and its edge map."""
    picture = encoders.pnm(_GREY)
    with TemporaryDirectory() as folder:
        source, out = Path(folder, "in"), Path(folder, "out")
        source.mkdir()
        for name in ("grey.pgm", "other.pgm"):
            (source / name).write_bytes(picture)
        CliRunner().invoke(main, ["batch", str(source), "-o", str(out), "-q", "--jobs", "1"])
        lines = (out / ".edgecli-batch.jsonl").read_bytes()
        edges = (out / "grey-sobel.png").read_bytes()
    lines = re.sub(rb'("(?:mtime|seconds)": )[0-9.]+', rb"\g<1>5", lines)
    beside = {"in/grey.pgm": picture, "out/grey-sobel.png": edges}
    return Seed("out/.edgecli-batch.jsonl", lines, "journal", beside)
