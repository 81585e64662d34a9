"""``edgecli evaluate``: folders of maps and truths in, scores, reports and a curve out."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from tests.conftest import Refuse, Run

SHAPE = 20, 24


def line(column: int) -> np.ndarray:
    drawn = np.zeros(SHAPE, np.uint8)
    drawn[2:18, column] = 255
    return drawn


def save_mat(path: Path, *truths: np.ndarray) -> None:
    """Write a file as the Berkeley benchmark has them: a cell of structs."""
    cells = np.empty((1, len(truths)), object)
    for n, truth in enumerate(truths):
        cells[0, n] = {"Segmentation": truth, "Boundaries": (truth > 0).astype(np.uint8)}
    savemat(path, {"groundTruth": cells})


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    maps, truth = tmp_path / "maps", tmp_path / "truth"
    maps.mkdir()
    truth.mkdir()
    for stem, column in (("a", 8), ("b", 12)):
        Image.fromarray(line(column)).save(maps / f"{stem}.png")
    save_mat(truth / "a.mat", line(8), line(9))
    Image.fromarray(line(12)).save(truth / "b.png")
    return maps, truth


def test_the_report_has_the_keys_of_the_contract(run: Run, folders: tuple[Path, Path]) -> None:
    result = run("evaluate", *folders, "--report", "json", "--thresholds", "3", "-q")
    assert (result.exit_code, result.stderr) == (0, "")
    facts = json.loads(result.stdout)
    assert facts["schema"] == "edgecli.evaluation/1"
    assert (facts["images"], facts["thresholds"]) == (2, [0.25, 0.5, 0.75])
    assert facts["counts"] == [[32, 48, 32, 32]] * 3
    assert {*facts["ods"]} == {"f", "precision", "recall", "threshold"}
    assert {*facts["ois"]} == {"f", "precision", "recall"}
    assert facts["ods"]["f"] == pytest.approx(2 * (2 / 3) / (2 / 3 + 1), abs=1e-6)
    assert [one["name"] for one in facts["results"]] == ["a", "b"]


def test_a_truth_a_pixel_off_counts_within_the_tolerance(
    run: Run, folders: tuple[Path, Path]
) -> None:
    result = run("evaluate", *folders, "--report", "json", "--tolerance", "1px", "-q")
    assert json.loads(result.stdout)["ods"]["f"] == 1.0


@pytest.mark.parametrize("tolerance", ["1", "0.2", "500px"])
def test_a_tolerance_that_lets_anything_match_anything_is_refused(
    refuse: Refuse, folders: tuple[Path, Path], tolerance: str
) -> None:
    told = refuse("evaluate", *folders, "--tolerance", tolerance, code=2)
    assert "up to 0.1, nor pixels, up to 100px" in told


def test_dark_lines_and_what_the_files_say_are_told(run: Run, tmp_path: Path) -> None:
    maps, truth = tmp_path / "maps", tmp_path / "truth"
    maps.mkdir()
    truth.mkdir()
    for stem in "abc":
        Image.fromarray(line(8)).save(maps / f"{stem}.png")
        Image.fromarray(line(8)).save(truth / f"{stem}.png")
    Image.fromarray(255 - line(8)).save(maps / "a.png")
    Image.fromarray(255 - line(8)).save(truth / "b.png")
    Image.fromarray(0 * line(8)).save(truth / "c.png")
    Image.fromarray(line(8)).save(truth / "d.png")
    Image.fromarray(line(8)).save(maps / "d.jpg")
    (maps / "d.jpg").write_bytes((maps / "d.jpg").read_bytes()[:-2])
    result = run("evaluate", maps, truth, "--report", "none", "-q")
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        f"edgecli: image {maps / 'd.jpg'} lacks its end marker; every pixel is there",
        f"edgecli: map {maps / 'a.png'} is bright at 97% of its pixels, all taken for edges; "
        "invert dark lines",
        f"edgecli: truth {truth / 'b.png'} is bright at 97% of its pixels, all taken for edges; "
        "invert dark lines",
        f"edgecli: truth {truth / 'c.png'} is black all over: nothing is drawn there",
    ]


def test_every_way_to_name_annotators_is_found(run: Run, tmp_path: Path) -> None:
    maps, truth = tmp_path / "maps", tmp_path / "truth"
    maps.mkdir()
    for folder in ("ann", "bob", "c"):
        (truth / folder).mkdir(parents=True)
    for stem in "abc":
        np.save(maps / f"{stem}-learned-small.npy", (line(8) / 255).astype(np.float32))
    for path in ("a-1.png", "a-2.png", "ann/b.png", "bob/b.png", "c/one.png", "c/two.png"):
        Image.fromarray(line(8)).save(truth / path)
    result = run("evaluate", maps, truth, "--report", "json", "--thresholds", "1", "-q")
    assert json.loads(result.stdout)["counts"] == [[96, 96, 48, 48]]


def test_what_has_no_counterpart_is_told_and_the_rest_is_scored(
    run: Run, folders: tuple[Path, Path]
) -> None:
    maps, truth = folders
    Image.fromarray(line(3)).save(maps / "c.png")
    Image.fromarray(line(3)).save(truth / "d.png")
    Image.fromarray(line(3)[:-1]).save(truth / "b.png")
    (maps / "e.png").write_bytes(b"no image")
    (truth / "e.mat").write_bytes(b"no truth")
    result = run("evaluate", maps, truth, "--report", "json", "-q")
    assert result.exit_code == 1
    told = result.stderr.splitlines()
    assert len(told) == 4
    for words in ("c.png has no truth", "d.png has no map", "20×24 and its truth", "e.png"):
        assert any(words in one for one in told), words
    assert json.loads(result.stdout)["images"] == 1


@pytest.mark.parametrize("format_", ["table", "csv", "markdown"])
def test_every_format_tells_the_same(run: Run, folders: tuple[Path, Path], format_: str) -> None:
    result = run("evaluate", *folders, "--report", format_, "-v", "-q")
    for name in ("ODS", "OIS", "AP", "0.8000"):
        assert name in result.stdout
    if format_ == "csv":
        rows = [*csv.reader(io.StringIO(result.stdout))]
        assert [row[0] for row in rows] == ["score", "ODS", "OIS", "AP", "a", "b"]


def test_the_curve_is_a_picture_with_what_was_published(
    run: Run, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    output = tmp_path / "curve.svg"
    run("evaluate", *folders, "-o", output, "-q", "--report", "none")
    told = " ".join(ET.parse(output).getroot().itertext())
    assert "maps: ODS 0.800" in told
    assert "0.746 structured forests (Dollár and Zitnick 2015)" in told


def test_pratts_merit_is_the_mean_over_images_and_annotators(
    run: Run, folders: tuple[Path, Path]
) -> None:
    result = run("evaluate", *folders, "--measure", "pratt", "--report", "json", "-q")
    facts = json.loads(result.stdout)
    assert facts["merit"]["value"] == pytest.approx((0.95 + 1) / 2)


def test_maps_of_0_and_1_are_lines_and_floats_over_1_are_refused(
    run: Run, folders: tuple[Path, Path]
) -> None:
    maps, truth = folders
    (maps / "b.png").unlink()
    Image.fromarray(line(8) // 255).save(maps / "a.png")
    assert run("evaluate", maps, truth, "--limit", "1", "-q").exit_code == 0
    (maps / "a.png").unlink()
    np.save(maps / "a.npy", line(8).astype(np.float32))
    result = run("evaluate", maps, truth, "--limit", "1", "-q")
    assert "has strengths of 0 to 255, not of 0 to 1" in result.stderr


def test_jobs_change_nothing(run: Run, folders: tuple[Path, Path]) -> None:
    one, two = (run("evaluate", *folders, "-v", "--jobs", jobs, "-q").stdout for jobs in "12")
    assert one == two
