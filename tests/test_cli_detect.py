"""``edgecli detect``: where results go, and every wrong input in one clear line."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgecli import detect_edges
from edgecli.cli import main
from tests.conftest import SAMPLES, Refuse, Run, Save, noise

GRID = SAMPLES / "grid-6x6.csv"


@pytest.fixture
def picture(save: Save) -> Path:
    return save("picture.png", noise(20, 30))


def pixels(path: Path) -> Any:
    return np.asarray(Image.open(path))


def test_the_default_is_sobel_beside_the_input(run: Run, picture: Path) -> None:
    result = run("detect", picture)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "sobel-x 3×3×1" in result.stdout
    written = pixels(picture.with_name("picture-sobel.png"))
    np.testing.assert_array_equal(written, detect_edges(noise(20, 30), "sobel"))


def test_every_filter_has_its_own_edge_map(run: Run, picture: Path) -> None:
    run("detect", picture, "-f", "vertical", "-f", "roberts", "-f", "log:1.4", "-q")
    made = sorted(path.name for path in picture.parent.iterdir())
    assert made == [
        "picture-log-1.4.png", "picture-roberts.png", "picture-vertical.png", "picture.png",
    ]  # fmt: skip


def test_several_images_go_to_a_folder_that_is_made(run: Run, save: Save, tmp_path: Path) -> None:
    names = [str(save(f"{n}.npy", noise(5, 6, seed=n))) for n in range(3)]
    result = run("detect", *names, "-o", tmp_path / "new", "--report", "json")
    assert result.exit_code == 0
    assert sorted(os.listdir(tmp_path / "new")) == [f"{n}-sobel.png" for n in range(3)]
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    assert [report["input"]["path"] for report in reports] == names


def test_an_image_that_does_not_fit_is_named(refuse: Refuse, run: Run, picture: Path) -> None:
    args = ("-f", "gaussian:9", "--padding", "valid", "-q")
    assert refuse("detect", picture, *args, code=1).startswith(f"image {picture}: kernel 73×73")
    listed = run("batch", picture.parent, "-o", picture.parent / "out", *args).stderr
    assert f"image {picture}: kernel 73×73" in listed


@pytest.mark.parametrize("options", [("--depth", "16"), ("--alpha-out",), ("--map", "raw")])
def test_formats_that_never_fit_are_refused_before_any_image(
    refuse: Refuse, picture: Path, options: tuple[str, ...]
) -> None:
    args = ("--format", "jpeg", *options, "-q", "-o", str(picture.parent / "out"))
    assert "jpeg cannot hold" in refuse("detect", picture, "missing.png", *args, code=2)
    assert "jpeg cannot hold" in refuse("batch", picture.parent, *args, code=2)


def test_one_failure_does_not_stop_the_others(run: Run, picture: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    Image.fromarray(noise(4, 4)).save(other)
    result = run("detect", picture, "missing.png", other, "-o", tmp_path / "out/")
    assert result.exit_code == 1
    assert result.stderr == "edgecli: image missing.png does not exist; check the name\n"
    assert sorted(os.listdir(tmp_path / "out")) == ["other-sobel.png", "picture-sobel.png"]
    assert "picture-sobel.png" in result.stdout


@pytest.mark.parametrize("report", ["table", "json", "csv", "markdown"])
def test_with_the_image_on_standard_output_the_report_moves_aside(
    run: Run, picture: Path, report: str
) -> None:
    result = run("detect", "-", "-o", "-", "--report", report, stdin=picture.read_bytes())
    assert result.exit_code == 0
    assert "sobel-x" in result.stderr
    image = pixels(io.BytesIO(result.stdout_bytes))  # type: ignore[arg-type]
    np.testing.assert_array_equal(image, detect_edges(noise(20, 30)))


def test_standard_input_goes_to_standard_output_or_to_a_named_file(
    run: Run, picture: Path, tmp_path: Path
) -> None:
    data = picture.read_bytes()
    piped = run("detect", "-", "-q", stdin=data)
    assert (piped.exit_code, piped.stderr) == (0, "")
    run("detect", "-", "-q", "-o", tmp_path / "a.png", stdin=data)
    run("detect", "-", "-q", "-o", f"{tmp_path}/out/", stdin=data)
    assert (tmp_path / "a.png").read_bytes() == piped.stdout_bytes
    assert (tmp_path / "out" / "stdin-sobel.png").read_bytes() == piped.stdout_bytes


def test_explain_writes_nothing(run: Run, picture: Path) -> None:
    result = run("detect", picture, "--explain")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "exact: Σ|w|·255" in result.stdout
    assert os.listdir(picture.parent) == [picture.name]


def test_no_clobber_keeps_existing_files(run: Run, picture: Path) -> None:
    kept = picture.with_name("picture-sobel.png")
    kept.write_bytes(b"mine")
    result = run("detect", picture, "--no-clobber", "--report", "none")
    assert (result.exit_code, result.stderr) == (0, f"edgecli: kept {kept}\n")
    for way in ((), ("--grid",)):  # the second time there is a contact sheet, too
        run("detect", picture, "--no-clobber", "-q", *way)
        quiet = run("detect", picture, "--no-clobber", "-q", *way)
        assert (quiet.exit_code, quiet.output) == (0, "")
    assert kept.read_bytes() == b"mine"


def test_no_clobber_decides_for_each_output(run: Run, picture: Path) -> None:
    kept, written = (picture.with_name(f"picture-{name}.png") for name in ("sobel", "vertical"))
    kept.write_bytes(b"mine")
    args = ("detect", picture, "-f", "sobel", "-f", "vertical", "--no-clobber")
    result = run(*args)
    assert (result.exit_code, result.stderr) == (0, f"edgecli: kept {kept}\n")
    (said,) = (line for line in result.stdout.splitlines() if line.endswith(", kept as it was"))
    assert str(kept) in said
    np.testing.assert_array_equal(pixels(written), detect_edges(noise(20, 30), "vertical"))
    assert run(*args).stderr == f"edgecli: kept {kept}, {written}\n"
    assert kept.read_bytes() == b"mine"


@pytest.mark.parametrize("report", ["table", "json", "csv", "markdown"])
def test_a_report_file_leaves_standard_output_empty(
    run: Run, picture: Path, tmp_path: Path, report: str
) -> None:
    path = tmp_path / "report"
    result = run("detect", picture, "--report", report, "--report-file", path)
    assert (result.exit_code, result.output) == (0, "")
    assert "sobel-x" in path.read_text()


@pytest.mark.parametrize(
    ("extension", "begins"),
    [("json", "{"), ("csv", "schema,"), ("md", "| fact"), ("txt", "input ")],
)
def test_a_report_file_has_the_format_of_its_extension(
    run: Run, picture: Path, tmp_path: Path, extension: str, begins: str
) -> None:
    run("detect", picture, "--report-file", tmp_path / f"r.{extension}")
    assert (tmp_path / f"r.{extension}").read_text().startswith(begins)


def test_numbers_stay_numbers_without_a_format(run: Run, save: Save) -> None:
    grid = save("grid.csv", noise(5, 5))
    image = save("image.png", noise(5, 5))
    run("detect", grid, image, "--map", "raw", "-f", "vertical", "-q")
    assert np.loadtxt(grid.with_name("grid-vertical.csv"), delimiter=",").shape == (5, 5)
    assert np.load(grid.with_name("image-vertical.npy")).dtype == np.int16


def test_the_preview_is_drawn_beside_the_report(run: Run, picture: Path) -> None:
    plain, drawn = run("detect", picture), run("detect", picture, "--preview")
    assert (drawn.exit_code, drawn.stderr) == (0, "")
    lines = drawn.stdout.splitlines()[: -len(plain.stdout.splitlines())]
    assert [len(line) for line in lines] == [30] * 10


def test_a_filter_of_depth_3_slides_over_the_colours(run: Run, save: Save) -> None:
    cube = save("cube.npy", np.ones((3, 1, 1)))
    image = save("image.npy", noise(4, 4, 3))
    result = run("detect", image, "-f", cube, "--map", "raw", "--format", "csv", "-o", "-", "-q")
    sums = np.loadtxt(io.StringIO(result.stdout), delimiter=",")
    np.testing.assert_array_equal(sums, noise(4, 4, 3).sum(axis=2, dtype=int))


# --- wrong input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["missing.png"], 1, "image missing.png does not exist"),
        (["."], 1, ". is a folder; for the images in it type: edgecli batch . -o edges"),
        ([GRID, "-f", "sobl"], 2, "filter 'sobl' is unknown; did you mean 'sobel'?"),
        ([GRID, "-f", "zzz"], 2, "'edgecli filters list'"),
        ([GRID, "-f", "1 0; 1"], 2, "row 2"),
        ([GRID, "-f", "1 nan; 1 0"], 2, "'nan' is not finite"),
        ([GRID, "-f", "none.txt"], 2, "filter file none.txt does not exist"),
        ([GRID, "-f", "gaussian:-1"], 2, "sigma must be positive"),
        ([GRID, "-f", "gaussian:5000"], 2, "1 GiB"),
        ([GRID, "-f", "gaussian:2", "--padding", "valid"], 1, "kernel 17×17 is larger than"),
        ([GRID, "--padding", "2,x"], 2, "padding '2,x'"),
        ([GRID, "--padding", "-1"], 2, "padding '-1'"),
        ([GRID, "--padding", "3000000000"], 1, "has a side over"),
        ([GRID, "--padding", "100000"], 1, "pad less, or raise it with --max-pixels"),
        ([GRID, "--dilation", "100000"], 1, "use a smaller kernel, dilation or padding"),
        ([GRID, "--padding-mode", "wrap"], 2, "padding mode 'wrap' is unknown"),
        ([GRID, "--padding-mode", "constant:inf"], 2, "padding mode"),
        ([GRID, "--stride", "0"], 2, "stride '0'"),
        ([GRID, "--stride", "1,2,3"], 2, "stride '1,2,3'"),
        ([GRID, "--dilation", "1.5"], 2, "dilation '1.5'"),
        ([GRID, "--bias", "two"], 2, "bias 'two' is not a number"),
        ([GRID, "--bias", "nan"], 2, "biases are finite numbers"),
        ([GRID, "--bias", "1,2,3"], 2, "one bias per filter"),
        ([GRID, "--threads", "0"], 2, "0 is not in the range"),
        ([GRID, "--max-pixels", "many"], 2, "'many' is not a valid integer"),
        ([GRID, "--max-pixels", "35"], 1, "more than the limit 35"),
        ([GRID, "--background", "pinkish"], 2, "colour 'pinkish' is unknown"),
        ([GRID, "--map", "raw", "-o", "x.png"], 2, "png cannot hold"),
        ([GRID, "--depth", "float", "-o", "x.jpg"], 2, "jpeg cannot hold"),
        ([GRID, "-o", "x.gif"], 2, "no known extension"),
        ([GRID, "-o", "x"], 2, "no known extension"),
        ([GRID, "-o", ""], 2, "output '' is empty"),
        ([GRID, "-f", "vertical", "-f", "horizontal", "-o", "x.png"], 2, "2 edge maps do not fit"),
        ([GRID, "-f", "sobel", "-f", "sobel-x", "--combine=none"], 2, "two edge maps would both"),
        ([GRID, SAMPLES / "page.png", "-o", GRID], 2, "2 images do not fit in one output"),
        ([GRID, SAMPLES / "page.png", "-o", "x.png"], 2, "2 images do not fit in one output"),
        ([GRID, "-o", f"{GRID}/x.png"], 1, "grid-6x6.csv cannot be made"),
        ([GRID, "-o", f"{GRID}/"], 1, "cannot be made"),
        ([GRID, "-o", "/dev/full", "--format", "png"], 1, "No space left on device"),
        ([GRID, "-o", "x.csv", "--report-file", "/dev/full"], 1, "No space left on device"),
    ],
)  # fmt: skip
def test_wrong_requests_are_one_line(
    refuse: Refuse,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    args: list[str | Path],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said in refuse("detect", *args, code=code)
    assert os.listdir(tmp_path) == (["x.csv"] if "x.csv" in args else [])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"hello", "image"),
        (b"\0" * 200, "image"),
        (b"1,2\n3\n", "line 2 has 1 number"),
        (b"1,2\n3,x\n", "'x' is not a number"),
        (b"P5\n3 3\n255\nabc", "image"),
        (b"\x93NUMPY\x01\0", "image"),
        (b"YUV4MPEG2 W2 H2\n", "image"),
    ],
)
@pytest.mark.parametrize("way", ["file", "pipe"])
def test_broken_images_are_one_line_and_leave_the_old_output(
    refuse: Refuse, tmp_path: Path, content: bytes, said: str, way: str
) -> None:
    old = tmp_path / "old.png"
    old.write_bytes(b"old")
    image = tmp_path / "image.png"
    image.write_bytes(content)
    name = image if way == "file" else "-"
    line = refuse("detect", name, "-o", old, code=1, stdin=content if way == "pipe" else b"")
    assert said in line
    assert old.read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["image.png", "old.png"]


@pytest.mark.parametrize("name", ["x.png", "x.npy", "x.ppm", "x.tif", "x.jpg", "x.webp", "x.bmp"])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.95])
def test_truncated_images_are_one_line_and_leave_the_old_output(
    refuse: Refuse, save: Save, name: str, share: float
) -> None:
    image = save(name, noise(40, 50, 3))
    data = image.read_bytes()
    image.write_bytes(data[: int(len(data) * share)])
    old = image.with_name("old.png")
    old.write_bytes(b"old")
    assert str(image) in refuse("detect", image, "-o", old, code=1)
    assert old.read_bytes() == b"old"
    assert sorted(os.listdir(image.parent)) == sorted(["old.png", name])


def test_an_input_is_never_overwritten(refuse: Refuse, picture: Path, save: Save) -> None:
    before = picture.read_bytes()
    link = picture.with_name("link.png")
    link.symlink_to(picture)
    for output in (picture, link, picture.parent / "." / "picture.png"):
        assert "is also the input" in refuse("detect", picture, "-o", output, code=2)
    assert "is also the input" in refuse("detect", picture, "--report-file", picture, code=2)
    other = save("picture-sobel.png", noise(3, 3))
    assert "is also the input" in refuse("detect", picture, other, code=2)
    assert picture.read_bytes() == before


def test_files_of_filters_and_masks_are_never_overwritten(
    refuse: Refuse, picture: Path, save: Save
) -> None:
    kernel, mask = save("kernel.csv", noise(3, 3)), save("mask.png", noise(20, 30))
    report = refuse("detect", picture, "-f", kernel, "--report-file", kernel, code=2)
    output = refuse("detect", picture, "--mask", mask, "-o", mask, code=2)
    assert all("is also the input" in said for said in (report, output))


def test_a_dash_sends_the_report_where_none_would(run: Run, picture: Path) -> None:
    args = ("detect", picture, "-f", "vertical", "--report", "csv")
    named = run(*args, "--report-file", "-")
    assert named.stdout.startswith("schema,")
    assert run(*args, "--report-file", "-", "-o", "-").stderr.startswith("schema,")


def test_a_place_for_the_report_is_looked_for_first(refuse: Refuse, picture: Path) -> None:
    missing = picture.with_name("none") / "report.json"
    for report in (missing, picture.parent):
        assert "cannot be written" in refuse("detect", picture, "--report-file", report, code=1)
    assert os.listdir(picture.parent) == ["picture.png"]


def test_a_report_needs_a_name(refuse: Refuse, picture: Path) -> None:
    said = refuse("detect", picture, "--report-file", "", code=2)
    assert said == "report file '' is empty; give a file, or - for standard output"
    assert os.listdir(picture.parent) == ["picture.png"]


def test_several_images_have_a_line_each_and_tables_on_demand(
    run: Run, picture: Path, save: Save, tmp_path: Path
) -> None:
    args = ("detect", picture, save("other.png", noise(4, 5)), "-o", f"{tmp_path}/out/")
    line = f"{tmp_path}/other.png: PNG 4×5×1 uint8 → {tmp_path}/out/other-sobel.png"
    assert run(*args).stdout.splitlines()[1:] == [line]
    assert "(kept)" in run(*args, "--no-clobber").stdout
    for option in ("-v", "--report=table", "-n"):
        assert run(*args, option).stdout.count("receptive field") == 2
    assert run(*args, "-q").stdout == ""


def test_missing_folders_are_made(run: Run, picture: Path, tmp_path: Path) -> None:
    for name in ("new/folder/x.png", "another/"):
        assert run("detect", picture, "-o", f"{tmp_path}/{name}").exit_code == 0
    assert (tmp_path / "new" / "folder" / "x.png").exists()
    assert (tmp_path / "another" / "picture-sobel.png").exists()
    assert run("detect", "nothing.png", "-o", f"{tmp_path}/not/x.png").exit_code == 1
    assert not (tmp_path / "not").exists()


def test_a_suffix_tells_inputs_of_one_name_apart(
    run: Run, refuse: Refuse, picture: Path, save: Save, tmp_path: Path
) -> None:
    other = save("picture.npy", noise(3, 3))
    (tmp_path / "b").mkdir()
    third = picture.rename(tmp_path / "b" / "picture.npy")
    out = tmp_path / "out"
    assert "--suffix tells them apart" in refuse("detect", other, third, "-o", f"{out}/", code=2)
    assert run("detect", other, third, "-o", f"{out}/", "--suffix").exit_code == 0
    assert sorted(os.listdir(out)) == ["picture-npy-2-sobel.png", "picture-npy-sobel.png"]


def test_two_outputs_never_share_a_file(refuse: Refuse, picture: Path, save: Save) -> None:
    other = save("picture.npy", noise(3, 3))
    said = refuse("detect", picture, other, code=2)
    output = picture.with_name("picture-sobel.png")
    assert said.startswith(f"{picture} and {other} would both be written to {output}; --suffix")
    report = picture.with_name("picture-sobel.png")
    said = refuse("detect", picture, "--report-file", report, code=2)
    assert said == f"report file {report} is also the output {report} of this run; give another"


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["detect", GRID, "--map", "gain", "-o", "-"], 2),
        (["detect", GRID, "-o", "-"], 0),
        (["detect", GRID, "-", "--map", "raw", "-o", "-", "--format", "npy"], 2),
        (["filters", "export", "sobel", "-o", "-", "--format", "npy"], 2),
        (["filters", "export", "sobel", "-o", "-"], 0),
        (["detect", GRID, "--map", "raw", "--format", "csv", "-o", "-"], 0),
    ],
)
def test_binary_is_never_written_to_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    args: list[str | Path],
    code: int,
) -> None:
    screen = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", Terminal(screen, "utf-8"))
    with pytest.raises(SystemExit) as ended:
        main([str(arg) for arg in args])
    assert ended.value.code == code
    assert bool(screen.getvalue()) == (code == 0)
    assert ("standard output is a terminal" in capsys.readouterr().err) == (code == 2)
