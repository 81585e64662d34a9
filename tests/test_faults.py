"""Damaged inputs and full disks: an edge map or one clear line, and nothing partial."""

from __future__ import annotations

import io
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgecli.detect.inputs import Limits
from edgecli.detect.jobs import detect_input
from edgecli.detect.outputs import Target, name_job
from edgecli.detect.settings import Settings
from edgecli.errors import EdgeCliError
from edgecli.operators.operators import load_operator

SETTINGS = Settings((load_operator("vertical"),), threads=1)
RNG = np.random.default_rng(11)
GREY = RNG.integers(0, 256, (24, 31), np.uint8)
COLOUR = RNG.integers(0, 256, (24, 31, 3), np.uint8)


def by_pillow(array: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, kind)
    return file.getvalue()


def numpy_file() -> bytes:
    file = io.BytesIO()
    np.save(file, GREY)
    return file.getvalue()


CORPUS: dict[str, Callable[[], bytes]] = {
    "grey.png": lambda: by_pillow(GREY, "png"),
    "colour.png": lambda: by_pillow(COLOUR, "png"),
    "palette.png": lambda: by_pillow(GREY // 64, "png"),
    "colour.jpg": lambda: by_pillow(COLOUR, "jpeg"),
    "colour.webp": lambda: by_pillow(COLOUR, "webp"),
    "grey.tif": lambda: by_pillow(GREY, "tiff"),
    "colour.bmp": lambda: by_pillow(COLOUR, "bmp"),
    "grey.gif": lambda: by_pillow(GREY, "gif"),
    "grey.pgm": lambda: b"P5 31 24 255\n" + GREY.tobytes(),
    "colour.ppm": lambda: b"P6 31 24 255\n" + COLOUR.tobytes(),
    "plain.pgm": lambda: b"P2 31 24 255\n" + " ".join(map(str, GREY.ravel())).encode(),
    "grey.y4m": lambda: b"YUV4MPEG2 W31 H24 F25:1 Cmono\nFRAME\n" + GREY.tobytes(),
    "grey.npy": numpy_file,
    "grey.csv": lambda: "\n".join(",".join(map(str, row)) for row in GREY).encode(),
}


def detect_whole_or_nothing(data: bytes, name: str, folder: Path) -> bool:
    """Detect edges of some bytes; whatever comes, no partial file may be there afterwards."""
    source, out = folder / name, folder / "out"
    source.write_bytes(data)
    out.mkdir(exist_ok=True)
    results, failure = [], ""
    try:
        job = name_job(str(source), SETTINGS, Target(str(out), folder=True))
        results = detect_input(job, SETTINGS, Limits())
    except EdgeCliError as error:
        failure = str(error)
    assert "\n" not in failure
    for result in results:
        (path,) = result.outputs
        with Image.open(path) as edges:
            edges.load()
            assert edges.size == (result.detection.map_shape[1], result.detection.map_shape[0])
        Path(path).unlink()
    assert not list(out.iterdir())
    return not failure


@pytest.mark.parametrize("name", CORPUS)
def test_a_file_cut_anywhere(name: str, tmp_path: Path) -> None:
    data = CORPUS[name]()
    assert detect_whole_or_nothing(data, name, tmp_path)
    done = [detect_whole_or_nothing(data[:end], name, tmp_path) for end in range(0, len(data), 64)]
    assert not done[0]


@pytest.mark.parametrize("name", CORPUS)
def test_a_file_with_a_byte_flipped(name: str, tmp_path: Path) -> None:
    data = CORPUS[name]()
    for place in range(0, len(data), 41):
        damaged = bytearray(data)
        damaged[place] ^= 1 << place % 8
        detect_whole_or_nothing(bytes(damaged), name, tmp_path)


@pytest.mark.parametrize("extension", ["png", "tiff", "webp", "csv"])
def test_a_disk_that_fills_up(extension: str, tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk."""
    source, output = tmp_path / "in.pgm", tmp_path / f"out.{extension}"
    source.write_bytes(b"P5 200 200 255\n" + RNG.integers(0, 256, 40_000, np.uint8).tobytes())
    output.write_bytes(b"old")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    command = [sys.executable, "-m", "edgecli", "detect", str(source), "-o", str(output), "-q"]
    done = subprocess.run(command, capture_output=True, check=False, preexec_fn=limit)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert b"cannot be written" in done.stderr
    assert output.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.pgm", output.name]
