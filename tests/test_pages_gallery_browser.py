"""The gallery in a real browser: headless Chromium opens it from the disk, and people's keys work.

Collected only where there is Chromium (see conftest.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from edgecli.pages.gallery import write_gallery
from tests.browsers import Watched, lightness
from tests.galleries import HOSTILE, many_records, sample_records

LIVE = 120
"""The most cards that may be in the page at once, of however many images."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("gallery") / "demo #1"
    return Path(write_gallery(str(folder), sample_records(folder))).as_uri()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("gallery") / "many"
    return Path(write_gallery(str(folder), many_records(folder, 5000))).as_uri()


@pytest.fixture(scope="module")
def watched(browser: Browser) -> Watched:
    """Open one page for all tests: each costs a process."""
    return Watched(browser)


def shown(watched: Watched, address: str) -> Iterator[Page]:
    watched.page.goto(address)
    yield watched.page
    watched.page.evaluate("localStorage.clear()")
    watched.page.emulate_media(media="screen", color_scheme="light", reduced_motion="no-preference")
    assert watched.events == []


@pytest.fixture
def page(watched: Watched, demo: str) -> Iterator[Page]:
    """Show the demo, which must stay silent whatever a test does with it."""
    yield from shown(watched, demo)


@pytest.fixture
def long_page(watched: Watched, many: str) -> Iterator[Page]:
    """Show five thousand images, as silently."""
    yield from shown(watched, many)


def split(page: Page) -> float:
    """Return where the slider stands, in percent, having checked that all of it agrees."""
    handle = page.get_by_role("slider")
    now = float(handle.get_attribute("aria-valuenow") or "nan")
    drawn = page.locator("#compare").evaluate(
        "e => parseFloat(e.style.getPropertyValue('--split'))"
    )
    box, line = page.locator("#compare").bounding_box(), handle.bounding_box()
    assert box is not None
    assert line is not None
    stands = (line["x"] + line["width"] / 2 - box["x"]) / box["width"] * 100
    assert now == pytest.approx(drawn, abs=0.51)
    assert stands == pytest.approx(drawn, abs=0.5)
    return now


def open_first(page: Page) -> None:
    page.locator(".card").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


# --- the slider ---------------------------------------------------------------------------------


def test_the_slider_follows_the_mouse(page: Page) -> None:
    open_first(page)
    assert split(page) == 50
    box = page.locator("#compare").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + box["width"] / 4, y)
    assert split(page) == 75
    page.mouse.move(box["x"] - 40, y + 30)  # held outside of the picture
    assert split(page) == 0
    page.mouse.up()
    page.mouse.move(x, y)
    assert split(page) == 0


def test_the_slider_follows_a_finger(browser: Browser, demo: str) -> None:
    phone = Watched(browser, has_touch=True, viewport={"width": 390, "height": 780})
    phone.page.goto(demo)
    phone.page.locator(".card").first.tap()
    box = phone.page.locator("#compare").bounding_box()
    assert box is not None
    assert box["width"] == pytest.approx(390, abs=20)
    phone.page.touchscreen.tap(box["x"] + box["width"] * 0.2, box["y"] + 60)
    assert split(phone.page) == 20
    phone.page.close()
    assert phone.events == []


def test_the_slider_moves_with_the_keys(page: Page) -> None:
    open_first(page)
    expect(page.get_by_role("slider")).to_be_focused()
    found = []
    for key in ("ArrowRight", "ArrowLeft", "Shift+ArrowLeft", "PageUp", "End", "Home", "ArrowUp"):
        page.keyboard.press(key)
        found.append(split(page))
    assert found == [52, 50, 40, 50, 100, 0, 2]
    text = page.get_by_role("slider").get_attribute("aria-valuetext")
    assert text == "2% input, 98% edges"


def test_the_files_themselves_take_the_thumbnails_places(page: Page) -> None:
    open_first(page)
    for image in page.locator("#compare img").all():
        expect(image).to_have_attribute("src", re.compile("^file:.*still-life.*png$"))
        assert image.evaluate("e => [e.naturalWidth, e.naturalHeight]") == [640, 480]


def test_a_card_shows_both_sides_under_the_mouse(page: Page) -> None:
    pair = page.locator(".pair.two").first
    box = pair.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 40)
    read = "e => parseFloat(getComputedStyle(e).getPropertyValue('--split'))"
    assert pair.evaluate(read) == pytest.approx(90, abs=1)
    page.mouse.move(2, 2)
    assert pair.evaluate(read) == 50


# --- finding ------------------------------------------------------------------------------------


def names(page: Page) -> list[str]:
    return page.locator(".card .name").all_text_contents()


