"""Where edges are located: measured on shapes whose edges are known."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.detect.maps import Lines
from edgecli.lines.thresholds import parse_hysteresis, parse_threshold
from edgecli.strokes.base import Located
from edgecli.strokes.locating import FARTHEST
from tests.conftest import SAMPLES, noise
from tests.detections import detected, settings_of
from tests.located import Picture, disk, distance, half_plane, located

MIDDLE = 60.3, 59.6


@cache
def still_life() -> Picture:
    return np.asarray(Image.open(SAMPLES / "still-life.png").convert("L"))


def rms(errors: NDArray[Any]) -> float:
    return float(np.sqrt(np.mean(errors**2)))


def radii(edges: Located) -> NDArray[Any]:
    radius: NDArray[Any] = np.hypot(*(edges.points - MIDDLE).T)
    return radius


def pixels(edges: Located) -> NDArray[Any]:
    """Return the centres of the edge pixels."""
    row, column = np.divmod(edges.place, edges.width)
    return np.stack([column, row], axis=1) + 0.5


def located_disk(name: str, radius: float, noise: float = 0) -> Located:
    (edges,) = located(disk(120, *MIDDLE, radius, noise), settings_of(name))
    own: Located = edges.select(np.abs(radii(edges) - radius) < 2)
    assert len(own) > 3 * radius
    return own


@pytest.mark.parametrize(("noise", "most"), [(0, 0.025), (5, 0.035)])
def test_the_edge_of_a_disk_is_found_to_a_fortieth_of_a_pixel(noise: float, most: float) -> None:
    errors = [radii(located_disk("gradient:1", R, noise)) - R for R in (35, 38.5, 41.25, 45)]
    assert rms(np.concatenate(errors)) < most


@pytest.mark.parametrize(
    ("name", "most"),
    [("sobel", 0.03), ("scharr", 0.03), ("canny:1.4", 0.04), ("kirsch", 0.04), ("roberts", 0.1),
     ("sobel-x", 0.04), ("log:2", 0.06), ("dog:1", 0.05), ("contours", 0.06)],
)  # fmt: skip
def test_every_kind_of_edge_is_located(name: str, most: float) -> None:
    edges = located_disk(name, 40)
    assert rms(radii(edges) - 40) < most < 0.5 * rms(np.hypot(*(pixels(edges) - MIDDLE).T) - 40)


def test_networks_are_located_twice_as_well_as_by_their_pixels() -> None:
    edges = located_disk("learned-small", 40)
    assert rms(radii(edges) - 40) < 0.5 * rms(np.hypot(*(pixels(edges) - MIDDLE).T) - 40)


@pytest.mark.parametrize("name", ["gradient:1", "canny:1.4", "log:2", "dog:1", "contours"])
def test_angles_point_to_where_it_is_brighter(name: str) -> None:
    edges = located_disk(name, 40)
    inward = np.arctan2(*(MIDDLE - edges.points).T[::-1])
    assert np.abs(np.angle(np.exp(1j * (edges.angle - inward)))).max() < 0.15


def test_straight_edges_are_straight() -> None:
    side, errors = 72, []
    for number in range(12):
        angle, offset = 0.03 + number * np.pi / 6, 0.3 - number / 20
        (edges,) = located(half_plane(side, angle, offset), settings_of("gradient:1"))
        own = edges.points[np.hypot(*(edges.points - side / 2).T) < 30]
        x, y = own.T
        errors.append(distance(x, y, side, angle, offset))
        _, _, (along, _) = np.linalg.svd(own - own.mean(axis=0), full_matrices=False)
        turn = np.degrees(np.arctan2(along[1], along[0]) - angle) % 180 - 90
        assert abs(turn) < 0.1
    assert rms(np.concatenate(errors)) < 0.02


@pytest.mark.parametrize("name", ["sobel", "canny:2", "gradient:1", "log:1.5", "kirsch"])
def test_no_edge_is_far_from_its_pixel(name: str) -> None:
    (edges,) = located(still_life(), settings_of(name))
    away = np.hypot(*(edges.points - pixels(edges)).T)
    assert away.max() <= FARTHEST + 1e-9
    assert np.mean(away > FARTHEST - 1e-6) < 0.1  # few would be further


@pytest.mark.parametrize("name", ["sobel", "scharr", "canny:0", "laplacian", "kirsch", "sobel-x"])
def test_a_picture_that_is_turned_has_its_edges_turned(name: str) -> None:
    picture = still_life()[:150, :203]
    turned = name.replace("-x", "-y")
    (edges,), (other,) = (
        located(one, settings_of(own, lines=Lines(threshold=parse_threshold("30"))))
        for one, own in ((picture, name), (np.rot90(picture), turned))
    )
    assert len(edges) > 900
    height, width = picture.shape
    x, y = edges.points.T
    row, column = np.divmod(edges.place, width)
    place = (width - 1 - column) * height + row  # as np.rot90 turns pixels
    order = np.argsort(place)
    np.testing.assert_array_equal(other.place, place[order])
    expected = np.stack([y, width - x], axis=1)[order]
    np.testing.assert_allclose(other.points, expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(other.strength, edges.strength[order])


def test_on_the_frame_of_the_map_nothing_is_invented() -> None:
    """What lies beyond is unknown: the edge stays at the pixel's centre."""
    picture = np.zeros((9, 9), np.uint8)
    picture[:, 1:] = 200
    (edges,) = located(picture, settings_of("1 -1", padding="valid"))
    assert edges.points[:, 0].tolist() == [1.0] * 9


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.int64, np.float32, float])
def test_the_type_of_the_pixels_changes_nothing(dtype: Any) -> None:
    picture = still_life()[:90, :120]
    lines = Lines(threshold=parse_threshold("60"))
    (expected,) = located(picture, settings_of("sobel", lines=lines))
    (edges,) = located(picture.astype(dtype), settings_of("sobel", lines=lines))
    np.testing.assert_allclose(edges.points, expected.points, rtol=0, atol=1e-5)
    assert edges.strength.dtype.kind == "f"


