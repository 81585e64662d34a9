"""A tuner in a real browser: its picture is the one that its command draws.

Collected only where there is Chromium (see conftest.py).
"""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from edgecli.cli import main
from edgecli.pages.tuner import DETECTORS
from tests.browsers import Watched, written
from tests.conftest import SAMPLES


@pytest.fixture(scope="module")
def watched(browser: Browser) -> Watched:
    return Watched(browser, viewport={"width": 1280, "height": 800})


@pytest.fixture(scope="module")
def tuner(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("tuner")
    photo = folder / "still-life.png"
    Image.open(SAMPLES / photo.name).crop((150, 110, 470, 350)).save(photo)
    return written(folder / "tune.html", "tune", photo)


def opened(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("html[data-ready]")


@pytest.fixture
def page(watched: Watched, tuner: str) -> Iterator[Page]:
    opened(watched.page, tuner)
    yield watched.page
    watched.page.set_viewport_size({"width": 1280, "height": 800})
    assert watched.events == []


def choose(page: Page, detector: str, **fields: Any) -> None:
    page.locator("#detectors").get_by_label(detector, exact=True).check()
    for name, value in fields.items():
        page.fill(f"#{name}", str(value))


def shown(page: Page) -> NDArray[np.uint8]:
    """Return the pixels of the page's edges, ``(H, W, 3)``."""
    found = page.evaluate(
        "(() => { const { width, height } = document.getElementById('edges');"
        " const { data } = document.getElementById('edges').getContext('2d')"
        ".getImageData(0, 0, width, height); let text = '';"
        " data.forEach((each) => { text += String.fromCharCode(each); });"
        " return [height, width, btoa(text)]; })()"
    )
    height, width, text = found
    pixels = np.frombuffer(base64.b64decode(text), np.uint8)
    return pixels.reshape(height, width, 4)[..., :3]


def drawn(page: Page, folder: Path) -> NDArray[np.uint8]:
    """Run the page's command; return what it draws, ``(H, W, 3)``."""
    words = shlex.split(page.locator("#command").inner_text())
    output = folder / "drawn.png"
    result = CliRunner().invoke(main, [*words[1:-1], str(output), "--report", "none"])
    assert (words[0], result.exit_code) == ("edgecli", 0), result.output
    return np.asarray(Image.open(output).convert("RGB"))


# --- the picture and its command ----------------------------------------------------------------


@pytest.mark.parametrize("detector", DETECTORS)
def test_the_page_shows_what_its_command_draws(page: Page, tmp_path: Path, detector: str) -> None:
    choose(page, detector, high=90, low=40, stroke=4, line="#102030", paper="#fff8e0")
    pixels = shown(page)
    assert np.array_equal(pixels, drawn(page, tmp_path))
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) == 2


@pytest.mark.parametrize(
    ("detector", "shortest"), [("sobel", 5), ("contours", 20), ("learned", 60)]
)
def test_short_lines_go_as_in_the_command(
    page: Page, tmp_path: Path, detector: str, shortest: int
) -> None:
    choose(page, detector, low=50, high=70, shortest=shortest)
    same = (shown(page) == drawn(page, tmp_path)).all(axis=2).mean()
    assert same >= 0.999, f"{1 - same:.3%} differ"


@pytest.mark.parametrize(
    ("detector", "gaps", "shortest"),
    [("canny:1.4", 3, 0), ("sobel", 12, 0), ("contours", 12, 20), ("learned", 40, 60)],
)
def test_gaps_close_as_in_the_command(
    page: Page, tmp_path: Path, detector: str, gaps: int, shortest: int
) -> None:
    choose(page, detector, low=70, high=90, shortest=shortest)
    before = shown(page)
    page.fill("#gaps", str(gaps))
    pixels = shown(page)
    assert (pixels != before).any()
    same = (pixels == drawn(page, tmp_path)).all(axis=2).mean()
    assert same >= 0.999, f"{1 - same:.3%} differ"


def test_a_large_photo_is_made_smaller_by_the_command_too(page: Page, tmp_path: Path) -> None:
    photo = tmp_path / "it's large.jpg"
    Image.open(SAMPLES / "building.jpg").resize((1500, 1125)).save(photo)
    opened(page, written(tmp_path / "tune.html", "tune", photo, "-f", "contours"))
    page.fill("#shortest", "12")
    page.fill("#gaps", "8")
    pixels = shown(page)
    assert pixels.shape == (900, 1200, 3)
    assert "--resize max:1200" in page.locator("#command").inner_text()
    assert (pixels == drawn(page, tmp_path)).all(axis=2).mean() >= 0.999


def test_thresholds_keep_their_order(page: Page) -> None:
    page.fill("#low", "200")
    page.fill("#high", "100")
    assert page.input_value("#low") == "100"
    page.fill("#low", "150")
    assert page.input_value("#high") == "150"


def test_colours_swap_and_one_colour_is_no_command(page: Page) -> None:
    page.get_by_role("button", name="Swap").click()
    expect(page.locator("#command")).to_contain_text("--line '#000000' --paper '#ffffff'")
    assert np.bincount(shown(page).ravel(), minlength=256)[255] > shown(page).size / 2
    page.fill("#line", "#ffffff")
    expect(page.locator("#command")).to_contain_text("nothing is seen")
    expect(page.get_by_role("button", name="Copy the command")).to_be_disabled()


# --- how it is used -----------------------------------------------------------------------------


def test_the_slider_follows_mouse_and_keys(page: Page) -> None:
    box = page.locator("#pair").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 4, box["y"] + 50)
    handle = page.get_by_role("slider", name="Edges over the picture")
    expect(handle).to_have_attribute("aria-valuenow", "25")
    handle.focus()
    for key in ("ArrowRight", "PageUp", "ArrowLeft", "End", "ArrowLeft"):
        page.keyboard.press(key)
    expect(handle).to_have_attribute("aria-valuetext", "98% picture, 2% edges")


def test_views_are_chosen_by_keys(page: Page) -> None:
    page.get_by_label("Slider", exact=True).focus()
    page.keyboard.press("ArrowRight")
    photo, edges = (page.locator(name).bounding_box() for name in ("#photo", "#edges"))
    assert photo is not None
    assert edges is not None
    assert edges["x"] >= photo["x"] + photo["width"]
    page.keyboard.press("ArrowRight")
    expect(page.locator("#photo")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_page(page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    for width in (360, 768, 1280):
        page.set_viewport_size({"width": width, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.get_by_role("radio").count() == len(DETECTORS) + 3


def test_paper_has_all_of_the_page_and_nothing_to_press(page: Page) -> None:
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1000})  # A4
    assert page.locator("button:visible").count() == 0
    panel = page.locator("#panel")
    assert panel.evaluate("e => e.scrollHeight - e.clientHeight") == 0
    assert panel.evaluate("e => getComputedStyle(e).printColorAdjust") == "exact"
    page.emulate_media(media="screen")


def test_names_are_text(page: Page, tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>.png"
    Image.open(SAMPLES / "shapes.png").crop((0, 0, 60, 40)).save(tmp_path / name)
    opened(page, written(tmp_path / "tune.html", "tune", tmp_path / name, "-f", "1 0 -1"))
    assert page.locator("h1").inner_text() == name
    assert re.search(r"'[^']*<img src=x[^']*'", page.locator("#command").inner_text())
    assert np.array_equal(shown(page), drawn(page, tmp_path))
