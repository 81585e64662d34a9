"""``edgecli filters``: list, show, export, and back."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgecli import FilterBank, load_filter
from edgecli.filters import BUILTIN_FILTERS, FILTER_FORMATS, RECIPES, dump_filter
from edgecli.operators.operators import load_operator
from tests.conftest import Refuse, Run, Save, noise


def test_list_shows_every_filter_with_its_description(run: Run) -> None:
    result = run("filters", "list")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    listed = [(entry.usage, entry.description) for entry in BUILTIN_FILTERS.values()]
    listed += [(name, recipe.description) for name, recipe in RECIPES.items()]
    for line, (usage, description) in zip(lines, listed, strict=True):
        assert line.split(" ")[0] == usage
        assert line.endswith(description)


@pytest.mark.parametrize("name", BUILTIN_FILTERS)
def test_every_filter_can_be_shown(run: Run, name: str) -> None:
    result = run("filters", "show", name)
    assert (result.exit_code, result.stderr) == (0, "")
    operator = load_operator(name)
    for member in operator.bank.names:
        assert member in result.stdout
    assert ("edge map" in result.stdout) == (operator.combine != "none")


def test_show_writes_kernel_rank_parameters_and_sum(run: Run) -> None:
    assert run("filters", "show", "1 2; 3 4").stdout.splitlines() == [
        "filter      custom 2×2×1, rank 2",
        "             1  2",
        "             3  4",
        "parameters  4 weights + 0 biases = 4",
        "sum         10",
    ]


def test_show_writes_the_bias_and_every_channel(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "edges.txt"
    path.write_text("name: mine\nbias: 0.5\n1 0\n\n0 1\n")
    assert run("filters", "show", path).stdout.splitlines() == [
        "filter      mine 1×2×2, rank 1",
        "            channel 0:",
        "             1  0",
        "            channel 1:",
        "             0  1",
        "parameters  4 weights + 1 biases = 5",
        "bias        0.5",
        "sum         2",
    ]


def test_large_kernels_are_described_and_where_to_see_them_is_told(run: Run) -> None:
    assert run("filters", "show", "gaussian:4").stdout.splitlines() == [
        "filter      gaussian:4 33×33×1, rank 1",
        "parameters  1,089 weights + 0 biases = 1,089",
        "sum         1",
        "weights     edgecli filters export gaussian:4 -o -",
    ]


@pytest.mark.parametrize("name", ["gaussian:4", "contours", "sobel", "1 2; 3 4"])
def test_the_commands_that_are_told_write_the_weights(run: Run, name: str) -> None:
    told = re.findall(r"edgecli (filters export .*)", run("filters", "show", name).stdout)
    shown = {"gaussian:4": 1, "contours": 7}
    assert len(told) == shown.get(name, 0)
    for command in told:
        result = run(*shlex.split(command))
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.startswith("name: ")


def test_an_exported_operator_is_its_filters_which_can_be_combined(
    run: Run, save: Save, tmp_path: Path
) -> None:
    path, picture = tmp_path / "sobel.json", save("img.png", noise(9, 9))
    run("filters", "export", "sobel", "-o", path)
    assert "--combine" in run("filters", "export", "--help").stdout
    for spec, options in (("sobel", ()), (path, ("--combine", "magnitude"))):
        out = tmp_path / f"{Path(spec).suffix}out.png"
        assert run("detect", picture, "-f", spec, *options, "-o", out).exit_code == 0
    made, again = (np.asarray(Image.open(tmp_path / f"{kind}out.png")) for kind in ("", ".json"))
    np.testing.assert_array_equal(made, again)


@pytest.mark.parametrize("format_", FILTER_FORMATS)
@pytest.mark.parametrize("name", ["vertical", "sobel", "log:1.4"])
def test_what_is_exported_reads_back_the_same(
    run: Run, tmp_path: Path, name: str, format_: str
) -> None:
    if format_ == "mat" and name == "sobel":  # a matrix file holds one kernel
        return
    path = tmp_path / f"bank.{format_}"
    result = run("filters", "export", name, "-o", path)
    assert (result.exit_code, result.output) == (0, "")
    read, bank = load_filter(path), load_filter(name)
    assert read.weight.tobytes() == bank.weight.tobytes()
    assert read.names == bank.names or format_ in ("mat", "npy")


@pytest.mark.parametrize("format_", FILTER_FORMATS)
def test_export_to_standard_output(run: Run, format_: str) -> None:
    result = run("filters", "export", "vertical", "-o", "-", "--format", format_)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout_bytes == dump_filter(load_filter("vertical"), format_)
    text = run("filters", "export", "vertical", "-o", "-").stdout_bytes
    assert text == dump_filter(load_filter("vertical"), "txt")


def test_what_is_exported_can_be_used(run: Run, tmp_path: Path) -> None:
    run("filters", "export", "vertical", "-o", tmp_path / "k.json")
    (tmp_path / "grid.csv").write_text("9,0,0\n" * 3)
    args = ("detect", tmp_path / "grid.csv", "--padding", "valid", "--map", "raw", "-q")
    result = run(*args, "-f", tmp_path / "k.json", "--format", "csv", "-o", "-")
    assert result.stdout == "27\n"


def test_exporting_keeps_an_old_file_when_it_fails(refuse: Refuse, tmp_path: Path) -> None:
    path = tmp_path / "k.mat"
    path.write_text("old")
    assert "mat" in refuse("filters", "export", "sobel", "-o", path, code=2)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["k.mat"]


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["show", "sobl"], 2, "filter 'sobl' is unknown; did you mean 'sobel'?"),
        (["show", "none.txt"], 2, "does not exist"),
        (["show", "."], 2, "is a folder"),
        (["show", "gaussian:0"], 2, "sigma must be positive"),
        (["show", "gaussian:1,2"], 2, "2 parameters after the colon"),
        (["show", "1 2; 3"], 2, "row 2"),
        (["export", "sobel", "-o", "x.docx"], 2, "filter files end in"),
        (["export", "sobel", "-o", "x", "--format", "docx"], 2, "'docx' is unknown; there are"),
        (["export", "sobel", "-o", "none/x.txt"], 1, "cannot be written"),
        (["export", "sobel", "-o", "/dev/full", "--format", "txt"], 1, "No space left"),
        (["export", "sobl", "-o", "x.txt"], 2, "did you mean 'sobel'"),
        (["lst"], 2, "did you mean 'list'?"),
    ],
)
def test_wrong_requests_are_one_line(
    refuse: Refuse,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    args: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said in refuse("filters", *args, code=code)
    assert os.listdir(tmp_path) == []


def test_a_filter_file_is_not_exported_over_itself(refuse: Refuse, tmp_path: Path) -> None:
    path = tmp_path / "kernel.txt"
    path.write_text("# mine\n1 2\n")
    assert "is also the input" in refuse("filters", "export", path, "-o", path, code=2)
    assert path.read_text() == "# mine\n1 2\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"1 2\n3\n", "line 2"),
        (b"1 nan\n", "'nan' is not finite"),
        (b"\x93NUMPY\x01\0", "filter file"),
        (b'{"weight": [[1, "a"]]}', "filter file"),
        (b"\xff\xff", "not a filter file"),
    ],
)
def test_broken_filter_files_are_named(
    refuse: Refuse, tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "k.txt"
    path.write_bytes(content)
    line = refuse("filters", "show", path, code=2)
    assert str(path) in line
    assert said in line


def test_the_bank_of_a_file_is_that_of_the_api(run: Run, tmp_path: Path) -> None:
    bank = FilterBank([[[[1, 2]]], [[[3, 4]]]], [0.25, -1], ["a", "b"])
    (tmp_path / "bank.json").write_bytes(dump_filter(bank, "json"))
    text = run("filters", "show", tmp_path / "bank.json").stdout
    assert "bias        0.25, -1" in text
    assert "sum         3, 7" in text


def test_an_operator_s_steps_are_all_told(run: Run) -> None:
    shown = run("filters", "show", "canny").stdout
    assert "magnitude of canny-x and canny-y, thinned and linked by hysteresis" in shown
    assert "hysteresis" not in run("filters", "show", "sobel").stdout
