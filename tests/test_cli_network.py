"""``edgecli network``: summaries that add up, drawings, and feature maps of real images."""

from __future__ import annotations

import csv
import io
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import edgecli
from edgecli.networks.files import load_network, zoo_names
from edgecli.reports.formats import report_lines
from edgecli.reports.network import summary_report
from tests.conftest import SAMPLES, Golden, Refuse, Run, Save, noise
from tests.soft_networks import save_network, soft_network

FORMATS = {"table": "txt", "json": "json", "csv": "csv", "markdown": "md"}


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("name", zoo_names())
def test_summaries(run: Run, golden: Golden, name: str, format_: str) -> None:
    args = ["--compare", "fully-connected"] if name == "lenet5" else []
    result = run("network", "summary", name, "--report", format_, *args)
    assert (result.exit_code, result.stderr) == (0, "")
    golden(f"network-{name}.{FORMATS[format_]}", result.stdout)


@pytest.mark.parametrize("room", [112, 80, 40])
def test_a_terminal_gets_the_columns_that_it_has_room_for(
    monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    report, terminal = summary_report(load_network("lenet5").summary()), io.StringIO()
    monkeypatch.setenv("COLUMNS", str(room))
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    title, *blocks, note = "".join(report_lines([report], "table", terminal)).split("\n\n")
    whole = "".join(report_lines([report], "table")).split("\n\n")
    assert [title, note.split()] == [whole[0], whole[2].split()]
    lines = [line for block in (*blocks, note) for line in block.splitlines()]
    assert max(map(len, lines)) <= room
    assert all(block.splitlines()[-1].startswith("total") for block in blocks)
    titles = [word for block in blocks for word in block.splitlines()[0].split()[1:]]
    assert titles == whole[1].splitlines()[0].split()[1:]


def number(cell: str) -> float | None:
    """Return the number that a cell shows, None for words, shapes and empty cells."""
    plain = cell.replace(",", "").strip()
    return float(plain) if re.fullmatch(r"-?[\d.]+", plain) else None


def cells(text: str, format_: str) -> list[list[str]]:
    """Return header and lines of a table, each as long as the header."""
    if format_ == "csv":
        return list(csv.reader(io.StringIO(text)))
    if format_ == "markdown":
        rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
        return [[cell.strip() for cell in row] for row in (rows[0], *rows[2:])]
    lines = text.split("\n\n")[1].splitlines()
    # From the third on, columns end where their titles do; the first three count as one.
    ends = [match.end() for match in re.finditer(r"\S+( \S+)*", lines[0])]
    spans = [(0, 0), (0, 0), (0, ends[2]), *pairwise(ends[2:])]
    return [[line[a:b].strip() for a, b in spans] for line in lines]


@pytest.mark.parametrize("format_", ["table", "csv", "markdown"])
@pytest.mark.parametrize("name", zoo_names())
def test_every_printed_column_adds_up(run: Run, name: str, format_: str) -> None:
    text = run(
        "network", "summary", name, "--report", format_, "--compare", "fully-connected"
    ).stdout
    titles, *lines, total = cells(text, format_)
    added = []
    for n, title in enumerate(titles):
        printed = number(total[n])
        if printed is not None and title != "ratio":
            assert sum(number(line[n]) or 0 for line in lines) == printed, title
            added.append(title)
    assert added == [
        "size", "weights", "biases", "parameters", "MACs", "bytes", "fully connected",
    ]  # fmt: skip


@pytest.mark.parametrize("name", zoo_names())
def test_the_totals_of_json_add_up(run: Run, name: str) -> None:
    facts = json.loads(
        run("network", "summary", name, "--report", "json", "--compare", "fully-connected").stdout
    )
    layers, totals = facts["layers"], facts["totals"]
    for key in ("macs", "activation_size", "memory_bytes", "fully_connected_parameters"):
        assert totals[key] == sum(layer[key] or 0 for layer in layers)
    for key in ("weights", "biases"):
        assert totals[key] == sum(layer["parameters"][key] for layer in layers)
    assert totals["parameters"] == sum(layer["parameters"]["total"] for layer in layers)
    assert totals["parameters"] == totals["weights"] + totals["biases"]


def test_the_json_contract(run: Run) -> None:
    facts = json.loads(run("network", "summary", "lenet5", "--report", "json").stdout)
    assert facts["schema"] == "edgecli.network/1"
    assert facts["input_shape"] == [32, 32, 3]
    assert facts["totals"]["parameters"] == 62006
    first = facts["layers"][0]
    assert list(first)[:11] == [
        "name", "type", "kernel_size", "stride", "dilation", "padding", "output_shape",
        "activation_size", "parameters", "macs", "receptive_field",
    ]  # fmt: skip
    assert (first["kernel_size"], first["stride"]) == ([5, 5], [1, 1])
    assert first["padding"] == {"top": 0, "bottom": 0, "left": 0, "right": 0}
    assert facts["layers"][4]["kernel_size"] is None
    assert first["parameters"] == {"weights": 450, "biases": 6, "total": 456}
    assert first["output_shape"] == [28, 28, 6]
    assert first["receptive_field"] == [5, 5]
    assert "fully_connected_parameters" not in first


def test_another_input(run: Run) -> None:
    facts = json.loads(
        run("network", "summary", "lenet5", "--input", "64x48x1", "--report", "json").stdout
    )
    assert facts["input_shape"] == [64, 48, 1]
    assert facts["layers"][0]["output_shape"] == [60, 44, 6]


def test_comparing_with_dense_layers(run: Run) -> None:
    text = run("network", "summary", "lenet5", "--compare", "fully-connected").stdout
    assert "3072 × 4704       14,450,688  31,690.1" in text


def test_a_drawing(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "net.svg"
    result = run("network", "summary", "lenet5", "-o", path)
    assert result.stdout.startswith("lenet5, input 32×32×3\n")
    assert path.read_text("utf-8").startswith("<svg ")
    made = path.read_text("utf-8").split("<desc>")[1].split("</desc>")[0]
    assert re.fullmatch(r"Made by edgecli \S+ network summary lenet5 --input 32x32x3", made)
    streamed = run("network", "summary", "lenet5", "-o", "-")
    assert streamed.stdout_bytes == path.read_bytes()
    device = run("network", "summary", "lenet5", "-o", "/dev/null")
    assert (device.exit_code, device.stderr) == (0, "")


def test_the_comparison_is_drawn_where_it_is_asked_for(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "why.svg"
    result = run("network", "summary", "lenet5", "--compare", "fully-connected", "-o", path)
    assert "14,450,688" in result.stdout
    assert "456 numbers do the work of 32·32·3 × 28·28·6" in path.read_text("utf-8")


@pytest.mark.parametrize("name", ["net.png", "net", "net.svgz"])
def test_a_drawing_is_named_for_what_it_is(refuse: Refuse, tmp_path: Path, name: str) -> None:
    said = refuse("network", "summary", "lenet5", "-o", tmp_path / name, code=2)
    assert f"{name}' is not named .svg" in said
    assert not list(tmp_path.iterdir())


NETWORK = """
[input]
shape = [8, 8, 3]
white = 1
[[layers]]
name = "edges"
type = "convolution"
filters = ["sobel-x", "sobel-y"]
padding = "same"
padding_mode = "replicate"
[[layers]]
name = "half"
type = "max-pool"
kernel_size = 2
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.toml"
    path.write_text(NETWORK)
    return path


@pytest.mark.parametrize("fit", [(), ("--fit",)])
@pytest.mark.parametrize("name", ["digit.npy", "digit.csv", "-"])
def test_floats_of_a_picture_are_read_by_their_range(
    run: Run, tmp_path: Path, name: str, fit: tuple[str, ...]
) -> None:
    digit = SAMPLES / "digit-7.png"
    with Image.open(digit) as picture:
        pixels = np.asarray(picture.convert("L"), np.float64)
    np.save(tmp_path / "digit.npy", pixels)
    np.savetxt(tmp_path / "digit.csv", pixels, "%.18e", ",")
    path, given = (name, (tmp_path / "digit.npy").read_bytes()) if name == "-" else ("", b"")
    command = ("network", "run", "lenet5", path or tmp_path / name, "--report", "json", *fit)
    result = run(*command, stdin=given)
    likely = json.loads(result.stdout)["classes"][0]
    told = json.loads(run(*command[:3], digit, *command[4:]).stdout)["classes"][0]
    assert likely["name"] == told["name"] == "7"
    assert likely["probability"] == pytest.approx(told["probability"], abs=1e-3)
    assert result.stderr.splitlines()[0].endswith(
        "has numbers from 20 to 250, whose range is taken for white; "
        "if 255 is white, give --white 255"
    )


def test_twelve_bits_of_sixteen_are_told_of(run: Run, tmp_path: Path) -> None:
    with Image.open(SAMPLES / "digit-7.png") as picture:
        pixels = np.asarray(picture.convert("L"))
    for name, drawn in (("8", pixels), ("12", pixels * np.uint16(16))):
        np.save(tmp_path / f"{name}.npy", drawn)
    noted = run("network", "run", "lenet5", tmp_path / "12.npy").stderr
    assert noted.endswith(
        "has numbers up to 4000 where white is 65535; if 4095 is white, give --white 4095\n"
    )
    eight = run("network", "run", "lenet5", tmp_path / "8.npy", "--report", "json")
    twelve = run("network", "run", "lenet5", tmp_path / "12.npy", "--white", "4080",
                 "--report", "json")  # fmt: skip
    assert (eight.stderr, twelve.stderr) == ("", "")
    classes = [json.loads(result.stdout)["classes"] for result in (eight, twelve)]
    assert [one["name"] for one in classes[0]] == [one["name"] for one in classes[1]]
    chances = [[one["probability"] for one in some] for some in classes]
    assert chances[1] == pytest.approx(chances[0], abs=1e-5)


def test_maps_of_a_photo_as_pictures(run: Run, file: Path, tmp_path: Path) -> None:
    result = run("network", "run", file, SAMPLES / "building.jpg", "-o", tmp_path / "maps")
    assert (result.exit_code, result.stderr) == (0, "")
    names = ["01-edges.png", "02-half.png"]
    assert sorted(path.name for path in (tmp_path / "maps").iterdir()) == names
    assert all(name in result.stdout for name in (*names, "600×800×2", "300×400×2"))
    with Image.open(tmp_path / "maps" / "02-half.png") as picture:
        assert picture.size == (400 + 2 * 4, 2 * (300 + 13) + 3 * 4)


def test_maps_of_a_photo_as_arrays(run: Run, file: Path, tmp_path: Path) -> None:
    photo, output = SAMPLES / "colours.png", tmp_path / "maps.npz"
    result = run("network", "run", file, photo, "-o", output, "--report", "json")
    facts = json.loads(result.stdout)
    assert facts["schema"] == "edgecli.network-run/1"
    assert facts["random_weights"] is False
    assert [layer["output_shape"] for layer in facts["layers"]] == [[256, 256, 2], [128, 128, 2]]
    with Image.open(photo) as image:
        pixels = np.asarray(image.convert("RGB")).transpose(2, 0, 1)
    expected = edgecli.convolve(pixels, "sobel", padding="same", padding_mode="replicate").astype(
        np.float32
    )
    with np.load(output) as arrays:
        np.testing.assert_allclose(arrays["edges"], expected / 255, rtol=1e-4, atol=1e-5)
        assert facts["layers"][0]["max"] == pytest.approx(float(arrays["edges"].max()))


def test_random_weights_are_told_of(run: Run, save: Save, tmp_path: Path) -> None:
    image = save("small.png", noise(39, 39, 3))
    first, second = (
        run("network", "run", "example-convnet", image, "-o", tmp_path / name)
        for name in ("a.npz", "b.npz")
    )
    assert first.exit_code == 0
    assert "example-convnet has no weights, so random ones were drawn (seed 0)" in first.stderr
    assert len(first.stderr.splitlines()) == 1
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert "answer" in second.stdout
    quiet = run("network", "run", "example-convnet", image, "-o", tmp_path / "c.npz", "-q")
    assert (quiet.exit_code, quiet.output) == (0, "")
    asked = run(
        "network",
        "run",
        "example-convnet",
        image,
        "-o",
        tmp_path / "d.npz",
        "-q",
        "--report",
        "json",
    )
    assert asked.stderr == ""
    assert json.loads(asked.stdout)["network"] == "example-convnet"
    with np.load(tmp_path / "c.npz") as arrays:
        assert 0 < float(arrays["answer"][0]) < 1


def test_images_from_standard_input(run: Run, file: Path, tmp_path: Path) -> None:
    image = (SAMPLES / "shapes.png").read_bytes()
    for report in ("csv", "markdown", "none"):
        result = run(
            "network", "run", file, "-", "-o", tmp_path / "m.npz", "--report", report, stdin=image
        )
        assert (result.exit_code, result.stderr) == (0, "")
        assert ("edges" in result.stdout) == (report != "none")


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["summary", "lenet6"], 2, "network 'lenet6' is unknown (and no file); did you mean"),
        (["summary", "lenet5", "--input", "32x32"], 2, "shape '32x32' is not HxWxC"),
        (["summary", "lenet5", "--input", "8x8x3"], 2, "layer 'conv2' (convolution) over 2×2×6"),
        (["summary", "lenet5", "--input", "0x8x3"], 2, "the input's shape is 0×8×3"),
        (["summary", "lenet5", "--input", "9999999999x8x3"], 2, "each from 1 to 2147483647"),
        (["summary", "lenet5", "--compare", "nothing"], 2, "there is fully-connected"),
        (["summary", "lenet5", "-o", "/dev/full"], 1, "cannot be written: No space left"),
        (["summary", "net.toml", "-o", "net.toml"], 2, "is also the input net.toml of this run"),
        (["run", "edges-rgb", "small.png"], 2, "edges-rgb tells no classes, and gives only maps"),
        (["run", "lenet5", "small.png", "-o", "x.png"], 2, "neither a folder nor a .npz file"),
        (["run", "lenet5", "small.png", "-o", "-"], 2, "neither a folder nor a .npz file"),
        (["run", "edges-rgb", "small.png", "-o", "/dev/full"], 2, "/dev/full is a file; give a f"),
        (["run", "edges-rgb", "small.png", "-o", "small.png/x"], 1, "with -o"),
        (["run", "lenet5", "none.png", "-o", "x"], 1, "image none.png does not exist"),
        (["run", "lenet5", "small.png", "-o", "x"], 1, "takes images 32×32×3, and this one is"),
        (["run", "net.toml", "tiny.png", "-o", "x"], 1, "kernel 2×2 is larger than the padded"),
        (["run", "none.toml", "small.png", "-o", "x"], 2, "none.toml does not exist"),
        (["run", "net.toml", "net.toml", "-o", "x"], 1, "net.toml"),
        (["run", "net.toml", "01-edges.png", "-o", "."], 2, "./01-edges.png is also the input"),
        (["run", "net.toml", "small.png", "-o", "small.png/x"], 1, "cannot be written: "),
        (["run", "net.toml", "small.png", "-o", "x", "--max-pixels", "9"], 1, "--max-pixels"),
    ],
)
def test_refusals(
    refuse: Refuse,
    save: Save,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: list[Any],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(file.parent)
    for name, size in (("small.png", 20), ("tiny.png", 1), ("01-edges.png", 20)):
        save(name, noise(size, size, 3))
    assert said in refuse("network", *args, code=code)
    assert sorted(path.name for path in file.parent.iterdir() if path.is_file()) == [
        "01-edges.png", "net.toml", "small.png", "tiny.png",
    ]  # fmt: skip


def test_weights_are_never_overwritten(refuse: Refuse, save: Save, tmp_path: Path) -> None:
    image, weights = save("image.png", noise(8, 8, 3)), tmp_path / "soft.npz"
    file = save_network(soft_network(), tmp_path)
    before = weights.read_bytes()
    drawing = refuse("network", "summary", file, "-o", weights, code=2)
    maps = refuse("network", "run", file, image, "-o", weights, code=2)
    assert all("is also the input" in said for said in (drawing, maps))
    assert weights.read_bytes() == before


def test_networks_from_python() -> None:
    summary = edgecli.load_network("lenet5").summary((32, 32, 3))
    assert sum(layer.parameters for layer in summary.layers) == 62006
