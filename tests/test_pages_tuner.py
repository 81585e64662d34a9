"""A tuner as a file: soft maps from which thresholds choose as from the strengths themselves."""

from __future__ import annotations

import base64
import io
import json
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgecli.lines.hysteresis import hysteresis
from edgecli.pages.tuner.strengths import STEPS, soft_of
from tests.conftest import SAMPLES, Refuse, Run, Save, noise

PHOTO = SAMPLES / "shapes.png"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "tune.html"


def data(page: Path, name: str) -> Any:
    found = re.search(f'id="data-{name}">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_a_page_has_the_detectors_that_are_asked_for(run: Run, page: Path) -> None:
    result = run("tune", PHOTO, "-f", "sobel", "-f", "1 0 -1", "-o", page)
    assert (result.exit_code, result.output) == (0, "")
    detectors, picture = data(page, "detectors"), data(page, "picture")
    assert [one["name"] for one in detectors] == ["sobel", "1 0 -1"]
    assert detectors[1]["word"] == "'1 0 -1'"
    for one in detectors:
        pixels = zlib.decompress(base64.b64decode(one["map"]))
        assert len(pixels) == picture["height"] * picture["width"]
        assert len(one["steps"]) == STEPS
    photo = base64.b64decode(picture["photo"].partition(",")[2])
    assert photo.startswith(b"\xff\xd8")


@pytest.mark.parametrize("detector", ["sobel", "kirsch", "log:2", "contours"])
def test_steps_choose_as_the_strengths_do(detector: str) -> None:
    soft = soft_of(str(PHOTO), detector, 2**31)
    steps = np.array([float(step) for step in soft.steps])
    assert (np.diff(steps) >= 0).all()
    assert 0 <= soft.low <= soft.high < STEPS
    edges = hysteresis(soft.exceeded, soft.low, soft.high)
    assert edges.any()
    assert not edges[soft.exceeded <= soft.low].any()


def test_a_picture_without_edges_has_a_page(run: Run, page: Path, save: Save) -> None:
    result = run("tune", save("plain.png", np.full((9, 9), 7, np.uint8)), "-f", "sobel", "-o", page)
    assert result.exit_code == 0, result.output
    assert not any(zlib.decompress(base64.b64decode(data(page, "detectors")[0]["map"])))


def test_numbers_that_no_picture_has_are_drawn_by_their_range(
    run: Run, page: Path, save: Save
) -> None:
    heights = save("heights.npy", np.linspace(1200, 1240, 400).reshape(20, 20))
    result = run("tune", heights, "-f", "sobel", "-o", page)
    assert result.stderr == (
        f"edgecli: image {heights} has numbers from 1200 to 1240, drawn dark to bright\n"
    )
    photo = base64.b64decode(data(page, "picture")["photo"].partition(",")[2])
    with Image.open(io.BytesIO(photo)) as picture:
        drawn = np.asarray(picture.convert("L"))
    assert (drawn.min(), drawn.max()) == pytest.approx((0, 255), abs=5)


def test_twelve_bits_of_sixteen_are_drawn_by_the_white_that_is_given(
    run: Run, page: Path, save: Save
) -> None:
    pixels = noise(60, 50)
    pages = []
    for name, drawn, white in (
        ("8", pixels, ()),
        ("12", pixels * np.uint16(16), ("--white", "4080")),
    ):
        picture = save(f"{name}.npy", drawn)
        result = run("tune", picture, "-f", "learned-small", "-o", page, *white)
        assert (result.exit_code, result.stderr) == (0, "")
        (detector,) = data(page, "detectors")
        pages.append((data(page, "picture")["photo"], detector["steps"], detector["low"]))
        assert data(page, "picture")["white"] == list(white)
    assert pages[0] == pages[1]
    told = run("tune", picture, "-f", "sobel", "-o", page).stderr
    assert told.endswith(" where white is 65535; if 4095 is white, give --white 4095\n")


def test_a_picture_is_made_smaller_and_that_is_told(run: Run, page: Path, save: Save) -> None:
    picture = save("wide.png", noise(40, 1600))
    result = run("tune", picture, "-f", "sobel", "-o", page)
    assert result.stderr == (
        f"edgecli: image {picture} was made smaller for the page, to 30×1200 pixels\n"
    )
    assert data(page, "picture")["resized"]


def test_the_same_command_gives_the_same_page(run: Run, page: Path) -> None:
    run("tune", PHOTO, "-f", "sobel", "-o", page)
    before = page.read_bytes()
    run("tune", PHOTO, "-f", "sobel", "-o", page)
    assert page.read_bytes() == before


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((PHOTO, "-o", "tune.png"), "a page's name ends in .html"),
        (("-", "-o", "tune.html"), "give a file, not -"),
        ((PHOTO, *["-f", "sobel"] * 9, "-o", "tune.html"), "room for 8 detectors"),
        ((PHOTO, "-f", "laplacian:x", "-o", "tune.html"), "laplacian"),
    ],
)
def test_what_cannot_be_a_page_is_refused(
    refuse: Refuse, args: tuple[str | Path, ...], words: str, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert words in refuse("tune", *args, code=2)
    assert [*tmp_path.iterdir()] == []
