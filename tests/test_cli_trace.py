"""``edgecli trace``: sums that are written out, and that are the responses."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecli import convolve, load_filter
from tests.conftest import SAMPLES, Refuse, Run, Save, noise

GRID = SAMPLES / "grid-6x6.csv"
VERTICAL = ("-f", "vertical", "--padding", "valid")


def sums(text: str) -> list[tuple[str, float]]:
    """Return each sum's left side as written, and its right side."""
    found = re.findall(r"^sum(?: \S+)?  +(.*) = (.*)$", text, re.MULTILINE)
    return [(left, float(right.replace("−", "-"))) for left, right in found]


def worked_out(terms: str) -> float:
    """Work out ``3·1 + 0·(−1) + …``."""
    total = 0.0
    for term in re.sub(r"[()\[\]]", "", terms.replace("−", "-")).split(" + "):
        factors = [float(factor) for factor in term.split("·")]
        total += float(np.prod(factors))
    return total


def test_the_window_the_kernel_and_the_sum(run: Run) -> None:
    result = run("trace", GRID, *VERTICAL, "--at", "0,0")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "output           row 0, column 0 of 4×4",
        "height           ⌊(6 + 2·0 − 3)/1⌋ + 1 = 4",
        "width            ⌊(6 + 2·0 − 3)/1⌋ + 1 = 4",
        "window            3  0  1",
        "                  1  5  8",
        "                  2  7  2",
        "kernel vertical    1   0  -1",
        "                   1   0  -1",
        "                   1   0  -1",
        "sum              3·1 + 0·0 + 1·(−1) + 1·1 + 5·0 + 8·(−1) + 2·1 + 7·0 + 2·(−1) = −5",
    ]


@pytest.mark.parametrize("mode", ["zeros", "constant:7", "replicate", "reflect", "circular"])
@pytest.mark.parametrize(
    "steps",
    [
        [],
        ["--padding", "2,1,0,3"],
        ["--stride", "2,3"],
        ["--dilation", "2"],
        ["--bias", "-2.5"],
        ["--convolve"],
    ],
)
@pytest.mark.parametrize("at", [(0, 0), (1, 1)])
def test_every_sum_is_right_and_is_the_response(
    run: Run, mode: str, steps: list[str], at: tuple[int, int]
) -> None:
    kernel = "1 2; -3 4.5"
    result = run(
        "trace", GRID, "-f", kernel, "--padding-mode", mode, *steps, "--at", f"{at[0]},{at[1]}"
    )
    assert result.exit_code == 0
    ((terms, total),) = sums(result.stdout)
    values = dict(zip(steps[::2], steps[1::2], strict=False))
    bank = load_filter(kernel)
    if "--convolve" in steps:
        bank = bank.flipped()
    stride = tuple(int(n) for n in values.get("--stride", "1,1").split(","))
    responses = convolve(
        np.loadtxt(GRID, delimiter=","),
        bank,
        padding=values.get("--padding", "same"),
        padding_mode=mode,
        stride=(stride[0], stride[1]),
        dilation=int(values.get("--dilation", "1")),
    )
    expected = float(responses[0][at]) + float(values.get("--bias", "0"))
    assert total == pytest.approx(expected, rel=1e-6)
    assert worked_out(terms) == pytest.approx(total)


def test_an_operator_shows_how_its_responses_combine(run: Run) -> None:
    result = run("trace", GRID, "-f", "sobel", "--at", "1,1")
    x, y = (value for _, value in sums(result.stdout))
    line = next(line for line in result.stdout.splitlines() if line.startswith("magnitude"))
    assert line.split(" ", 1)[1].strip().startswith("√(")
    assert float(line.rsplit("= ", 1)[1]) == pytest.approx(np.hypot(x, y), rel=1e-5)


def test_an_activation_is_shown(run: Run) -> None:
    result = run("trace", GRID, *VERTICAL, "--activation", "relu", "--at", "0,0")
    assert result.stdout.splitlines()[-1].split() == ["relu", "0"]


