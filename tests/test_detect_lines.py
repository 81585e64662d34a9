"""Lines and their looks through the whole pipeline: thresholds, masks, directions, colours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgecli import convolve, detect_edges
from edgecli.detect.maps import Lines
from edgecli.detect.settings import Settings
from edgecli.errors import FilterError, GeometryError, UsageError
from edgecli.lines.hysteresis import hysteresis
from edgecli.lines.thresholds import find_levels, parse_hysteresis, parse_threshold
from edgecli.paint.colormaps import BLACK, WHITE
from edgecli.paint.painting import Style
from tests.conftest import noise
from tests.detections import detected, settings_of

Array = NDArray[Any]


def settings(*names: str, thin: bool = False, threshold: str = "", **options: Any) -> Settings:
    parse = parse_hysteresis if "," in threshold else parse_threshold
    lines = Lines(
        thin, parse(threshold) if threshold else None,
        options.pop("border", 0), options.pop("mask", None),
    )  # fmt: skip
    return settings_of(*names, lines=lines, **options)


def detect(picture: Array, *names: str, **options: Any) -> Array:
    (array,), _ = detected(picture, settings(*names, **options))
    return array[..., 0] if array.shape[2] == 1 else array


def strength(picture: Array) -> Array:
    """Return Sobel's magnitude by hand."""
    x, y = convolve(picture, "sobel", padding="same", padding_mode="replicate").astype(float)
    return np.asarray(np.hypot(x, y))


# --- thresholds ---------------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", ["300", "20%", "otsu", "p75"])
def test_a_threshold_keeps_what_exceeds_it(threshold: str) -> None:
    picture = noise(30, 40)
    responses = strength(picture)
    largest = 1020 * 2**0.5
    level = find_levels(parse_threshold(threshold), responses.astype(np.float32), largest).high
    (found,), measured = detected(picture, settings("sobel", threshold=threshold))
    assert set(np.unique(found)) == {0, 255}
    np.testing.assert_array_equal(found[..., 0] > 0, responses > level)
    assert measured.levels[0] is not None
    assert measured.levels[0].high == pytest.approx(level)


@pytest.mark.parametrize("threshold", ["200,500", "10%,40%", "p50,p90"])
def test_hysteresis_keeps_what_hangs_together(threshold: str) -> None:
    picture = noise(30, 40)
    responses = strength(picture).astype(np.float32)
    levels = find_levels(parse_hysteresis(threshold), responses, 1020 * 2**0.5)
    found = detect(picture, "sobel", threshold=threshold)
    np.testing.assert_array_equal(found > 0, hysteresis(responses, levels.low, levels.high))


def test_a_threshold_is_of_the_size_of_a_signed_response() -> None:
    picture = noise(20, 20)
    (response,) = convolve(picture, "vertical", padding="same", padding_mode="replicate")
    for name, expected in (("abs", np.abs(response) > 200), ("clip", response > 200)):
        found = detect(picture, "vertical", threshold="200", map=name)
        np.testing.assert_array_equal(found > 0, expected)


def test_each_plane_has_its_own_lines() -> None:
    picture = noise(20, 24, 3)
    together = detect(picture, "sobel", threshold="300,700", channels="each", thin=True)
    for plane in range(3):
        alone = detect(picture[..., plane], "sobel", threshold="300,700", thin=True)
        np.testing.assert_array_equal(together[..., plane], alone)


def test_raw_lines_are_ones() -> None:
    found = detect(noise(9, 9), "sobel", threshold="400", map="raw")
    assert found.dtype == np.uint8
    assert set(np.unique(found)) == {0, 1}


def test_canny_brings_thinning_and_hysteresis() -> None:
    picture = noise(30, 40)
    found = detect_edges(picture, "canny:1")
    explicit = detect_edges(picture, "canny:1", threshold="auto")
    np.testing.assert_array_equal(found, explicit)
    assert set(np.unique(found)) == {0, 255}


def test_a_thinned_response_keeps_its_type_and_signs() -> None:
    picture = noise(12, 14)
    full = detect(picture, "sobel-x", map="raw")
    thinned = detect(picture, "sobel-x", map="raw", thin=True)
    assert thinned.dtype == full.dtype == np.int16
    assert (thinned < 0).any()
    np.testing.assert_array_equal(thinned[thinned != 0], full[thinned != 0])


