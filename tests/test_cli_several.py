"""Several edge maps in one file: a volume, pages, blocks."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.conftest import Refuse, Run, Save, noise

FILTERS = ("-f", "vertical", "-f", "gradient:2", "-f", "log:1", "--map", "raw")
NAMES = ["vertical", "gradient-2", "log-1"]


def blocks(text: str) -> list[Any]:
    """Return the grids of a CSV file, as NumPy reads them one by one."""
    parts = text.split("\n\n")
    return [np.loadtxt(io.StringIO(part), delimiter=",", ndmin=2) for part in parts]


def alone(run: Run, path: Path, *options: str) -> list[Any]:
    """Return the maps in files of their own."""
    folder = path.parent / "alone"
    assert run("detect", path, *options, "--format", "npy", "-o", f"{folder}/", "-q").exit_code == 0
    return [np.load(folder / f"{path.stem}-{name}.npy") for name in NAMES]


@pytest.mark.parametrize(
    "options", [(), ("--channels", "max"), ("--border", "5"), ("--hysteresis", "p50,p90")]
)
@pytest.mark.parametrize("size", [(9, 11), (1500, 700)])
def test_a_volume_has_a_channel_for_every_map(
    run: Run, save: Save, options: tuple[str, ...], size: tuple[int, int]
) -> None:
    path = save("in.png", noise(*size, 3))
    maps = alone(run, path, *FILTERS, *options)
    output = path.parent / "maps.npy"
    result = run("detect", path, *FILTERS, *options, "-o", output, "--threads", "2")
    assert result.exit_code == 0
    volume = np.load(output)
    assert volume.shape == (*size, 3)
    assert volume.dtype == np.result_type(*maps)
    np.testing.assert_array_equal(volume, np.stack(maps, axis=-1))


def test_a_document_has_a_page_for_every_map(run: Run, save: Save) -> None:
    path = save("in.png", noise(20, 30))
    maps = alone(run, path, *FILTERS)
    run("detect", path, *FILTERS, "-o", path.parent / "maps.tif")
    with tifffile.TiffFile(path.parent / "maps.tif") as document:
        pages = [page.asarray() for page in document.pages]
    for page, expected in zip(pages, maps, strict=True):
        assert page.dtype == expected.dtype
        np.testing.assert_array_equal(page, expected)


def test_a_page_may_be_in_colour(run: Run, save: Save) -> None:
    path = save("in.png", noise(20, 30))
    asked = ("-f", "sobel", "-f", "log:2", "--colormap", "ember")
    run("detect", path, *asked, "-o", path.parent / "maps.tif")
    run("detect", path, *asked)
    with tifffile.TiffFile(path.parent / "maps.tif") as document:
        pages = [page.asarray() for page in document.pages]
    for page, name in zip(pages, ("in-sobel.png", "in-log-2.png"), strict=True):
        np.testing.assert_array_equal(page, np.asarray(Image.open(path.with_name(name))))


@pytest.mark.parametrize("output", ["maps.csv", "-"])
def test_a_grid_has_a_block_of_lines_for_every_map(run: Run, save: Save, output: str) -> None:
    path = save("in.csv", noise(7, 9))
    maps = alone(run, path, *FILTERS)
    file = path.parent / output if output != "-" else output
    result = run("detect", path, *FILTERS[:-2], "-o", file, "--format", "csv")
    text = result.stdout if output == "-" else Path(file).read_text()
    for block, expected in zip(blocks(text), maps, strict=True):
        np.testing.assert_array_equal(block.astype(expected.dtype), expected)


def test_every_page_of_every_map_is_in_one_document(run: Run, save: Save, tmp_path: Path) -> None:
    pages = [noise(6, 7), noise(6, 7)[::-1].copy()]
    tifffile.imwrite(tmp_path / "in.tif", np.stack(pages), photometric="minisblack")
    asked = ("-f", "vertical", "-f", "horizontal", "--map", "raw", "--all-frames")
    run("detect", tmp_path / "in.tif", *asked, "-o", tmp_path / "maps.tif")
    expected = []
    for page in pages:
        run("detect", save("page.png", page), *asked[:-1], "-o", tmp_path / "page.npy")
        expected += [*np.moveaxis(np.load(tmp_path / "page.npy"), -1, 0)]
    found = tifffile.imread(tmp_path / "maps.tif")
    np.testing.assert_array_equal(found, expected)


def test_a_stream_of_images_gives_a_stream_of_volumes(run: Run) -> None:
    images = [noise(5, 6), noise(5, 6)[::-1]]
    stream = b"".join(b"P5 6 5 255\n" + image.tobytes() for image in images)
    asked = ("-f", "vertical", "-f", "horizontal", "--format", "npy")
    written = io.BytesIO(run("detect", "-", *asked, stdin=stream).stdout_bytes)
    for image in images:
        one = b"P5 6 5 255\n" + image.tobytes()
        alone = io.BytesIO(run("detect", "-", *asked, stdin=one).stdout_bytes)
        np.testing.assert_array_equal(np.load(written), np.load(alone))


def test_a_report_names_the_maps_of_one_file(run: Run, save: Save) -> None:
    path = save("in.png", noise(9, 9))
    output = path.parent / "maps.npy"
    asked = ("detect", path, *FILTERS, "-o", output)
    told = json.loads(run(*asked, "--report", "json").stdout)["outputs"]
    names = ["vertical", "gradient:2", "log:1"]
    assert [(one["path"], one["name"]) for one in told] == [(str(output), name) for name in names]
    rows = [line.split() for line in run(*asked).stdout.splitlines()]
    assert [row[2] for row in rows if row[:2] == ["edge", "map"]] == names
    assert run(*asked, "--no-clobber").stderr == f"edgecli: kept {output}\n"


def test_a_volume_has_no_colours(refuse: Refuse, save: Save) -> None:
    path = save("in.png", noise(9, 9, 3))
    asked = ("detect", path, *FILTERS[:4], "-o", path.parent / "maps.npy")
    for options in (("--colormap", "ember"), ("--channels", "each")):
        said = refuse(*asked, *options, code=2)
        assert "as the channels of a volume, and each of these has 3" in said
        assert not (path.parent / "maps.npy").exists()


# --- the report of several maps ---------------------------------------------------------------

SUMS = ("parameters", "macs")
OWN = ("filters", "padding", "receptive_field", "connections_per_output", *SUMS)

KINDS = [
    ("-f", "vertical", "-f", "canny"),
    ("-f", "sobel", "-f", "1 0 0 0 -1", "-f", "1 -1; 1 -1"),
    ("-f", "log:1", "-f", "vertical", "--stride", "2", "--dilation", "2"),
    ("-f", "vertical", "-f", "log:1", "--channels", "rgb", "--bias", "3"),
    ("-f", "1 0; 0 -1", "-f", "1 2 -3", "--convolve", "--channels", "max"),
]


def apart(options: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the options with one filter each."""
    places = [n for n, option in enumerate(options) if option == "-f"]
    others = options[places[-1] + 2 :]
    return [(*options[n : n + 2], *others) for n in places]


