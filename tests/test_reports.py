"""Reports: the facts of a run, and that every format shows the same ones."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import pty
import re
import struct
import termios
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecli import FilterBank, __version__
from edgecli.detect.inputs import Result
from edgecli.detect.plan import plan_detection
from edgecli.detect.run import Measured
from edgecli.detect.settings import Settings
from edgecli.operators.operators import Operator, load_operator
from edgecli.paint.rendering import Extremes
from edgecli.reports.display import TerminalScreen, as_table
from edgecli.reports.formats import (
    Report,
    csv_lines,
    markdown_lines,
    report_lines,
    text_lines,
    write_report,
)
from edgecli.reports.image import image_record, report_on, write_reports
from edgecli.reports.tables import Column, Object, Table, entitled, flatten, image_table, labelled
from edgecli.rows.base import ImageInfo
from tests.conftest import Golden, Run, Save, noise

INFO = ImageInfo("img.png", "PNG", (480, 640, 3), "uint8")


def a_result(*filters: str, info: ImageInfo = INFO, clipped: int = 0, **options: Any) -> Result:
    """Return a result as of a run, without running."""
    operators = tuple(load_operator(name) for name in filters)
    return described(Settings(operators, **options), info, clipped)


def described(settings: Settings, info: ImageInfo = INFO, clipped: int = 0) -> Result:
    detection = plan_detection(settings, info.shape, np.dtype(info.dtype))
    paths = tuple(f"img-{edge_map.name}.png" for edge_map in detection.maps)
    measured = Measured((Extremes(-765, 612, clipped),) * len(paths), 0.004, 2)
    return Result(info, detection, paths, measured)


def told(*results: Result, format_: str = "table") -> str:
    return "".join(report_lines([report_on(result) for result in results], format_))


def test_json_is_as_documented() -> None:
    facts = json.loads(told(a_result("vertical", clipped=3072), format_="json"))
    assert facts == {
        "schema": "edgecli.report/1",
        "made_by": f"edgecli {__version__} detect -f vertical",
        "input": {"path": "img.png", "format": "PNG", "shape": [480, 640, 3], "dtype": "uint8"},
        "filters": [{"name": "vertical", "shape": [3, 3, 1], "rank": 1}],
        "operation": "cross-correlation",
        "channels": "gray",
        "stride": [1, 1],
        "dilation": [1, 1],
        "padding": {"top": 1, "bottom": 1, "left": 1, "right": 1, "mode": "replicate"},
        "convolved_shape": [480, 640, 1],
        "output_shape": [480, 640, 1],
        "parameters": {"weights": 9, "biases": 0, "total": 9},
        "fully_connected_parameters": 94371840000,
        "macs": 2764800,
        "receptive_field": [3, 3],
        "connections_per_output": 9,
        "output": {
            "path": "img-vertical.png",
            "dtype": "uint8",
            "map": "auto",
            "clipped_fraction": 0.01,
            "min": -765,
            "max": 612,
        },
        "engine": {
            "method": "separable",
            "accumulator": "int16",
            "threads": 2,
            "seconds": 0.004,
            "reason": "exact: Σ|w|·255 = 1,530 fits 16 bits",
        },
    }


def test_json_of_the_command_line_has_the_same_keys_in_the_same_order(run: Run, save: Save) -> None:
    picture = save("img.png", noise(48, 64, 3))
    facts = json.loads(run("detect", picture, "-f", "vertical", "--report", "json").stdout)
    documented = image_record(a_result("vertical"))
    assert [key for key, _ in flatten(facts)] == [key for key, _ in flatten(documented)]
    assert list(facts) == list(documented)
    assert facts["input"] == {
        "path": str(picture), "format": "PNG", "shape": [48, 64, 3], "dtype": "uint8",
    }  # fmt: skip


def test_what_was_not_computed_is_left_out() -> None:
    facts = image_record(replace(a_result("vertical"), measured=None))
    assert facts["output"] == {"path": "img-vertical.png", "dtype": "uint8", "map": "auto"}
    assert [*facts["engine"]] == ["method", "accumulator", "reason", "band_rows"]


def test_every_format_says_why_and_in_which_bands_a_plan_computes() -> None:
    planned = replace(a_result("vertical"), measured=None)
    rows = planned.detection.band_rows
    why = "exact: Σ|w|·255 = 1,530 fits 16 bits"
    engine = json.loads(told(planned, format_="json"))["engine"]
    assert (engine["reason"], engine["band_rows"]) == (why, rows)
    assert f"{why},{rows}\n" in told(planned, format_="csv").replace('"', "")
    marked = why.replace("|", "\\|")
    assert f"({marked}), bands of {rows} rows |" in told(planned, format_="markdown")
    assert f"({why}), bands of {rows} rows" in told(planned)


@pytest.mark.parametrize(
    ("filters", "combine", "way"),
    [
        (("sobel",), None, "magnitude"),
        (("sobel",), "sum", "sum"),
        (("kirsch",), None, "max"),
        (("vertical", "horizontal"), "max", "max"),
        (("sobel",), "direction", "direction"),
        (("vertical",), None, None),
        (("vertical",), "sum", None),  # one filter has nothing to be combined with
        (("contours",), None, None),
    ],
)
def test_every_format_says_how_filters_combine(
    filters: tuple[str, ...], combine: str | None, way: str | None
) -> None:
    result = a_result(*filters, combine=combine)
    assert image_record(result)["output"].get("combine") == way
    assert (f"map auto, combine {way}," in told(result)) == (way is not None)


@pytest.mark.parametrize(
    ("channels", "volume", "maps", "weights", "macs"),
    [
        ("gray", 1, 2, 18, 18),
        ("red", 1, 2, 18, 18),
        ("rgb", 3, 2, 54, 54),
        ("each", 3, 6, 18, 54),
        ("max", 3, 6, 18, 54),
    ],
)
def test_costs_of_every_choice_of_channels(
    channels: str, volume: int, maps: int, weights: int, macs: int
) -> None:
    facts = image_record(a_result("sobel", channels=channels, stride=(2, 2)))
    assert facts["convolved_shape"] == [480, 640, volume]
    assert facts["output_shape"] == [240, 320, maps]
    assert facts["parameters"] == {"weights": weights, "biases": 0, "total": weights}
    assert facts["macs"] == 240 * 320 * macs
    dense = 480 * 640 * volume * 240 * 320 * maps
    assert facts["fully_connected_parameters"] == dense
    assert facts["connections_per_output"] == weights // 2


def test_costs_of_many_filters_with_bias() -> None:
    bank = FilterBank(np.ones((10, 3, 3, 3)), np.zeros(10))
    facts = image_record(described(Settings((Operator("layer", bank),), padding="valid")))
    assert facts["filters"] == [
        {"name": f"filter-{n}", "shape": [3, 3, 3], "rank": 1} for n in range(1, 11)
    ]
    assert facts["parameters"] == {"weights": 270, "biases": 10, "total": 280}
    assert facts["macs"] == 478 * 638 * 270
    assert facts["channels"] == "rgb"
    assert len(facts["outputs"]) == 10
    assert "output" not in facts


def test_filters_of_different_sizes_are_reported_in_their_own() -> None:
    facts = image_record(a_result("roberts-1", "sobel-x", "gaussian:1"))
    assert [one["shape"] for one in facts["filters"]] == [[2, 2, 1], [3, 3, 1], [9, 9, 1]]
    assert [one["rank"] for one in facts["filters"]] == [2, 1, 1]
    assert facts["parameters"]["weights"] == 4 + 9 + 81
    assert facts["macs"] == 480 * 640 * (4 + 9 + 81)
    assert facts["receptive_field"] == [9, 9]
    assert facts["connections_per_output"] == 81


def test_dilation_widens_the_receptive_field_and_not_the_connections() -> None:
    facts = image_record(a_result("vertical", dilation=(2, 3), convolve=True))
    assert facts["receptive_field"] == [5, 7]
    assert facts["connections_per_output"] == 9
    assert facts["operation"] == "convolution"


def test_bias_of_the_command_line_counts_as_a_parameter() -> None:
    facts = image_record(a_result("sobel", bias=(1.5,)))
    assert facts["parameters"] == {"weights": 18, "biases": 2, "total": 20}


def test_a_map_of_nothing_but_nan_has_no_extremes() -> None:
    result = a_result("vertical", info=replace(INFO, dtype="float32"))
    measured = Measured((Extremes(nans=5),), 0.0, 1)
    facts = image_record(replace(result, measured=measured))
    assert (facts["output"]["min"], facts["output"]["max"], facts["output"]["nan"]) == (
        None, None, 5,
    )  # fmt: skip
    assert told(replace(result, measured=measured)).splitlines()[-1] == (
        "output           img-vertical.png: uint8, map auto, responses none … none, "
        "0.00% clipped, 5 without data"
    )


# --- formats ------------------------------------------------------------------------------------

REPORTED = [
    a_result("vertical"),
    a_result("sobel", "laplacian", channels="each", bias=(1.0,), map="raw"),
    replace(a_result("vertical"), measured=None),
]


@pytest.mark.parametrize("result", REPORTED)
def test_json_and_csv_show_the_same_facts(result: Result) -> None:
    flat = {name: str(value) for name, value in flatten(image_record(result))}
    as_json = json.loads(told(result, format_="json"))
    assert {name: str(value) for name, value in flatten(as_json)} == flat
    (row,) = csv.DictReader(io.StringIO(told(result, format_="csv")))
    assert row == flat


@pytest.mark.parametrize("format_", ["table", "markdown"])
@pytest.mark.parametrize("result", REPORTED)
def test_tables_show_every_fact(result: Result, format_: str) -> None:
    text = re.sub(r"\\(?=[|<\\])|,", "", told(result, format_=format_))
    for name, value in flatten(image_record(result)):
        if name in ("schema", "made_by", "engine.seconds") or name.endswith("clipped_fraction"):
            continue
        assert str(value).replace(",", "") in text, name


def test_several_images_are_a_line_of_json_each_and_a_row_of_csv_each() -> None:
    results = [a_result(name) for name in ("sobel", "vertical")]
    lines = told(*results, format_="json").splitlines()
    assert [json.loads(line) for line in lines] == [image_record(result) for result in results]
    rows = list(csv.DictReader(io.StringIO(told(*results, format_="csv"))))
    assert [row["output.path"] for row in rows] == ["img-sobel.png", "img-vertical.png"]
    assert [row["filters.1.name"] for row in rows] == ["sobel-y", ""]
    assert told(*results, format_="markdown").count("| fact | value |") == 2


@pytest.mark.parametrize(
    ("name", "results", "format_"),
    [
        ("report.txt", [a_result("vertical", clipped=3686)], "table"),
        ("reports.txt", REPORTED[:2], "table"),
        ("report.json", [a_result("vertical", clipped=3686)], "json"),
        ("reports.csv", REPORTED, "csv"),
        ("report.md", [a_result("vertical", clipped=3686)], "markdown"),
    ],
)
def test_reports_are_as_the_golden_files(
    golden: Golden, name: str, results: list[Result], format_: str
) -> None:
    golden(name, told(*results, format_=format_))


# --- writers ------------------------------------------------------------------------------------

NUMBERS = Table(
    (Column("name"), Column("shape", ">", "---:"), Column("share", ">", "---:", "%")),
    [("a|b", (2, 3.5), 0.25), ("c", None, float("nan")), ("total", 12345, None)],
    "title",
    "note",
)


def test_csv_is_for_machines() -> None:
    assert "".join(csv_lines(NUMBERS)) == "name,shape,share\na|b,2×3.5,0.25\nc,,\ntotal,12345,\n"


def test_markdown_escapes_what_would_end_a_cell() -> None:
    texts = entitled(labelled([("path", "a|b\\c<d\ne"), ("path", "f")]))
    lines = "".join(markdown_lines([NUMBERS, texts])).splitlines()
    assert lines == [
        "title", "", "| name | shape | share |", "|---|---:|---:|", r"| a\|b | 2×3.5 | 25.00% |",
        "| c |  |  |", "| total | 12,345 |  |", "", "note",
        "", "| fact | value |", "|---|---|", r"| path | a\|b\\c\<d<br>e |", "|  | f |",
    ]  # fmt: skip


def test_text_lines_up_and_is_parted_where_there_is_no_room() -> None:
    assert "".join(text_lines(NUMBERS, 15)).splitlines() == [
        "title", "",
        "name    shape", "a|b     2×3.5", "c", "total  12,345", "",
        "name    share", "a|b    25.00%", "c", "total", "", "note",
    ]  # fmt: skip


def test_labels_that_are_repeated_stand_once() -> None:
    rows = [("input", "a.png"), ("filter", "1  2\n3  4"), ("filter", "5")]
    text = "".join(text_lines(labelled(rows)))
    assert text == "input   a.png\nfilter  1  2\n        3  4\n        5\n"


def test_every_fact_of_any_image_has_a_column() -> None:
    objects: list[Object] = [{"input": {"shape": [2, 3]}}, {"n": None, "tiles": [{"a": 1}]}]
    text = "".join(csv_lines(image_table(lambda: objects, ["first"])))
    assert text == "first,input.shape,n,tiles.0.a\n,2×3,,\n,,,1\n"


@pytest.mark.parametrize("format_", ["table", "json", "csv", "markdown"])
def test_a_file_gets_what_standard_output_gets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], format_: str
) -> None:
    for path in (None, str(tmp_path / "report")):
        write_reports(REPORTED, format_, path, aside=False, several=True)
    assert (tmp_path / "report").read_text("utf-8") == capsys.readouterr().out


# --- terminals ----------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False), ({"NO_COLOR": "1"}, False)],
)
def test_colour_is_for_terminals_that_have_it(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], coloured: bool
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"TERM": "xterm", "COLUMNS": "200"} | environment).items():
        monkeypatch.setenv(name, value)
    text = as_table(report_on(REPORTED[1]).table, Terminal())
    assert ("\x1b[36m" in text or "\x1b[1;36m" in text) == coloured
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert plain.split() == told(REPORTED[1]).split()


def test_what_is_no_terminal_is_never_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("FORCE_COLOR", "1")
    long = replace(INFO, path="x" * 500 + ".png")
    screen = io.StringIO()
    screen.writelines(report_lines([report_on(a_result("vertical", info=long))], "table", screen))
    text = screen.getvalue()
    assert f"{long.path}: PNG 480×640×3 uint8" in text
    assert "\x1b" not in text


def test_a_dumb_terminal_is_as_wide_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("COLUMNS", raising=False)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 50, 0, 0))
    with os.fdopen(ours), os.fdopen(theirs, "w") as terminal:
        text = as_table(report_on(a_result("vertical")).table, terminal)
        assert max(map(len, text.splitlines())) in range(40, 51)
        assert TerminalScreen(terminal).width == 50


def test_names_give_a_terminal_no_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    for screen in (io.StringIO(), Terminal()):
        monkeypatch.setattr("sys.stdout", screen)
        rows = [("input", "a\x1b[2J\x9b2J\b\rb.png: PNG")]
        write_report(Report({}, labelled(rows)), "table", None)
        assert "a[2J2Jb.png: PNG" in screen.getvalue()


def test_a_preview_keeps_the_shape_and_shades_of_the_map(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "16")
    screen, shown = io.StringIO(), np.zeros((8, 16, 1))
    shown[:, 8:] = 1
    TerminalScreen(screen).draw(shown)
    assert screen.getvalue().splitlines() == [" " * 8 + "@" * 8] * 4
