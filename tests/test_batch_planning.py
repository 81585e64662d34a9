"""What a batch passes over: the edge maps of earlier runs, which say that they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgecli.images import made_by
from tests.batches import contents, pictures
from tests.conftest import Refuse, Run

TOLD = "passed over {} made by edgecli; edgecli detect takes them by name\n"


@pytest.fixture
def album(tmp_path: Path, run: Run) -> Path:
    """A folder of two pictures, and three edge maps beside them."""
    folder = pictures(tmp_path / "album", "a.pgm", "b.pgm")
    run("detect", folder / "a.pgm", folder / "b.pgm", "-q")
    run("detect", folder / "a.pgm", "-o", folder / "c.tif", "-q")
    assert sorted(contents(folder)) == ["a-sobel.png", "a.pgm", "b-sobel.png", "b.pgm", "c.tif"]
    return folder


@pytest.mark.parametrize("source", ["", "*", "?*.*"])
def test_maps_are_no_inputs_of_folders_and_globs(run: Run, album: Path, source: str) -> None:
    out = album.parent / "out"
    result = run("batch", album / source, "-o", out)
    assert sorted(contents(out)) == ["a-sobel.png", "b-sobel.png"]
    assert result.stdout.splitlines()[:2] == ["done         2", "passed over  3 made by edgecli"]
    assert TOLD.format(3) in result.stderr
    last = run("batch", album / source, "-o", out, "--report", "json").stdout.splitlines()[-1]
    assert (json.loads(last)["skipped"], json.loads(last)["passed_over"]) == (2, 3)


def test_maps_that_are_listed_are_inputs(run: Run, album: Path) -> None:
    out, names = album.parent / "out", [str(album / "a-sobel.png"), str(album / "c.tif")]
    result = run("batch", "-", "-o", out, stdin="\n".join(names).encode())
    assert (result.exit_code, result.stderr) == (0, "")
    assert sorted(contents(out)) == ["a-sobel-sobel.png", "c-sobel.png"]


def test_maps_alone_are_refused_with_what_to_do(refuse: Refuse, album: Path) -> None:
    for path in album.glob("*.pgm"):
        path.unlink()
    line = refuse("batch", album, "-o", album.parent / "out", code=2)
    assert "all images are passed over: 3 made by edgecli; edgecli detect takes" in line
    assert refuse("batch", album, "-o", album.parent / "out", "-n", code=2) == line


def test_a_batch_says_nothing_of_maps_of_its_own(run: Run, album: Path) -> None:
    for options in ([], ["-f", "canny"], ["--format", "jpeg"], []):
        result = run("batch", album, "-o", album, *options)
    assert sorted(contents(album)) == [
        "a-canny.png", "a-sobel.jpg", "a-sobel.png", "a.pgm",
        "b-canny.png", "b-sobel.jpg", "b-sobel.png", "b.pgm", "c.tif",
    ]  # fmt: skip
    assert TOLD.format(1) in result.stderr  # c.tif, which is no batch's


def test_the_plan_passes_over_them_too(run: Run, album: Path) -> None:
    told = run("batch", album, "-o", album, "-n", "--report", "json").stdout.splitlines()
    assert [json.loads(line)["input"]["path"] for line in told] == [
        str(album / "a.pgm"),
        str(album / "b.pgm"),
    ]


def test_what_a_batch_knows_is_not_looked_into_again(
    run: Run, album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, looked = album.parent / "out", list[str]()

    def look(path: str) -> bool:
        looked.append(path)
        return made_by.is_ours(path)

    monkeypatch.setattr("edgecli.batch.planning.is_ours", look)
    for known in (False, True):
        looked.clear()
        run("batch", album, "-o", out)
        assert len(looked) == (3 if known else 5)
