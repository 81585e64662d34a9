"""A lesson in a real browser: it computes what the engine does, and mouse, fingers and keys work.

Collected only where there is Chromium (see conftest.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browsers import Watched, lightness, written
from tests.conftest import SAMPLES, noise
from tests.lesson_pages import MALFORMED, draw_case

VERTICAL = ("-f", "vertical", "--padding", "valid")


@pytest.fixture(scope="module")
def watched(browser: Browser) -> Watched:
    """Open one page for all tests: each costs a process."""
    return Watched(browser, viewport={"width": 1280, "height": 800})


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> str:
    output = tmp_path_factory.mktemp("lesson") / "lesson.html"
    return written(output, "trace", SAMPLES / "grid-6x6.csv", *VERTICAL)


@pytest.fixture
def page(watched: Watched, lesson: str) -> Iterator[Page]:
    """Show the grid of the README, which must stay silent whatever a test does with it."""
    watched.page.goto("about:blank")
    watched.page.goto(lesson)
    yield watched.page
    watched.page.set_viewport_size({"width": 1280, "height": 800})
    watched.page.emulate_media(media="screen", color_scheme="light", reduced_motion="no-preference")
    assert watched.events == []


def maps(page: Page) -> list[list[float]]:
    found: list[list[float]] = page.evaluate("edgecli.maps()")
    return found


def shown(page: Page, of: str = "#maps .sheet") -> list[str]:
    return page.locator(of).first.locator(".cell > b").all_text_contents()


def total(page: Page) -> str:
    return page.locator("#sum output").inner_text()


def field(page: Page, name: str) -> Locator:
    return page.locator(f"#{name}")


# --- the arithmetic -----------------------------------------------------------------------------


def test_the_page_computes_what_the_engine_computes(page: Page) -> None:
    random = np.random.default_rng(18)
    exact = 0
    for _ in range(200):
        case = draw_case(random)
        maps_of = page.evaluate("text => edgecli.mapsOf(text)", case.address)
        found = np.array(maps_of).reshape(case.maps().shape)
        if case.is_whole and case.settings.activation in ("none", "relu"):
            exact += 1
            assert np.array_equal(found, case.maps()), case.address
        else:
            assert np.allclose(found, case.maps(), rtol=1e-10, atol=1e-7), case.address
    assert exact > 20


def test_what_is_shown_is_what_is_computed(page: Page) -> None:
    random = np.random.default_rng(5)
    for _ in range(5):
        case = draw_case(random)
        page.evaluate("text => edgecli.open(text)", case.address)
        assert maps(page) == page.evaluate("text => edgecli.mapsOf(text)", case.address)
        cells = page.locator("#maps .cell").evaluate_all("all => all.map(each => each.title)")
        numbers = [float(text.replace("−", "-")) for text in cells]
        assert numbers == pytest.approx(np.ravel(maps(page)).tolist(), rel=1e-12)


def test_what_is_drawn_is_what_is_computed(page: Page) -> None:
    assert " ".join(shown(page)) == "−5 −4 0 8 −10 −2 2 3 0 −2 −4 −7 −3 −2 −3 −16"
    assert page.locator("#sum").inner_text().split(" = ")[0] == (
        "3·1 + 0·0 + 1·(−1) + 1·1 + 5·0 + 8·(−1) + 2·1 + 7·0 + 2·(−1)"
    )
    assert total(page) == "−5"


def test_the_costs_are_filled_in(page: Page) -> None:
    rows = page.locator("#costs > div").all_inner_texts()
    told = {row.splitlines()[0]: " ".join(row.splitlines()[1:]) for row in rows}
    assert told["output height"] == "⌊(6 − 3)/1⌋ + 1 = 4"
    assert told["parameters"] == "1·3·3·1 = 9"
    assert told["multiply-adds (MACs)"] == "4·4·1 · 3·3·1 = 144"
    assert told["fully connected"] == "36 · 16 = 576 parameters"
    field(page, "padding").select_option("same")
    expect(page.locator("#costs")).to_contain_text("⌊(6 + 1 + 1 − 3)/1⌋ + 1 = 6")


# --- what can be changed ------------------------------------------------------------------------


def test_numbers_of_the_input_and_of_a_kernel_can_be_typed(page: Page) -> None:
    page.get_by_label("Input, row 0, column 0").fill("13")
    assert total(page) == "5"
    page.get_by_label("Kernel 1, row 0, column 0").fill("−2,5")
    assert total(page) == "−40.5"
    expect(field(page, "filters select >> nth=0")).to_have_value("")  # no longer a built-in one
    page.get_by_label("Kernel 1, row 0, column 0").fill("x")
    assert total(page) == "−40.5"
    page.keyboard.press("Escape")
    expect(page.get_by_label("Kernel 1, row 0, column 0")).to_have_value("−2.5")


def test_the_window_is_set_by_its_fields(page: Page) -> None:
    field(page, "stride").fill("2,1")
    field(page, "stride").press("Enter")
    assert page.evaluate("edgecli.shape()") == [2, 4]
    field(page, "dilation").fill("2")
    field(page, "dilation").press("Tab")
    assert page.evaluate("edgecli.shape()") == [1, 2]
    field(page, "dilation").press("ArrowUp")
    expect(page.get_by_text("is larger than the padded input")).to_be_visible()
    field(page, "padding").select_option("same")
    field(page, "mode").select_option("reflect")
    field(page, "activation").select_option("relu")
    assert page.evaluate("edgecli.shape()") == [3, 6]
    field(page, "stride").fill("none")
    field(page, "stride").press("Enter")
    expect(page.locator("#said")).to_contain_text("no number")
    expect(field(page, "stride")).to_have_attribute("aria-invalid", "true")


def test_filters_are_chosen_added_and_removed(page: Page) -> None:
    field(page, "filters select >> nth=0").select_option("farid-x")
    assert page.evaluate("edgecli.shape()") == [2, 2]
    field(page, "filters select >> nth=0").select_option("vertical")
    page.get_by_role("button", name="+ Filter").click()
    expect(field(page, "filters select >> nth=1")).to_have_value("horizontal")
    assert len(maps(page)) == 2
    page.locator("#filters .filter").nth(1).get_by_label("bias").fill("7")
    page.keyboard.press("Tab")
    expect(page.locator("#costs")).to_contain_text("2·(3·3·1 + 1) = 20")
    page.locator("#choices").get_by_label("horizontal").check()
    assert total(page) == str(round(maps(page)[1][0])).replace("-", "−")
    page.get_by_role("button", name="Remove filter 1").click()
    expect(field(page, "filters select >> nth=0")).to_have_value("horizontal")


def test_colours_make_a_volume_and_its_sum_has_subtotals(page: Page) -> None:
    field(page, "channels").select_option("colour")
    assert page.locator("#input .sheet").count() == 3
    assert page.locator("#sum .line").all_inner_texts()[-1] == "(−5) + (−5) + (−5) = −15"
    field(page, "channels").select_option("gray")
    assert total(page) == "−5"


def test_a_picture_is_taken_and_made_smaller(page: Page, tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>.png"
    Image.fromarray(noise(100, 200)).save(tmp_path / name)
    page.locator("#file").set_input_files(tmp_path / name)
    expect(page.locator("#said")).to_have_text("The picture was made smaller, to 64×128.")
    assert page.evaluate("edgecli.shape()") == [62, 126]
    assert page.locator("h1").inner_text() == name
    (tmp_path / "notes.png").write_text("nothing")
    page.locator("#file").set_input_files(tmp_path / "notes.png")
    expect(page.locator("#said")).to_contain_text("notes.png is no picture")


def test_a_pen_draws_by_mouse_and_by_keys(page: Page) -> None:
    page.get_by_role("button", name="Clear").click()
    field(page, "pen").fill("9")
    cells = page.locator("#input .cell")
    cells.nth(16 * 2 + 2).hover()
    page.mouse.down()
    cells.nth(16 * 2 + 5).hover()
    page.mouse.up()
    drawn = page.get_by_label("Input, row 2, column 2")
    expect(drawn).to_have_value("9")
    expect(page.get_by_label("Input, row 2, column 5")).to_have_value("9")
    field(page, "pen-size").select_option("3")
    assert page.locator("#input").get_attribute("class") == "sheets drawing"


# --- how the window moves -----------------------------------------------------------------------


def test_the_window_follows_the_mouse(page: Page) -> None:
    page.get_by_label("Input, row 4, column 4").hover()
    expect(page.locator("#position")).to_have_text("row 3, column 3 of 4×4")
    assert total(page) == "−16"
    page.locator("#maps .cell").nth(4).hover()
    assert total(page) == "−10"


def test_the_window_follows_a_finger(browser: Browser, lesson: str) -> None:
    phone = Watched(browser, has_touch=True, viewport={"width": 360, "height": 740})
    phone.page.goto(lesson)
    box = phone.page.locator("#input .cell").nth(6 * 3 + 4).bounding_box()
    assert box is not None
    phone.page.touchscreen.tap(box["x"] + 10, box["y"] + 10)
    expect(phone.page.locator("#position")).to_have_text("row 2, column 3 of 4×4")
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 360
    phone.page.close()
    assert phone.events == []


def test_keys_alone_move_the_window_and_change_numbers(page: Page) -> None:
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    expect(page.locator("#position")).to_have_text("row 2, column 0 of 4×4")
    page.locator("#maps .sheet").focus()
    page.keyboard.press("End")
    expect(page.locator("#position")).to_have_text("row 3, column 3 of 4×4")
    page.keyboard.press("Home")
    tabs = 0
    while not page.evaluate("document.activeElement.matches('.input .cell input')"):
        page.keyboard.press("Tab")
        tabs += 1
        assert tabs < 60
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.type("8")
    expect(page.get_by_label("Input, row 1, column 1")).to_have_value("8")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_the_window_goes_step_by_step_and_by_itself(page: Page) -> None:
    page.get_by_role("button", name="One on").click()
    expect(page.locator("#position")).to_have_text("row 0, column 1 of 4×4")
    page.get_by_role("button", name="One back").click()
    page.get_by_label("Positions in a second").fill("20")
    page.get_by_role("button", name="Play").click()
    assert "" in shown(page)  # the map fills up
    expect(page.locator("#position")).to_have_text("row 3, column 3 of 4×4")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    assert "" not in shown(page)


def test_a_prediction_is_checked(page: Page) -> None:
    page.get_by_role("button", name="Predict").click()
    assert set(shown(page)) == {""}
    assert total(page) == "?"
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_contain_text("Not yet")
    page.keyboard.type("−5")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_have_text("Right!")
    expect(page.locator("#score")).to_have_text("1 of 16 right")
    expect(page.locator("#position")).to_have_text("row 0, column 1 of 4×4")
    assert shown(page)[0] == "−5"
    assert set(shown(page)[1:]) == {""}
    assert page.locator("#maps").inner_html().count("−10") == 0  # nor is it in a title


# --- the address --------------------------------------------------------------------------------


def test_the_address_holds_the_lesson(page: Page) -> None:
    random = np.random.default_rng(3)
    for _ in range(5):
        page.evaluate("text => edgecli.open(text)", draw_case(random).address)
        address = page.evaluate("edgecli.address()")
        assert page.evaluate("text => edgecli.mapsOf(text)", address) == maps(page)
        page.evaluate("text => edgecli.open(text)", address)
        assert page.evaluate("edgecli.address()") == address


def test_a_link_opens_an_exercise(page: Page) -> None:
    page.get_by_label("Input, row 0, column 0").fill("9")
    page.get_by_role("button", name="Predict").click()
    expect(page).to_have_url(re.compile("predict=1"))  # a moment later
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    expect(page.get_by_label("Your answer")).to_be_visible()
    assert maps(page)[0][0] == 1
    page.get_by_role("button", name="Reset").click()
    assert maps(page)[0][0] == -5


def test_malformed_addresses_are_ignored_with_a_word(page: Page) -> None:
    for fragment, why in MALFORMED.items():
        page.evaluate("document.getElementById('said').textContent = ''")
        page.evaluate("text => { location.hash = text; }", fragment)
        expect(page.locator("#said"), fragment).to_contain_text(why)
        assert shown(page)[0] == "−5", fragment


def test_names_in_an_address_are_text(page: Page) -> None:
    hostile = "<script>alert(1)</script>"
    page.evaluate(
        "name => edgecli.open(`grid=1,2;3,4&filter=${encodeURIComponent(name)}:1"
        "&filter=b:2&title=${encodeURIComponent(name)}`)",
        hostile,
    )
    assert page.locator("h1").inner_text() == hostile
    assert page.locator("#choices label").first.inner_text() == hostile
    assert page.locator("main script").count() == 0


def test_a_window_that_does_not_fit_says_what_to_do(page: Page) -> None:
    page.evaluate("edgecli.open('grid=1,2;3,4&filter=a:1,1,1')")
    expect(page.locator("#sum")).to_contain_text("pad more, or use a smaller kernel")
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Play").click()
    field(page, "padding").select_option("same")
    assert page.evaluate("edgecli.shape()") == [2, 2]


# --- how it looks -------------------------------------------------------------------------------


def test_light_and_dark_follow_the_system_and_the_toggle(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    assert lightness(page) < 150
    page.keyboard.press("t")
    assert lightness(page) > 600


def test_paper_has_the_colours_of_numbers_and_nothing_to_press(page: Page) -> None:
    """Browsers print no backgrounds unless asked, and numbers on dark ones are white."""
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.emulate_media(media="print")
    assert lightness(page) == 3 * 255
    for cell in page.locator(".cell").all():
        assert cell.evaluate("e => getComputedStyle(e).printColorAdjust") == "exact"
    assert page.locator("button:visible").count() == 0
    page.set_viewport_size({"width": 718, "height": 1000})  # A4
    assert page.locator("#sum").evaluate("e => getComputedStyle(e).position") == "static"


@pytest.mark.parametrize("width", [360, 768, 1280, 1920])
def test_nothing_is_wider_than_the_page(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    random = np.random.default_rng(width)
    for _ in range(4):
        address = draw_case(random).address
        page.evaluate("text => edgecli.open(text)", address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_every_field_has_a_name(page: Page) -> None:
    for name in ("padding", "of", "activation", "Channels", "Filter 1"):
        assert page.get_by_role("combobox", name=name, exact=True).count() == 1, name
    for name in ("stride", "dilation", "Height × width", "Kernel size", "bias"):
        assert page.get_by_role("textbox", name=name, exact=True).count() == 1, name
    assert page.get_by_role("application").count() == 1
    nameless = page.evaluate(
        "[...document.querySelectorAll('input:not([hidden]), select, button')].filter(each =>"
        " !each.ariaLabel && !each.labels?.length && !each.textContent.trim())"
        ".map(each => each.outerHTML)"
    )
    assert nameless == []


def test_reduced_motion_moves_nothing(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.getAnimations().length") == 0


def test_a_picture_is_drawn_on_and_shows_the_numbers_under_its_window(page: Page) -> None:
    page.evaluate("edgecli.open('grid=' + Array(30).fill(Array(30).fill(0)).join(';')"
                  " + '&filter=a:1,2;3,4')")  # fmt: skip
    expect(page.locator("#loupe .cell")).to_have_count(4)
    page.get_by_role("button", name="Draw").click()
    field(page, "pen").fill("7")
    box = page.locator("#input .picture").bounding_box()
    assert box is not None
    side = box["width"] / 30
    page.mouse.move(box["x"] + side * 4.5, box["y"] + side * 9.5)
    page.mouse.down()
    page.mouse.move(box["x"] + side * 6.5, box["y"] + side * 9.5, steps=9)
    page.mouse.up()
    drawn = np.array(maps(page)[0]).reshape(29, 29)
    assert drawn[8:10, 3:7].tolist() == [[28, 49, 49, 21], [14, 21, 21, 7]]
    page.locator("#input .picture").focus()
    page.keyboard.press("Space")  # under the middle of the window, which is at 0, 0
    assert maps(page)[0][0] == 28
