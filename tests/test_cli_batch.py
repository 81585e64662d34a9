"""``edgecli batch``, whole: what it writes, says and returns."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.batches import contents, pictures, write_pgm
from tests.conftest import Refuse, Run


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return pictures(tmp_path / "in", "a.pgm", "b.pgm", "sub/c.pgm")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_a_folder(run: Run, source: Path, out: Path) -> None:
    result = run("batch", source, "-o", out)
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout.startswith("done       2\n")
    assert result.stdout.endswith(f"edge maps  2 in {out}/\n")
    assert sorted(contents(out)) == ["a-sobel.png", "b-sobel.png"]
    again = run("batch", source, "-o", out, "--recursive")
    assert again.stdout.split()[:4] == ["done", "1", "skipped", "2"]
    assert sorted(contents(out)) == ["a-sobel.png", "b-sobel.png", "sub/c-sobel.png"]


def test_world_files_are_in_the_journal_of_the_map_that_they_place(
    run: Run, tmp_path: Path, out: Path
) -> None:
    source = pictures(tmp_path / "in", "a.pgm", "b.pgm")
    for name in ("a.wld", "b.wld"):
        (source / name).write_text("2\n0\n0\n-2\n100\n200\n")

    def again() -> list[str]:
        return run("batch", source, "-o", out, "--world-file").stdout.split()[:4]

    assert again()[:2] == ["done", "2"]
    written = contents(out)
    assert len(written) == 6
    assert again() == ["done", "0", "skipped", "2"]
    (out / "a-sobel.pgw").unlink()
    assert again() == ["done", "1", "skipped", "1"]
    (out / "b-sobel.png.aux.xml").write_text("another")
    assert again() == ["done", "1", "skipped", "1"]
    assert contents(out) == written


def test_pictures_that_are_not_read_are_told(run: Run, source: Path, out: Path) -> None:
    for name in ("d.NEF", "e.nef", "f.dds"):
        write_pgm(source / name)
    told = "passed over 1 .dds, 2 .nef; develop camera raw first, save the others as PNG"
    result = run("batch", source, "-o", out)
    assert (result.exit_code, result.stderr) == (0, f"edgecli: {told}\n")
    shown = "passed over  3 that are not read here (.dds .nef)"
    assert result.stdout.splitlines()[1] == shown
    again = run("batch", source, "-o", out, "-q")
    assert (again.exit_code, again.stdout, again.stderr) == (0, "", result.stderr)
    for format_, place in (
        ("json", '"passed_over": 3'),
        ("csv", "passed_over"),
        ("markdown", "3 that"),
    ):
        assert place in run("batch", source, "-o", out, "--report", format_).stdout


def test_the_options_of_detect(run: Run, source: Path, out: Path, tmp_path: Path) -> None:
    options = ["-f", "sobel-x", "-f", "sobel-y", "--map", "raw", "--format", "tiff"]
    assert run("batch", source, "-o", out, *options, "--jobs", "1", "-q").stdout == ""
    run("detect", source / "a.pgm", "-o", f"{tmp_path}/single/", *options)
    single = contents(tmp_path / "single")
    assert set(single) == {"a-sobel-x.tif", "a-sobel-y.tif"}
    assert single.items() <= contents(out).items()


def test_no_clobber_decides_for_each_output(run: Run, source: Path, out: Path) -> None:
    out.mkdir()
    (out / "a-sobel.png").write_bytes(b"mine")
    args = ("batch", source, "-o", out, "-f", "sobel", "-f", "vertical", "--report", "json")
    for status in ("done", "skipped"):
        *lines, _ = map(json.loads, run(*args, "--no-clobber").stdout.splitlines())
        assert [line["status"] for line in lines] == [status] * 2
        assert lines[0]["outputs"][0]["kept"]
        assert sorted(contents(out)) == [
            "a-sobel.png", "a-vertical.png", "b-sobel.png", "b-vertical.png",
        ]  # fmt: skip
        assert (out / "a-sobel.png").read_bytes() == b"mine"
    assert json.loads(run(*args).stdout.splitlines()[-1])["done"] == 1
    assert (out / "a-sobel.png").read_bytes() != b"mine"


def test_a_gallery(run: Run, source: Path, out: Path) -> None:
    (source / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert run("batch", source, "-o", out, "-q", "--gallery").exit_code == 1
    page = (out / "index.html").read_text("utf-8")
    assert all(name in page for name in ("a-sobel.png", "b-sobel.png", "broken.png"))
    (out / "index.html").write_text("<title>Somebody's site</title>", "utf-8")
    refused = run("batch", source, "-o", out, "-q", "--gallery", "--restart")
    assert refused.exit_code == 1
    assert "index.html" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert (out / "index.html").read_text("utf-8") == "<title>Somebody's site</title>"


def test_explain_writes_nothing(run: Run, source: Path, out: Path) -> None:
    (source / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    planned = run("batch", source, "-o", out, "--explain", "--recursive", "--report", "json")
    assert planned.exit_code == 1
    assert "broken.png" in planned.stderr
    reports = [json.loads(line) for line in planned.stdout.splitlines()]
    wanted = [str(out / name) for name in ("a-sobel.png", "b-sobel.png", "sub/c-sobel.png")]
    assert [report["output"]["path"] for report in reports] == wanted
    assert not out.exists()


def test_the_help_says_that_a_folder_is_needed(run: Run) -> None:
    text = " ".join(run("batch", "--help").stdout.split())
    assert "-o, --output DIR|TEMPLATE The folder to write to" in text
    assert "beside the input" not in text


def test_a_list_on_standard_input(run: Run, source: Path, out: Path) -> None:
    names = f"{source}/a.pgm\n{source}/sub/c.pgm\n".encode()
    assert run("batch", "-", "-o", out, "-q", stdin=names).exit_code == 0
    assert sorted(contents(out)) == ["a-sobel.png", "c-sobel.png"]
    nul = names.replace(b"\n", b"\0")
    assert run("batch", "-", "-0", "--recursive", "-o", out / "tree", stdin=nul).exit_code == 0
    assert sorted(contents(out / "tree")) == ["a-sobel.png", "sub/c-sobel.png"]


def test_failures_are_listed_at_the_end(run: Run, source: Path, out: Path) -> None:
    (source / "bad.png").write_bytes(b"no image")
    result = run("batch", source, "-o", out)
    assert result.exit_code == 1
    first, last = result.stderr.splitlines()
    assert first.startswith(f"edgecli: image {source}/bad.png is in no format")
    assert last == "edgecli: 1 of 3 inputs failed"
    assert "failed     1" in result.stdout
    assert run("batch", source, "-o", out, "--fail-fast", "-q").exit_code == 1


def test_what_was_not_begun_is_told(run: Run, source: Path, out: Path) -> None:
    (source / "a.pgm").write_bytes(b"no image")
    result = run("batch", source, "-o", out, "--fail-fast", "-q", "--jobs", "1")
    assert result.exit_code == 1
    told = result.stderr.splitlines()[-1]
    assert told == "edgecli: 1 of 2 inputs failed; 1 not begun, run again to continue"


def test_restart_does_everything_again(run: Run, source: Path, out: Path) -> None:
    run("batch", source, "-o", out)
    result = run("batch", source, "-o", out, "--restart")
    assert result.stdout.splitlines()[0].split() == ["done", "2"]


# --- reports ------------------------------------------------------------------------------------


@pytest.fixture
def mixed(run: Run, source: Path, out: Path) -> Path:
    """Return a folder of which one input was done before, and one will fail."""
    run("batch", source, "-o", out, "-q")
    (source / "b.pgm").write_bytes(b"no image")
    write_pgm(source / "new|er.pgm")
    return source


def test_json_is_a_line_for_each_image_then_the_totals(run: Run, mixed: Path, out: Path) -> None:
    result = run("batch", mixed, "-o", out, "--report", "json")
    *records, totals = map(json.loads, result.stdout.splitlines())
    assert [record["status"] for record in records] == ["skipped", "failed", "done"]
    assert {record["schema"] for record in records} == {"edgecli.report/1"}
    assert [record["input"]["path"] for record in records] == [
        str(mixed / name) for name in ("a.pgm", "b.pgm", "new|er.pgm")
    ]
    assert "output" not in records[1]
    assert "is in no format" in records[1]["error"]
    assert totals.pop("seconds") > 0
    assert totals == {
        "schema": "edgecli.batch/1", "done": 1, "failed": 1, "skipped": 1, "pixels": 64,
    }  # fmt: skip


def test_csv_has_a_row_for_each_image_and_one_for_the_totals(
    run: Run, mixed: Path, out: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.csv"
    assert run("batch", mixed, "-o", out, "--report-file", report).stdout == ""
    rows = list(csv.DictReader(io.StringIO(report.read_text("utf-8"))))
    assert [row["status"] for row in rows] == ["skipped", "failed", "done", "total"]
    assert rows[2]["input.shape"] == "8×8×1"
    assert rows[1]["output.path"] == ""
    assert [rows[3][name] for name in ("done", "failed", "skipped")] == ["1", "1", "1"]


def test_markdown_has_a_row_for_each_image_and_a_table_of_totals(
    run: Run, mixed: Path, out: Path, tmp_path: Path
) -> None:
    run("batch", mixed, "-o", out, "--report-file", tmp_path / "report.md")
    lines = (tmp_path / "report.md").read_text("utf-8").splitlines()
    assert lines[0] == "| image | status | shape | edge maps | clipped |"
    assert lines[2].startswith(f"| {mixed}/a.pgm | skipped | 8×8×1 | {out}/a-sobel.png | ")
    assert lines[3].startswith(f"| {mixed}/b.pgm | failed: image ")
    assert "new\\|er.pgm | done" in lines[4]
    assert lines[8:10] == ["| done | 1 |", "| failed | 1 |"]


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["in"], "a batch needs a folder to write to; give it with -o DIR"),
        (["in", "-o", "-"], "a batch needs a folder to write to"),
        (["in", "-o", "in/a.pgm"], "is a file; give a folder"),
        (["nowhere", "-o", "out"], "folder nowhere does not exist"),
        (["in", "-o", "out", "-f", "sobl"], "did you mean 'sobel'?"),
        (["in", "-o", "out", "--memory", "much"], "memory 'much' is not a number of bytes"),
        (["in", "-o", "out", "--memory", "0"], "memory '0' is not a number of bytes"),
        (["twice", "-o", "out"], "twice/a.pgm and twice/a.png would both be written to"),
    ],
)
def test_what_is_refused_is_one_line_and_leaves_nothing(
    refuse: Refuse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    pictures(tmp_path / "in", "a.pgm")
    pictures(tmp_path / "twice", "a.pgm", "a.png")
    assert reason in refuse("batch", *arguments, code=2)
    assert not contents(tmp_path / "out")


def test_a_folder_that_cannot_be_made_is_one_line(refuse: Refuse, source: Path) -> None:
    line = refuse("batch", source, "-o", "/proc/none/out", code=1)
    assert line.startswith("folder /proc/none/out cannot be made")


def test_small_jobs_load_no_rich(source: Path, out: Path) -> None:
    code = (
        "import sys, atexit\natexit.register(lambda: print('rich' in sys.modules))\n"
        "from edgecli.cli import main\n"
        f"main(['batch', {str(source)!r}, '-o', {str(out)!r}, '-q'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"False\n"
    assert os.listdir(out)
