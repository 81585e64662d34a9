"""From strengths to strokes: bands, threads, masks, thresholds, several maps, empty ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.detect import plan as planning
from edgecli.detect.maps import Lines
from edgecli.detect.plan import plan_detection
from edgecli.detect.settings import Settings
from edgecli.errors import UsageError
from edgecli.lines.thresholds import AUTO, parse_hysteresis, parse_threshold
from edgecli.records import replace
from edgecli.strokes.base import Finish, Located
from tests.conftest import SAMPLES
from tests.detections import settings_of
from tests.located import located


def building() -> NDArray[np.uint8]:
    return np.asarray(Image.open(SAMPLES / "building.jpg"))


def assert_equal(one: Located, other: Located) -> None:
    for name, array in vars(one).items():
        np.testing.assert_array_equal(array, getattr(other, name), name)


SETTINGS: list[Settings] = [
    settings_of("canny:2"),
    settings_of("sobel", lines=Lines(threshold=parse_hysteresis("10%,20%"))),
    settings_of("kirsch", lines=Lines(threshold=parse_threshold("otsu"), border=5)),
    settings_of("log:2", channels="max"),
    settings_of("contours"),
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_bands_and_threads_change_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = building()
    (expected,) = located(picture, replace(settings, threads=1))
    (threaded,) = located(picture, replace(settings, threads=2))
    assert_equal(threaded, expected)
    for rows in (5, 61) if settings.recipe is None else ():  # contours has its own
        monkeypatch.setattr(planning.Detection, "band_rows", rows)
        (banded,) = located(picture, replace(settings, threads=2))
        assert_equal(banded, expected)
    assert len(expected) > 1000


def test_the_strips_of_networks_change_nothing() -> None:
    picture = building()[:200, :300]
    one, two = (
        located(picture, settings_of("learned-small", threads=threads))[0] for threads in (1, 2)
    )
    np.testing.assert_array_equal(one.place, two.place)
    np.testing.assert_allclose(one.points, two.points, atol=1e-3)


def test_every_operator_has_its_edges() -> None:
    together = located(building(), settings_of("sobel", "log:2", "roberts"))
    apart = [located(building(), settings_of(name))[0] for name in ("sobel", "log:2", "roberts")]
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_array_equal(one.strength, other.strength)
        np.testing.assert_allclose(one.points, other.points, atol=1e-9)


def test_edges_are_thinned_and_linked_unless_a_threshold_is_given() -> None:
    for name in ("sobel", "canny", "contours", "learned-small", "log:1"):
        settings = replace(settings_of(name), finish=Finish())
        (plan,) = plan_detection(settings, (40, 50, 1), np.dtype(np.uint8)).plans
        assert plan.threshold == AUTO
        assert plan.thinning is not None
    over = Lines(threshold=parse_threshold("40"))
    (plain,) = located(building(), settings_of("sobel", lines=over))
    assert plain.strength.min() > 40
    assert len(plain) > len(located(building(), settings_of("sobel"))[0])


def test_what_is_outside_a_mask_is_no_edge() -> None:
    mask = np.zeros((600, 800), bool)
    mask[100:300, 200:500] = True
    (edges,) = located(building(), settings_of("sobel", lines=Lines(mask=mask)))
    x, y = edges.points.T
    assert 200 < x.min() < x.max() < 500
    assert 100 < y.min() < y.max() < 300


@pytest.mark.parametrize("threshold", ["20", "20,90", "auto"])
def test_a_picture_of_one_pixel_has_no_edges(threshold: str) -> None:
    parse: Any = parse_hysteresis if "," in threshold else parse_threshold
    for name in ("sobel", "canny:1", "log:2", "contours", "roberts"):
        lines = Lines(threshold=parse(threshold))
        (edges,) = located(np.full((1, 1), 7, np.uint8), settings_of(name, lines=lines))
        assert len(edges) == 0


def test_one_edge_pixel_is_an_edge() -> None:
    picture = np.array([[0, 0, 90, 90]], np.uint8)
    (edges,) = located(picture, settings_of("1 -1", padding="valid"))
    assert edges.points.tolist() == [[2.0, 0.5]]


def test_colours_each_with_edges_of_its_own_are_refused() -> None:
    with pytest.raises(UsageError, match="use --channels max"):
        replace(settings_of("sobel", channels="each"), finish=Finish())
    (edges,) = located(building(), settings_of("sobel", channels="max"))
    assert len(edges) > 1000
