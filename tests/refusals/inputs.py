"""The inputs of refusals: files that are wrong in one way each."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from tests.corpus import encoders, scenes
from tests.fuzz.seeds import by_pillow, frameless, npy, npz
from tests.tiff_files import make_tiff

_INPUT = "[input]\nshape = [8, 8, 2]\n"
_ONE = '\n[[layers]]\nname = "a"\ntype = "convolution"\nfilters = 2\nkernel_size = 3\n'


def _layer(kind: str, name: str = "a", more: str = "") -> str:
    return f'\n[[layers]]\nname = "{name}"\ntype = "{kind}"\n{more}\n'


_SOFTMAX = _layer("dense", "d", 'units = 2\nactivation = "softmax"')

NETWORKS = {
    "many-channels": "[input]\nshape = [8, 8, 5]\n" + _ONE,
    "flat": "[input]\nshape = [8, 8, 1]\n"
    + _layer("activation", more='function = "sigmoid"'),
    "blown": _INPUT + "".join(_layer("upsample", f"u{n}", "scale = 3") for n in range(13)),
    "bulky": _INPUT + "# " + "x" * 2**20,
    "not-classes": "classes = 3\n" + _INPUT + _ONE,
    "no-classes": 'classes = ["a"]\n' + _INPUT + _layer("flatten", "f"),
    "one-class": 'classes = ["a"]\n' + _INPUT + _layer("flatten", "f") + _SOFTMAX,
    "nameless": 'classes = ["a", " "]\n' + _INPUT + _layer("flatten", "f") + _SOFTMAX,
    "shapeless": "[input]\n" + _ONE,
    "one-name": _INPUT + _layer("convolution", more='filters = "sobel-x"'),
    "not-inputs": _INPUT + _layer("flatten", more="inputs = 3"),
    "not-padding": _INPUT + _ONE + "padding = [1, 2, 3]\n",
    "not-text": _INPUT + _ONE + "activation = 3\n",
    "not-line": 'name = "a\\nb"\n' + _INPUT + _ONE,
    "nested": "a = " + "[" * 2000 + "]" * 2000,
    "not-tables": "layers = [3]\n" + _INPUT,
    "two-inputs": _INPUT + _layer("flatten", "f")
    + _layer("flatten", more='inputs = ["input", "f"]'),
    "vector": _INPUT + _layer("flatten", "f") + _ONE,
    "not-positive": _INPUT + _ONE + "groups = 0\n",
    "named": _INPUT + _layer("convolution", more='filters = ["sobel-x"]\nkernel_size = 5'),
    "large": _INPUT + _layer("upsample", "b", "scale = 2000000000"),
    "uncropped": _INPUT + _layer("max-pool", "p", "kernel_size = 8")
    + _layer("upsample", "u", 'scale = 2\nto = "input"'),
    "unlike": _INPUT + _ONE + _layer("add", "s", 'inputs = ["a", "input"]'),
    "many": _INPUT + "".join(_layer("flatten", f"f{n}") for n in range(1001)),
    "words": _INPUT + _layer("flatten", "two words"),
    "sizes": _INPUT + _layer("convolution", more='filters = ["sobel-x", "box:5"]'),
}  # fmt: skip
"""Networks to refuse."""

_WEIGHT = np.ones((2, 2, 3, 3), np.float32)
WEIGHTS: dict[str, dict[str, Any]] = {
    "heavier": {"a.weight": np.random.default_rng(0).random(400_000), "a.bias": np.ones(2)},
    "reshaped": {"a.weight": _WEIGHT[:, :1], "a.bias": np.ones(2)},
    "infinite": {"a.weight": _WEIGHT * np.inf, "a.bias": np.ones(2)},
    "whole-numbers": {"a.weight": _WEIGHT.astype(int), "a.bias": np.ones(2)},
    "extra": {"a.weight": _WEIGHT, "a.bias": np.ones(2), "b.weight": _WEIGHT},
    "cut-weights": {}, "flipped": {},
}  # fmt: skip
"""Weights of one layer to refuse."""


def _zip(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return file.getvalue()


_TWO_FRAMES = b"\0\0\0\2\0\0\0\0"


def _of_bits(codestream: bytes, bits: int) -> bytes:
    """Return JPEG 2000 whose header says that its only component has so many bits."""
    place = codestream.index(b"\xff\x51") + 40
    return codestream[:place] + bytes([bits - 1]) + codestream[place + 1 :]


def _masked_bmp(red: int, width: int = 2, rows: bytes = bytes(8)) -> bytes:
    """Return a BMP of two rows of 16 bits, of which masks say what is red, green and blue."""
    header = struct.pack("<IiiHHI20x3I", 40, width, 2, 1, 16, 3, red, 0x7E0, 0x1F)
    return b"BM" + struct.pack("<I4xI", 0, 66) + header + rows


def _psd(
    mode: int = 3, depth: int = 8, compression: int = 0, resources: bytes = b"", rows: int = 2
) -> bytes:
    """Return a PSD of two by two pixels without layers."""
    header = struct.pack(">4sH6xHIIHHI", b"8BPS", 1, 4, 2, 2, depth, mode, 0)
    parts = [header, struct.pack(">I", len(resources)), resources, bytes(4)]
    return b"".join([*parts, struct.pack(">H", compression), bytes(depth * rows)])


_NOT_MERGED = b"8BIM" + struct.pack(">HHII?x", 1057, 0, 5, 1, False)


_GREY = scenes.grey(12, 10)
_VIDEO = b"YUV4MPEG2 W2 H2 F25:1 "
_VAST = b"\x93NUMPY\1\0\x46\0{'descr': '<f8', 'fortran_order': False, 'shape': (99999, 99999)}"

NUMBERS: dict[str, bytes] = {
    "heavy.txt": b"1 0 -1\n" * 2**20,
    "hollow.json": b'{"weight": []}',
    "deep.json": json.dumps({"weight": [[[[[1]]]]]}).encode(),
    "vast-kernel.npy": _VAST.ljust(80),
    "stump.npy": b"\x93NUMPY\1\0",
    "biased.txt": b"bias: 0\n1 2\n",
    "plain-mat.txt": b"1 0 -1 0 1\n",
    "word-mat.txt": b"name: a\n1 1\n1 1\n",
    "mixed.csv": b"1, 0 -1\n",
    "imageless.npz": npz({"a": np.zeros(3)}),
    "torn.npz": npz({"a": _GREY})[:-30],
    "short.asc": b"ncols 2\nnrows 2\n1 2 3\n",
    "wordless.asc": b"ncols x\nnrows 2\n1 2 3\n",
    "beyond.npy": npy(np.full((3, 3), 2**64 - 1, np.uint64)),
    "beyond.csv": b"18446744073709551615,1\n",
    "split.csv": b"0,5 1\n2 3\n",
    "loose.csv": b"0,5, 1,5\n2,5, 3,5\n",
    "ragged.csv": b"1,2\n3\n",
    "thousands.csv": b"1,250;2,500\n",
    "raster.xyz": b"".join(b"%d %d 7\n" % (5 * x, 50 - 5 * y) for y in range(3) for x in range(4)),
    "scattered.xyz": b"1 2 3\n2 2 9\n7 1 5\n",
    "places.csv": b"id,Lon,Lat,height\n1,7.5,50.5,99\n2,7.25,50,98\n",
    "title.txt": b"heights of 3 hills\n1 2\n",
    "nothing.csv": b"# 1 2\n",
    "prose.txt": b"no image at all\n",
    "vicar.img": b"LINES 2\n".ljust(99) + b"\n\0\1\2",
    "dots.txt": b"[[1 ... 9]\n [1 ... 9]]\n",
    "wrapped.txt": b"[1 2\n 3 4]\n",
    "cut.asc": b"ncols 2\nnrows 2\n1 2\n3\n",
    "misnamed.asc": b"ncols 2\nrows 2\n1 2\n3 4\n",
    "sheet.xlsx": _zip({"xl/workbook": b""}).replace(b".npy", b".xml"),
    "no-image.npz": _zip({"x": npy(np.ones(3))}),
    "stump.npz": b"PK\3\4",
}  # fmt: skip
"""Arrays, grids and filters to refuse."""

PICTURES: dict[str, bytes] = {
    "same/x-sobel.png": encoders.png(_GREY),
    "twelve.jpg": by_pillow("JPEG").replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"),
    "twenty.jp2": _of_bits(by_pillow("JPEG2000", "L", no_jp2=True), 20),
    "frameless.png": frameless(),
    "moving-deep.png": encoders.png(scenes.deepened(scenes.rgb(9, 9)), 16, acTL=_TWO_FRAMES),
    "deep-cmyk.tif": make_tiff(scenes.deepened(scenes.rgba(9, 9)), t262=(5,)),
    "strange-chunk.png": encoders.png(_GREY, WXYZ=b"1"),
    "bare.tif": make_tiff(_GREY[..., None], t262=(32803,), t50706=(1, 4, 0, 0)),
    "unheard.tif": make_tiff(_GREY[..., None], t259=(34934,)),
    "pageless.tif": b"II*\0" + bytes(4),
    "astray.tif": b"II*\0\xff\xff\xff\x7f",
    "wide-tile.tif": make_tiff(_GREY[..., None], t322=(2**16,), t323=(2**16,), t324=(8,),
                               t325=(9,), t273=None, t279=None, t278=None),
    "miscounted.tif": make_tiff(scenes.rgb(12, 10), planar=True, t273=(8,) * 4),
    "gapped.bmp": _masked_bmp(0xF00F),
    "empty.bmp": _masked_bmp(0xF800, width=0),
    "half.bmp": _masked_bmp(0xF800, rows=bytes(4)),
    "hollow.gif": b"GIF89a" + bytes(7) + b";",
    "half.gif": by_pillow("GIF", "L")[:-9],
    "strange.psd": _psd(mode=99),
    "deep-cmyk.psd": _psd(mode=4, depth=16),
    "zipped.psd": _psd(compression=2),
    "unmerged.psd": _psd(resources=_NOT_MERGED),
    "half.psd": _psd(rows=0),
}  # fmt: skip
"""Images of formats that may be broken in many ways."""

OTHERS: dict[str, bytes] = {
    "twins/a.png": b"one",
    "twins/a.pgm": b"stem",
    "nested/deeper/x.pgm": encoders.pnm(_GREY),
    "same/x.pgm": encoders.pnm(_GREY),
    "foreign/index.html": b"<title>a page of mine</title>",
    "long.pgm": b"P5 16384 1 255\n" + bytes(16384),
    "headless.pgm": b"P5\n12",
    "seven.pam": b"P7 12 10\n",
    "windows.pgm": b"P5\r\n2 1\r\n255\r\nAB",
    "drawing.svg": b"<svg/>",
    "endless.y4m": b"YUV4MPEG2 " + b"x" * 70_000,
    "laced.y4m": _VIDEO + b"Ix\n",
    "sideless.y4m": b"YUV4MPEG2 Wx H2 F25:1\n",
    "chromaless.y4m": _VIDEO + b"C444\nFRAME\n" + bytes(5) + b"FRAME\n",
    "scan.zarr/.zgroup": b'{"zarr_format": 2}',
    "flat.pgm": b"P5 1 1 255\n\0",
    "headless.pfm": b"Pf\n0 2\n-1\n",
    "half.pfm": b"Pf\n2 2\n-1\n" + bytes(9),
    "icon.icns": b"icns" + bytes(60),
    "page.pdf": b"%PDF-1.7",
    "page.svg": b"<svg/>",
    "spool.gz": b"\x1f\x8b\x08",
    "drawing.xcf": b"gimp xcf file",
    "clip.mp4": b"\0\0\0\x18ftypisom",
    "others/a.nef": b"",
    "others/b.dds": b"",
    "others/c.nef": b"",
    "ours/map.png": encoders.png(_GREY, tEXt=b"Software\0edgecli 0.1.0"),
}  # fmt: skip
"""Streams, files that are no images, and files that are in the way."""


def write_more(folder: Path) -> None:
    """Write what the commands name, to the folder of the corpus' inputs."""
    for name, data in (NUMBERS | PICTURES | OTHERS).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "jammed" / ".edgecli-batch.jsonl").mkdir(parents=True)
    for name, text in NETWORKS.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    for name, arrays in WEIGHTS.items():
        (folder / f"{name}.toml").write_text(f'weights = "{name}.npz"\n{_INPUT}{_ONE}')
        np.savez(folder / f"{name}.npz", **arrays)
    _write_damaged_weights(folder)


def _write_damaged_weights(folder: Path) -> None:
    """Write an array whose header promises more than there is, and one of a wrong checksum."""
    whole = npy(_WEIGHT)
    with_bias = {"a.weight": whole[:-8], "a.bias": npy(np.ones(2))}
    (folder / "cut-weights.npz").write_bytes(_zip(with_bias))
    good = _zip(with_bias | {"a.weight": whole}, zipfile.ZIP_BZIP2)
    place = good.index(b"BZh") + 30
    (folder / "flipped.npz").write_bytes(good[:place] + b"\1" + good[place + 1 :])
