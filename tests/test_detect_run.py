"""One image through the whole pipeline, against the same steps done by hand in NumPy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgecli import convolve, detect_edges, load_filter
from edgecli.conv import Slide
from edgecli.detect.plan import plan_detection
from edgecli.detect.run import run_detection
from edgecli.errors import EdgeCliError, FilterError, GeometryError, ImageError, UsageError
from edgecli.geometry import parse_padding_mode
from edgecli.images.colour import luma
from edgecli.networks import layout
from edgecli.rows.arrays import ArraySink, ArraySource
from edgecli.rows.base import Rows
from tests.conftest import noise
from tests.detections import detected, detected_of, settings_of

Array = NDArray[Any]
OPTIONS: dict[str, Any] = {"padding": "same", "padding_mode": "replicate"}


def respond(image: Array, name: str = "vertical") -> Array:
    """Return the responses of one image ``(H, W)`` or ``(C, H, W)`` in exact or wide numbers."""
    responses: Array = convolve(image, name, **OPTIONS)[0].astype(np.float64)
    return responses


def grey(picture: Array) -> Array:
    return luma(picture if picture.ndim == 3 else picture[..., np.newaxis])


# --- maps ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("map_name", "by_hand"),
    [
        ("abs", lambda v: np.minimum(np.abs(v), 255)),
        ("clip", lambda v: np.clip(v, 0, 255)),
        ("gain", lambda v: np.rint(np.abs(v) / 765 * 255)),
        ("signed", lambda v: np.floor(128 + v * 127 / np.abs(v).max() + 0.5)),
        ("minmax", lambda v: np.floor((v - v.min()) * 255 / (v.max() - v.min()) + 0.5)),
    ],
)
@pytest.mark.parametrize("shape", [(40, 50), (40, 50, 3), (1, 9), (9, 2)])
def test_each_map_is_convolution_and_a_formula(
    map_name: str, by_hand: Any, shape: tuple[int, ...]
) -> None:
    picture = noise(*shape)
    edges = detect_edges(picture, "vertical", map=map_name)
    truth = by_hand(respond(grey(picture)))
    assert edges.dtype == np.uint8
    np.testing.assert_allclose(edges, truth, rtol=0, atol=map_name in ("signed", "minmax"))


@pytest.mark.parametrize(("map_name", "flat"), [("abs", 0), ("signed", 128), ("minmax", 0)])
def test_a_picture_of_one_column_has_no_vertical_edges(map_name: str, flat: int) -> None:
    assert (detect_edges(noise(9, 1), "vertical", map=map_name) == flat).all()


def test_raw_maps_are_the_responses() -> None:
    (edges,), _ = detected(noise(9, 8), settings_of("vertical", map="raw"))
    assert edges.dtype == np.int16
    np.testing.assert_array_equal(edges[..., 0], respond(noise(9, 8)))


# --- channels -----------------------------------------------------------------------------------


def test_each_plane_alone() -> None:
    picture = noise(12, 10, 3)
    edges = detect_edges(picture, "vertical", channels="each")
    planes = [detect_edges(picture[..., c], "vertical") for c in range(3)]
    np.testing.assert_array_equal(edges, np.stack(planes, axis=-1))


def test_the_strongest_plane() -> None:
    picture = noise(12, 10, 3)
    responses = np.stack([respond(picture[..., c]) for c in range(3)])
    largest = np.take_along_axis(responses, np.abs(responses).argmax(axis=0)[np.newaxis], 0)[0]
    (edges,), _ = detected(picture, settings_of("vertical", channels="max", map="raw"))
    np.testing.assert_array_equal(edges[..., 0], largest)


@pytest.mark.parametrize(("channels", "plane"), [("red", 0), ("green", 1), ("blue", 2)])
def test_one_plane_alone(channels: str, plane: int) -> None:
    picture = noise(12, 10, 3)
    edges = detect_edges(picture, channels=channels)
    np.testing.assert_array_equal(edges, detect_edges(picture[..., plane]))


def test_a_flat_kernel_stands_in_every_colour() -> None:
    picture = noise(12, 10, 3)
    (edges,), _ = detected(picture, settings_of("vertical", channels="rgb", map="raw"))
    np.testing.assert_array_equal(edges[..., 0], respond(picture.transpose(2, 0, 1)))


@pytest.mark.parametrize("channels", [None, "gray", "rgb", "each", "max", "red"])
def test_grey_pictures_are_three_equal_colours(channels: str | None) -> None:
    picture = noise(7, 9)
    colours = np.stack([picture] * 3, axis=-1)
    one, three = (detect_edges(p, channels=channels) for p in (picture, colours))
    if channels == "each":
        three = three[..., 0]
    np.testing.assert_array_equal(one, three)


def test_transparency_is_laid_on_the_background() -> None:
    picture = np.dstack([noise(6, 6, 3), np.zeros((6, 6), np.uint8)])
    assert not detect_edges(picture).any()
    picture[:, 3:, 3] = 255
    opaque = picture[..., :3].copy()
    opaque[:, :3] = (0, 128, 255)
    (edges,), _ = detected(picture, settings_of("sobel", background=(0, 128, 255)))
    np.testing.assert_array_equal(edges[..., 0], detect_edges(opaque))


# --- combinations -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("combine", "by_hand"),
    [
        (None, np.hypot),
        ("magnitude", np.hypot),
        ("max", lambda x, y: np.maximum(abs(x), abs(y))),
        ("sum", lambda x, y: abs(x) + abs(y)),
    ],
)
def test_each_combination_is_a_norm(combine: str | None, by_hand: Any) -> None:
    picture = noise(15, 17)
    x, y = (respond(picture, name) for name in ("sobel-x", "sobel-y"))
    (edges,), _ = detected(picture, settings_of("sobel", combine=combine, map="raw"))
    np.testing.assert_allclose(edges[..., 0], by_hand(x, y), rtol=1e-6)


def test_combining_nothing_gives_a_map_per_filter() -> None:
    picture = noise(15, 17)
    maps, _ = detected(picture, settings_of("sobel", "vertical", combine="none", map="raw"))
    for edges, name in zip(maps, ["sobel-x", "sobel-y", "vertical"], strict=True):
        np.testing.assert_array_equal(edges[..., 0], respond(picture, name))


@pytest.mark.parametrize("channels", ["each", "max"])
def test_planes_combine_before_they_compare(channels: str) -> None:
    picture = noise(8, 8, 3)
    planes = [detected(picture[..., c], settings_of("sobel", map="raw"))[0][0] for c in range(3)]
    (edges,), _ = detected(picture, settings_of("sobel", channels=channels, map="raw"))
    truth = np.concatenate(planes, axis=-1)
    expected = truth if channels == "each" else truth.max(axis=-1, keepdims=True)
    np.testing.assert_array_equal(edges, expected)


# --- bias, activation, flipping, steps ----------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "by_hand"),
    [
        ("none", lambda v: v),
        ("relu", lambda v: np.maximum(v, 0)),
        ("leaky-relu", lambda v: np.where(v > 0, v, v * 0.01)),
        ("sigmoid", lambda v: 1 / (1 + np.exp(-v))),
        ("tanh", np.tanh),
    ],
)
def test_bias_then_activation(activation: str, by_hand: Any) -> None:
    picture = np.random.default_rng(0).normal(size=(9, 9)).astype(np.float32)
    (edges,), _ = detected(
        picture, settings_of("vertical", bias=(0.5,), activation=activation, map="raw")
    )
    truth = by_hand(respond(picture) + 0.5)
    np.testing.assert_allclose(edges[..., 0], truth, rtol=1e-5, atol=1e-5)


def test_convolving_is_correlating_with_the_flipped_kernel() -> None:
    bank = load_filter("1 2 3; 4 5 6; 7 8 10")
    (edges,), _ = detected(
        noise(9, 9), settings_of("1 2 3; 4 5 6; 7 8 10", convolve=True, map="raw")
    )
    truth = convolve(noise(9, 9), bank.flipped(), **OPTIONS)[0]
    np.testing.assert_array_equal(edges[..., 0], truth)


@pytest.mark.parametrize("steps", [{"stride": (2, 3)}, {"dilation": (3, 2)}, {"padding": "valid"}])
def test_stride_dilation_and_padding_are_those_of_convolve(steps: dict[str, Any]) -> None:
    picture = noise(20, 22)
    edges = detect_edges(picture, "vertical", **steps)
    truth = convolve(picture, "vertical", **OPTIONS | steps)[0].astype(int)
    np.testing.assert_array_equal(edges, np.minimum(np.abs(truth), 255))


# --- depths -------------------------------------------------------------------------------------


def test_16_bit_pictures_are_worked_on_in_16_bits() -> None:
    picture = np.random.default_rng(0).integers(0, 65536, (9, 9), np.uint16)
    (edges,), _ = detected(picture, settings_of("vertical"))
    assert edges.dtype == np.uint16
    truth = np.minimum(np.abs(respond(picture)), 65535)
    np.testing.assert_array_equal(edges[..., 0], truth)
    np.testing.assert_array_equal(detect_edges(picture, "vertical"), np.rint(truth / 257))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_float_pictures_are_white_at_1(dtype: str) -> None:
    picture = np.random.default_rng(0).random((9, 9)).astype(dtype)
    truth = np.minimum(np.rint(np.abs(respond(picture)) * 255), 255)
    np.testing.assert_allclose(detect_edges(picture, "vertical"), truth, atol=1)


@pytest.mark.parametrize("depth", ["8", "16", "float"])
def test_the_depth_scales_by_full_scales(depth: str) -> None:
    picture = noise(9, 9)
    (edges,), _ = detected(picture, settings_of("vertical", depth=depth))
    white = {"8": 255, "16": 65535, "float": 1.0}[depth]
    truth = np.abs(respond(picture)) / 255 * white
    if depth != "float":
        truth = np.minimum(truth, white)
    np.testing.assert_allclose(edges[..., 0], truth, rtol=1e-6)


def test_booleans_are_black_and_white() -> None:
    picture = noise(9, 9) > 127
    np.testing.assert_array_equal(detect_edges(picture), detect_edges(picture * np.uint8(255)))


def test_nan_in_a_picture_is_counted() -> None:
    picture = np.ones((9, 9), np.float32)
    picture[4, 4] = np.nan
    (edges,), measured = detected(picture, settings_of("vertical"))
    assert measured.extremes[0].nans > 0
    assert not edges.any()


# --- what was measured --------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.sampled_from(["abs", "clip", "signed", "minmax", "raw"]))
def test_extremes_are_those_of_the_response_that_was_rendered(seed: int, map_name: str) -> None:
    picture = noise(6, 7, seed=seed)
    _, measured = detected(picture, settings_of("vertical", map=map_name))
    response = respond(picture)
    (extremes,) = measured.extremes
    assert (extremes.smallest, extremes.largest) == (response.min(), response.max())
    outside = {"abs": np.abs(response) > 255, "clip": (response < 0) | (response > 255)}
    clipped = np.count_nonzero(outside[map_name]) if map_name in outside else 0
    assert extremes.clipped == clipped
    assert extremes.nans == 0


# --- schedule -----------------------------------------------------------------------------------


class Strict(ArraySource):
    """A source that checks how it is read: forward only."""

    def blocks(self, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
        previous = (0, 0)
        for start, stop in ranges:
            assert previous[0] <= start <= stop <= self.shape[0]
            assert stop >= previous[1]
            previous = start, stop
            yield self.array[start:stop]


@pytest.mark.parametrize("map_name", ["abs", "signed"])
@pytest.mark.parametrize("mode", ["replicate", "reflect", "zeros"])
@pytest.mark.parametrize(("rows", "threads"), [(1, 1), (1, 3), (7, 2), (1000, 2)])
def test_threads_and_band_heights_change_nothing(
    monkeypatch: pytest.MonkeyPatch, map_name: str, mode: str, rows: int, threads: int
) -> None:
    picture = noise(50, 23, 3)
    truth = detect_edges(picture, map=map_name, padding_mode=mode, threads=1)
    monkeypatch.setattr(Slide, "band_rows", rows)
    monkeypatch.setattr("edgecli.detect.run.SMALL_IMAGE", 1)
    options = {"map": map_name, "padding_mode": parse_padding_mode(mode), "threads": threads}
    (edges,), _ = detected_of(Strict.of(picture), settings_of("sobel", **options))
    np.testing.assert_array_equal(edges[..., 0], truth)


@pytest.mark.parametrize(("name", "method"), [("gabor:2", "spectral"), ("gabor:20", "fourier")])
def test_what_thinning_needs_around_a_band_fits_methods_of_few_rows(
    monkeypatch: pytest.MonkeyPatch, name: str, method: str
) -> None:
    picture = noise(400, 9)
    planned = plan_detection(settings_of(name), (400, 9, 1), picture.dtype)
    assert method in planned.responses.account().method
    edges = detect_edges(picture, name, map="gain", thin=True)
    monkeypatch.setattr(Slide, "band_rows", 7)
    np.testing.assert_allclose(edges, detect_edges(picture, name, map="gain", thin=True), atol=1)


def test_networks_are_thinned_in_increments_shorter_than_a_grain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    picture = noise(150, 40, 3)
    edges = detect_edges(picture, "learned-small", thin=True)
    monkeypatch.setattr(layout, "INCREMENTS", {8: 1})
    np.testing.assert_allclose(detect_edges(picture, "learned-small", thin=True), edges, atol=1)


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"operator": "sobl"}, FilterError, "did you mean 'sobel'"),
        ({"map": "raw"}, UsageError, "use edgecli.convolve"),
        ({"threshold": "9", "hysteresis": "1,2"}, UsageError, "exclude each other"),
        ({"map": "loud"}, UsageError, "map 'loud' is unknown; choose from auto, abs"),
        ({"channels": "grey"}, UsageError, "channels 'grey' is unknown; choose from gray"),
        ({"padding": "some"}, UsageError, "padding 'some'"),
        ({"padding_mode": "wrap"}, UsageError, "padding mode 'wrap'"),
        ({"threads": 0}, UsageError, "threads must be 1 or more, got 0; leave it out"),
        ({"stride": 0}, UsageError, "stride must be 1 or more"),
        ({"dilation": (1, -1)}, UsageError, "dilation must be 1 or more"),
        ({"operator": "gaussian:3", "padding": "valid"}, GeometryError, "kernel 25×25 is larger"),
    ],
)
def test_what_cannot_be_done_is_refused(
    options: dict[str, Any], error: type[EdgeCliError], said: str
) -> None:
    with pytest.raises(error, match=said):
        detect_edges(noise(6, 6), **options)


@pytest.mark.parametrize("picture", [np.zeros((2, 2, 5)), np.zeros(4), np.zeros((2, 2), complex)])
def test_what_is_no_picture_is_refused(picture: Array) -> None:
    with pytest.raises(ImageError, match="picture"):
        detect_edges(picture)


def test_a_picture_without_pixels_is_refused() -> None:
    with pytest.raises(GeometryError, match="empty"):
        detect_edges(np.zeros((0, 5), np.uint8))


@pytest.mark.parametrize("bias", [(1.0, 2.0, 3.0), (float("nan"),)])
def test_a_bias_that_does_not_fit_the_filters_is_refused_at_once(bias: tuple[float, ...]) -> None:
    with pytest.raises(FilterError, match="bias"):
        settings_of("sobel", bias=bias)


@pytest.mark.parametrize(
    ("picture", "seen"),
    [
        (np.arange(64, dtype=np.int32).reshape(8, 8), False),  # white is 2³¹ − 1
        (np.arange(64, dtype=np.int64).reshape(8, 8) << 55, True),
        (np.linspace(0.5, 0.501, 64).reshape(8, 8), False),
        (np.linspace(0, 1, 64).reshape(8, 8), True),
        (np.zeros((8, 8), np.int32), True),  # there is nothing to be seen
    ],
)
@pytest.mark.parametrize("measured", [True, False])
def test_a_note_says_that_no_edge_can_be_seen(picture: Any, seen: bool, measured: bool) -> None:
    for name, told in (("abs", not seen), ("minmax", False), ("raw", False)):
        source = ArraySource.of(picture)
        detection = plan_detection(settings_of("vertical", map=name), source.shape, source.dtype)
        sink = ArraySink(detection.written_shape, detection.sample_types[0])
        run_detection(detection, source, [sink], measured=measured)
        assert any("too weak to be seen" in note for note in source.info.notes) == told


@pytest.mark.parametrize("name", ["gradient:2", "sobel", "log:2", "learned-small", "contours"])
@pytest.mark.parametrize("type_", ["uint8", "float32", "float64", "int32"])
def test_a_flat_picture_has_no_edges_that_could_be_seen(name: str, type_: str) -> None:
    source = ArraySource.of(np.full((9, 9), 0.3 if type_.startswith("f") else 77, type_))
    detection = plan_detection(settings_of(name), source.shape, source.dtype)
    run_detection(detection, source, [ArraySink(detection.written_shape, np.dtype("u1"))])
    assert source.info.notes == []
