"""``edgecli learn``: from an image and its map back to the filter, through files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecli import convolve, load_filter
from tests.conftest import SAMPLES, Refuse, Run, Save, noise


def test_a_photo_and_its_own_map_give_the_filter_back(run: Run, tmp_path: Path) -> None:
    photo, target, output = SAMPLES / "building.jpg", tmp_path / "v.npy", tmp_path / "learned.json"
    run("detect", photo, "-f", "vertical", "--map", "raw", "-o", target, "-q")
    result = run("learn", photo, target, "--size", "3x3", "-o", output)
    assert (result.exit_code, result.stderr) == (0, "")
    for told in ("477,204 windows of 1 pair", "R² 1.000000", "condition", "residual"):
        assert told in result.stdout
    expected = load_filter("vertical").weight
    np.testing.assert_allclose(load_filter(output).weight, expected, rtol=0, atol=1e-6)
    again = tmp_path / "again.npy"
    run("detect", photo, "-f", output, "--map", "raw", "-o", again, "-q")
    np.testing.assert_allclose(np.load(again), np.load(target), rtol=0, atol=1e-2)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    inputs, targets = tmp_path / "inputs", tmp_path / "targets"
    inputs.mkdir()
    targets.mkdir()
    for n, name in enumerate(("a", "b", "b-c")):
        image = noise(20 + n, 30, seed=n)
        np.save(inputs / f"{name}.npy", image)
        np.save(
            targets / f"{name}-sobel-x.npy",
            convolve(image, "sobel-x", padding="same", padding_mode="zeros")[0],
        )
    (targets / "b-sobel-x.npy").rename(targets / "b.npy")
    (inputs / ".hidden").write_text("not an image")
    return inputs, targets


def test_folders_pair_by_name(run: Run, folders: tuple[Path, Path], tmp_path: Path) -> None:
    output = tmp_path / "learned.npz"
    result = run("learn", *folders, "--size", "3", "-o", output, "--report", "json")
    facts = json.loads(result.stdout)
    assert facts["schema"] == "edgecli.learn/1"
    assert facts["pairs"] == 3
    assert facts["samples"] == 28 * (18 + 19 + 20)
    assert facts["filters"][0]["shape"] == [3, 3, 1]
    assert facts["filters"][0]["r_squared"] == pytest.approx(1)
    assert facts["condition"] > 1
    np.testing.assert_allclose(
        load_filter(output).weight, load_filter("sobel-x").weight, rtol=0, atol=1e-6
    )


def test_a_filter_goes_to_standard_output(run: Run, folders: tuple[Path, Path]) -> None:
    before, after = folders
    options = "learn", before, after, "--size", "3"
    assert run(*options, "-o", before.parent / "f.txt", "-q").exit_code == 0
    result = run(*options, "-o", "-")
    assert result.stdout == (before.parent / "f.txt").read_text()
    assert result.stderr.startswith("learned from ")


@pytest.mark.parametrize("format_", ["csv", "markdown", "none"])
def test_reports(run: Run, folders: tuple[Path, Path], tmp_path: Path, format_: str) -> None:
    result = run("learn", *folders, "--size", "3", "-o", tmp_path / "f.json", "--report", format_)
    assert result.exit_code == 0
    said = {"csv": "filters.0.r_squared", "markdown": "| learned from |", "none": ""}[format_]
    assert said in result.stdout
    assert bool(result.stdout) == bool(said)


def test_filters_for_each_colour(run: Run, save: Save, tmp_path: Path) -> None:
    image = save("image.png", noise(30, 40, 3))
    for filters, channels, shape in (("3", "rgb", (3, 3, 3, 3)), ("1", "rgb", (1, 3, 3, 3))):
        output = tmp_path / "learned.json"
        args = ["--size", "3x3", "--filters", filters, "--channels", channels, "-o", str(output)]
        assert run("learn", image, image, *args).exit_code == 0
        bank = load_filter(output)
        assert bank.shape == shape
        if filters == "3":  # each colour is learned from itself
            middle = bank.weight[:, :, 1, 1]
            np.testing.assert_allclose(middle, np.eye(3), rtol=0, atol=1e-9)


def test_a_ridge_is_told_of(run: Run, save: Save, tmp_path: Path) -> None:
    image = save("flat.npy", np.full((9, 9), 7, np.uint8))
    args = ["learn", str(image), str(image), "--size", "3x3", "-o", str(tmp_path / "f.json")]
    assert "condition     infinite: other filters do as well" in run(*args).stdout
    facts = json.loads(run(*args, "--report", "json").stdout)
    assert facts["condition"] is None
    assert json.loads(run(*args, "--ridge", "2", "--report", "json").stdout)["condition"] == 1


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["a.npy", "a.npy", "-o", "f.json"], 2, "Missing option '--size'"),
        (["a.npy", "a.npy", "--size", "3x"], 2, "Missing option '-o'"),
        (["a.npy", "a.npy", "--size", "3x", "-o", "f.json"], 2, "size '3x' is not HxW"),
        (["a.npy", "a.npy", "--size", "0x3", "-o", "f.json"], 2, "0×3×1 filter cannot be learned"),
        (["a.npy", "a.npy", "--size", "99", "-o", "f.json"], 2, "99×99×1 filter cannot be learned"),
        (["a.npy", "a.npy", "--size", "11", "-o", "f.json"], 1, "kernel 11×11 is larger than"),
        (["a.npy", "a.npy", "--size", "3", "-o", "f.png"], 2, "filter files end in .txt"),
        (["a.npy", "a.npy", "--size", "3", "-o", "a.npy"], 2, "a.npy is also the input a.npy"),
        (["a.npy", "c.npy", "--size", "3", "-o", "f.npy"], 2, "would lose the bias"),
        (["a.npy", "b.npy", "--size", "3", "-o", "f.json"], 1, "target b.npy is 5×9 and its"),
        (["a.npy", "c.npy", "--size", "3", "-o", "f.json"], 1, "image c.npy does not exist"),
        (["a.npy", "nan.npy", "--size", "3", "-o", "f.json"], 1, "NaN or infinite pixels"),
        (["a.npy", ".", "--size", "3", "-o", "f.json"], 2, "a.npy and . are a file and a folder"),
        ([".", "a.npy", "--size", "3", "-o", "f.json"], 2, ". and a.npy are a folder and a file"),
        ([".", "empty", "--size", "3", "-o", "f.json"], 2, "input 'a' needs one target in empty"),
        (["empty", ".", "--size", "3", "-o", "f.json"], 1, "folder empty has no files"),
        (["a.npy", "a.npy", "--size", "3", "-o", "no/f.json"], 1, "cannot be written: No such"),
        (["a.npy", "a.npy", "--size", "3", "-o", "f.json", "--filters", "3"], 1, "is grey; give"),
        (["a.npy", "a.npy", "--size", "3", "-o", "f.json", "--ridge", "-1"], 2, "--ridge"),
        (["a.npy", "a.npy", "--size", "3", "-o", "f.json", "--max-pixels", "9"], 1, "limit"),
    ],
)
def test_refusals(
    refuse: Refuse,
    save: Save,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: list[Any],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    arrays = {"a": noise(9, 9), "b": noise(5, 9), "nan": np.full((9, 9), np.nan, np.float32)}
    for name, array in arrays.items():
        save(f"{name}.npy", array)
    assert said in refuse("learn", *args, code=code)
    assert not list(tmp_path.glob("f.*"))


def test_two_candidates_for_a_target_are_named(
    refuse: Refuse, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    inputs, targets = folders
    np.save(targets / "a-again.npy", noise(20, 30))
    said = refuse("learn", *folders, "--size", "3", "-o", tmp_path / "f.json", code=2)
    assert "there is a-again.npy, a-sobel-x.npy; rename or remove files" in said
    assert inputs.is_dir()


def test_a_place_for_the_filter_is_looked_for_first(
    refuse: Refuse, save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgecli.cli.learn.learn", None)
    image, output = save("a.npy", noise(9, 9)), tmp_path / "none" / "f.json"
    assert "cannot be written" in refuse("learn", image, image, "--size", "3", "-o", output, code=1)
