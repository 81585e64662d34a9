"""Where reports are written: into the run's own new folder too, over nothing that is needed."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from edgecli.batch.inputs import JOURNAL
from tests.batches import contents, pictures
from tests.conftest import Refuse, Run, Save, noise


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return pictures(tmp_path / "in", "a.pgm", "b.pgm")


@pytest.mark.parametrize("command", ["detect", "batch"])
def test_a_report_may_lie_in_the_new_folder_of_the_outputs(
    run: Run, source: Path, tmp_path: Path, command: str
) -> None:
    inputs = [source] if command == "batch" else sorted(source.iterdir())
    for folder, options in (("out", ()), ("deep/out", ()), ("plan", ("--explain",))):
        out = tmp_path / folder
        report = out / "report.json"
        result = run(command, *inputs, "-o", out, "--report-file", report, *options)
        assert (result.exit_code, result.output) == (0, "")
        assert json.loads(report.read_text("utf-8").splitlines()[0])["input"]["path"].endswith(
            "a.pgm"
        )
        assert (out / "a-sobel.png").exists() == (not options)


@pytest.mark.parametrize("report", ["out/new/report.json", "other/report.json"])
@pytest.mark.parametrize("command", ["detect", "batch"])
def test_no_other_folder_is_made_for_a_report(
    refuse: Refuse, source: Path, tmp_path: Path, command: str, report: str
) -> None:
    given = source if command == "batch" else source / "a.pgm"
    args = (command, given, "-o", f"{tmp_path}/out/", "--report-file", tmp_path / report)
    assert "cannot be written" in refuse(*args, code=1)
    assert os.listdir(tmp_path) == ["in"]


def test_a_report_never_overwrites_what_is_the_batchs_own(
    run: Run, refuse: Refuse, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    args = ("batch", source, "-o", out, "-q")
    run(*args)
    journal, page = out / JOURNAL, out / "index.html"
    before = journal.read_bytes()
    said = refuse(*args, "--report", "json", "--report-file", journal, code=2)
    assert said == f"report file {journal} is the batch's own {JOURNAL}; give another"
    assert "the batch's own" in refuse(*args, "--gallery", "--report-file", page, code=2)
    assert journal.read_bytes() == before
    assert run(*args, "--report-file", page).exit_code == 0


def test_a_report_is_no_image_and_no_file_of_the_settings(
    refuse: Refuse, source: Path, tmp_path: Path, save: Save
) -> None:
    out = tmp_path / "out"
    mask, kernel = save("mask.csv", noise(8, 8)), save("kernel.csv", noise(3, 3))
    batch = ("batch", source, "-o", out, "--report-file")
    assert "is named like an image" in refuse(*batch, source / "a.pgm", code=2)
    assert "is also the input" in refuse(*batch, mask, "--mask", mask, code=2)
    assert "is also the input" in refuse(*batch, kernel, "-f", kernel, code=2)
    assert "cannot be written" in refuse(*batch, out / "none" / "report.csv", code=1)
    assert not out.exists()


def test_a_report_among_the_inputs_is_no_input(run: Run, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for _ in range(2):
        result = run("batch", source, "-o", out, "--report-file", source / "report.csv")
        assert result.exit_code == 0
    assert sorted(contents(out)) == ["a-sobel.png", "b-sobel.png"]


@pytest.mark.skipif(sys.platform == "win32", reason="has no such names")
def test_a_file_of_any_name_has_one_line(run: Run, save: Save, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    names = ["two\nlines.png", "\x1b[31mred.png", "a.png"]
    paths = [save(f"in/{name}", noise(9, 9)) for name in names]
    lines = run("detect", *paths, "-o", f"{tmp_path}/edges/").stdout.splitlines()
    assert len(lines) == 3
    (tmp_path / "in" / "not\nthere.png").symlink_to("nowhere")
    batch = "batch", tmp_path / "in", "-o", tmp_path / "out", "-v"
    table = [line for line in run(*batch).stdout.splitlines() if ".png" in line]
    assert len(table) == 4
    markdown = run(*batch, "--report", "markdown").stdout.splitlines()
    assert len([line for line in markdown if ".png" in line]) == 4
    assert "\x1b" not in "".join([*lines, *table, *markdown])
