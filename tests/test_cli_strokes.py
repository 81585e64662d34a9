"""Strokes on the command line: which format they have, how they look, and what is told of them."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import shlex
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgecli.images.formats import FORMATS
from tests.conftest import Refuse, Run, Save
from tests.test_strokes_files import SVG, svg_lines

STROKES = [format_ for format_ in FORMATS.values() if format_.strokes]


@pytest.fixture
def square(tmp_path: Path) -> Path:
    """Return a bright square of 20 pixels from (10, 15) on dark ground, at 254 dots per inch."""
    pixels = np.full((50, 60), 20, np.uint8)
    pixels[15:35, 10:30] = 220
    Image.fromarray(pixels).save(path := tmp_path / "square.png", dpi=(254, 254))
    return path


def root_of(path: Path) -> ET.Element:
    return ET.fromstring(path.read_bytes())


def told(run: Run, *args: str | Path) -> Any:
    return json.loads(run("detect", *args, "--report", "json").stdout)["output"]


@pytest.mark.parametrize("format_", STROKES, ids=lambda one: one.name)
def test_a_square_is_one_closed_stroke_around_it(run: Run, square: Path, format_: Any) -> None:
    out = square.with_suffix(format_.extensions[0])
    output = told(run, square, "-f", "gradient:1", "-o", out, "--format", format_.name)
    strokes = output["strokes"]
    assert (strokes["count"], strokes["closed"], strokes["pen_up"]) == (1, 1, 0)
    assert strokes["length"] == strokes["longest"] == pytest.approx(77, abs=2)  # corners are round
    assert {"dtype", "map", "clipped_fraction"}.isdisjoint(output)


def test_points_are_where_the_edges_are(run: Run, square: Path) -> None:
    out = square.with_suffix(".svg")
    run("detect", square, "-f", "gradient:1", "-o", out, "--simplify", "0")
    (((points, closed),),) = svg_lines(out.read_bytes())
    x, y = np.array(points).T
    assert closed
    sides = [np.abs(x - 10), np.abs(x - 30), np.abs(y - 15), np.abs(y - 35)]
    assert np.min(sides, axis=0)[(np.abs(x - 20) < 7) | (np.abs(y - 25) < 7)].max() < 0.03


def test_a_scan_has_its_size_and_size_another(run: Run, square: Path) -> None:
    out = square.with_suffix(".svg")
    run("detect", square, "-o", out)
    assert (root_of(out).attrib["width"], root_of(out).attrib["height"]) == ("6mm", "5mm")
    for size, width, height in (("12cm", 120, 100), ("30x25in", 762, 635), ("60x10mm", 12, 10)):
        run("detect", square, "-o", out, "--size", size)
        assert root_of(out).attrib["width"] == f"{width}mm"
        assert root_of(out).attrib["height"] == f"{height}mm"


def test_a_fax_keeps_its_shape_at_any_size(run: Run, square: Path) -> None:
    with Image.open(square) as scan:
        scan.save(fax := square.with_name("fax.png"), dpi=(204, 102))  # pixels twice as high
    out = square.with_suffix(".svg")
    for size, width, height in (("12cm", 120, 200), ("60x50mm", 30, 50)):
        run("detect", fax, "-o", out, "--size", size)
        root = root_of(out)
        assert float(root.attrib["width"].removesuffix("mm")) == pytest.approx(width, rel=1e-3)
        assert float(root.attrib["height"].removesuffix("mm")) == pytest.approx(height, rel=1e-3)
        assert root.attrib["preserveAspectRatio"] == "none"


@pytest.mark.parametrize("resize", [(), ("--resize", "50%")])
def test_strokes_of_a_smaller_picture_lie_on_the_original(
    run: Run, square: Path, resize: tuple[str, ...]
) -> None:
    out = square.with_suffix(".svg")
    run("detect", square, "-f", "gradient:1", "-o", out, *resize)
    points = np.concatenate([line for line, _ in svg_lines(out.read_bytes())[0]])
    np.testing.assert_allclose([points.min(0), points.max(0)], [[10, 15], [30, 35]], atol=0.3)
    assert root_of(out).attrib["viewBox"] == "0 0 60 50"
    assert root_of(out).attrib["width"] == "6mm"


def test_strokes_are_black_on_nothing_unless_asked_otherwise(run: Run, square: Path) -> None:
    out = square.with_suffix(".svg")
    for options, line, paper in (
        ((), "#000000", None),
        (("--paper", "navy"), "#ffffff", "#000080"),
        (("--line", "red"), "#ff0000", None),
        (("--alpha-out",), "#000000", None),
        (("--style", "blueprint", "-f", "sobel"), "#ffffff", "#1f4e8c"),
    ):
        run("detect", square, "-o", out, *options)
        group, rect = root_of(out).find(f"{SVG}g"), root_of(out).find(f"{SVG}rect")
        assert group is not None
        assert group.attrib["stroke"] == line
        assert (None if rect is None else rect.attrib["fill"]) == paper


@pytest.mark.parametrize("look", [("--invert",), ("--alpha-out",), ("--paper", "white")])
def test_a_look_that_a_format_has_no_place_for_is_refused(
    refuse: Refuse, square: Path, look: tuple[str, ...]
) -> None:
    told = refuse("detect", square, "-o", square.parent / "lines.dxf", *look, code=2)
    assert told == f"dxf has no place for {look[0]}; drop {look[0]}, or give --format svg"


def test_colours_of_strengths_are_of_pixels(refuse: Refuse, square: Path) -> None:
    output = square.parent / "lines.svg"
    told = refuse("detect", square, "-o", output, "--colormap", "ember", code=2)
    assert told == "colormap is of pixels, and strokes have none; drop --colormap"


def test_an_overlay_has_the_picture_beneath(run: Run, square: Path) -> None:
    out = square.with_suffix(".svg")
    run("detect", square, "-o", out, "--overlay", "red")
    image, group = root_of(out).find(f"{SVG}image"), root_of(out).find(f"{SVG}g")
    assert image is not None
    assert group is not None
    assert group.attrib["stroke"] == "#ff0000"
    kind, data = re.fullmatch(r"data:image/(\w+);base64,(.*)", image.attrib["href"]).groups()  # type: ignore[union-attr]
    seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    assert kind == "jpeg"
    assert np.abs(seen - np.asarray(Image.open(square)).astype(int)).max() < 30


def test_several_filters_are_layers_of_one_file_or_a_file_each(run: Run, square: Path) -> None:
    filters = ("-f", "canny", "-f", "gradient:2")
    run("detect", square, *filters, "-o", square.with_suffix(".svg"))
    assert len(root_of(square.with_suffix(".svg")).findall(f"{SVG}g")) == 2
    run("detect", square, *filters, "--format", "points")
    assert {path.name for path in square.parent.glob("*.csv")} == {
        "square-canny.csv", "square-gradient-2.csv",
    }  # fmt: skip


def test_each_frame_has_a_file(run: Run, tmp_path: Path) -> None:
    frames = [Image.fromarray(np.eye(20, k=n, dtype=np.uint8) * 200) for n in range(3)]
    frames[0].save(path := tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    run("detect", path, "--all-frames", "--format", "svg")
    made = sorted(tmp_path.glob("*.svg"))
    assert [one.name for one in made] == [f"a-sobel-000{n}.svg" for n in (1, 2, 3)]
    result = run("detect", path, "--all-frames", "--format", "svg", "-o", "-")
    assert result.exit_code == 1
    assert "svg holds the strokes of one image" in result.stderr
    ET.fromstring(result.stdout_bytes)  # that of the first


@pytest.mark.parametrize("format_", STROKES, ids=lambda one: one.name)
def test_a_picture_without_edges_is_a_file_and_a_note(
    run: Run, tmp_path: Path, format_: Any
) -> None:
    Image.new("L", (9, 9), 80).save(path := tmp_path / "flat.png")
    result = run("detect", path, "--format", format_.name, "-o", "-")
    assert result.exit_code == 0
    assert "flat.png has no edges that count; what is written has no strokes" in result.stderr
    assert result.stdout_bytes


def test_points_are_all_unless_they_are_to_be_fewer(run: Run, square: Path) -> None:
    counts = {}
    for options in ((), ("--simplify", "0.5")):
        data = run("detect", square, "-o", "-", "--format", "points", *options).stdout
        counts[options] = len([*csv.reader(io.StringIO(data))]) - 1
    assert counts[()] > 70
    assert counts["--simplify", "0.5"] < 20


def test_every_format_of_reports_tells_of_strokes(run: Run, square: Path) -> None:
    out = ("-f", "gradient:1", "-o", square.with_suffix(".svg"))
    for format_, said in (
        ("table", "1 stroke (1 closed) of"),
        ("csv", "output.strokes.pen_up"),
        ("markdown", "1 stroke (1 closed) of"),
    ):
        assert said in run("detect", square, *out, "--report", format_).stdout


def test_a_plan_says_that_strokes_are_to_be_written(run: Run, square: Path) -> None:
    result = run("detect", square, "-o", out := square.with_suffix(".svg"), "--dry-run")
    assert f"{out}: strokes" in result.stdout
    assert not out.exists()


def test_a_preview_draws_them(run: Run, square: Path) -> None:
    out = square.with_suffix(".svg")
    lines = run("detect", square, "-f", "gradient:1", "-o", out, "--preview", "-q").stdout.split(
        "\n"
    )
    assert lines[0] == "@" * 60  # paper
    assert " " in lines[8]


def test_the_same_input_gives_the_same_file_which_says_how_it_was_made(
    run: Run, square: Path
) -> None:
    made = []
    for name in ("a.svg", "b.svg"):
        run("detect", square, "-f", "canny:2", "--simplify", "0.3", "-o", square.with_name(name))
        made.append(square.with_name(name).read_bytes())
    assert made[0] == made[1]
    assert b" detect -f canny:2 --simplify 0.3 --format svg\n" in made[0]


@pytest.mark.parametrize("format_", ["svg", "dxf", "geojson"])
def test_what_a_style_made_can_be_made_by_the_command_that_the_file_tells(
    run: Run, square: Path, format_: str
) -> None:
    """White paper and a wide pen, which the style has for pixels, are options of SVG alone."""
    styled, told = (square.with_name(f"{name}.{format_}") for name in ("styled", "told"))
    run("detect", square, "--style", "coloring", "-o", styled)
    made = re.search(r"edgecli \S+ (detect .*?--format \w+)", styled.read_text())
    assert made is not None
    result = run(*shlex.split(made[1].replace("detect", f"detect {square}")), "-o", told)
    assert result.exit_code == 0, result.output
    assert told.read_bytes() == styled.read_bytes()


def test_a_folder_of_strokes_is_done_once_and_shown(run: Run, square: Path) -> None:
    folder = square.parent / "out"
    for format_, extension in (("points", "csv"), ("svg", "svg")):
        args = ("batch", square.parent, "-o", folder / format_, "--format", format_, "--jobs", "1")
        assert run(*args, "--gallery").exit_code == 0
        assert (folder / format_ / f"square-sobel.{extension}").exists()
        again = run(*args, "--gallery", "--report", "json").stdout.splitlines()
        assert json.loads(again[-1])["skipped"] == 1
    page = (folder / "svg" / "index.html").read_text(encoding="utf-8")
    assert '"thumb":"square-sobel.svg"' in page
    assert "closed) of" in page


@pytest.mark.parametrize("filter_", ["log:2", "laplacian", "gradient:1", "contours"])
def test_no_point_is_lost_to_infinities(run: Run, save: Save, filter_: str) -> None:
    pixels = np.random.default_rng(3).normal(size=(30, 40)).astype(np.float32)
    pixels[3, 3], pixels[9, 9], pixels[9, 12] = np.nan, np.inf, -np.inf
    path = save("a.npy", pixels)
    result = run("detect", path, "-f", filter_, "-o", "-", "--format", "points")
    points = np.loadtxt(io.BytesIO(result.stdout_bytes), delimiter=",", skiprows=1)
    assert len(points)
    assert np.isfinite(points[:, [1, 2, 4]]).all()
