"""Lines, looks and contact sheets from the command line, with what reports say of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgecli import detect_edges
from edgecli.detect.sheet import GRID_FILTERS
from tests.conftest import SAMPLES, Refuse, Run, Save, noise


@pytest.fixture
def picture(save: Save) -> Path:
    return save("img.png", noise(30, 40))


def pixels(path: Path) -> Any:
    with Image.open(path) as image:
        return np.asarray(image)


def output_facts(run: Run, *args: Any) -> dict[str, Any]:
    result = run("detect", *args, "--report", "json")
    assert result.exit_code == 0, result.stderr
    facts: dict[str, Any] = json.loads(result.stdout)["output"]
    return facts


@pytest.mark.parametrize(
    ("options", "call"),
    [
        (["--thin"], {"thin": True}),
        (["--threshold", "20%"], {"threshold": "20%"}),
        (["--thin", "--threshold", "otsu"], {"thin": True, "threshold": "otsu"}),
        (["--hysteresis", "100,p80"], {"hysteresis": "100,p80"}),
    ],
)
def test_the_options_are_those_of_detect_edges(
    run: Run, picture: Path, options: list[str], call: dict[str, Any]
) -> None:
    output = picture.with_name("edges.png")
    assert run("detect", picture, "-o", output, *options).exit_code == 0
    np.testing.assert_array_equal(pixels(output), detect_edges(pixels(picture), **call))


def test_reports_say_how_lines_were_made(run: Run, picture: Path) -> None:
    facts = output_facts(run, picture, "--thin", "--hysteresis", "10%,400")
    assert facts["thinning"] == "non-maximum suppression, interpolated"
    assert facts["threshold"] == {
        "method": "10%,400", "low": pytest.approx(144.25, abs=0.01), "high": 400,
    }  # fmt: skip
    assert "threshold" not in output_facts(run, picture)
    assert output_facts(run, picture, "-f", "log:2", "--thin")["thinning"] == "zero crossings"
    explained = output_facts(run, picture, "-f", "canny", "--explain")
    assert explained["threshold"] == {"method": "auto"}


def test_the_table_says_it_in_a_line(run: Run, picture: Path) -> None:
    table = run("detect", picture, "-f", "canny:1", "--threshold", "50").stdout
    assert "non-maximum suppression, eight sectors, threshold 50 (over 50)" in table
    table = run("detect", picture, "--hysteresis", "50,90").stdout
    assert "threshold 50,90 (over 50 beside 90)" in table


def test_a_flat_image_has_no_threshold_to_report(run: Run, save: Save) -> None:
    facts = output_facts(run, save("flat.png", np.zeros((9, 9), np.uint8)), "-f", "canny")
    assert facts["threshold"] == {"method": "auto", "low": None, "high": None}


def test_a_mask_and_a_frame(run: Run, save: Save, picture: Path) -> None:
    mask = np.zeros((30, 40), np.uint8)
    mask[:, 20:] = 1
    output = picture.with_name("edges.png")
    for name in ("mask.png", "mask.csv", "mask.npy"):
        args = ("--mask", save(name, mask), "--border", "3", "-o", output)
        assert run("detect", picture, *args).exit_code == 0
        edges = pixels(output)
        assert edges[5:25, 22:35].any()
        assert not edges[:, :21].any()
        assert not edges[:3].any()


def test_looks(run: Run, picture: Path) -> None:
    output = picture.with_name("edges.png")
    shapes = {}
    for option in ("--invert", "--alpha-out", "--colormap ember", "--overlay #f00",
                   "--combine direction"):  # fmt: skip
        assert run("detect", picture, "-o", output, *option.split()).exit_code == 0
        shapes[option] = pixels(output).shape[2:]
    assert list(shapes.values()) == [(), (2,), (3,), (3,), (3,)]


@pytest.mark.parametrize(
    ("looks", "dark", "light"),
    [
        ("", [0], [255]),
        ("--invert", [255], [0]),
        ("--paper silver", [192], [0]),
        ("--line red", [0, 0, 0], [255, 0, 0]),
        ("--line #204080 --paper #fff8e0", [255, 248, 224], [32, 64, 128]),
        ("--invert --line red", [255, 255, 255], [255, 0, 0]),
        ("--paper none", [255, 0], [255, 255]),
        ("--alpha-out --invert", [0, 0], [0, 255]),
        ("--paper none --line red", [255, 0, 0, 0], [255, 0, 0, 255]),
        ("--invert --colormap violet", [255, 255, 255], [0, 0, 0]),
    ],
)
def test_lines_have_their_colour_on_paper(
    run: Run, picture: Path, looks: str, dark: list[int], light: list[int]
) -> None:
    output = picture.with_name("edges.png")
    args = ("detect", picture, "-o", output, "-f", "canny", "--stroke", "3")
    assert run(*args).exit_code == 0
    edges = pixels(output) == 255
    assert run(*args, *looks.split()).exit_code == 0
    shown = pixels(output).reshape(*edges.shape, -1)
    assert np.unique(shown[~edges], axis=0).tolist() == [dark]
    assert np.unique(shown[edges], axis=0).tolist() == [light]


def test_directions_are_numbers_in_raw(run: Run, picture: Path) -> None:
    assert run("detect", picture, "--combine", "direction", "--map", "raw").exit_code == 0
    angles = np.load(picture.with_name("img-sobel-direction.npy"))
    assert angles.dtype == np.float32
    assert np.nanmax(np.abs(angles)) <= np.float32(np.pi)


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["--threshold", "many"], 2, "threshold 'many' is not a number from 0 up"),
        (["--hysteresis", "5"], 2, "hysteresis '5' is not LOW,HIGH"),
        (["--hysteresis", "1,2", "--threshold", "3"], 2, "exclude each other"),
        (["--mask", "none.png"], 1, "none.png"),
        (["--border", "-1"], 2, "--border"),
        (["--overlay", "reddish"], 2, "colour 'reddish' is unknown"),
        (["--overlay", "red", "--invert"], 2, "drop --overlay or --invert"),
        (["--overlay", "red", "--alpha-out"], 2, "drop --overlay or --alpha-out"),
        (["--overlay", "red", "--line", "blue"], 2, "drop --overlay or --line"),
        (["--paper", "red", "--invert"], 2, "drop --invert or --paper"),
        (["--paper", "red", "--colormap", "ice"], 2, "drop --colormap or --paper"),
        (["--line", "red", "--colormap", "ice"], 2, "drop --colormap or --line"),
        (["--invert", "--paper", "none", "--colormap", "ice"], 2, "drop --invert"),
        (["--line", "black"], 2, "drop --line"),
        (["--line", "red", "--channels", "each"], 2, "use --channels max"),
        (["--line", "red", "--combine", "direction"], 2, "drop --line"),
        (["--stroke", "3", "--combine", "direction"], 2, "drop --stroke"),
        (["--stroke", "3", "--map", "raw"], 2, "use another --map"),
        (["--stroke", "3", "--map", "signed"], 2, "use --map abs or gain"),
        (["--line", "red", "-o", "x.pgm"], 2, "pgm cannot hold a colour edge map"),
        (["-f", "vertical", "--combine", "direction"], 2, "direction needs derivatives"),
        (["-f", "gaussian:2", "--thin"], 2, "thinning needs derivatives"),
        (["--alpha-out", "-o", "x.jpg"], 2, "jpeg cannot hold transparency"),
        (["--colormap", "ice", "-o", "x.pgm"], 2, "pgm cannot hold a colour edge map"),
        (["--colormap", "ice", "--map", "raw"], 2, "map 'raw' writes numbers"),
    ],
)
def test_wrong_requests_are_one_line(
    refuse: Refuse, picture: Path, args: list[str], code: int, message: str
) -> None:
    assert message in refuse("detect", picture, *args, code=code)


def test_a_mask_that_does_not_fit_is_one_line(refuse: Refuse, save: Save, picture: Path) -> None:
    mask = save("mask.png", np.ones((5, 6), np.uint8))
    message = refuse("detect", picture, "--mask", mask, code=1)
    assert message == (
        f"image {picture}: the mask is 5×6 and the image 30×40; give a mask of the image's size"
    )


# --- contact sheets -----------------------------------------------------------------------------


def test_a_contact_sheet_of_a_choice_of_filters(run: Run, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    result = run("detect", SAMPLES / "shapes.png", "--grid", "-o", sheet, "--report", "json")
    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["output"] == {"path": str(sheet), "dtype": "uint8"}
    assert len(report["tiles"]) == len(GRID_FILTERS)
    assert {tile["output"]["path"] for tile in report["tiles"]} == {str(sheet)}
    assert {tile["output"]["dtype"] for tile in report["tiles"]} == {"uint8"}
    assert {tile["output"]["map"] for tile in report["tiles"]} == {"auto"}
    picture = pixels(sheet)
    assert (picture.dtype, picture.shape[2]) == (np.uint8, 3)
    assert picture.max() > 200


def test_sheets_of_several_images_are_a_report_each(run: Run, save: Save, tmp_path: Path) -> None:
    names = [save(f"{name}.png", noise(9, 9)) for name in "ab"]
    folder = f"{tmp_path}/sheets/"
    args: list[str | Path] = [*names, "--grid", "-f", "sobel", "-f", "log:1", "-o", folder]
    reports = [
        json.loads(line) for line in run("detect", *args, "--report", "json").stdout.splitlines()
    ]
    assert [report["input"]["path"] for report in reports] == [str(name) for name in names]
    assert run("detect", *args, "--report", "csv").stdout.count("\n") == 3
    assert run("detect", *args).stdout.count("\n") == 2
    table = run("detect", *args, "-v").stdout
    assert (table.count("\ninput"), table.count("uint8, map auto")) == (1, 4)


@pytest.mark.parametrize("array", [noise(9, 9), noise(9, 9, 4), noise(9, 9).astype(np.float32)])
def test_contact_sheets_of_any_image(run: Run, save: Save, array: Any) -> None:
    picture = save("img.npy" if array.dtype == np.float32 else "img.png", array)
    result = run("detect", picture, "--grid", "-f", "sobel", "-f", "log:1", "-q")
    assert result.exit_code == 0, result.stderr
    assert pixels(picture.with_name("img-grid.png")).ndim == 3


def test_a_contact_sheet_in_colour_goes_to_a_folder(
    run: Run, picture: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "sheets"
    args = ("--grid", "-f", "sobel", "-f", "kirsch", "--combine", "direction", "-o", f"{folder}/")
    assert run("detect", picture, *args).exit_code == 0
    assert pixels(folder / "img-grid.png").ndim == 3


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--preview",), 2, "drop --preview or --grid"),
        (("--all-frames",), 2, "drop --all-frames or --grid"),
        (("--format", "pgm"), 2, "pgm cannot hold a colour edge map"),
    ],
)
def test_sheets_that_cannot_be_are_refused_before_any_work(
    refuse: Refuse,
    picture: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    monkeypatch.setattr("edgecli.detect.sheet.run_detection", None)
    monkeypatch.chdir(picture.parent)
    assert said in refuse("detect", picture, "--grid", *options, code=code)
    assert [path.name for path in picture.parent.iterdir()] == ["img.png"]


def test_a_contact_sheet_that_exists_is_kept_on_request(run: Run, picture: Path) -> None:
    sheet = picture.with_name("img-grid.png")
    sheet.write_bytes(b"old")
    result = run("detect", picture, "--grid", "--no-clobber")
    assert (result.exit_code, sheet.read_bytes()) == (0, b"old")
    assert "kept" in result.stderr
    planned = run("detect", picture, "--grid", "--explain", "--report", "json")
    report = json.loads(planned.stdout)
    assert report["output"]["path"] == str(sheet)
    assert len(report["tiles"]) == len(GRID_FILTERS)


@pytest.mark.parametrize(
    ("asked", "is_told"),
    [
        ("--thin --threshold p99", True), ("--hysteresis p10,p100", True),
        ("--threshold p50", False), ("--thin --threshold otsu", False),
    ],
)  # fmt: skip
def test_a_chosen_threshold_that_leaves_nothing_is_told_of(
    run: Run, save: Save, asked: str, is_told: bool
) -> None:
    """The lines of a clean step have one strength, over which no percentile leaves any."""
    step = np.where(np.arange(40) < 20, 0, 200).astype(np.uint8)
    path = save("step.png", np.tile(step, (30, 1)))
    output = path.with_name("edges.png")
    result = run("detect", path, "-q", *asked.split(), "-o", output)
    level = asked.rsplit(maxsplit=1)[-1]
    line = f"edgecli: image {path} has sobel edges, none of which is over {level}; "
    assert result.stderr == (line + "give a lower threshold\n" if is_told else "")
    assert pixels(output).any() != is_told


def test_nothing_is_told_of_a_flat_picture(run: Run, save: Save) -> None:
    flat = save("flat.png", np.full((20, 20), 9, np.uint8))
    assert (
        run("detect", flat, "-q", "-f", "gradient:2", "--thin", "--threshold", "p99").stderr == ""
    )
