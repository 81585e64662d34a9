"""What is said of ``-f learned``: reports, plans, contact sheets, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edgecli import detect_edges, load_network
from edgecli.detect.sheet import GRID_FILTERS
from edgecli.errors import NetworkError
from tests.conftest import Refuse, Run, Save
from tests.recipes import HEIGHT, LEARNED, WIDTH, detect, facts, still_life


@pytest.fixture
def photo(save: Save) -> Path:
    return save("photo.png", still_life())


# What is reported


def test_the_report_is_of_the_whole_network(run: Run, photo: Path) -> None:
    report = facts(run, photo)
    summary = load_network("learned").summary((HEIGHT, WIDTH, 3))
    layers = [layer for layer in summary.layers if layer.weights]
    assert [(f["name"], f["count"]) for f in report["filters"]] == [
        (layer.name, layer.output_shape[2]) for layer in layers
    ]
    assert report["parameters"]["total"] == sum(layer.parameters for layer in layers)
    assert report["parameters"]["biases"] == sum(layer.biases for layer in layers)
    assert report["macs"] == sum(layer.macs for layer in layers)
    assert report["receptive_field"] == list(summary.layers[-1].receptive_field)
    assert report["convolved_shape"] == [HEIGHT, WIDTH, 3]
    assert report["output_shape"] == [HEIGHT, WIDTH, 1]
    assert report["padding"]["mode"] == "replicate"
    assert report["engine"]["method"] == "products"
    assert 0 <= report["output"]["min"] <= report["output"]["max"] <= 1


def test_the_report_has_the_keys_of_every_other(run: Run, photo: Path) -> None:
    other = run("detect", photo, "--report", "json", "-o", photo.parent / "sobel.png", "--thin")
    expected = json.loads(other.stdout)
    report = facts(run, photo, "--thin")
    assert list(report) == list(expected)
    assert expected["output"].pop("combine") == "magnitude"  # one map has nothing to combine
    assert [*report["output"]] == [*expected["output"]]
    assert [*report["engine"]] == [*expected["engine"]]
    assert report["output"]["thinning"] == "non-maximum suppression, across ridges"


def test_two_scales_cost_a_quarter_more(run: Run, photo: Path) -> None:
    one, two = (facts(run, photo, "--scales", scales) for scales in ("1", "0.5,1"))
    assert two["parameters"] == one["parameters"]
    assert two["macs"] == pytest.approx(1.25 * one["macs"], rel=0.05)


@pytest.mark.parametrize("format_", ["csv", "markdown", "table"])
def test_every_format_of_report(run: Run, photo: Path, format_: str) -> None:
    out = photo.parent / "out.png"
    result = run("detect", photo, "-f", "learned", "--report", format_, "-o", out)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "half-conv1" in result.stdout
    assert result.stdout.count("\n") < 150


def test_explain_writes_nothing(run: Run, photo: Path) -> None:
    result = run("detect", photo, "-f", "learned", "--explain")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "learned, filters of" in result.stdout
    assert "products, float32" in result.stdout
    assert not (photo.parent / "photo-learned.png").exists()


@pytest.mark.parametrize("name", LEARNED)
def test_filters_tell_what_it_is(run: Run, name: str) -> None:
    assert name in run("filters", "list").stdout
    shown = run("filters", "show", name).stdout
    total = sum(layer.parameters for layer in load_network(name).summary().layers)
    assert f"= {total:,}" in shown
    assert f"edgecli network summary {name}" in shown


@pytest.mark.parametrize("name", LEARNED)
def test_network_commands_take_it(run: Run, photo: Path, name: str) -> None:
    summary = run("network", "summary", name, "--input", "71x93x3")
    assert (summary.exit_code, summary.stderr) == (0, "")
    assert "71×93×1" in summary.stdout
    folder = photo.parent / "layers"
    result = run("network", "run", name, photo, "-o", folder)
    assert (result.exit_code, result.stderr) == (0, "")
    assert len(list(folder.glob("*.png"))) == len(load_network(name).nodes)


# Contact sheets


def test_a_contact_sheet_has_it_among_others(run: Run, photo: Path) -> None:
    out = photo.parent / "sheet.png"
    names = ["learned", "sobel", "contours"]
    options = [option for name in names for option in ("-f", name)]
    result = run("detect", photo, *options, "--grid", "-o", out, "--report", "json")
    assert (result.exit_code, result.stderr) == (0, "")
    tiles = json.loads(result.stdout)["tiles"]
    assert len(tiles) == 3
    assert "count" in tiles[0]["filters"][0]
    assert out.exists()


def test_alone_it_comes_before_the_usual_ones(run: Run, photo: Path) -> None:
    out = photo.parent / "sheet.png"
    args = ("--grid", "--scales", "0.5,1", "-o", out, "--report", "json")
    result = run("detect", photo, "-f", "learned-small", *args)
    assert (result.exit_code, result.stderr) == (0, "")
    tiles = json.loads(result.stdout)["tiles"]
    assert len(tiles) == 1 + len(GRID_FILTERS)
    assert tiles[0]["filters"][0]["name"] == "full"


def test_what_fits_no_filter_of_a_sheet_is_refused(refuse: Refuse, photo: Path) -> None:
    line = refuse(
        "detect", photo, "-f", "learned", "-f", "sobel", "--grid", "--stride", "2", code=2
    )
    assert "takes no --stride" in line


# What is refused


def test_their_defaults_are_accepted(run: Run, photo: Path) -> None:
    usual = ("--padding", "same", "--padding-mode", "replicate", "--stride", "1", "--scales", "1")
    np.testing.assert_array_equal(detect(run, photo, *usual), detect(run, photo))


def test_networks_that_make_no_edges_are_refused(
    refuse: Refuse, photo: Path, tmp_path: Path
) -> None:
    lenet = tmp_path / "lenet.toml"
    dense = 'name = "a"\n[input]\nshape = [8, 8, 3]\n[[layers]]\ntype = "flatten"\n'
    lenet.write_text(dense)
    assert "is no edge map" in refuse("detect", photo, "-f", lenet, code=2)
    with pytest.raises(NetworkError, match="no edge map"):
        detect_edges(np.zeros((9, 9)), str(lenet))
