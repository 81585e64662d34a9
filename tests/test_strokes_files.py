"""Every file of strokes can be read by others, and says the same."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecli.records import replace
from edgecli.strokes.base import Curves, Drawing, Strokes
from edgecli.strokes.files import digits, dxf, geojson, points, svg
from edgecli.strokes.measures import measure_drawing
from tests.drawings import SHEET, drawing_of, scribble, written

FORMATS = ("svg", "dxf", "geojson", "points")
SVG = "{http://www.w3.org/2000/svg}"
INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"

Lines = list[tuple[list[list[float]], bool]]
"""Points of every line, and whether it is closed."""


def lines_of(strokes: Strokes | Curves) -> Lines:
    spans = zip(pairwise(strokes.starts.tolist()), strokes.closed.tolist(), strict=True)
    return [(strokes.points[slice(*span)].tolist(), closed) for span, closed in spans]


def svg_lines(data: bytes) -> list[Lines]:
    """Read the layers of an SVG."""
    layers = []
    for group in ET.fromstring(data).iter(f"{SVG}g"):
        paths = [path.attrib["d"] for path in group]
        assert all(re.fullmatch(r"M[-\d., C]+(h0)?Z?", path) for path in paths)
        layers.append([(numbers(path.removesuffix("h0")), path.endswith("Z")) for path in paths])
    return layers


def numbers(path: str) -> list[list[float]]:
    found = [float(one) for one in re.findall(r"-?[\d.]+", path)]
    return [[*pair] for pair in zip(found[::2], found[1::2], strict=True)]


def geojson_lines(data: bytes) -> list[Lines]:
    """Read the features of a FeatureCollection, which closed ones end as they begin."""
    layers: dict[str, Lines] = {}
    for feature in json.loads(data)["features"]:
        told, shape = feature["properties"], feature["geometry"]
        line = shape["coordinates"] if shape["type"] == "LineString" else [shape["coordinates"]]
        if told["closed"]:
            assert line.pop() == line[0]
        layers.setdefault(told["filter"], []).append((line, told["closed"]))
    return [*layers.values()]


def dxf_pairs(data: bytes) -> Iterator[tuple[int, str]]:
    lines = data.decode("ascii").splitlines()
    return ((int(code), value) for code, value in zip(lines[::2], lines[1::2], strict=True))


def dxf_lines(data: bytes, height: float = 200, pitch: float = 0.25) -> list[Lines]:
    """Read the entities of a DXF, in pixels, y down."""
    layers: dict[str, Lines] = {}
    kind, begun = "", False
    for code, value in dxf_pairs(data):
        if code == 0:
            kind = value
        elif code == 2 and value == "ENTITIES":
            begun = True
        elif begun and code == 8 and kind in ("POLYLINE", "POINT"):
            layers.setdefault(value, []).append(([], False))
            line = layers[value][-1][0]
        elif begun and code == 70 and value == "1":
            [*layers.values()][-1][-1] = (line, True)
        elif begun and kind in ("VERTEX", "POINT") and code == 10:
            line.append([float(value) / pitch])
        elif begun and kind in ("VERTEX", "POINT") and code == 20:
            line[-1].append(height - float(value) / pitch)
    return [*layers.values()]


def points_lines(data: bytes) -> list[Lines]:
    """Read a table of points, where a closed stroke ends as it begins."""
    lines: dict[str, list[list[float]]] = {}
    for row in csv.DictReader(io.StringIO(data.decode())):
        lines.setdefault(row["stroke"], []).append([float(row["x"]), float(row["y"])])
    shut = [len(line) > 1 and line[0] == line[-1] for line in lines.values()]
    return [
        [(line[: len(line) - end], end) for line, end in zip(lines.values(), shut, strict=True)]
    ]


READERS = {"svg": svg_lines, "dxf": dxf_lines, "geojson": geojson_lines, "points": points_lines}


@pytest.mark.parametrize("format_", FORMATS)
@given(count=st.integers(1, 60), seed=st.integers(0, 999))
def test_lines_come_back_from_every_format(format_: str, count: int, seed: int) -> None:
    drawings = [scribble(count, seed), scribble(count, seed + 1, name='sobel <&"é\x07')]
    drawings = drawings[:1] if format_ == "points" else drawings
    read = READERS[format_](written(format_, *drawings))
    for drawing, lines in zip(drawings, read, strict=True):
        same_lines(lines, lines_of(drawing.strokes))


def same_lines(read: Lines, drawn: Lines) -> None:
    for (line, shut), (own, is_closed) in zip(read, drawn, strict=True):
        np.testing.assert_allclose(line, own, rtol=0, atol=0.00051)
        assert shut == is_closed


def test_curves_of_svg_are_cubics_of_the_same_points() -> None:
    drawing = scribble(50, curved=True)
    assert drawing.curves is not None
    (read,) = svg_lines(data := written("svg", drawing))
    same_lines(read, lines_of(drawing.curves))
    for path in ET.fromstring(data).iter(f"{SVG}path"):
        assert re.fullmatch(r"M[-\d.]+,[-\d.]+ C( [-\d.]+,[-\d.]+)+Z?", path.attrib["d"])


@pytest.mark.parametrize("format_", FORMATS)
def test_pieces_that_fit_the_cache_change_nothing(
    format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = written(format_, drawing := scribble(300))
    for module in (digits, dxf, geojson, points, svg):
        monkeypatch.setattr(module, "AT_ONCE", 7)
    assert written(format_, drawing) == whole


@pytest.mark.parametrize("format_", FORMATS)
def test_a_drawing_without_strokes_is_a_valid_file(format_: str) -> None:
    data = written(format_, drawing_of([]))
    assert READERS[format_](data) in ([], [[]])
    if format_ == "dxf":
        assert [*dxf_pairs(data)][-1] == (0, "EOF")


def test_svg_has_its_size_in_millimetres_and_lengths_in_pixels() -> None:
    root = ET.fromstring(written("svg", drawing_of([[(1, 2), (3, 4)]])))
    assert (root.attrib["width"], root.attrib["height"]) == ("75mm", "50mm")
    assert root.attrib["viewBox"] == "0 0 300 200"
    bare = ET.fromstring(written("svg", drawing_of([]), sheet=replace(SHEET, pitch=None)))
    assert (bare.attrib["width"], bare.attrib["height"]) == ("300", "200")


def test_svg_says_who_made_it_and_where_its_coordinates_begin() -> None:
    sheet = replace(SHEET, title="a<b>\x07&\udcff.jpg")
    root = ET.fromstring(written("svg", drawing_of([]), sheet=sheet))
    assert root.findtext(f"{SVG}title") == "a<b>�&�.jpg"
    told = root.findtext(f"{SVG}desc", "")
    assert told.startswith("Made by edgecli 1 detect -f canny\n")
    assert "the centre of its first pixel is 0.5, 0.5" in told


def test_layers_of_svg_begin_with_the_number_that_plotters_know_them_by() -> None:
    drawings = [drawing_of([[(1, 2)]], name=name) for name in ("canny:1.4", "gradient:1")]
    groups = ET.fromstring(written("svg", *drawings)).findall(f"{SVG}g")
    labels = [group.attrib[f"{INKSCAPE}label"] for group in groups]
    assert labels == ["1 canny:1.4", "2 gradient:1"]
    assert {group.attrib[f"{INKSCAPE}groupmode"] for group in groups} == {"layer"}


def test_white_paper_is_no_line_to_plot() -> None:
    """A plotter draws a rectangle, and a laser cuts it."""
    for paper, rects in ((None, 0), ((255, 255, 255), 0), ((31, 78, 140), 1)):
        root = ET.fromstring(written("svg", drawing_of([]), sheet=replace(SHEET, paper=paper)))
        assert len(root.findall(f"{SVG}rect")) == rects
        assert ("style" in root.attrib) == (paper is not None)


def test_dxf_is_a_release_12_file_in_millimetres_with_y_up() -> None:
    drawings = drawing_of([[(0, 0), (300, 200)]]), drawing_of([[(2, 2)]], name="sobel")
    pairs = [*dxf_pairs(written("dxf", *drawings))]
    assert (1, "AC1009") in pairs
    assert pairs[pairs.index((9, "$INSUNITS")) + 1] == (70, "4")
    corners = [value for code, value in pairs[pairs.index((0, "VERTEX")) :] if code in (10, 20)]
    assert corners[:4] == ["0", "50", "75", "0"]
    assert [value for code, value in pairs if code == 2][-3:] == ["CANNY_1_4", "SOBEL", "ENTITIES"]


def test_dxf_of_an_image_without_resolution_is_in_pixels_and_says_so() -> None:
    data = written("dxf", drawing_of([[(0, 0), (300, 200)]]), sheet=replace(SHEET, pitch=None))
    assert b"y up, in pixels of the image" in data
    assert b"$INSUNITS" not in data


def test_geojson_has_what_each_stroke_measures() -> None:
    square = drawing_of([[(0, 0), (3, 0), (3, 4), (0, 4)], [(1, 1)]], [True, False])
    read = json.loads(written("geojson", square))
    ring, point = read["features"]
    assert ring["properties"] == {
        "stroke": 1, "filter": "canny:1.4", "length": 14, "strength": 2.5, "closed": True,
    }  # fmt: skip
    assert point["geometry"] == {"type": "Point", "coordinates": [1, 1]}
    assert "y down" in read["edgecli"]["axes"]
    assert not {"coordinates", "geometries", "geometry", "properties"} & {*read}  # RFC 7946, 7.1


def test_strengths_that_are_no_numbers_are_null_in_geojson() -> None:
    odd = drawing_of([[(0, 0), (3, 0)]], strength=np.nan)
    (feature,) = json.loads(written("geojson", odd), parse_constant=pytest.fail)["features"]
    assert feature["properties"]["strength"] is None


def test_points_have_strength_and_angle() -> None:
    drawing = scribble(20)
    strokes = drawing.strokes
    table = np.genfromtxt(io.BytesIO(written("points", drawing)), delimiter=",", names=True)
    assert table.dtype.names == ("stroke", "x", "y", "strength", "angle")
    rows = drawn_rows(strokes)
    np.testing.assert_allclose(table["angle"], strokes.angle[rows], atol=0.00006)
    np.testing.assert_allclose(table["strength"], strokes.strength[rows], rtol=1e-4, atol=0.006)


def drawn_rows(strokes: Strokes) -> list[int]:
    """Return the numbers of all points, where a closed stroke has its first one again."""
    rows: list[int] = []
    for (start, stop), closed in zip(
        pairwise(strokes.starts.tolist()), strokes.closed, strict=True
    ):
        rows += [*range(start, stop), *([start] if closed and stop > start + 1 else [])]
    return rows


def test_lengths_added_up_from_points_are_those_of_the_report() -> None:
    drawing = scribble(40)
    table = np.genfromtxt(io.BytesIO(written("points", drawing)), delimiter=",", names=True)
    steps = np.hypot(np.diff(table["x"]), np.diff(table["y"]))
    own = np.diff(table["stroke"]) == 0
    assert steps[own].sum() == pytest.approx(measure_drawing(drawing).length, rel=1e-5)


def test_order_of_canvases_is_order_of_layers() -> None:
    def first(drawing: Drawing) -> float:
        return float(drawing.strokes.points[0, 0])

    drawings = [scribble(2, seed) for seed in range(3)]
    read = svg_lines(written("svg", *drawings))
    assert [layer[0][0][0][0] for layer in read] == [round(first(one), 3) for one in drawings]
