"""The arithmetic of places: what moves an image on its file moves it on no map."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecli.images.sources import oriented
from edgecli.rows.place import HERE, Affine, Place, applied, area, composed, inverse
from tests.places import NORTH_UP, TURNED, eastings, northings

numbers = st.floats(-100, 100).map(lambda number: round(number, 2))
affines = st.tuples(*[numbers] * 6).filter(lambda affine: abs(area(affine)) > 0.1)
points = st.tuples(numbers, numbers)


@given(affines, affines, points)
def test_one_transform_after_another_is_both(
    outer: Affine, inner: Affine, point: tuple[float, float]
) -> None:
    both = applied(composed(outer, inner), *point)
    assert both == pytest.approx(applied(outer, *applied(inner, *point)), rel=1e-9, abs=1e-6)


@given(affines, points)
def test_an_inverse_leads_back(affine: Affine, point: tuple[float, float]) -> None:
    assert applied(inverse(affine), *applied(affine, *point)) == pytest.approx(point, abs=1e-3)


@pytest.mark.parametrize("place", [NORTH_UP, TURNED])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pixels_of_an_image_that_is_turned_stay_where_they_are(
    orientation: int, place: Affine
) -> None:
    for coordinates in (eastings, northings):
        turned = oriented(coordinates((4, 7), place)[..., np.newaxis], orientation)[..., 0]
        own = Place(place).turned(orientation, 4, 7).transform
        assert own is not None
        np.testing.assert_allclose(turned, coordinates(turned.shape, own))


def test_points_of_control_move_with_the_pixels() -> None:
    control = ((2.0, 4.0, 0.0, 7.5, 47.5, 0.0), (6.0, 8.0, 1.0, 7.6, 47.4, 300.0))
    place = Place(None, control=control).seen((2.0, 4.0), (1.0, -1.0))
    assert place.control == ((0.5, 1.25, 0.0, 7.5, 47.5, 0.0), (2.5, 2.25, 1.0, 7.6, 47.4, 300.0))
    assert place.transform is None


def test_a_step_of_one_from_the_corner_moves_nothing_at_all() -> None:
    odd = (0.1, 0.2, 1 / 3, 0.3, -0.7, 5e6 + 1 / 3)
    assert Place(odd).seen((1.0, 1.0), (0.0, 0.0)).transform == odd
    assert Place(odd).turned(1, 3, 4).transform == odd


def test_points_are_placed_as_pixels_are() -> None:
    corners = np.array([(0.0, 0.0), (3.0, 2.0), (0.5, 7.0)])
    placed = Place(TURNED).at(corners)
    assert placed.tolist() == [list(applied(TURNED, *corner)) for corner in corners]
    assert Place(HERE).at(corners).tolist() == corners.tolist()
    assert Place(TURNED).pixel == (20, 20)
