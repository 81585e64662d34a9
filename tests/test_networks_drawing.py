"""The drawing: well-formed SVG in which lengths are proportional to what they stand for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby, pairwise
from xml.etree import ElementTree as ET

import pytest

from edgecli.networks.drawing import DEEPEST, SLANT, TALLEST, THINNEST, draw_network
from edgecli.networks.files import load_network, zoo_names
from edgecli.networks.layers import Convolution, Dense, Flatten
from edgecli.networks.network import Network, Node
from tests.networks_reference import chain, encoder_decoder

NS = "{http://www.w3.org/2000/svg}"


def drawn(network: Network) -> ET.Element:
    return ET.fromstring(draw_network(network.summary()))


def extents(svg: ET.Element) -> list[tuple[float, float, float]]:
    """Return width, height and depth of each box, from its front and its top face."""
    found = []
    polygons = [
        [tuple(map(float, pair.split(","))) for pair in polygon.attrib["points"].split()]
        for polygon in svg.iter(f"{NS}polygon")
        if polygon.attrib["class"] == "face"
    ]
    for front, top, _side in zip(*[iter(polygons)] * 3, strict=True):
        width, height = front[1][0] - front[0][0], front[0][1] - front[3][1]
        found.append((width, height, (top[2][0] - top[1][0]) / SLANT[0]))
    return found


def texts(svg: ET.Element) -> list[str]:
    return [str(text.text or "") for text in svg.iter(f"{NS}text")]


def test_lenet5_is_drawn_to_scale() -> None:
    svg = drawn(load_network("lenet5"))
    boxes = extents(svg)
    assert len(boxes) == 9
    sizes = [(32, 32, 3), (28, 28, 6), (14, 14, 6), (10, 10, 16), (5, 5, 16)]
    for (width, height, depth), (H, W, C) in zip(boxes, sizes, strict=False):
        assert height == pytest.approx(H * TALLEST / 32, abs=0.11)
        assert depth == pytest.approx(W * TALLEST / 32, abs=0.5)
        assert width == pytest.approx(C * DEEPEST / 16, abs=0.11)
    for (_, height, _), n in zip(boxes[5:], (400, 120, 84, 10), strict=True):
        assert height == pytest.approx(max(n * TALLEST / 400, THINNEST), abs=0.11)
    words = texts(svg)
    for expected in ("32×32×3", "28×28×6", "400", "conv1", "456 parameters", "48,120 parameters"):
        assert expected in words
    assert "4.69 px for a pixel's height" in words[-2]


def spans(svg: ET.Element) -> Iterator[tuple[str, float, float]]:
    """Yield the line, the first and the last px of every text."""
    for one in svg.iter(f"{NS}text"):
        long, x = len(one.text or "") * 6.2, float(one.attrib["x"])
        left = x - long / 2 if one.attrib["text-anchor"] == "middle" else x
        if long:
            yield one.attrib["y"], left, left + long


@pytest.mark.parametrize("name", zoo_names())
def test_nothing_leaves_the_picture_and_no_captions_meet(name: str) -> None:
    svg = drawn(load_network(name))
    width, height = (float(svg.attrib[side]) for side in ("width", "height"))
    assert width <= 1300
    for polygon in svg.iter(f"{NS}polygon"):
        for pair in polygon.attrib["points"].split():
            x, y = map(float, pair.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height
    for _, line in groupby(sorted(spans(svg)), key=lambda span: span[0]):
        words = list(line)
        assert all(a[2] <= b[1] for a, b in pairwise(words))
        assert words[0][1] >= 0
        assert words[-1][2] <= width


def test_arrows_say_what_is_done() -> None:
    words = texts(drawn(load_network("lenet5")))
    assert words.count("conv 5×5, stride 1") == 2
    assert words.count("max-pool 2×2, stride 2") == 2
    assert words.count("dense") == 3
    words = texts(drawn(load_network("learned")))
    assert {"padding 4, dilation 4", "padding 0,1,0,1", "and half-in", "of quarter"} <= {*words}


def test_kernels_lie_to_scale_on_what_they_slide_over() -> None:
    kernels = [
        [tuple(map(float, pair.split(","))) for pair in polygon.attrib["points"].split()]
        for polygon in drawn(load_network("lenet5")).iter(f"{NS}polygon")
        if polygon.attrib["class"] == "kernel"
    ]
    sides = [5, 2, 5, 2]
    for side, (top, bottom, far, _) in zip(sides, kernels, strict=True):
        assert bottom[1] - top[1] == pytest.approx(side * TALLEST / 32, abs=0.11)
        assert (far[0] - bottom[0]) / SLANT[0] == pytest.approx(side * TALLEST / 32, abs=0.5)


def arcs(network: Network) -> list[str]:
    paths = drawn(network).iter(f"{NS}path")
    return [path.attrib["d"] for path in paths if "arc" in path.attrib.get("class", "")]


def test_branches_are_joined_by_lines_in_one_row_and_by_names_in_others() -> None:
    paths = arcs(encoder_decoder())
    assert 1 <= len(paths) <= 5  # one of each sum, two of the concatenation
    assert all(re.fullmatch(r"M [\d.]+ [\d.]+ C( [\d.]+){6}", path) for path in paths)
    assert not arcs(load_network("lenet5"))
    named = [word for word in texts(drawn(encoder_decoder())) if re.match("(of|and) ", word)]
    assert len(named) == 4


def test_extreme_shapes_can_still_be_seen() -> None:
    layers = Convolution(512, (1, 1)), Convolution(1, (1, 1)), Flatten(), Dense(1)
    for _, height, _ in extents(drawn(chain((1, 2, 900), *layers))):
        assert height >= THINNEST - 0.11


def test_names_are_escaped() -> None:
    network = Network("<a & b>", (1, 9, 9), (Node("c", Flatten(), ("input",)),))
    assert "<title>&lt;a &amp; b&gt;</title>" in draw_network(network.summary())


def test_the_same_network_gives_the_same_picture() -> None:
    summary = load_network("lenet5").summary()
    assert draw_network(summary) == draw_network(summary)