def test_names_are_searched(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("BUILD ding")
    assert names(page) == ["building.jpg"] * 4
    expect(page.get_by_role("status")).to_have_text("4 of 33 images")
    page.keyboard.press("Escape")
    assert page.locator("#query").input_value() == ""
    assert len(names(page)) > 4
    page.keyboard.type("no such name")
    expect(page.get_by_text("Nothing matches.")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    assert len(names(page)) > 4


def test_failures_are_filtered_and_say_why(page: Page) -> None:
    page.get_by_label("Failed 3").check()
    assert names(page) == ["cut short.jpg", "notes.png", "vanished.png"]
    reasons = page.locator(".card .reason").all_text_contents()
    assert reasons[0] == "cut short.jpg is cut short; get the file whole again"
    assert reasons[2] == "vanished.png does not exist; check the name"
    open_first(page)
    expect(page.locator("#detail-error")).to_have_text(re.compile("cut short.jpg is cut short"))
    expect(page.get_by_text("No picture to show")).to_be_visible()
    expect(page.get_by_role("slider")).to_be_hidden()


def test_skipped_images_are_filtered_and_say_so(page: Page) -> None:
    page.get_by_label("Skipped 1").check()
    assert names(page) == ["page.png"]
    open_first(page)
    expect(page.get_by_text("Unchanged since an earlier run")).to_be_visible()


def test_the_order_can_be_changed(page: Page) -> None:
    page.get_by_label("Order").select_option("Failed first")
    assert names(page)[:3] == ["cut short.jpg", "notes.png", "vanished.png"]
    page.get_by_label("Order").select_option("By name")
    page.get_by_label("Done 29").check()
    assert names(page)[:2] != ["still-life.png", "still-life.png"]


# --- the report, and nothing but text -----------------------------------------------------------


def test_the_report_is_shown(page: Page) -> None:
    page.fill("#query", "still-life")
    page.locator(".card").nth(2).click()
    facts = dict(
        zip(
            page.locator("#facts dt").all_text_contents(),
            page.locator("#facts dd").all_text_contents(),
            strict=True,
        )
    )
    assert facts["shape"] == "480×640×1 → 3×3×1 → 480×640×1"
    assert facts["parameters"] == "9 weights + 0 biases = 9"
    assert facts["fully connected"].startswith("94,371,840,000 parameters")
    link = page.get_by_role("link", name="Edge map")
    assert link.get_attribute("href") == "edges/still-life-vertical.png"


def test_every_edge_map_of_an_image_can_be_chosen(page: Page) -> None:
    page.fill("#query", "still-life")
    page.locator(".card").last.click()
    page.get_by_label("log-2").check()
    after = page.locator("#compare .after")
    expect(after).to_have_attribute("src", re.compile(r"still-life-log-2\.png$"))


def test_names_are_text(page: Page) -> None:
    page.fill("#query", "alert(")
    assert names(page) == list(HOSTILE[:3])
    for card in page.locator(".card").all():
        assert card.locator(".name *").count() == 0
        card.click()
        assert page.locator("#detail-name *").count() == 1  # its own bdi
        page.keyboard.press("Escape")
    assert page.locator("img[src=x]").count() == 0


def test_pictures_of_any_name_are_found(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    for _ in HOSTILE:
        for image in page.locator("#compare img").all():
            expect(image).to_have_attribute("src", re.compile("^file:"))
            assert image.evaluate("e => e.naturalWidth") == 90
        page.keyboard.press("k")


# --- keys, focus, light and dark ----------------------------------------------------------------


def active(page: Page) -> int:
    place = page.evaluate("document.activeElement.closest('article')?.dataset.place ?? -1")
    return int(place)


def test_the_keys_go_through_the_grid(page: Page) -> None:
    columns = page.evaluate(
        "new Set([...document.querySelectorAll('article')].map(e => e.offsetWidth"
        " && e.getBoundingClientRect().x)).size"
    )
    places = []
    for key in ("j", "j", "k", "ArrowDown", "ArrowUp", "ArrowRight", "End", "Home"):
        page.keyboard.press(key)
        places.append(active(page))
    assert places == [0, 1, 0, columns, 0, 1, 32, 0]
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    assert page.locator(".card[tabindex='0']").count() == 1


def test_a_dialog_opens_steps_and_closes_by_keys(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="still-life.png")
    expect(dialog).to_be_visible()
    for _ in range(4):
        page.keyboard.press("j")
    expect(page.get_by_role("dialog", name="building.jpg")).to_be_visible()
    expect(page.locator("#place")).to_have_text("5 of 33")
    page.keyboard.press("k")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    # The browser tells the page of the closed dialog a moment later.
    expect(page.locator("article[data-place='3'] :focus")).to_have_count(1)


@pytest.mark.parametrize("key", ["j", "Enter", "/", "t"])
def test_the_keys_work_after_a_click_on_a_filter(page: Page, key: str) -> None:
    before = lightness(page)
    page.get_by_label("Done 29").check()
    page.keyboard.press(key)
    match key:
        case "j":
            assert active(page) == 0
            page.keyboard.press("Enter")
            expect(page.get_by_role("dialog")).to_be_visible()
        case "Enter":
            expect(page.get_by_role("dialog", name="still-life.png")).to_be_visible()
        case "/":
            expect(page.locator("#query")).to_be_focused()
        case "t":
            assert lightness(page) != before


def test_the_keys_work_after_a_click_on_an_edge_map(page: Page) -> None:
    page.fill("#query", "still-life")
    page.locator(".card").last.click()
    page.get_by_label("log-2").check()
    page.keyboard.press("ArrowLeft")  # the other map, as in every choice
    expect(page.get_by_label("sobel-y")).to_be_checked()
    page.keyboard.press("k")
    expect(page.locator("#place")).to_have_text("4 of 5")


def test_pictures_open_at_full_size(page: Page) -> None:
    open_first(page)
    compare = page.locator("#compare")
    assert compare.evaluate("e => e.offsetWidth") != 640
    page.keyboard.press("f")
    assert compare.evaluate("e => [e.offsetWidth, e.offsetHeight]") == [640, 480]
    expect(page.get_by_role("button", name="Full size")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Full size").click()
    assert compare.evaluate("e => e.offsetWidth") != 640


def test_the_title_names_the_filters(page: Page) -> None:
    assert page.title() == "demo #1 · sobel, canny:1.4, vertical, scharr and 3 more · edges"


def test_light_and_dark_follow_the_system_and_the_toggle(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    assert lightness(page) < 150
    page.keyboard.press("t")
    assert lightness(page) > 600
    page.reload()
    assert lightness(page) > 600
    page.get_by_role("button", name="Light or dark").click()
    assert lightness(page) < 150


def test_reduced_motion_moves_nothing(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    open_first(page)
    assert page.evaluate("document.getAnimations().length") == 0


def test_all_images_are_printed_in_columns_that_fit(page: Page) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": 718, "height": 1000})  # A4
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    cards = page.locator("#grid article")
    boxes = cards.evaluate_all("all => all.map((e) => e.getBoundingClientRect().toJSON())")
    assert len(boxes) == int(page.locator("#statuses b").first.text_content() or 0) > 9
    assert all(box["left"] >= 0 and box["right"] <= 718 for box in boxes)
    assert len({(box["left"], box["top"]) for box in boxes}) == len(boxes)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.set_viewport_size({"width": 1000, "height": 700})
    expect(cards).not_to_have_count(len(boxes))


# --- five thousand ------------------------------------------------------------------------------


def test_five_thousand_images_need_no_more_elements_than_fit(long_page: Page) -> None:
    page = long_page
    expect(page.locator("#sums")).to_have_text(re.compile("5,000 images"))
    # Scroll to seventeen places; at each, the places of the cards that are there.
    found: list[list[int]] = page.evaluate("""async () => {
        const height = document.documentElement.scrollHeight;
        const frame = () => new Promise(requestAnimationFrame);
        const found = [];
        for (let part = 0; part <= 16; part++) {
            scrollTo(0, height * part / 16);
            await frame();
            await frame();
            const cards = document.querySelectorAll("article");
            found.push([...cards].map((card) => Number(card.dataset.place)));
        }
        return found;
    }""")
    assert all(8 <= len(places) <= LIVE for places in found)
    assert all(places == sorted(places) for places in found)
    assert found[0][0] == 0
    assert found[-1][-1] == 4999
    assert any(2500 in places for places in found)
    assert page.evaluate("document.getElementsByTagName('*').length") < 30 * LIVE


def test_five_thousand_images_are_searched_and_filtered(long_page: Page) -> None:
    page = long_page
    page.fill("#query", "image-03333")
    assert names(page) == ["image-03333.png"]
    page.fill("#query", "")
    page.get_by_label("Failed 500").check()
    page.keyboard.press("Escape")
    page.locator(".card").first.focus()
    page.keyboard.press("End")
    assert active(page) == 499
    assert page.locator("article").count() <= LIVE


def test_thumbnails_beside_the_page_are_loaded(long_page: Page) -> None:
    image = long_page.locator(".card .after").first
    expect(image).to_have_attribute("src", re.compile("^gallery/../thumb-"))
    assert image.evaluate("e => e.decode().then(() => e.naturalWidth)") == 64