def test_what_is_not_a_number_is_no_edge_and_moves_none() -> None:
    picture = still_life()[:90, :120].astype(np.float32)
    spoilt = picture.copy()
    spoilt[40:44, 60:66] = np.nan
    spoilt[10, 10] = np.inf
    lines = Lines(threshold=parse_threshold("60"))
    (expected,), (edges,) = (
        located(one, settings_of("sobel", lines=lines)) for one in (picture, spoilt)
    )
    assert np.isfinite(edges.points).all()
    assert np.isfinite(edges.angle).all()
    far = np.hypot(*(pixels(expected) - (63, 42)).T) > 8
    far &= np.hypot(*(pixels(expected) - (10.5, 10.5)).T) > 8
    kept = np.isin(edges.place, expected.place[far])
    np.testing.assert_array_equal(edges.points[kept], expected.points[far])


@pytest.mark.parametrize("name", ["sobel", "canny:1", "log:2", "contours"])
def test_nothing_is_located_in_an_even_picture(name: str) -> None:
    (edges,) = located(np.full((30, 40), 90, np.uint8), settings_of(name))
    assert not len(edges)
    assert edges.points.shape == (0, 2)


def test_noise_of_every_pixel_is_located() -> None:
    (edges,) = located(
        noise(200, 300), settings_of("sobel", lines=Lines(threshold=parse_threshold("0")))
    )
    assert len(edges) > 15000


BITMAPS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("canny:2", {}, {}),
    ("canny:1", {}, {"thin": True, "threshold": "10%,30%"}),
    ("sobel", {}, {}),
    ("sobel", {}, {"threshold": "otsu"}),
    ("sobel", {}, {"border": 9, "mask": True}),
    ("sobel", {"stride": (2, 3)}, {}),
    ("kirsch", {}, {}),
    ("kirsch", {"combine": "sum"}, {"threshold": "p90"}),
    ("sobel-x", {}, {}),
    ("log:2", {}, {"threshold": "2"}),
    ("gradient:1", {"padding": "valid"}, {"border": 3}),
    ("contours", {}, {}),
]


@pytest.mark.parametrize(("name", "options", "lines"), BITMAPS)
def test_the_edge_pixels_are_those_of_the_bitmap(
    name: str, options: dict[str, Any], lines: dict[str, Any]
) -> None:
    picture, lines = still_life(), dict(lines)
    if lines.pop("mask", False):
        lines["mask"] = np.add.outer(*map(np.arange, picture.shape)) % 200 < 150
    given = lines.pop("threshold", "auto")
    lines["threshold"] = (parse_hysteresis if "," in given else parse_threshold)(given)
    thin = lines.pop("thin", not name.startswith(("canny", "contours")))
    (bitmap,), _ = detected(
        picture, settings_of(name, **options, lines=Lines(thin, **lines), depth="8")
    )
    (edges,) = located(picture, settings_of(name, **options, lines=Lines(thin, **lines)))
    np.testing.assert_array_equal(edges.place, np.flatnonzero(bitmap))
    assert len(edges) > 100
