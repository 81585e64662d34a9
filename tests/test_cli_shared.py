"""The options that commands share: the same words, declared once, that do something everywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import pytest

from tests.conftest import Refuse, Run, Save, noise
from tests.test_docs import all_commands

COMMANDS = dict(all_commands())

DETECTING = ["detect", "batch"]
READING = [*DETECTING, "trace", "network summary", "network run", "learn", "evaluate"]
REPORTING = [
    *DETECTING, "filters list", "filters show", "styles", "trace", "network summary",
    "network run", "learn", "evaluate",
]  # fmt: skip
WRITING = [*DETECTING, "network summary", "network run", "learn", "evaluate"]

SHARED = {
    "--report": REPORTING,
    "--report-file": REPORTING,
    "--quiet": WRITING,  # where more comes of a command than its report
    "--output": [*DETECTING, "filters export", "trace", "tune", *WRITING[2:]],
    "--threads": [*DETECTING, "network run", "learn"],
    "--max-pixels": [*READING, "tune"],
    "--white": [*DETECTING, "network run", "tune"],
    "--verbose": [*DETECTING, "evaluate"],
    "--explain": DETECTING,
    "--preview": DETECTING,
    "--grid": DETECTING,
    "--suffix": DETECTING,
}
"""Which commands have which of the options that mean the same everywhere."""

OWN = {
    "--size",
    "--jobs",
    "--output",
    "--filter",
    "--filters",
    "--format",
    "--channels",
    "--input",
    "--help",
}
"""Options that are declared more than once: their values differ from command to command."""

LINES = {
    "detect": "detect {a} -o {out}/a.png",
    "batch": "batch {folder} -o {out} --jobs 1",
    "filters list": "filters list",
    "filters show": "filters show sobel",
    "styles": "styles",
    "trace": "trace {a} --at 1,2",
    "tune": "tune {a} -f sobel -o {out}/t.html",
    "network summary": "network summary edges-rgb --receptive-field 0,0 --on {a} -o {out}/n.png",
    "network run": "network run edges-rgb {a} -o {out}/maps",
    "learn": "learn {a} {b} --size 3 -o {out}/l.json",
    "evaluate": "evaluate {folder} {folder} -o {out}/e.svg --jobs 1 --thresholds 3",
}
"""A line of each command that reads or reports."""

Line = Callable[[str], Sequence[str]]


@pytest.fixture
def line(save: Save, tmp_path: Path) -> Line:
    """Return what writes each command's line, with two pictures, in a folder of its own."""
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    a, b = (save(f"in/{name}.png", noise(9, 12, seed=n)) for n, name in enumerate("ab"))
    names = {"a": a, "b": b, "folder": a.parent, "out": tmp_path / "out"}
    return lambda name: LINES[name].format(**names).split()


def options_of(name: str) -> dict[str, click.Option]:
    found = [one for one in COMMANDS[name].params if isinstance(one, click.Option)]
    return {max(one.opts, key=len): one for one in found}


@pytest.mark.parametrize("word", SHARED)
def test_which_commands_have_an_option(word: str) -> None:
    # --dry-run is the longest name of --explain
    spelt = {"--explain": "--dry-run"}.get(word, word)
    having = {name for name in COMMANDS if any(spelt in o.opts for o in options_of(name).values())}
    assert having == set(SHARED[word])


def test_an_option_is_the_same_in_every_command() -> None:
    known: dict[str, dict[str, Any]] = {}
    for name in COMMANDS:
        for word, option in options_of(name).items():
            told = option.to_info_dict()
            if word in OWN:
                told = {"opts": told["opts"], "is_flag": told["is_flag"]}
            assert known.setdefault(word, told) == told, (name, word)
            for short in option.opts:
                assert known.setdefault(short, told)["opts"] == told["opts"], (name, short)


def untimed(text: str) -> str:
    """Leave out all that may be a time, and the spaces that line it up."""
    unit = r"(m?s|images/s|MP/s)\b"
    return re.sub(rf"\d+\.[\d.e-]+( {unit})?|[\d,]+ {unit}| ", "", text)


@pytest.mark.parametrize("name", REPORTING)
@pytest.mark.parametrize("format_", ["json", "csv", "markdown", "table"])
def test_a_report_is_the_same_in_a_file(
    run: Run, line: Line, tmp_path: Path, name: str, format_: str
) -> None:
    place = tmp_path / "report.txt"
    there = run(*line(name), "--report", format_)
    again = ["--restart"] if name == "batch" else []
    filed = run(*line(name), *again, "--report", format_, "--report-file", place)
    assert (there.exit_code, filed.exit_code, filed.stdout) == (0, 0, "")
    assert untimed(there.stdout) == untimed(place.read_text(encoding="utf-8"))
    if format_ == "json":
        lines = there.stdout.splitlines() if name == "batch" else [there.stdout]
        assert all(json.loads(one)["schema"].startswith("edgecli.") for one in lines)
    if format_ == "markdown":
        assert "|---" in there.stdout.replace(" ", "")


