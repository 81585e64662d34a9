"""A hundred of the TIFFs of ``tests/tiffs``, pixel for pixel; ``python -m tests.tiffs`` has all."""

from __future__ import annotations

import pytest

from tests.tiffs import colours
from tests.tiffs.comparing import differs, gdals, of_colours, ours, tifffiles
from tests.tiffs.making import Made, recipes
from tests.tiffs.readers import python_of_gdal


@pytest.fixture(scope="module")
def hundred() -> list[Made]:
    """Return every so manieth TIFF, so that all kinds are among them."""
    every = recipes()
    return [make() for make in every[:: len(every) // 100]]


def test_a_hundred_kinds_are_read_as_they_were_made(hundred: list[Made]) -> None:
    assert len(recipes()) >= 1400
    assert len(hundred) >= 100
    assert list(ours(hundred)) == []


def test_every_kind_of_colour_is_shown_in_its_own() -> None:
    assert list(of_colours(colours.every())) == []


def test_tifffile_sees_the_same(hundred: list[Made]) -> None:
    read = [line for line in tifffiles(hundred) if ": not read, " not in line]
    assert read == []


def test_gdal_sees_the_same(hundred: list[Made]) -> None:
    if python_of_gdal() is None:  # asked here, as it starts a process
        pytest.skip("GDAL is not installed")
    assert list(gdals(hundred)) == []


def test_what_differs_is_told(hundred: list[Made]) -> None:
    changed = hundred[0].samples.copy()
    changed[3, 4, 0] ^= 1
    assert differs(changed, hundred[0].samples) == f"1 of {changed.size} samples differ"
    assert differs(changed[1:], changed).startswith("shape (20, 29, ")
