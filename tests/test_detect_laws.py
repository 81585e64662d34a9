"""What edges are, whatever the operator: laws that hold for whole edge maps."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from edgecli import detect_edges
from edgecli.conv import engine
from edgecli.detect.extents import ROUNDING
from edgecli.detect.maps import Lines
from edgecli.lines.thresholds import parse_hysteresis, parse_threshold
from tests.conftest import SAMPLES, noise
from tests.detections import detected, settings_of

Array = NDArray[Any]

GRADIENTS = ["sobel", "prewitt", "scharr", "farid", "gradient:1.5", "kirsch", "robinson", "canny:1"]
SECOND = ["laplacian", "laplacian-8", "log:1.5", "dog:1,1.6"]
ALL = [*GRADIENTS, "roberts", "gabor:5", *SECOND]


def detect(
    picture: Array, *names: str, thin: bool = True, threshold: str = "", **options: Any
) -> Any:
    """Return the numbers of one edge map, thinned unless told otherwise."""
    levels = (
        (parse_hysteresis if "," in threshold else parse_threshold)(threshold)
        if threshold
        else None
    )
    lines = Lines(thin, levels, options.pop("border", 0), options.pop("mask", None))
    (edges,), _ = detected(picture, settings_of(*names, map="raw", lines=lines, **options))
    return edges[..., 0] if edges.shape[2] == 1 else edges


def photo(width: int = 320) -> NDArray[np.uint8]:
    with Image.open(SAMPLES / "still-life.png") as sample:
        return np.asarray(sample.convert("L").resize((width, width * 3 // 4)))


def smooth_noise(seed: int, *shape: int) -> NDArray[np.uint8]:
    """Return a picture with slopes in every direction, and few ties."""
    values = ndimage.gaussian_filter(noise(*shape, seed=seed).astype(float), 2)
    return np.asarray(255 * (values - values.min()) / np.ptp(values), np.uint8)


# Roberts' window has no middle pixel, and turned it lands a pixel beside.
@pytest.mark.parametrize("name", [n for n in ALL if n != "roberts"])
@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turning_the_image_turns_the_edges(name: str, turns: int) -> None:
    picture = smooth_noise(4, 24, 31)
    threshold = "0" if name.startswith("canny") else ""
    edges = detect(picture, name, threshold=threshold)
    turned = detect(np.rot90(picture, turns), name, threshold=threshold)
    np.testing.assert_allclose(turned, np.rot90(edges, turns), rtol=1e-4, atol=1e-3)


@given(st.integers(0, 2**32 - 1))
def test_turning_turns_ties_too(seed: int) -> None:
    """Whole numbers are equal to the bit, plateaus and all."""
    picture = noise(9, 8, seed=seed) // 64 * 64
    edges, turned = (detect_edges(p, "canny:0", threshold="0") for p in (picture, picture.T))
    np.testing.assert_array_equal(turned, edges.T)
    turned = detect_edges(np.rot90(picture), "canny:0", threshold="0")
    np.testing.assert_array_equal(turned, np.rot90(edges))


@pytest.mark.parametrize("name", ["kirsch", "robinson", "gabor:4"])
def test_a_dot_points_nowhere_and_is_no_edge(name: str) -> None:
    picture = np.zeros((15, 15), np.uint8)
    picture[7, 7] = 200
    assert detect(picture, name, thin=False)[7, 6] != 0
    assert detect(picture, name)[7, 7] == 0


def step(angle: int, size: int = 40) -> NDArray[np.uint8]:
    """Return dark and bright halves, parted by a straight line at an angle in degrees."""
    rows, cols = np.mgrid[:size, :size] - (size - 1) / 2 + 0.25
    side = np.cos(np.radians(angle)) * cols + np.sin(np.radians(angle)) * rows
    return np.where(side > 0, 200, 30).astype(np.uint8)


@pytest.mark.parametrize("name", [*GRADIENTS, "roberts", "gabor:5", *SECOND])
@pytest.mark.parametrize("turns", range(4))
def test_a_step_gives_one_line_of_one_pixel(name: str, turns: int) -> None:
    picture = np.rot90(step(0), turns)
    threshold = "60" if name.startswith("gabor") else "5%"  # waves have weaker lines beside
    lines = np.rot90(detect(picture, name, threshold=threshold), -turns)
    inner = lines[3:-3]
    assert (np.count_nonzero(inner, axis=1) == 1).all()
    assert np.count_nonzero(inner.any(axis=0)) == 1


@pytest.mark.parametrize("name", ["sobel", "scharr", "gradient:1.5", "canny:1"])
@pytest.mark.parametrize("angle", [20, 45, 70, 110, 160])
def test_a_slanted_step_gives_one_line_without_gaps(name: str, angle: int) -> None:
    lines = detect(step(angle), name, threshold="5%")[8:-8, 8:-8]
    assert ndimage.label(lines, np.ones((3, 3)))[1] == 1
    wide = lines[1:, 1:] & lines[:-1, 1:] & lines[1:, :-1] & lines[:-1, :-1]
    assert not wide.any()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("value", "shape"),
    [(0, (20, 25)), (77, (20, 25)), (255, (20, 25)), (77, (1, 1)), (255, (1, 9)), (77, (9, 1))],
)
def test_a_constant_image_has_no_edges(name: str, value: int, shape: tuple[int, int]) -> None:
    picture = np.full(shape, value, np.uint8)
    assert not detect(picture, name).any()
    assert not detect(picture, name, threshold="auto").any()
    assert not detect(picture.astype(np.float32) / 255, name).any()


@pytest.mark.parametrize("name", ALL)
def test_adding_a_constant_changes_nothing(name: str) -> None:
    picture = smooth_noise(5, 24, 31) // 2
    dark, bright = (
        detect(p, name, threshold="p20,p80") for p in (picture, picture + np.uint8(100))
    )
    assert dark.any()
    assert (dark != bright).mean() < 2e-3  # rounding at the threshold


@pytest.mark.parametrize("name", [n for n in ALL if not n.startswith("canny")])
def test_contrast_scales_the_response(name: str) -> None:
    picture = smooth_noise(6, 24, 31) // 5
    once, thrice = detect(picture, name), detect(picture * np.uint8(3), name)
    np.testing.assert_allclose(thrice, 3.0 * once, rtol=1e-4, atol=2e-3)


# --- OpenCV -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("low", "high"), [(20, 60), (50, 100), (100, 200)])
@pytest.mark.parametrize("sigma", [0, 1.4])
def test_canny_is_opencv_s_on_the_same_image(low: int, high: int, sigma: float) -> None:
    picture: Array = photo()
    if sigma:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma))
    theirs = cv2.Canny(picture, low, high, L2gradient=True)
    ours = detect_edges(picture, "canny:0", hysteresis=f"{low},{high}")
    assert (ours == theirs).mean() > 0.998


@pytest.mark.parametrize("sigma", [1.0, 1.4, 2.0])
def test_canny_smooths_as_opencv_does_but_for_its_rounding(sigma: float) -> None:
    picture = photo()
    blurred = cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    theirs = cv2.Canny(blurred, 50, 100, L2gradient=True)
    ours = detect_edges(picture, f"canny:{sigma}", hysteresis="50,100")
    assert (ours == theirs).mean() > 0.99


# --- bands --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "rows"),
    [("sobel", 1), ("sobel", 3), ("kirsch", 3), ("log:1.5", 1), ("vertical", 1), ("canny:1", 1)],
)
@pytest.mark.parametrize("threshold", ["", "30", "otsu", "p90", "auto", "20,60", "20,p95"])
def test_bands_equal_the_whole(
    name: str, threshold: str, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = photo(40)
    whole = detect(picture, name, threshold=threshold)
    monkeypatch.setattr(engine, "FEWEST_ROWS", rows)
    monkeypatch.setattr(engine, "MOST_ROWS", rows)
    in_bands = detect(picture, name, threshold=threshold, threads=2)
    # Some BLAS kernels round a product by where its row lies in the matrix, and so in the band.
    rounding = ROUNDING * float(whole.max()) if name == "log:1.5" else 0
    np.testing.assert_allclose(in_bands, whole, rtol=0, atol=rounding)