@pytest.mark.parametrize("name", REPORTING)
def test_a_report_file_says_its_format_by_its_name(
    run: Run, line: Line, tmp_path: Path, name: str
) -> None:
    assert run(*line(name), "--report-file", tmp_path / "r.json").exit_code == 0
    first = (tmp_path / "r.json").read_text(encoding="utf-8").splitlines()
    json.loads(first[0] if name == "batch" else "".join(first))


@pytest.mark.parametrize("name", ["network run", "network summary", "learn", "trace", "detect"])
def test_a_report_is_not_written_over_what_is_read_or_written(
    refuse: Refuse, line: Line, name: str
) -> None:
    words = line(name)
    files = [word for word in words if word.endswith((".png", ".json", ".svg"))]
    for file in files:
        told = refuse(*words, "--report-file", file, code=2)
        assert told.startswith(f"report file {file} is also the ")
    told = refuse(*words, "--report-file", "none/r.json", code=1)
    assert "none/r.json cannot be written" in told


@pytest.mark.parametrize("name", WRITING)
def test_quiet_leaves_the_results_alone(run: Run, line: Line, tmp_path: Path, name: str) -> None:
    said = run(*line(name), "-q")
    assert (said.exit_code, said.output) == (0, "")
    assert [path for path in (tmp_path / "out").rglob("*.*") if path.is_file()] != []
    if name != "batch":
        assert run(*line(name)).stdout != ""


def test_a_drawing_on_standard_output_moves_the_report_aside(run: Run) -> None:
    drawn = run("network", "summary", "edges-rgb", "-o", "-")
    assert drawn.stdout.startswith("<svg")
    assert drawn.stderr == run("network", "summary", "edges-rgb").stdout
    assert run("network", "summary", "edges-rgb", "-o", "-", "-q").stderr == ""


@pytest.mark.parametrize("name", SHARED["--max-pixels"])
def test_larger_images_are_refused(run: Run, line: Line, name: str) -> None:
    said = run(*line(name), "--max-pixels", "9")
    assert said.exit_code == 1
    assert "108 pixels" in said.stderr


@pytest.mark.parametrize("name", ["detect", "batch", "network run"])
def test_threads_are_as_many_as_asked(run: Run, line: Line, name: str) -> None:
    said = run(*line(name), "--threads", "1", "--report", "json").stdout
    first = json.loads(said.splitlines()[0] if name == "batch" else said)
    assert first["engine"]["threads"] == 1


def test_learning_has_its_threads(run: Run, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*args: Any) -> None:
        raise MemoryError(args[-1])

    monkeypatch.setattr("edgecli.cli.learn.learn", asked)
    monkeypatch.setenv("EDGECLI_TRACEBACK", "1")
    assert "not enough memory" in run(*line("learn"), "--threads", "3").stderr


@pytest.mark.parametrize("name", DETECTING)
def test_verbose_tells_of_each_image(run: Run, line: Line, tmp_path: Path, name: str) -> None:
    words = line(name)
    if name == "detect":
        words = ["detect", *(str(tmp_path / "in" / f"{one}.png") for one in "ab")]
    plain, more = run(*words).stdout, run(*words, "-v").stdout
    assert len(more.splitlines()) > len(plain.splitlines())
    assert more.count("b.png") + more.count("b-sobel.png") > 1


@pytest.mark.parametrize("name", DETECTING)
def test_a_contact_sheet_of_each_image(run: Run, line: Line, tmp_path: Path, name: str) -> None:
    assert run(*line(name), "--grid", "-f", "sobel", "-f", "log", "-q").exit_code == 0
    sheet = "a.png" if name == "detect" else "a-grid.png"
    assert (tmp_path / "out" / sheet).exists()


def test_a_batch_draws_what_detect_draws(run: Run, line: Line, tmp_path: Path) -> None:
    drawn = run(*line("batch"), "--preview", "-q").stdout
    alone = [
        f"{path}\n" + run("detect", path, "-o", tmp_path / "x.png", "--preview", "-q").stdout
        for path in (tmp_path / "in" / "a.png", tmp_path / "in" / "b.png")
    ]
    assert "@" in drawn
    assert drawn in ("".join(alone), "".join(alone[::-1]))
    assert run(*line("batch"), "--preview", "-q").stdout == ""  # all of it is done
