"""Why convolutions: areas and bars in the drawing have the proportions of the numbers beside."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from edgecli.networks.comparing import AREA, LONGEST, draw_comparison
from edgecli.networks.files import load_network, zoo_names
from edgecli.networks.layers import Convolution, MaxPool
from edgecli.networks.network import Network
from tests.networks_reference import chain

NS = "{http://www.w3.org/2000/svg}"


def drawn(network: Network) -> ET.Element:
    return ET.fromstring(draw_comparison(network.summary()))


def texts(svg: ET.Element) -> list[str]:
    return [str(text.text) for text in svg.iter(f"{NS}text")]


def sides(svg: ET.Element, css: str) -> list[tuple[float, float]]:
    rects = [rect.attrib for rect in svg.iter(f"{NS}rect") if rect.attrib["class"] == css]
    return [(float(rect["width"]), float(rect["height"])) for rect in rects]


def test_the_courses_numbers() -> None:
    words = " ".join(texts(drawn(load_network("lenet5"))))
    assert "6 filters of 5×5×3 and a bias each, used at 28×28 places:" in words
    assert "456 numbers do the work of 32·32·3 × 28·28·6 = 14,450,688 weights" in words
    assert "31,690 times as many" in words
    assert "fc3, fc4, digits are fully connected" in words
    assert "62,006 numbers" in words
    words = " ".join(texts(drawn(load_network("example-convnet"))))
    assert "10 filters of 3×3×3 and a bias each, used at 37×37 places: 280 numbers" in words


@pytest.mark.parametrize("name", ["lenet5", "example-convnet"])
def test_areas_and_bars_are_to_scale(name: str) -> None:
    network = load_network(name)
    svg = drawn(network)
    layers = [one for one in network.summary().layers if one.kind == "convolution"]
    dense, few = sides(svg, "dense"), sides(svg, "few")
    for n, layer in enumerate(layers):
        (side, high), (bar, _) = dense[2 * n : 2 * n + 2]
        assert side == high == AREA
        (own, _), (lens, _), (read, _) = few[3 * n : 3 * n + 3]
        share = layer.parameters / layer.fully_connected_parameters
        assert (own / side) ** 2 == pytest.approx(share, rel=2e-3)
        assert lens / own == pytest.approx(round(lens / own), rel=2e-3)  # magnified as it says
        assert f"magnified {lens / own:.0f} times" in texts(svg)
        assert bar == LONGEST
        assert read / bar == pytest.approx(layer.connection_share, abs=0.005)


@pytest.mark.parametrize("name", zoo_names())
def test_nothing_is_cut(name: str) -> None:
    svg = drawn(load_network(name))
    assert svg.attrib["width"] == "1280"
    for text in svg.iter(f"{NS}text"):
        across = {"big": 12.5, "middling": 7.8}.get(text.attrib.get("class", "").split()[0], 6.2)
        assert float(text.attrib["x"]) + len(text.text or "") * across <= 1280
        assert float(text.attrib["y"]) <= float(svg.attrib["height"])


def test_a_convolution_that_has_more_is_drawn_larger() -> None:
    svg = drawn(chain((1, 3, 3), Convolution(2, (3, 3))))
    (side, _), _ = sides(svg, "dense")
    (own, _), _ = sides(svg, "few")
    assert own == AREA > side


def test_a_network_without_weights_says_so() -> None:
    svg = drawn(chain((1, 8, 8), MaxPool((2, 2))))
    assert texts(svg)[0] == "chain: no layer has weights"
    assert not sides(svg, "dense")