def test_channels_are_written_row_by_row_with_subtotals(run: Run, save: Save) -> None:
    picture = save("picture.png", noise(4, 4, 3))
    text = run("trace", picture, *VERTICAL, "--channels", "rgb", "--at", "1,0").stdout
    told = re.findall(r"^(channel \d(?:, row \d)?|sum) +(.*·?.*) = (.*)$", text, re.MULTILINE)
    assert [label for label, *_ in told] == [
        label for n in range(3) for label in (*(f"channel {n}, row {i}" for i in range(3)),
                                              f"channel {n}")
    ] + ["sum"]  # fmt: skip
    totals = {label: float(total.replace("−", "-")) for label, _, total in told}
    assert all(worked_out(terms) == totals[label] for label, terms, _ in told)
    for n in range(3):
        rows = [totals[f"channel {n}, row {i}"] for i in range(3)]
        assert sum(rows) == totals[f"channel {n}"]
    truth = convolve(noise(4, 4, 3).transpose(2, 0, 1), "vertical", padding="valid")[0, 1, 0]
    assert sum(totals[f"channel {n}"] for n in range(3)) == totals["sum"] == truth


def test_rows_of_a_large_kernel_have_lines_of_their_own(run: Run) -> None:
    text = run("trace", GRID, "-f", "1 2 3 4; 5 6 7 8; 0 1 0 1", "--at", "2,2").stdout
    labels = re.findall(r"^(row \d|sum) ", text, re.MULTILINE)
    assert labels == ["row 0", "row 1", "row 2", "sum"]


def test_padding_stands_in_brackets(run: Run) -> None:
    text = run("trace", GRID, "-f", "sobel-x", "--padding-mode", "zeros", "--at", "0,0").stdout
    lines = [line.split() for line in text.splitlines()]
    assert ["window", "[0]", "[0]", "[0]"] in lines
    assert ["[0]", "3", "0"] in lines
    assert " [0]·(−1) + [0]·0 + [0]·1 + [0]·(−2) + 3·0 + 0·2 + " in text


def test_every_position_follows_the_other(run: Run) -> None:
    text = run("trace", GRID, *VERTICAL, "--all").stdout
    places = re.findall(r"^output +row (\d), column (\d) of 4×4$", text, re.MULTILINE)
    assert places == [(str(row), str(col)) for row in range(4) for col in range(4)]
    truth = convolve(np.loadtxt(GRID, delimiter=","), "vertical", padding="valid")[0]
    assert [total for _, total in sums(text)] == truth.ravel().tolist()
    assert text.count("kernel vertical") == 1


def test_json_adds_up(run: Run) -> None:
    args = ("trace", GRID, "-f", "sobel", "--padding-mode", "reflect", "--bias", "1,2", "--all")
    facts = json.loads(run(*args, "--report", "json").stdout)
    assert facts["schema"] == "edgecli.trace/1"
    assert facts["output_shape"] == [6, 6, 2]
    truth = convolve(np.loadtxt(GRID, delimiter=","), "sobel", padding_mode="reflect")
    assert len(facts["positions"]) == 36
    for place in facts["positions"]:
        (view,) = place["views"]
        for n, (one, of) in enumerate(zip(view["filters"], facts["filters"], strict=True)):
            products = np.array(view["window"]) * np.array(of["weight"])
            assert products.tolist() == one["products"]
            assert products.sum(axis=2).tolist() == one["row_sums"]
            assert products.sum(axis=(1, 2)).tolist() == one["subtotals"]
            assert products.sum() + of["bias"] == one["sum"] == one["response"]
            assert one["sum"] == truth[n, place["row"], place["column"]] + n + 1
        (edge_map,) = view["maps"]
        parts = [one["response"] for one in view["filters"]]
        assert edge_map["value"] == pytest.approx(np.hypot(*parts))


