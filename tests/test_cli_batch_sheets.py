"""A contact sheet for each image of a batch: as detect writes it, kept and resumed as edge maps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Refuse, Run, Save, noise

FILTERS = ("-f", "sobel", "-f", "log:1", "--grid")


@pytest.fixture
def folder(save: Save, tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    save("in/a.png", noise(20, 30, 3))
    save("in/b.csv", noise(9, 12, seed=1))
    return tmp_path


def batch(run: Run, folder: Path, *args: str) -> list[dict[str, Any]]:
    args = (*FILTERS, "-o", str(folder / "out"), "--jobs", "1", *args)
    result = run("batch", folder / "in", *args, "--report", "json")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_sheet_is_that_of_detect(run: Run, folder: Path) -> None:
    *records, totals = batch(run, folder)
    assert (totals["done"], totals["pixels"]) == (2, 20 * 30 + 9 * 12)
    for record, name in zip(records, ("a.png", "b.csv"), strict=True):
        assert [tile["filters"][-1]["name"] for tile in record["tiles"]] == ["sobel-y", "log:1"]
        sheet = folder / "sheet.png"
        assert run("detect", folder / "in" / name, *FILTERS, "-o", sheet, "-q").exit_code == 0
        assert Path(record["output"]["path"]).read_bytes() == sheet.read_bytes()


def test_sheets_are_not_made_twice(run: Run, folder: Path) -> None:
    batch(run, folder)
    assert batch(run, folder)[-1]["skipped"] == 2
    assert batch(run, folder, "-f", "scharr")[-1]["done"] == 2
    assert batch(run, folder, "--threshold", "9%")[-1]["done"] == 2
    *records, totals = batch(run, folder, "--no-clobber", "--restart")
    assert (totals["done"], totals["skipped"]) == (0, 2)
    assert all(record["output"]["kept"] for record in records)


def test_the_plan_and_the_page_are_of_sheets_too(run: Run, folder: Path) -> None:
    *plans, last = batch(run, folder, "-n")
    assert {*plans[0], *last} >= {"tiles", "output"}
    assert not (folder / "out").exists()
    batch(run, folder, "--gallery")
    assert "a-grid.png" in (folder / "out" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("option", ["--preview", "--all-frames"])
def test_what_a_sheet_has_no_place_for(refuse: Refuse, folder: Path, option: str) -> None:
    told = refuse("batch", folder / "in", "-o", folder / "out", "--grid", option, code=2)
    assert told.endswith(f"drop {option} or --grid")


def test_a_sheet_that_detect_keeps_is_told_as_kept(run: Run, folder: Path) -> None:
    line = ("detect", folder / "in" / "a.png", *FILTERS, "-o", folder / "s.png", "--no-clobber")
    assert run(*line).stderr == ""
    again = run(*line)
    assert again.stderr == f"edgecli: kept {folder / 's.png'}\n"
    assert again.stdout.count("kept as it was") == 2
