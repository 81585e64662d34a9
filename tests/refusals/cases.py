"""What brings refusals about, beside the corpus: more commands, and the files that they name."""

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

COMMANDS = """
batch - -o out < names.nul
batch - -o out --jobs 1 < empty.txt
batch grey.png -o out
batch nothing -o out
batch nested -o out --jobs 1
batch 'missing/*.png' -o out
batch 'missing/*.png' -o out --recursive
batch album
batch films -o out --jobs 1 --max-pixels 9
learn before grey.png --size 3x3 -o l.json
learn nothing after --size 3x3 -o l.json
learn grey.png tiny.png --size 3x3 -o l.json
learn grey.png holes.npy --size 3 -o l.json
learn photo.png grey.png --size 3 --filters 3 -o l.txt
detect photo.png -f log:2 --combine direction
detect photo.png -f gaussian --thin
detect photo.png -f sobel -f contours
detect photo.png -f sobel -f log:2 --colormap ember -o maps.npy
detect photo.png --channels each --colormap ice
detect photo.png --line black
detect photo.png --style fire
detect photo.png --resize 200%
detect photo.png --line red --colormap ice
detect photo.png --paper red --colormap ice
detect photo.png --paper red --invert
detect photo.png --paper none --invert --colormap ice
detect photo.png --overlay red --line blue
detect photo.png --combine direction --line red
detect photo.png --combine direction --stroke 3
detect photo.png --map signed --stroke 3
detect photo.png -f sobel-x --threshold 5 --map signed
detect photo.png --overlay red --stride 2 -f canny
detect photo.png --grid --map raw
detect photo.png --threshold 5 --threshold 9
detect photo.png --hysteresis 5,9 --hysteresis 6,9
detect photo.png --hysteresis 5,9 --threshold 6
detect photo.png -f contours --stride 2
detect photo.png -f depth3.txt --channels gray
detect photo.png -f huge.json --map raw -o a.npy
detect album
trace album --at 1,1
detct photo.png
detect photo.png photo.png
detect photo.png --strid 2
detect photo.png --map abz
detect photo.png --padding-mode reflct
detect photo.png --threshold otus
detect photo.png --overlay rde
detect photo.png --map raw -o a.ppm
network summary album
network summary grey.png
network run lenet5 photo.png -o maps/
trace photo.png -f learned-small --at 5,5
trace photo.png -f contours --at 5,5
batch album -o jammed --jobs 1
batch same -o same --jobs 1
batch album -o foreign --gallery --jobs 1
detect tiny.png --padding 0,0,900000000,900000000 --max-pixels 99999999999
detect grey.png -o photo.png/maps/
detect long.pgm -o a.webp
detect {long}.png
filters show {long}.txt
network summary {long}.toml
filters show box:50000
filters show heavy.txt
filters show "1/0 1"
filters show "1e999 1"
filters show "nan 1"
filters show hollow.json
filters show deep.json
filters show none.npy
filters show vast-kernel.npy
filters show stump.npy
filters show "1 2;;3"
filters export biased.txt -o a.mat
trace grey.png --at 1,1 --max-pixels 9
detect photo.png --mask grey.png --max-pixels 9
detect grey.png --white 0
filters show mixed.csv
detect twelve.jpg
detect twenty.jp2
detect windows.pgm
detect imageless.npz
detect torn.npz
detect moving-deep.png --all-frames
detect frameless.png --all-frames
detect short.asc
detect wordless.asc
detect deep-cmyk.tif
detect strange-chunk.png
detect beyond.npy
detect beyond.csv
detect split.csv
detect ragged.csv
detect loose.csv
detect thousands.csv
detect title.txt
detect nothing.csv
detect prose.txt
detect drawing.svg
detect dots.txt
detect wrapped.txt
detect cut.asc
detect misnamed.asc
detect sheet.xlsx
detect no-image.npz
detect stump.npz
filters show split.csv
filters show thousands.csv
filters show loose.csv
filters show "0,5 0; 1 2"
filters show "1,;2"
detect photo.png -f sobel -f sobel-x --combine none
detect photo.png grey.png --code scipy
detect photo.png -f learned --code scipy
detect photo.png -f vertical -f horizontal --code scipy
detect photo.png --channels max --code scipy
detect photo.png --combine direction --code scipy
detect photo.png --thin --code scipy
detect photo.png --border 2 --code scipy
detect photo.png --invert --code scipy
detect photo.png --nan ignore --code scipy
detect photo.png --resize 50% --code scipy
detect photo.png -f canny --code scipy
detect photo.png --threshold otsu --code scipy
detect photo.png -f gabor --code scipy
detect photo.png -f kirsch --code scikit-image
detect photo.png --padding valid --code scikit-image
detect photo.png --code pillow
detect photo.png -f gaussian:2 --code pillow
detect photo.png -f vertical --map signed --code pillow
filters show [[1,,2]]
filters show [[1,2]
filters show [[1,2]]]
filters show "[[1 2, 3]]"
filters show [[],[1]]
filters show [[1],2]
filters show [[[[[1]]]]]
filters show "[[1]] 2"
filters show "[[1]] / 0"
filters show "[[0,5, 1,0]]"
filters show [[x]]
detect bare.tif
detect unheard.tif
detect headless.pgm
detect seven.pam
detect endless.y4m
detect laced.y4m
detect sideless.y4m
detect chromaless.y4m
detect pageless.tif
detect astray.tif
detect wide-tile.tif
detect miscounted.tif
detect gapped.bmp
detect empty.bmp
detect half.bmp
detect hollow.gif
detect half.gif
detect headless.pfm
detect half.pfm
detect strange.psd
detect deep-cmyk.psd
detect zipped.psd
detect unmerged.psd
detect half.psd
detect icon.icns
detect page.pdf
detect page.svg
detect spool.gz
detect drawing.xcf
detect clip.mp4
batch others -o out
network run edges-rgb photo.png -o photo.png/maps/
network run many-channels.toml photo.png -o maps/
network run edges-rgb flat.pgm -o maps.npz
detect photo.png -f flat.toml
network summary blown.toml
network summary bulky.toml
network summary not-inputs.toml
network summary not-padding.toml
network summary not-text.toml
network summary not-line.toml
network summary nested.toml
network summary not-tables.toml
network summary two-inputs.toml
network summary vector.toml
network summary not-positive.toml
network summary named.toml
network summary large.toml
network summary uncropped.toml
network summary unlike.toml
network summary many.toml
network summary words.toml
network summary sizes.toml
network summary heavier.toml
network summary reshaped.toml
network summary infinite.toml
network summary whole-numbers.toml
network summary cut-weights.toml
network summary extra.toml
network summary flipped.toml
""".format(long="x" * 300)
"""A line each, in the language of the corpus."""

