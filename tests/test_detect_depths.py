"""Whole numbers that fill few bits of their type, as of microscopes: a line says what to give."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.conftest import Run, Save, noise

EIGHT = noise(60, 70)
TWELVE = EIGHT * np.uint16(16)  # white is 4080
TOLD = "if 4095 is white, give --white 4095"
UP_TO = f"has numbers up to {TWELVE.max()} where white is 65535; {TOLD}"


def noted(run: Run, *args: Any, stdin: bytes = b"") -> str:
    result = run("detect", *args, "-q", stdin=stdin)
    assert result.exit_code == 0, result.stderr
    return result.stderr


@pytest.mark.parametrize(
    ("picture", "line"),
    [
        (TWELVE, UP_TO),
        (EIGHT.astype(np.int32), "up to 255 where white is 2147483647; if 255 is white"),
        (np.int16(12) * (EIGHT // 2) - np.int16(300), f"up to 1224 where white is 32767; {TOLD}"),
        (EIGHT.astype(np.uint16) // 200, "up to 1 where white is 65535; if 1 is white"),
        (np.array([[0, 8191]] * 9, np.uint16), "up to 8191 where white is 65535; if 16383 is"),
        (np.array([[0, 8192]] * 9, np.uint16), None),
        (EIGHT * np.int32(4000), "where white is 2147483647; give with --white the number that is"),
        (EIGHT * np.uint32(16843009), "where white is 9223372036854775807; give with --white the"),
        (EIGHT * np.int32(8_000_000), None),
        (np.zeros((9, 9), np.uint16), None),
        (np.full((9, 9), 77, np.int32), None),  # there are no edges
        (EIGHT // 16, None),  # a dark photo of 8 bits
        (EIGHT * np.uint16(257), None),
    ],
)
def test_a_line_tells_of_numbers_that_are_all_far_below_white(
    run: Run, save: Save, picture: NDArray[Any], line: str | None
) -> None:
    told = noted(run, save("picture.npy", picture))
    assert (line in told) if line else told == ""


@pytest.mark.parametrize(
    ("asked", "is_told"),
    [
        ("--map abs", True), ("--depth float -o e.tif", False), ("-f contours", True),
        ("-f learned-small --depth float -o e.tif", True), ("--threshold 20%", True),
        ("--overlay red -f canny", True),
        ("--grid -f sobel -f canny", True), ("--thin --overlay red -f sobel -o e.svg", True),
        ("-f canny", False), ("--map minmax", False), ("--map raw -o e.npy", False),
        ("--threshold otsu", False), ("--white 65535", False), ("--white 4095", False),
        ("--dry-run", False),
    ],
)  # fmt: skip
def test_it_is_said_where_white_matters(
    run: Run, save: Save, monkeypatch: pytest.MonkeyPatch, asked: str, is_told: bool
) -> None:
    path = save("twelve.png", TWELVE)
    monkeypatch.chdir(path.parent)
    assert noted(run, path, *asked.split()).count(UP_TO) == is_told


@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_is_no_number_of_the_picture(run: Run, save: Save, channels: int) -> None:
    planes = [TWELVE] * (channels - 1)
    clear = np.dstack([*planes, np.full_like(TWELVE, 65535)])
    assert UP_TO in noted(run, save("clear.npy", clear))
    gaps = TWELVE.copy()
    gaps[:9] = 65535
    assert UP_TO in noted(run, save("gaps.npy", gaps), "--nodata", "65535")


def test_each_image_of_a_stream_is_told_of(run: Run) -> None:
    parts = []
    for picture in (TWELVE, EIGHT * np.uint16(257), TWELVE // 2):
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "PNG")
        parts.append(file.getvalue())
    told = noted(run, "-", "-o", "-", stdin=b"".join(parts)).splitlines()
    assert [line.partition(" where")[0] for line in told] == [
        f"edgecli: image - has numbers up to {TWELVE.max()}",
        f"edgecli: image 3 of - has numbers up to {TWELVE.max() // 2}",
    ]


def test_a_batch_tells_of_each_image_and_keeps_to_its_journal(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, picture in (("a", TWELVE), ("b", EIGHT)):
        Image.fromarray(picture).save(tmp_path / "in" / f"{name}.png")
    args = ("batch", tmp_path / "in", "-o", tmp_path / "out", "--jobs", "1")
    first = run(*args)
    assert first.stderr.count(f"image {tmp_path / 'in' / 'a.png'} {UP_TO}\n") == 1
    assert first.stderr.count("where white is") == 1
    journal = (tmp_path / "out" / ".edgecli-batch.jsonl").read_bytes()
    again = run(*args)
    assert (again.exit_code, again.stderr.count(UP_TO)) == (0, 0)
    assert (tmp_path / "out" / ".edgecli-batch.jsonl").read_bytes() == journal


@pytest.mark.parametrize("name", ["sobel", "gaussian:2", "learned-small", "contours"])
@pytest.mark.parametrize("look", ["auto", "abs"])
def test_the_white_that_is_given_draws_what_eight_bits_draw(
    run: Run, save: Save, name: str, look: str
) -> None:
    drawn = []
    for picture, white in ((EIGHT, ()), (TWELVE, ("--white", "4080"))):
        path = save(f"{picture.dtype}.png", picture)
        edges = path.with_suffix(".edges.png")
        told = noted(run, path, "-f", name, "--map", look, "--depth", "8", *white, "-o", edges)
        assert told == ""
        drawn.append(np.asarray(Image.open(edges)).astype(int))
    assert np.abs(drawn[0] - drawn[1]).max() <= 1
