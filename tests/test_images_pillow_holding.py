"""What images take that are held whole: said before they are decoded, and as it turns out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from edgecli.detect.holding import BYTES_PER_PIXEL
from edgecli.images.files import open_images
from tests.conftest import Run
from tests.corpus import encoders, scenes
from tests.test_images_psd import planes_of, psd, rows_in
from tests.tiff_files import make_tiff

SIDE = 2000
MEASURE = """
import sys
from edgecli.images.files import open_images
from edgecli.images.pillow import reading
def peak():  # of this program alone, unlike what getrusage tells of a child
    return next(int(line.split()[1]) for line in open("/proc/self/status") if "VmHWM" in line) << 10
def opened(**more): return next(open_images(sys.argv[1], max_pixels=10**9, **more))
small = peak()
source = opened()
(rows,) = source.blocks([(0, 1)])
print(source.info.held, peak() - small)
"""

FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    "webp": ("WEBP", {"lossless": True, "quality": 0, "method": 0}),
    "lossy webp": ("WEBP", {"quality": 80, "method": 0}),
    "jpeg": ("JPEG", {}),
    "progressive": ("JPEG", {"progressive": True}),
    "full progressive": ("JPEG", {"progressive": True, "subsampling": 0}),
    "jpeg 2000": ("JPEG2000", {"irreversible": True}),
    "bmp": ("BMP", {}),
}


QUICKLY: dict[str, dict[str, Any]] = {
    "HEIF": {"enc_params": {"preset": "ultrafast"}},
    "JXL": {"effort": 1},
}
"""Options of encoders, whose work is not what is looked at."""


def picture(side: int = SIDE) -> Image.Image:
    ramp = np.add.outer(np.arange(side), np.arange(side)) // 8 % 256
    return Image.fromarray(np.dstack([ramp, ramp.T, 255 - ramp]).astype(np.uint8))


def said_of(path: Path) -> int:
    """Return what is said of an image, which is about what it takes beside its file."""
    told = subprocess.run(
        [sys.executable, "-c", MEASURE, path], capture_output=True, text=True, check=True
    )
    said, taken = map(int, told.stdout.split())
    assert said * 0.6 - 5e6 < taken - path.stat().st_size < said * 1.25 + 15e6
    return said


only_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells a program its own peak"
)


@only_linux
@pytest.mark.parametrize("name", FORMATS)
def test_it_takes_about_what_is_said(tmp_path: Path, name: str) -> None:
    kind, options = FORMATS[name]
    path = tmp_path / "image"
    picture().save(path, kind, **options)
    said = said_of(path)
    assert said / SIDE**2 <= BYTES_PER_PIXEL - 12  # a batch plans with that, and a map


@only_linux
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("name", ["HEIF", "JXL"])
def test_pictures_of_packages_take_about_what_is_said(tmp_path: Path, name: str, mode: str) -> None:
    if name == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    else:
        pytest.importorskip("pillow_jxl")
    picture().convert(mode).save(tmp_path / "image", name, **QUICKLY[name])
    assert said_of(tmp_path / "image") >= SIDE**2 * len(mode)


@only_linux
@pytest.mark.parametrize("kind", ["plain", "decimals", "ESRI"])
def test_numbers_take_about_what_is_said(tmp_path: Path, kind: str) -> None:
    path, side = tmp_path / "image", 1000
    numbers = np.asarray(picture(side).convert("L")) / (7 if kind == "decimals" else 1)
    lines = "\n".join(" ".join(f"{n:.6g}" for n in row) for row in numbers.tolist())
    head = f"ncols {side}\nnrows {side}\nNODATA_value 0\n" if kind == "ESRI" else ""
    path.write_text(head + lines)
    assert said_of(path) > 8 * side**2


def test_whatever_is_in_memory_says_so(run: Run, tmp_path: Path) -> None:
    wide = np.arange(35).reshape(5, 7, 1) << 40
    (tmp_path / "a.tif").write_bytes(make_tiff(wide))
    np.save(tmp_path / "b.npy", wide)  # is mapped
    (tmp_path / "c.psd").write_bytes(psd(rows_in(planes_of(3)), 3))
    held = {}
    for path in sorted(tmp_path.iterdir()):
        told = json.loads(run("detect", path, "-n", "--report", "json").stdout)
        held[path.name] = told["input"].get("held_bytes", 0)
    assert held == {"a.tif": 8 * 35, "b.npy": 0, "c.psd": 2 * planes_of(3).nbytes}


@pytest.mark.parametrize("name", FORMATS)
def test_a_dry_run_says_so_and_decodes_nothing(
    run: Run, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, options = FORMATS[name]
    path = tmp_path / "image"
    picture(300).save(path, kind, **options)
    source = next(open_images(str(path), max_pixels=10**6, grey=True))

    def refuse(*_: Any) -> None:
        raise AssertionError

    if kind != "BMP":
        monkeypatch.setattr(ImageFile.ImageFile, "load", refuse)
    result = run("detect", path, "--dry-run", "--report", "json")
    assert json.loads(result.stdout)["input"]["held_bytes"] == source.info.held > 0
    assert "memory           the image is held whole: " in run("detect", path, "-n").stdout


def test_what_is_streamed_says_nothing(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    picture(300).save(path)
    told = json.loads(run("detect", path, "-n", "--report", "json").stdout)
    assert "held_bytes" not in told["input"]
    assert "held" not in run("detect", path, "-n").stdout


def test_interlaced_png_and_turned_pictures_are_held(run: Run, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    turned, laced = tmp_path / "turned.png", tmp_path / "laced.png"
    picture(300).save(turned, exif=exif)
    laced.write_bytes(encoders.png(scenes.rgb(30, 20), interlaced=True))
    held = {}
    for path in (turned, laced):
        told = json.loads(run("detect", path, "-n", "--report", "json").stdout)
        held[path.stem] = told["input"]["held_bytes"]
    assert held == {"turned": 300 * 300 * 3, "laced": 30 * 20 * 3}
