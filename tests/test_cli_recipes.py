"""What is no bank that slides, contours and networks: the options of banks are refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgecli.filters import RECIPES
from edgecli.settings import OF_BANKS
from tests.conftest import SAMPLES, Refuse

PHOTO = SAMPLES / "still-life.png"

REFUSED = {
    "padding": ["valid"],
    "padding-mode": ["zeros"],
    "stride": ["2"],
    "dilation": ["2"],
    "convolve": [],
    "channels": ["gray"],
    "bias": ["1"],
    "activation": ["relu"],
    "combine": ["max"],
}


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("option", OF_BANKS.values())
def test_options_of_banks_are_refused_by_name(
    refuse: Refuse, tmp_path: Path, name: str, option: str
) -> None:
    out = tmp_path / "out.png"
    options = [f"--{option}", *REFUSED[option], "-o", str(out)]
    assert f"--{option};" in refuse("detect", PHOTO, "-f", name, *options, code=2)
    assert not out.exists()


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("other", ["sobel", *RECIPES])
def test_it_is_made_alone(refuse: Refuse, tmp_path: Path, name: str, other: str) -> None:
    filters = ["-f", other, "-f", name, "-o", str(tmp_path / "out.png")]
    assert "--filter" in refuse("detect", PHOTO, *filters, code=2)