@pytest.mark.parametrize("options", KINDS)
def test_each_map_is_told_of_as_if_it_were_alone(
    run: Run, save: Save, options: tuple[str, ...]
) -> None:
    path = save("in.png", noise(31, 33, 3))
    detect = ("detect", path, "--report", "json", "-o", f"{path.parent}/out/")

    def told(some: tuple[str, ...]) -> Any:
        # Inline filters are numbered where there are several.
        return json.loads(re.sub(r"\bcustom-\d", "custom", run(*detect, *some).stdout))

    together, singles = told(options), [told(one) for one in apart(options)]
    for own, single in zip(together["outputs"], singles, strict=True):
        assert {key: own[key] for key in OWN} == {key: single[key] for key in OWN}
    assert together["macs"] == sum(single["macs"] for single in singles)
    for kind in ("weights", "biases", "total"):
        total = sum(single["parameters"][kind] for single in singles)
        assert together["parameters"][kind] == total
    assert together["filters"] == [one for single in singles for one in single["filters"]]


def test_each_map_is_as_if_it_were_alone(run: Run, save: Save) -> None:
    path = save("in.png", noise(31, 33, 3))
    for options in KINDS:
        detect = ("detect", path, "-q", "--map", "raw")
        run(*detect, *options, "-o", path.parent / "all.npy")
        volume = np.load(path.parent / "all.npy")
        for n, one in enumerate(apart(options)):
            run(*detect, *one, "-o", path.parent / "one.npy")
            np.testing.assert_allclose(volume[..., n], np.load(path.parent / "one.npy"), atol=1e-3)