_INPUT = "[input]\nshape = [8, 8, 2]\n"
_ONE = '\n[[layers]]\nname = "a"\ntype = "convolution"\nfilters = 2\nkernel_size = 3\n'


def _layer(kind: str, name: str = "a", more: str = "") -> str:
    return f'\n[[layers]]\nname = "{name}"\ntype = "{kind}"\n{more}\n'


NETWORKS = {
    "many-channels": "[input]\nshape = [8, 8, 5]\n" + _ONE,
    "flat": "[input]\nshape = [8, 8, 1]\n"
    + _layer("activation", more='function = "sigmoid"'),
    "blown": _INPUT + "".join(_layer("upsample", f"u{n}", "scale = 3") for n in range(13)),
    "bulky": _INPUT + "# " + "x" * 2**20,
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


def write_more(folder: Path) -> None:
    """Write what the commands name, to the folder of the corpus' inputs."""
    for name, data in _files().items():
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


def _files() -> dict[str, bytes]:
    grey = scenes.grey(12, 10)
    video = b"YUV4MPEG2 W2 H2 F25:1 "
    vast = b"\x93NUMPY\1\0\x46\0{'descr': '<f8', 'fortran_order': False, 'shape': (99999, 99999)}"
    return {
        "nested/deeper/x.pgm": encoders.pnm(grey),
        "same/x.pgm": encoders.pnm(grey),
        "same/x-sobel.png": encoders.png(grey),
        "foreign/index.html": b"<title>a page of mine</title>",
        "long.pgm": b"P5 16384 1 255\n" + bytes(16384),
        "heavy.txt": b"1 0 -1\n" * 2**20,
        "hollow.json": b'{"weight": []}',
        "deep.json": json.dumps({"weight": [[[[[1]]]]]}).encode(),
        "vast-kernel.npy": vast.ljust(80),
        "stump.npy": b"\x93NUMPY\1\0",
        "biased.txt": b"bias: 0\n1 2\n",
        "plain-mat.txt": b"1 0 -1 0 1\n",
        "word-mat.txt": b"name: a\n1 1\n1 1\n",
        "headless.pgm": b"P5\n12",
        "seven.pam": b"P7 12 10\n",
        "mixed.csv": b"1, 0 -1\n",
        "twelve.jpg": by_pillow("JPEG").replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"),
        "twenty.jp2": _of_bits(by_pillow("JPEG2000", "L", no_jp2=True), 20),
        "windows.pgm": b"P5\r\n2 1\r\n255\r\nAB",
        "imageless.npz": npz({"a": np.zeros(3)}),
        "torn.npz": npz({"a": grey})[:-30],
        "frameless.png": frameless(),
        "moving-deep.png": encoders.png(scenes.deepened(scenes.rgb(9, 9)), 16, acTL=_TWO_FRAMES),
        "short.asc": b"ncols 2\nnrows 2\n1 2 3\n",
        "wordless.asc": b"ncols x\nnrows 2\n1 2 3\n",
        "deep-cmyk.tif": make_tiff(scenes.deepened(scenes.rgba(9, 9)), t262=(5,)),
        "strange-chunk.png": encoders.png(grey, WXYZ=b"1"),
        "beyond.npy": npy(np.full((3, 3), 2**64 - 1, np.uint64)),
        "beyond.csv": b"18446744073709551615,1\n",
        "split.csv": b"0,5 1\n2 3\n",
        "loose.csv": b"0,5, 1,5\n2,5, 3,5\n",
        "ragged.csv": b"1,2\n3\n",
        "thousands.csv": b"1,250;2,500\n",
        "title.txt": b"heights of 3 hills\n1 2\n",
        "nothing.csv": b"# 1 2\n",
        "prose.txt": b"no image at all\n",
        "drawing.svg": b"<svg/>",
        "dots.txt": b"[[1 ... 9]\n [1 ... 9]]\n",
        "wrapped.txt": b"[1 2\n 3 4]\n",
        "cut.asc": b"ncols 2\nnrows 2\n1 2\n3\n",
        "misnamed.asc": b"ncols 2\nrows 2\n1 2\n3 4\n",
        "sheet.xlsx": _zip({"xl/workbook": b""}).replace(b".npy", b".xml"),
        "no-image.npz": _zip({"x": npy(np.ones(3))}),
        "stump.npz": b"PK\3\4",
        "bare.tif": make_tiff(grey[..., None], t262=(32803,), t50706=(1, 4, 0, 0)),
        "unheard.tif": make_tiff(grey[..., None], t259=(34934,)),
        "endless.y4m": b"YUV4MPEG2 " + b"x" * 70_000,
        "laced.y4m": video + b"Ix\n",
        "sideless.y4m": b"YUV4MPEG2 Wx H2 F25:1\n",
        "chromaless.y4m": video + b"C444\nFRAME\n" + bytes(5) + b"FRAME\n",
        "pageless.tif": b"II*\0" + bytes(4),
        "astray.tif": b"II*\0\xff\xff\xff\x7f",
        "wide-tile.tif": make_tiff(grey[..., None], t322=(2**16,), t323=(2**16,), t324=(8,),
                                   t325=(9,), t273=None, t279=None, t278=None),
        "miscounted.tif": make_tiff(scenes.rgb(12, 10), planar=True, t273=(8,) * 4),
        "flat.pgm": b"P5 1 1 255\n\0",
        "gapped.bmp": _masked_bmp(0xF00F),
        "empty.bmp": _masked_bmp(0xF800, width=0),
        "half.bmp": _masked_bmp(0xF800, rows=bytes(4)),
        "hollow.gif": b"GIF89a" + bytes(7) + b";",
        "half.gif": by_pillow("GIF", "L")[:-9],
        "headless.pfm": b"Pf\n0 2\n-1\n",
        "half.pfm": b"Pf\n2 2\n-1\n" + bytes(9),
        "strange.psd": _psd(mode=99),
        "deep-cmyk.psd": _psd(mode=4, depth=16),
        "zipped.psd": _psd(compression=2),
        "unmerged.psd": _psd(resources=_NOT_MERGED),
        "half.psd": _psd(rows=0),
        "icon.icns": b"icns" + bytes(60),
        "page.pdf": b"%PDF-1.7",
        "page.svg": b"<svg/>",
        "spool.gz": b"\x1f\x8b\x08",
        "drawing.xcf": b"gimp xcf file",
        "clip.mp4": b"\0\0\0\x18ftypisom",
        "others/a.nef": b"",
        "others/b.dds": b"",
        "others/c.nef": b"",
    }  # fmt: skip


_SYSTEM = "the system must refuse something, which a test that runs as root cannot bring about"
_MOMENT = "something must happen at the right moment; the module's own tests patch it"
_PACKAGE = "it depends on whether a package of the extra formats is installed"
_LARGE = "it takes more memory or time than a test has"

UNMET = {
    "batch/cluster.py: ": "it depends on whether Dask is installed",
    "batch/inputs.py: the inputs share no folder": "only Windows has several drives",
    "batch/inputs.py: …; check its permissions": _SYSTEM,
    "batch/journal.py: another batch is writing": "it takes a second process",
    "batch/work.py: image … changed while it was read": _MOMENT,
    "cli/__init__.py: … is binary and standard output is a terminal": "it takes a terminal",
    "cli/learn.py: folder … cannot be read": _SYSTEM,
    "filters/files.py: filter … does not fit into memory": _LARGE,
    "filters/read_numpy.py: … takes … bytes; the limit is": _LARGE,
    "images/files.py: image … may not be read": _SYSTEM,
    "batch/processes.py: no process can be started": _SYSTEM,
    "images/foreign.py: image … is a …, which takes another package": _PACKAGE,
    "images/jpeg_xl.py: ": _PACKAGE,
    "images/npy.py: needs … bytes of memory": _LARGE,
    "images/pillow.py: image … has … bits per sample in": "no encoder here writes such files",
    "images/pillow_writer.py: … cannot be encoded": _MOMENT,
    "images/pillow_guard.py: image … needs more memory": _LARGE,
    "images/png.py: image … has …: its shape is": _LARGE,
    "images/streams.py: cannot be read": _SYSTEM,
    "images/streams.py: is damaged; get the file whole": _MOMENT,
    "images/tiff_samples.py: became shorter while it was read": _MOMENT,
    "networks/layout.py: network … over … needs … bytes": _LARGE,
    "networks/weights.py: … cannot be read": _SYSTEM,
    "rows/workers.py: …: a limit on processes or memory is reached": _SYSTEM,
}
"""The places that no case brings about, by a part of what they say, and why none does."""
