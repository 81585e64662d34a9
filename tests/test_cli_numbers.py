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

from tests.conftest import SAMPLES, Refuse, Run, Save, noise

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
    for report in ("json", "csv"):
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


# --- what is white ---------------------------------------------------------------------------


WAYS = [
    (1, ("-f", "sobel")), (1, ("-f", "sobel", "--map", "gain")), (1, ("-f", "canny")),
    (1, ("-f", "gradient:2", "--threshold", "10%")), (1, ("-f", "sobel", "--depth", "float")),
    (3, ("-f", "gradient:2", "--thin", "--channels", "max")), (3, ("-f", "contours")),
    (3, ("-f", "learned-small")), (1, ("-f", "vertical", "--overlay", "red")),
    (4, ("-f", "learned-small", "--overlay", "red")),
]  # fmt: skip


@pytest.mark.parametrize(("channels", "options"), WAYS)
def test_floats_of_a_white_give_the_edges_of_the_picture(
    run: Run, save: Save, channels: int, options: tuple[str, ...]
) -> None:
    pixels = noise(40, 48, channels) if channels > 1 else noise(40, 48)
    pixels[8:30, 10:40] //= 4
    floats = pixels.astype(float)
    if channels == 4:
        floats[..., 3] /= 255  # what is opaque in floats is 1
    maps = []
    for name, picture, white in (("8.png", pixels, ()), ("f.npy", floats, ("--white", "255"))):
        path = save(name, picture)
        output = path.with_suffix(".tif")
        result = run("detect", path, *options, *white, "-o", output, "-q")
        assert (result.exit_code, result.stderr) == (0, "")
        with Image.open(output) as written:
            maps.append(np.asarray(written).astype(float))
    # Levels that lie between two are rounded either way; paper is laid under whole numbers.
    apart = np.abs(maps[0] - maps[1])
    assert apart.max() <= (4 if channels == 4 else 1)
    assert np.mean(apart > 1e-5) < (1 if channels == 4 else 0.01)
    assert maps[0].max() > 0


def test_whole_numbers_of_few_bits_can_have_their_own_white(run: Run, save: Save) -> None:
    pixels = noise(20, 30)
    deep = save("deep.npy", pixels.astype(np.uint16))
    run(
        "detect", deep, "-f", "sobel", "--white", "255", "--depth", "8", "-o", deep.parent / "a.png"
    )
    run("detect", save("flat.png", pixels), "-f", "sobel", "-o", deep.parent / "b.png")
    maps = [np.asarray(Image.open(deep.parent / name)).astype(int) for name in ("a.png", "b.png")]
    assert np.abs(maps[0] - maps[1]).max() <= 1


def test_a_report_says_what_white_was_given(run: Run, save: Save) -> None:
    path = save("image.npy", noise(6, 6).astype(float))
    asked = ("detect", path, "-o", path.parent / "edges.png")
    for white in ((), ("--white", "255")):
        told = run(*asked, *white, "--report", "json").stdout
        assert ('"white": 255.0' in told) == bool(white)
        rows = [line.split() for line in run(*asked, *white).stdout.splitlines()]
        assert (["white", "255"] in rows) == bool(white)


def test_a_network_that_is_run_takes_white_too(run: Run, save: Save) -> None:
    pixels = noise(20, 24)
    arrays = []
    for path, white in ((save("a.png", pixels), ()), (save("b.npy", pixels / 1), ("255",))):
        output = path.with_suffix(".npz")
        asked = ("network", "run", "learned-small", path, "-o", output, "-q")
        assert run(*asked, *(("--white", *white) if white else ())).stderr == ""
        with np.load(output) as layers:
            arrays.append([layers[name] for name in layers])
    for ours, theirs in zip(*arrays, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("white", ["0", "-1", "nan", "inf"])
def test_white_is_above_nothing(refuse: Refuse, save: Save, white: str) -> None:
    path = save("image.npy", noise(6, 6) / 1)
    said = refuse("detect", path, "--white", white, code=2)
    assert said == f"white must be a number above 0, not {white}; give 255 or another"
    asked = ("network", "run", "edges-rgb", path, "-o", path.parent / "maps")
    assert refuse(*asked, "--white", white, code=2) == said