@pytest.mark.parametrize("padding", ["valid", "3", "4,3,2,1"])
def test_what_a_smaller_filter_leaves_out_is_told(run: Run, save: Save, padding: str) -> None:
    path = save("in.png", noise(20, 30))
    asked = ("-f", "vertical", "-f", "1 0 0 -1", "-f", "log:0.5", "--padding", padding)
    told = json.loads(
        run("detect", path, *asked, "--report", "json", "-o", f"{path.parent}/out/").stdout
    )
    for own in told["outputs"]:
        (kernel,) = (one["shape"] for one in own["filters"])
        around = own["padding"]
        height = 20 + around["top"] + around["bottom"] - kernel[0] + 1
        width = 30 + around["left"] + around["right"] - kernel[1] + 1
        assert [height, width] == told["output_shape"][:2]


def test_the_table_has_a_section_for_each_map(run: Run, save: Save) -> None:
    result = run("detect", save("in.png", noise(40, 50)), "-f", "vertical", "-f", "canny")
    lines = [line.split() for line in result.stdout.splitlines()]
    found = [line[:2] for line in lines if line and line[0] in {"edge", "padding", "parameters"}]
    assert found == [
        ["edge", "map"], ["padding", "1,1,1,1"], ["parameters", "9"],
        ["edge", "map"], ["padding", "7,7,7,7"], ["parameters", "450"], ["parameters", "459"],
    ]  # fmt: skip
    assert ["together", "2", "edge", "maps"] in lines


def test_images_that_follow_each_other_are_blocks_of_lines(run: Run, save: Save) -> None:
    grids = [noise(4, 5), noise(4, 5)[::-1]]
    paths = [save(f"{n}.png", grid) for n, grid in enumerate(grids)]
    options = "-f", "identity", "-f", "vertical", "--map", "raw", "--format", "csv", "-o", "-", "-q"
    found = blocks(run("detect", *paths, *options).stdout)
    assert len(found) == 4
    for grid, block in zip(grids, found[::2], strict=True):
        np.testing.assert_array_equal(block, grid)
    stream = b"".join(path.read_bytes() for path in paths)
    assert len(blocks(run("detect", "-", *options, stdin=stream).stdout)) == 4
    single = "-f", "identity", *options[4:]
    assert len(blocks(run("detect", "-", *single, stdin=stream).stdout)) == 2


@pytest.mark.parametrize("format_", ["svg", "dxf", "geojson", "points", "tiff", "y4m"])
def test_what_no_reader_would_read_on_is_not_written_twice(
    refuse: Refuse, save: Save, format_: str
) -> None:
    paths = [save(f"{n}.png", noise(9, 9)) for n in range(2)]
    said = refuse("detect", *paths, "--format", format_, "-o", "-", code=2)
    assert f"{format_} holds the maps of one input" in said


def test_a_stream_makes_pages_of_one_document_or_is_refused(run: Run, save: Save) -> None:
    stream = 2 * save("a.png", noise(9, 9)).read_bytes()
    options = "detect", "-", "--format", "tiff", "-o", "-", "-q"
    result = run(*options, stdin=stream)
    assert result.exit_code == 1
    assert "tiff holds one image, and - has more; add --all-frames" in result.stderr
    whole = run(*options, "--all-frames", stdin=stream).stdout_bytes
    assert len(tifffile.TiffFile(io.BytesIO(whole)).pages) == 2
