"""The files that the commands read: written anew for each run, by Pillow and NumPy alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.corpus import encoders, scenes
from tests.corpus.filter_files import write_filters
from tests.tiff_files import make_tiff

SAMPLES = Path(__file__).parents[2] / "sample_images"

H, W = 48, 64


def write_inputs(folder: Path) -> None:
    """Write every picture, grid, video, filter and network to a folder."""
    folder.mkdir(parents=True)
    _write_samples(folder)
    for name, data in {**_pngs(), **_streams(), **_made_tiffs(), **_texts(), **_broken()}.items():
        (folder / name).write_bytes(data)
    for name, array in _arrays().items():
        np.save(folder / f"{name}.npy", array)
    _write_pillow(folder)
    _write_tiffs(folder)
    write_filters(folder)
    _write_folders(folder)


def _write_samples(folder: Path) -> None:
    for path in sorted(SAMPLES.iterdir()):
        if path.suffix in (".csv", ".txt", ".png", ".jpg"):
            shutil.copy(path, folder)


def _pngs() -> dict[str, bytes]:
    grey, rgb = scenes.grey(H, W), scenes.rgb(H, W)
    palette = np.random.default_rng(1).integers(0, 256, (16, 3))
    clear = bytes(range(0, 256, 16))
    return {
        "grey.png": encoders.png(grey),
        "photo.png": encoders.png(rgb, pHYs=b"\0\0\x0e\xc3\0\0\x1d\x87\x01"),
        "deep.png": encoders.png(scenes.deepened(grey), 16),
        "deep-rgb.png": encoders.png(scenes.deepened(rgb), 16),
        "bits1.png": encoders.png(grey >> 7, 1),
        "bits2.png": encoders.png(grey >> 6, 2),
        "bits4.png": encoders.png(grey >> 4, 4),
        "palette.png": encoders.png(grey >> 4, 4, palette=palette),
        "palette8.png": encoders.png(grey >> 4, 8, palette=palette),
        "clear-palette.png": encoders.png(grey >> 4, 8, palette=palette, tRNS=clear),
        "interlaced.png": encoders.png(rgb, interlaced=True),
        "interlaced16.png": encoders.png(scenes.deepened(grey), 16, interlaced=True),
        "rgba.png": encoders.png(scenes.rgba(H, W)),
        "grey-alpha.png": encoders.png(scenes.rgba(H, W)[..., [0, 3]]),
        "turned.png": encoders.png(rgb, eXIf=_orientation(3)),
        "clear-deep.png": encoders.png(scenes.deepened(scenes.rgba(H, W)), 16),
        "clear-colour.png": encoders.png(rgb, tRNS=rgb[3, 3].astype(">u2").tobytes()),
        "mask.png": encoders.png(np.where(scenes.grey(H, W, noise=0) > 100, 255, 0)),
        "small-mask.png": encoders.png(np.full((8, 8), 255)),
        "dark.png": encoders.png(np.zeros((H, W))),
        "tiny.png": encoders.png(scenes.grey(3, 2)),
        "pixel.png": encoders.png(np.full((1, 1), 77)),
        "row.png": encoders.png(scenes.grey(1, 90)),
        "step.png": encoders.png(np.repeat(np.arange(W) // 32 * 200, H).reshape(W, H).T),
        "square.png": encoders.png(scenes.grey(24, 24)),
        "square-rgb.png": encoders.png(scenes.rgb(32, 32)),
        "large.png": encoders.png(scenes.grey(500, 700)),
        "large-rgb.png": encoders.png(scenes.rgb(420, 360)),
    }


def _orientation(number: int) -> bytes:
    """Return EXIF that holds nothing else."""
    return b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0%c\0\0\0\0\0\0" % number


def _streams() -> dict[str, bytes]:
    frames, grey, rgb = scenes.frames(H, W), scenes.grey(H, W), scenes.rgb(H, W)
    deep = [scenes.deepened(frame) >> 6 for frame in frames]
    return {
        "grey.pgm": encoders.pnm(grey),
        "deep.pgm": encoders.pnm(scenes.deepened(grey)),
        "photo.ppm": encoders.pnm(rgb),
        "deep.ppm": encoders.pnm(scenes.deepened(rgb)),
        "plain.pgm": encoders.plain_pnm(2, grey),
        "plain.ppm": encoders.plain_pnm(3, rgb),
        "plain.pbm": encoders.plain_pnm(1, grey >> 7),
        "bits.pbm": encoders.bitmap(grey >> 7),
        "alpha.pam": encoders.pam(scenes.rgba(H, W)),
        "frames.pgm": b"".join(map(encoders.pnm, frames)),
        "frames.ppm": b"".join(encoders.pnm(scenes.rgb(H, W, seed=n)) for n in range(3)),
        "mixed.ppm": encoders.pnm(rgb) + encoders.pnm(scenes.grey(20, 30)),
        "video.y4m": encoders.y4m(frames),
        "mono.y4m": encoders.y4m(frames, "mono"),
        "deep.y4m": encoders.y4m(deep, "420p10", "<u2"),
        "large.ppm": encoders.pnm(scenes.rgb(300, 700)),
        "huge.pgm": encoders.pnm(scenes.grey(1500, 1300)),
        "huge.ppm": encoders.pnm(scenes.rgb(1100, 800)),
        "wide.pgm": encoders.pnm(scenes.grey(40, 1200)),
    }


def _texts() -> dict[str, bytes]:
    grid = scenes.grey(9, 12)
    rows = [",".join(f"{value / 200:.3f}" for value in row) for row in grid]
    holes = "\n".join([rows[0], rows[1].replace(rows[1].split(",")[4], "nan"), *rows[2:]])
    return {
        "floats.csv": "\n".join(rows).encode() + b"\n",
        "tabs.txt": b"\n".join(b"\t".join(b"%d" % v for v in row) for row in grid) + b"\n",
        "spaces.txt": b"# a grid\n1 2 3 4\n5 -6 7 8\n9 10 -11 300\n1 1 1 1\n",
        "holes.csv": holes.encode() + b"\n",
    }


def _broken() -> dict[str, bytes]:
    whole = encoders.png(scenes.grey(H, W))
    return {
        "cut.png": whole[:900],
        "damaged.png": whole[:60] + bytes(20) + whole[80:],
        "header-only.png": whole[:33],
        "empty.png": b"",
        "notes.png": b"these are no pixels\n",
        "bad-sum.png": whole[:29] + bytes(4) + whole[33:],
        "bad-kind.png": encoders.png(scenes.grey(H, W), 3),
        "bad-filter.png": encoders.png(np.zeros((2, 2), np.uint8)).replace(bytes(6), b"\7" * 6),
        "large-sample.pgm": b"P2\n2 2\n9\n1 2 3 10\n",
        "letter.pgm": b"P2\n2 2\n9\n1 2 x 4\n",
        "letter.pbm": b"P1\n2 2\n0 1 7 0\n",
        "deepest.pgm": b"P5\n2 2\n70000\n" + bytes(16),
        "five.pam": b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 5\nMAXVAL 255\nENDHDR\n12345",
        "grey.pam": b"P7\nWIDTH 2\nHEIGHT 2\nDEPTH 1\nMAXVAL 9\nENDHDR\n\0\3\6\11",
        "strange.y4m": b"YUV4MPEG2 W4 H4 F25:1 C999\n",
        "lame.y4m": b"YUV4MPEG2 W4 H4 Fx\n",
        "no-frame.y4m": b"YUV4MPEG2 W4 H4 Cmono\nFRAMING\n" + bytes(16),
        "gap.csv": b"1,,3\n4,5,6\n",
        "hollow.csv": b"# no numbers\n",
        "latin.csv": b"1,2\n3,\xe9\n",
        "no-shape.npy": b"\x93NUMPY\x01\0\x06\0{'a':1",
        "cut.pgm": encoders.pnm(scenes.grey(H, W))[:500],
        "cut.y4m": encoders.y4m(scenes.frames(H, W))[:5000],
        "bad-header.ppm": b"P6\n64 x 255\n",
        "ragged-grid.csv": b"1,2,3\n4,5\n",
        "words.csv": b"1,2,3\n4,five,6\n",
        "wide-numbers.csv": b"1,2\n99999999999,3\n",
    }


def _arrays() -> dict[str, Any]:
    grey, rgb = scenes.grey(H, W), scenes.rgb(H, W)
    floats = scenes.unit(grey)
    holes = floats.copy()
    holes[10:13, 20:22], holes[30, 40] = np.nan, np.inf
    signed = grey.astype(np.int32) - 100
    return {
        "u1": grey, "u2": scenes.deepened(grey), "i1": (signed // 2).astype(np.int8),
        "i2": (signed * 90).astype(np.int16), "i4": signed * 60000, "u4": grey.astype(np.uint32),
        "i8": signed.astype(np.int64), "bool": grey > 128, "f2": floats.astype(np.float16),
        "f4": floats, "f8": floats.astype(np.float64), "big-endian": grey.astype(">u2"),
        "fortran": np.asfortranarray(grey), "colours": rgb, "one-channel": grey[..., None],
        "holes": holes, "all-nan": np.full((12, 12), np.nan, np.float32),
        "float-rgb": scenes.unit(rgb), "float-rgba": scenes.unit(scenes.rgba(H, W)),
        "int-rgba": scenes.rgba(H, W).astype(np.int16), "vast": floats * np.float32(1e30),
        "cube": np.zeros((2, 2, 2, 2)), "wide-whole": np.array([[2**40, 1], [2, 3]]),
        "words": np.array([["a", "b"]]), "none": np.zeros((0, 4)),
    }  # fmt: skip


def _write_pillow(folder: Path) -> None:
    """Write what only codecs can: JPEG, WebP, BMP, GIF and animations."""
    photo, grey = Image.fromarray(scenes.rgb(H, W)), Image.fromarray(scenes.grey(H, W))
    frames = [Image.fromarray(frame) for frame in scenes.frames(H, W)]
    turned = Image.Exif()
    turned[0x0112] = 6
    photo.save(folder / "photo.jpg", quality=92, dpi=(300, 300))
    photo.save(folder / "turned.jpg", quality=92, exif=turned)
    grey.save(folder / "grey.jpg", quality=92)
    photo.convert("CMYK").save(folder / "cmyk.jpg", quality=92)
    photo.save(folder / "photo.webp", lossless=True)
    Image.fromarray(scenes.rgba(H, W)).save(folder / "alpha.webp", lossless=True)
    photo.save(folder / "photo.bmp")
    grey.quantize(16).save(folder / "palette.bmp")
    grey.save(folder / "still.gif")
    more: dict[str, Any] = {
        "save_all": True,
        "append_images": frames[1:],
        "duration": [40, 80, 120],
    }
    for name in ("moving.gif", "moving.webp", "moving.png"):
        frames[0].save(folder / name, **more)
    (folder / "cut.jpg").write_bytes((folder / "photo.jpg").read_bytes()[:1500])


def _made_tiffs() -> dict[str, bytes]:
    """Return TIFFs of the rarer kinds: tiled, planar, predicted, premultiplied, big-endian."""
    grey, rgb, rgba = scenes.grey(H, W)[..., None], scenes.rgb(H, W), scenes.rgba(H, W)
    deep, floats = scenes.deepened(rgb), scenes.unit(rgb)
    rgba[..., :3] = rgba[..., :3] * (rgba[..., 3:] / 255)
    return {
        "large.tif": make_tiff(scenes.deepened(scenes.rgb(500, 600)), tile=(500, None)),
        "tiled.tif": make_tiff(deep, tile=(16, 16)),
        "tiled-deflate.tif": make_tiff(deep, tile=(16, 32), compression="deflate", predictor=2),
        "planar.tif": make_tiff(deep, planar=True, tile=(7, None)),
        "big-endian.tif": make_tiff(deep, order=">", compression="packbits"),
        "predicted-floats.tif": make_tiff(floats, compression="deflate", predictor=3),
        "float-rgb.tif": make_tiff(floats, tile=(48, None)),
        "inverse.tif": make_tiff(grey, t262=(0,)),
        "inverse16.tif": make_tiff(scenes.deepened(grey), t262=(0,)),
        "premultiplied.tif": make_tiff(rgba, t338=(1,)),
        "premultiplied16.tif": make_tiff(scenes.deepened(rgba), t338=(1,)),
        "turned.tif": make_tiff(deep, t274=(8,)),
        "mirrored8.tif": make_tiff(rgb, t274=(5,), compression="deflate"),
        "double.tif": make_tiff(floats.astype(np.float64)),
        "bytes-signed.tif": make_tiff((grey.astype(np.int16) - 99).astype(np.int8)),
        "no-strips.tif": make_tiff(deep, t273=None),
        "few-strips.tif": make_tiff(deep, t273=(8,)),
        "no-size.tif": make_tiff(deep, t256=(0,)),
        "cut.tif": make_tiff(deep, t273=tuple(99999 for _ in range(16))),
    }


def _write_tiffs(folder: Path) -> None:
    grey, rgb = scenes.grey(H, W), scenes.rgb(H, W)
    floats = scenes.unit(grey)
    signed = (grey.astype(np.int32) - 100) * 300
    pictures: dict[str, Any] = {
        "grey": grey, "rgb": rgb, "deep": scenes.deepened(grey), "float": floats,
        "signed": signed, "alpha": scenes.rgba(H, W),
    }  # fmt: skip
    for name, pixels in pictures.items():
        Image.fromarray(pixels).save(folder / f"{name}.tif", dpi=(72, 72))
    Image.fromarray(grey).convert("1").save(folder / "bits.tif")
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        Image.fromarray(rgb).save(folder / f"{compression}.tif", compression=compression)
    pages = [Image.fromarray(frame) for frame in scenes.frames(H, W)]
    pages[0].save(folder / "pages.tif", save_all=True, append_images=pages[1:])


def _write_folders(folder: Path) -> None:
    """Gather inputs in folders, for batches and for learning from pairs."""
    folders = {
        "album": {"b.png": "photo.png", "a.pgm": "grey.pgm", "notes.txt": "diff.txt",
                  ".hidden.png": "grey.png", "sub/c.jpg": "photo.jpg",
                  "sub/deeper/d.tif": "deep.tif"},
        "alike": {"x.png": "grey.png", "x.jpg": "grey.jpg", "x.pgm": "grey.pgm"},
        "trouble": {"1.png": "grey.png", "2.png": "cut.png", "3.png": "notes.png",
                    "4.pgm": "grey.pgm"},
        "last": {"1.png": "grey.png", "2.png": "cut.png"},
        "films": {"one.gif": "moving.gif", "two.y4m": "video.y4m", "three.tif": "pages.tif"},
        "before": {"p.png": "grey.png", "q.png": "photo.png"},
        "after": {"p.npy": "f4.npy", "q-edges.png": "grey.png"},
        "lonely": {"p.npy": "f4.npy"},
        "nothing": {},
    }  # fmt: skip
    for name, members in folders.items():
        (folder / name).mkdir()
        for member, source in members.items():
            path = folder / name / member
            path.parent.mkdir(exist_ok=True)
            shutil.copy(folder / source, path)
    (folder / "named").write_bytes(encoders.png(scenes.grey(H, W)))
    lines = ["album/b.png", "album/sub/c.jpg"]
    (folder / "names.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "names.nul").write_bytes("\0".join(lines).encode() + b"\0")
