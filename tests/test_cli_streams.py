"""What goes through the standard streams: read but once, told by its content, never mixed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SAMPLES, Refuse, Run

GRID = SAMPLES / "grid-6x6.csv"
PAGE = SAMPLES / "page.png"


@pytest.mark.parametrize(
    "args",
    [
        ["detect", "-", "--mask", "-", "-o", "-"],
        ["detect", "-", str(GRID), "-", "-o", "out"],
        ["batch", "-", "--mask", "-", "-o", "out"],
        ["learn", "-", "-", "--size", "3", "-o", "out.json"],
    ],
)
def test_standard_input_is_read_for_one_thing(refuse: Refuse, args: list[str]) -> None:
    said = refuse(*args, code=2, stdin=PAGE.read_bytes())
    assert said == "standard input (-) can be read only once; give files for the others"


@pytest.mark.parametrize("stdin", [b"a.png\0b.png\0", PAGE.read_bytes()])
def test_what_holds_nul_is_no_list_of_a_path_a_line(refuse: Refuse, stdin: bytes) -> None:
    said = refuse("batch", "-", "-o", "out", code=2, stdin=stdin)
    assert said.startswith("standard input holds NUL")
    assert "give -0" in said


def test_json_has_a_line_for_each_image_where_several_were_asked_for(
    run: Run, tmp_path: Path
) -> None:
    out, file = f"{tmp_path}/out/", tmp_path / "report.json"
    report = ("-o", out, "--report", "json")
    ways: list[tuple[str | Path, ...]] = [
        ("detect", "missing.png", GRID, *report),
        ("detect", "missing.png", GRID, *report, "--explain"),
        ("batch", tmp_path / "in", *report, "--explain"),
    ]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "grid.csv").write_bytes(GRID.read_bytes())
    for args in ways:
        (line,) = run(*args).stdout.splitlines()
        assert json.loads(line)["schema"] == "edgecli.report/1"
        run(*args, "--report-file", file)
        assert file.read_text("utf-8").count("\n") == 1
    assert run("detect", GRID, *report).stdout.startswith("{\n")


@pytest.mark.parametrize("report", ["json", "csv", "markdown"])
def test_a_preview_leaves_standard_output_to_reports_for_machines(
    run: Run, tmp_path: Path, report: str
) -> None:
    args = ("detect", GRID, "-o", tmp_path / "out.png", "--preview", "--report")
    picture = run(*args, "none").stdout
    shown = run(*args, report)
    assert (shown.stderr, picture.count("\n")) == (picture, 3)
    assert shown.stdout[0] in "{s|"  # an object, the first column, a table
    filed = run(*args, report, "--report-file", tmp_path / "report")
    assert (filed.stdout, filed.stderr) == (picture, "")


RAW = ("-f", "vertical", "--map", "raw", "-q")


def test_numbers_give_numbers_and_pictures_arrays_whatever_their_name(
    run: Run, tmp_path: Path
) -> None:
    wanted = run("detect", GRID, *RAW, "-o", "-").stdout
    assert wanted.count(",") == 30
    grid, page = tmp_path / "grid", tmp_path / "page.txt"
    grid.write_bytes(GRID.read_bytes())
    page.write_bytes(PAGE.read_bytes())
    assert run("detect", grid, *RAW, "-o", "-").stdout == wanted
    assert run("detect", "-", *RAW, "-o", "-", stdin=GRID.read_bytes()).stdout == wanted
    assert run("detect", "-", *RAW, stdin=PAGE.read_bytes()).stdout_bytes[1:6] == b"NUMPY"
    for status in ("done", "skipped"):
        done = run("batch", f"{tmp_path}/*", *RAW, "-o", tmp_path / "out", "--report", "json")
        assert json.loads(done.stdout.splitlines()[-1])[status] == 2
        assert {"grid-vertical.csv", "page-vertical.npy"} < {*os.listdir(tmp_path / "out")}


@pytest.mark.parametrize("way", ["file", "pipe"])
def test_standard_input_is_looked_into_before_it_is_read(way: str) -> None:
    args = [sys.executable, "-m", "edgecli", "detect", "-", *RAW, "-o", "-"]
    with GRID.open("rb") as file:
        if way == "file":
            done = subprocess.run(args, stdin=file, capture_output=True, check=True)
        else:
            done = subprocess.run(args, input=file.read(), capture_output=True, check=True)
    assert done.stdout.count(b",") == 30