# --- masks and frames ---------------------------------------------------------------------------


def test_nothing_counts_near_the_frame() -> None:
    picture = noise(14, 17)
    full = detect(picture, "sobel", map="raw")
    for border in (0, 1, 5, 40):
        found = detect(picture, "sobel", map="raw", border=border)
        expected = np.zeros_like(full)
        inner = (slice(border, max(14 - border, border)), slice(border, max(17 - border, border)))
        expected[inner] = full[inner]
        np.testing.assert_array_equal(found, expected)


def test_the_border_of_a_mask_makes_no_edges() -> None:
    """What lies outside the mask, however different, changes nothing inside."""
    mask = np.zeros((30, 30), bool)
    mask[5:25, 8:22] = True
    found = []
    for outside in (0, 255):
        picture = np.full((30, 30), outside, np.uint8)
        picture[5:25, 8:22] = 100
        picture[12:, 14:] = 140
        picture[~mask] = outside
        found.append(detect(picture, "sobel", mask=mask, map="raw"))
    np.testing.assert_array_equal(found[0], found[1])
    assert found[0].any()
    assert not found[0][~mask].any()


def test_a_mask_counts_where_the_whole_window_lies_inside() -> None:
    mask = np.ones((12, 12), bool)
    mask[4, 6] = False
    rows = np.arange(12, dtype=np.uint8)[:, np.newaxis] * 9 + np.zeros((12, 12), np.uint8)
    found = detect(rows, "sobel", mask=mask, map="raw")
    gap = np.argwhere(found == 0)
    assert gap.min(axis=0).tolist() == [3, 5]
    assert gap.max(axis=0).tolist() == [5, 7]


def test_a_mask_goes_with_stride_and_padding() -> None:
    mask = np.ones((12, 12), bool)
    mask[:6] = False
    found = detect(noise(12, 12), "sobel", mask=mask, stride=(2, 2), padding="valid", map="raw")
    assert found.shape == (5, 5)
    assert not found[:3].any()
    assert found[3:].all()


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(GeometryError, match="mask is 3×4 and the image 9×9"):
        detect(noise(9, 9), "sobel", mask=np.ones((3, 4), bool))


# --- channels and directions --------------------------------------------------------------------


def test_the_strongest_plane_gives_the_direction() -> None:
    picture = np.zeros((9, 12, 3), np.uint8)
    picture[:, 6:, 0] = 60  # red grows to the right
    picture[5:, :, 2] = 200  # blue, more, downward
    angles = detect(picture, "sobel", combine="direction", channels="max", map="raw")
    assert angles.dtype == np.float32
    assert angles[2, 6] == 0
    assert angles[5, 6] == pytest.approx(np.pi / 2)
    assert np.isnan(angles[1, 1])


def test_directions_of_lines_alone() -> None:
    picture = noise(20, 20)
    lines = detect(picture, "sobel", threshold="400,800", thin=True)
    angles = detect(
        picture, "sobel", threshold="400,800", thin=True, combine="direction", map="raw"
    )
    np.testing.assert_array_equal(~np.isnan(angles), lines > 0)


def test_the_colour_wheel_is_as_bright_as_the_edge() -> None:
    picture = np.zeros((9, 9), np.uint8)
    picture[:, 4:] = 40
    wheel = detect(picture, "sobel", combine="direction")
    assert wheel.shape == (9, 9, 3)
    assert wheel[4, 4].argmax() == 0
    assert not wheel[4, 0].any()


@pytest.mark.parametrize("names", [("vertical",), ("laplacian",), ("sobel-x", "prewitt-x")])
def test_one_axis_has_no_direction(names: tuple[str, ...]) -> None:
    with pytest.raises(FilterError, match="direction needs derivatives along two axes"):
        settings(*names, combine="direction")


@pytest.mark.parametrize("names", [("gaussian:1",), ("identity",)])
def test_what_smooths_has_no_edges_to_thin(names: tuple[str, ...]) -> None:
    with pytest.raises(FilterError, match="thinning needs derivatives"):
        settings(*names, thin=True)


def test_filters_of_two_axes_have_one() -> None:
    picture = noise(9, 9)
    pair = detect(picture, "sobel-x", "sobel-y", combine="direction", map="raw")
    np.testing.assert_array_equal(pair, detect(picture, "sobel", combine="direction", map="raw"))


# --- looks --------------------------------------------------------------------------------------


