"""Numbers in, numbers out: grids of numbers as inputs, and what their edge maps are."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import correlate

from tests.conftest import SAMPLES, Run, Save, noise

GRID = SAMPLES / "grid-6x6.csv"
VERTICAL = np.array([[1, 0, -1]] * 3)


def edges_of(grid: Any) -> Any:
    """Return what ``vertical`` gives of a grid without padding."""
    return correlate(grid.astype(np.int64), VERTICAL, mode="constant")[1:-1, 1:-1]


def as_csv(text: str) -> Any:
    """Return the grid of a CSV file."""
    return np.loadtxt(io.StringIO(text), delimiter=",", ndmin=2)


def test_a_grid_gives_a_grid_beside_it_and_in_the_report(run: Run, save: Save) -> None:
    grid = np.random.default_rng(0).integers(0, 256, (6, 7))
    path = save("grid.csv", grid)
    result = run("detect", path, "-f", "vertical", "--padding", "valid")
    written = path.with_name("grid-vertical.csv")
    np.testing.assert_array_equal(as_csv(written.read_text()), edges_of(grid))
    shown = [line.split() for line in result.stdout.splitlines()[-4:]]
    np.testing.assert_array_equal(np.array(shown, float), edges_of(grid))


@pytest.mark.parametrize(("side", "shown"), [(22, True), (23, False)])
def test_a_report_shows_at_most_twenty_by_twenty(
    run: Run, save: Save, side: int, shown: bool
) -> None:
    result = run("detect", save("grid.csv", noise(side, 9)), "-f", "vertical", "--padding", "valid")
    rows = [line.split() for line in result.stdout.splitlines()]
    assert sum(len(row) == 7 and row[0].lstrip("-").isdigit() for row in rows) == 20 * shown


def test_what_machines_read_holds_no_map(run: Run, save: Save) -> None:
    path = save("grid.csv", [[1, 2], [3, 4]])
    for report in ("json", "csv", "markdown"):
        told = run("detect", path, "-f", "vertical", "--report", report).stdout
        assert "grid-vertical.csv" in told
        assert "-3 -3" not in told
    assert "-3 -3" in run("detect", path, "-f", "vertical").stdout


@pytest.mark.parametrize("options", [(), ("-o", "-"), ("--format", "csv")])
def test_standard_input_gives_numbers_too(run: Run, options: tuple[str, ...]) -> None:
    asked = ("detect", "-", "-f", "vertical", "--padding", "valid", *options)
    result = run(*asked, stdin=GRID.read_bytes())
    numbers = edges_of(as_csv(GRID.read_text()))
    np.testing.assert_array_equal(as_csv(result.stdout), numbers)
    assert "map raw" in result.stderr
    assert "\n                 -5" not in result.stderr  # the map is on standard output already


PICTURES = [
    (), ("--map", "abs"), ("--depth", "8"), ("--invert",), ("--colormap", "violet"),
    ("--threshold", "3"), ("--hysteresis", "1,3"), ("--alpha-out",), ("-f", "canny"), ("--preview",)
]  # fmt: skip


@pytest.mark.parametrize("options", PICTURES)
def test_who_asks_for_a_picture_gets_one(run: Run, save: Save, options: tuple[str, ...]) -> None:
    path = save("grid.csv", noise(6, 6))
    name = ("-o", path.parent / "edges.png") if not options else ()
    assert run("detect", path, *options, *name).exit_code == 0
    (written,) = {*path.parent.iterdir()} - {path}
    with Image.open(written) as picture:
        assert picture.size == (6, 6)


@pytest.mark.parametrize("extension", [".csv", ".npy", ".tif"])
def test_formats_that_hold_numbers_get_them(run: Run, save: Save, extension: str) -> None:
    path = save("grid.csv", noise(6, 6))
    output = path.parent / f"edges{extension}"
    run("detect", path, "-f", "vertical", "--padding", "valid", "-o", output)
    readers: dict[str, Callable[[Path], Any]]
    readers = {".csv": lambda p: as_csv(p.read_text()), ".npy": np.load, ".tif": Image.open}
    read = readers[extension]
    np.testing.assert_array_equal(np.asarray(read(output)), edges_of(as_csv(path.read_text())))


def test_arrays_and_pictures_give_pictures(run: Run, save: Save) -> None:
    for name in ("a.npy", "a.png"):
        path = save(name, noise(6, 6))
        run("detect", path, "-f", "vertical")
    assert path.with_name("a-vertical.png").exists()


def test_a_batch_gives_numbers_for_grids_and_pictures_for_pictures(
    run: Run, save: Save, tmp_path: Path
) -> None:
    save("in.png", noise(6, 6))
    grid = save("grid.csv", noise(6, 6))
    asked = ("batch", tmp_path, "-o", tmp_path / "out", "-f", "vertical", "--padding", "valid")
    for skipped in (0, 2):
        told = run(*asked, "--report", "json").stdout
        assert f'"skipped": {skipped}' in told
        assert {"in-vertical.png", "grid-vertical.csv"} < {*map(str, names(tmp_path / "out"))}
    written = (tmp_path / "out" / "grid-vertical.csv").read_text()
    np.testing.assert_array_equal(as_csv(written), edges_of(as_csv(grid.read_text())))
    assert '"done": 2' in run(*asked, "--map", "clip", "--report", "json").stdout
    assert (tmp_path / "out" / "grid-vertical.png").exists()


def names(folder: Path) -> set[str]:
    """Return the names of a folder's files."""
    return {path.name for path in folder.iterdir()}
