"""What is no bank that slides, contours and networks: the options of banks are refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgecli import load_filter
from edgecli.detect.settings import OF_BANKS
from edgecli.errors import FilterError
from edgecli.filters import RECIPES
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
@pytest.mark.parametrize("setting", OF_BANKS)
def test_options_of_banks_are_refused_by_name(
    refuse: Refuse, tmp_path: Path, name: str, setting: str
) -> None:
    out, option = tmp_path / "out.png", setting.replace("_", "-")
    options = [f"--{option}", *REFUSED[option], "-o", str(out)]
    assert f"--{option};" in refuse("detect", PHOTO, "-f", name, *options, code=2)
    assert not out.exists()


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("other", ["sobel", *RECIPES])
def test_it_is_made_alone(refuse: Refuse, tmp_path: Path, name: str, other: str) -> None:
    filters = ["-f", other, "-f", name, "-o", str(tmp_path / "out.png")]
    assert "--filter" in refuse("detect", PHOTO, *filters, code=2)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["detect", PHOTO, "-f", "contour"], "did you mean 'contours'?"),
        (["detect", PHOTO, "-f", "contours:2"], "takes no parameters"),
        (["trace", PHOTO, "-f", "contours", "--at", "1,1"], "trace one of its filters"),
        (["filters", "export", "contours", "-o", "-"], "is no one bank"),
        (["detect", PHOTO, "-f", "lerned"], "did you mean 'learned'?"),
        (["detect", PHOTO, "-f", "learned:2"], "takes no parameters"),
        (["detect", PHOTO, "-f", "learned", "--scales", "3"], "among 0.5, 1, 2"),
        (["detect", PHOTO, "-f", "sobel", "--scales", "0.5"], "drop --scales"),
        (["trace", PHOTO, "-f", "learned", "--at", "1,1"], "no sum of products"),
        (["filters", "export", "learned", "-o", "-"], "is a network"),
        (["detect", PHOTO, "-f", "missing.toml"], "does not exist"),
    ],
)
def test_it_is_no_bank(refuse: Refuse, args: list[str | Path], said: str) -> None:
    assert said in refuse(*args, code=2)


@pytest.mark.parametrize(
    ("name", "said"), [("contours", "is no one bank"), ("learned", "is a network")]
)
def test_load_filter_refuses_it(name: str, said: str) -> None:
    with pytest.raises(FilterError, match=said):
        load_filter(name)