def test_dark_lines_on_white() -> None:
    picture = noise(9, 9)
    inverse = detect(picture, "sobel", style=Style(paper=WHITE))
    np.testing.assert_array_equal(inverse, 255 - detect(picture, "sobel"))


def test_edges_as_transparency() -> None:
    picture = noise(9, 9)
    alpha = detect(picture, "sobel", style=Style(paper=None))
    assert alpha.shape == (9, 9, 2)
    np.testing.assert_array_equal(alpha[..., 1], detect(picture, "sobel"))
    assert (alpha[..., 0] == 255).all()
    ink = detect(picture, "sobel", style=Style(line=BLACK, paper=None))
    assert not ink[..., 0].any()
    assert detect(picture, "sobel", style=Style("ice", paper=None)).shape == (9, 9, 4)


@pytest.mark.parametrize("threshold", ["", "400", "otsu", "300,600"])
@pytest.mark.parametrize("shape", [(20, 24), (20, 24, 2), (20, 24, 3), (20, 24, 4)])
def test_edges_on_the_image(threshold: str, shape: tuple[int, ...]) -> None:
    picture = noise(*shape)
    plain = detect(picture, "sobel", threshold=threshold)
    laid = detect(picture, "sobel", threshold=threshold, style=Style(overlay=(255, 0, 0)))
    assert laid.shape == (20, 24, 3)
    assert (laid[plain == 255] == [255, 0, 0]).all()
    opaque = detect(picture, "identity")
    if len(shape) == 2:
        np.testing.assert_array_equal(laid[plain == 0][:, 1], opaque[plain == 0])


def test_lines_in_the_colours_of_a_map() -> None:
    found = detect(noise(9, 9), "sobel", threshold="500", style=Style("ember"))
    assert {tuple(pixel) for pixel in found.reshape(-1, 3)} == {(0, 0, 0), (255, 255, 255)}


def test_sixteen_bits_keep_their_depth() -> None:
    picture = noise(9, 9).astype(np.uint16) * 257
    assert detect(picture, "sobel", style=Style("ice")).dtype == np.uint16
    lines = detect(picture, "sobel", threshold="40%")
    assert set(np.unique(lines)) == {0, 65535}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"style": Style("ice"), "map": "raw"}, "map 'raw' writes numbers"),
        ({"style": Style("ice"), "channels": "each"}, "use --channels max"),
        ({"combine": "direction", "channels": "each"}, "use --channels max"),
        ({"combine": "direction", "map": "signed"}, "map 'signed' shows"),
        ({"threshold": "otsu", "map": "signed"}, "map 'signed' shows"),
        ({"style": Style(overlay=(1, 2, 3)), "stride": (2, 2)}, "an overlay needs a map of"),
        ({"style": Style(overlay=(1, 2, 3)), "padding": "valid"}, "an overlay needs a map of"),
    ],
)
def test_what_does_not_go_together(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        settings("sobel", **options)


@pytest.mark.parametrize("policy", ["propagate", "ignore"])
def test_nan_is_no_edge(policy: str) -> None:
    picture = np.random.default_rng(1).random((20, 20), np.float32)
    picture[5, 5] = np.nan
    for threshold in ("1,2", "otsu", "auto", "p50"):
        found = detect(picture, "sobel", threshold=threshold, thin=True, nan=policy)
        assert found.any()
        assert policy == "ignore" or not found[4:7, 4:7].any()


# --- the largest of many filters ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["kirsch", "robinson"])
@pytest.mark.parametrize(
    "options", [{}, {"channels": "each"}, {"stride": (2, 3)}, {"bias": (9.0,)}]
)
def test_the_largest_of_eight_filters(name: str, options: dict[str, Any]) -> None:
    """Whether or not the responses of every filter are kept."""
    picture = noise(20, 24, 3) if "channels" in options else noise(20, 24)
    found = detect(picture, name, map="raw", **options)
    planes = np.moveaxis(np.atleast_3d(picture), -1, 0)
    stride = options.get("stride", 1)
    expected = [
        np.abs(
            convolve(plane, name, padding="same", padding_mode="replicate", stride=stride)
            + np.int16(options.get("bias", [0])[0])
        ).max(axis=0)
        for plane in planes
    ]
    np.testing.assert_array_equal(found, np.squeeze(np.stack(expected, axis=-1)))