def test_csv_has_a_row_for_each_product(run: Run) -> None:
    text = run("trace", GRID, "-f", "vertical", "--stride", "2", "--all", "--report", "csv").stdout
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == 9 * 9
    grid = np.pad(np.loadtxt(GRID, delimiter=","), 1, "edge")
    for row in rows:
        place = int(row["image row"]) + 1, int(row["image column"]) + 1
        assert float(row["pixel"]) == grid[place]
        assert row["padding"] == str(int(not (1 <= place[0] <= 6 and 1 <= place[1] <= 6)))
        assert float(row["product"]) == float(row["pixel"]) * float(row["weight"])
    for first in range(0, 81, 9):
        products = [float(row["product"]) for row in rows[first : first + 9]]
        assert sum(products) == float(rows[first]["sum"])


@pytest.mark.parametrize("filters", [("vertical",), ("sobel",), ("kirsch", "sobel-x")])
def test_the_strongest_channel_is_named_and_is_the_output_pixel(
    run: Run, save: Save, tmp_path: Path, filters: tuple[str, ...]
) -> None:
    picture = save("picture.png", noise(4, 4, 3))
    options = [word for name in filters for word in ("-f", name)] + ["--channels", "max"]
    for row in range(4):
        text = run("trace", picture, *options, "--at", f"{row},2").stdout
        assert re.findall(r"^(window|channel \d)", text, re.MULTILINE) == [
            "channel 0", "channel 1", "channel 2",
        ]  # fmt: skip
        told = re.findall(
            r"^output (\S+) +max\((.*)\): channel (\d) gives (.*)$", text, re.MULTILINE
        )
        assert [name for name, *_ in told] == list(filters)
        for name, sizes, channel, value in told:
            maps = tmp_path / "maps/"
            run(
                "detect",
                picture,
                *options,
                "--map",
                "raw",
                "-o",
                f"{maps}/",
                "--format",
                "npy",
                "-q",
            )
            truth = np.load(maps / f"picture-{name}.npy")[row, 2]
            assert float(value.replace("−", "-")) == pytest.approx(float(truth), rel=1e-6)
            assert sizes.split(", ")[int(channel)] == f"|{value}|"


def test_every_channel_alone_is_labelled_and_none_wins(run: Run, save: Save) -> None:
    picture = save("picture.png", noise(4, 4, 3))
    text = run("trace", picture, *VERTICAL, "--channels", "each", "--at", "0,0").stdout
    assert [f"channel {n}" in text for n in range(4)] == [True, True, True, False]
    assert "window" not in text
    assert "gives" not in text
    grey = run("trace", GRID, *VERTICAL, "--channels", "max", "--at", "0,0").stdout
    assert grey == run("trace", GRID, *VERTICAL, "--at", "0,0").stdout


def test_standard_input(run: Run) -> None:
    result = run("trace", "-", *VERTICAL, "--at", "3,3", stdin=GRID.read_bytes())
    assert sums(result.stdout)[0][1] == -16


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        ([GRID, "--at", "6,0"], 1, "output pixel 6,0 is outside the 6×6 output"),
        ([GRID, "--at", "0,-1"], 1, "outside"),
        ([GRID, "--at", "1"], 2, "position '1' is not ROW,COL"),
        ([GRID, "--at", "a,b"], 2, "position 'a,b' is not ROW,COL"),
        (["missing.png", "--at", "0,0"], 1, "does not exist"),
        ([GRID, "--at", "0,0", "-f", "sobl"], 2, "did you mean 'sobel'"),
        ([GRID, "--at", "0,0", "-f", "gaussian:3", "--padding", "valid"], 1, "is larger than"),
        (["-", "--at", "0,0"], 1, "is empty"),
    ],
)
def test_wrong_requests_are_one_line(
    refuse: Refuse, args: list[str | Path], code: int, said: str
) -> None:
    assert said in refuse("trace", *args, code=code)


@pytest.mark.parametrize("cut", [0.5, 0.9])
@pytest.mark.parametrize("name", ["x.png", "x.npy", "x.jpg"])
def test_truncated_images_are_one_line(refuse: Refuse, save: Save, name: str, cut: float) -> None:
    image = save(name, noise(40, 40))
    data: Any = image.read_bytes()
    image.write_bytes(data[: int(len(data) * cut)])
    assert "image" in refuse("trace", image, "--at", "39,39", code=1)
