"""What is to be known of an image that was read all the same: on standard error, and in reports."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgecli.images import netpbm, readers
from edgecli.images.readers import Opened
from edgecli.rows.base import Source
from tests.batches import pictures
from tests.conftest import Run

WHILE_OPENING, AFTER_THE_ROWS = "lacks its end marker", "is followed by 16 bytes"
NOTES = [WHILE_OPENING, AFTER_THE_ROWS]


def _read_with_notes(file: Opened) -> Iterator[Source]:
    source = netpbm.read_image(file.stream, file.path, max_pixels=file.max_pixels)
    source.info.notes.append(WHILE_OPENING)
    yield source
    source.info.notes.extend([AFTER_THE_ROWS, WHILE_OPENING])  # said twice, it is told once


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A PGM of which the reader has something to say."""
    row = (lambda head: head.startswith(b"P5"), _read_with_notes)
    monkeypatch.setattr(readers, "READERS", (row, *readers.READERS))
    return pictures(tmp_path / "in", "a.pgm") / "a.pgm"


def _lines(path: Path) -> list[str]:
    return [f"edgecli: image {path} {note}" for note in NOTES]


@pytest.mark.parametrize("options", [(), ("-q",), ("--report", "json"), ("--grid",)])
def test_notes_are_told_whatever_is_reported(
    run: Run, noted: Path, options: tuple[str, ...]
) -> None:
    result = run("detect", noted, *options)
    assert result.exit_code == 0
    assert set(result.stderr.splitlines()) <= set(_lines(noted))
    assert result.stderr.splitlines()[0] == _lines(noted)[0]


def test_every_report_holds_them(run: Run, noted: Path) -> None:
    table = run("detect", noted).stdout
    assert "\nnotes" in table
    assert all(f" {note}\n" in table for note in NOTES)
    assert json.loads(run("detect", noted, "--report", "json").stdout)["warnings"] == NOTES
    (row,) = csv.DictReader(io.StringIO(run("detect", noted, "--report", "csv").stdout))
    assert row["warnings"] == "; ".join(NOTES)


def test_a_report_without_notes_has_no_such_key(run: Run, tmp_path: Path) -> None:
    path = pictures(tmp_path / "in", "a.pgm") / "a.pgm"
    assert "warnings" not in json.loads(run("detect", path, "--report", "json").stdout)


def test_a_batch_tells_them_in_the_order_of_its_inputs(run: Run, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "in", "a.pgm", "b.pgm", "c.pgm")
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes() + b"tail")
    note = "is followed by 4 bytes that are no image; they are left out"
    given = ("batch", folder, "-o", tmp_path / "out", "--report", "json")
    result = run(*given, "--jobs", "2")
    told = [f"edgecli: image {folder / name} {note}" for name in ("a.pgm", "b.pgm", "c.pgm")]
    assert (result.exit_code, result.stderr.splitlines()) == (0, told)
    *records, _ = map(json.loads, result.stdout.splitlines())
    assert [record["warnings"] for record in records] == [[note]] * 3
    assert json.loads(run(*given).stdout.splitlines()[0])["warnings"] == [note]


@pytest.mark.parametrize(
    "arguments",
    [
        ("trace", "IMAGE", "-f", "vertical", "--at", "1,1"),
        ("detect", "OTHER", "--mask", "IMAGE"),
        ("learn", "OTHER", "IMAGE", "--size", "3", "-o", "FOLDER/f.txt"),
        ("network", "run", "learned-small", "IMAGE", "-o", "FOLDER/maps", "-q"),
    ],
)
def test_whatever_reads_an_image_tells_its_notes(
    run: Run, noted: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    other = tmp_path / "other.csv"
    other.write_text("1,2,3,4,5,6,7,8\n" * 8, "utf-8")
    given = " ".join(arguments)
    for word, place in (("IMAGE", noted), ("OTHER", other), ("FOLDER", tmp_path)):
        given = given.replace(word, str(place))
    result = run(*given.split())
    assert result.exit_code == 0
    assert _lines(noted)[0] in result.stderr
