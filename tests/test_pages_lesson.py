"""A lesson as a file: one page that asks no network, and starts with what the command said."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
import pytest

from edgecli import FilterBank
from edgecli.detect.settings import Settings
from edgecli.filters import BUILTIN_FILTERS, load_filter
from edgecli.pages.lesson.address import address
from edgecli.pages.lesson.writing import SCRIPTS, builtin_kernels
from tests.conftest import SAMPLES, Refuse, Run, Save, noise

GRID = SAMPLES / "grid-6x6.csv"


class Elements(HTMLParser):
    """The elements of a page, and what stands in those of data."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.data: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        tag, attributes = self.found[-1] if self.found else ("", {})
        if tag == "script" and (name := attributes.get("id")):
            self.data.setdefault(name, data)  # what follows it is white space


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "lesson.html"


def start(page: Path) -> dict[str, str]:
    """Return the parts of the address that a page starts with; the last of several filters."""
    data = Elements(page.read_text("utf-8")).data["data-start"]
    return dict(parse_qsl(json.loads(data), keep_blank_values=True))


def test_a_page_starts_with_what_the_command_said(run: Run, page: Path) -> None:
    window = ("--padding", "1,2", "--padding-mode", "constant:7", "--stride", "2")
    more = ("--dilation", "1,2", "--bias", "-2.5", "--activation", "relu", "--at", "1,0")
    result = run("trace", GRID, "-f", "1 0; 2 -1", *window, *more, "--blank", "-o", page)
    assert (result.exit_code, result.output) == (0, "")
    grid = np.loadtxt(GRID, delimiter=",").astype(int)
    assert start(page) == {
        "grid": ";".join(",".join(map(str, row)) for row in grid),
        "filter": "custom:1,0;2,-1",
        "padding": "1,1,2,2",
        "mode": "constant:7",
        "stride": "2,2",
        "dilation": "1,2",
        "bias": "-2.5",
        "activation": "relu",
        "at": "1,0",
        "predict": "1",
        "title": "grid-6x6.csv",
    }


def test_a_page_asks_for_nothing_and_runs_only_its_own_script(run: Run, page: Path) -> None:
    run("trace", GRID, "-o", page)
    found = Elements(page.read_text("utf-8")).found
    assert not [tag for tag, attributes in found if "src" in attributes or "style" in attributes]
    assert [a["href"] for _, a in found if "href" in a] == ["data:,"]
    (policy,) = [str(a["content"]) for _, a in found if a.get("http-equiv")]
    assert "default-src 'none'" in policy
    assert re.fullmatch(r"'sha256-\S+'", policy.partition("script-src ")[2].partition(";")[0])


def test_the_same_command_gives_the_same_page(run: Run, page: Path) -> None:
    run("trace", GRID, "-o", page)
    before = page.read_bytes()
    run("trace", GRID, "-o", page)
    assert page.read_bytes() == before


def test_a_picture_is_made_smaller_and_that_is_told(run: Run, page: Path, save: Save) -> None:
    picture = save("wide.png", noise(100, 200, 3))
    result = run("trace", picture, "-f", "vertical", "--channels", "rgb", "-o", page)
    assert result.stderr == (
        f"edgecli: image {picture} was made smaller for the page, to 64×128 pixels\n"
    )
    assert start(page)["bytes"].startswith("64x128x3:")
    asked = run("trace", picture, "-f", "vertical", "--resize", "max:16", "-o", page)
    assert asked.stderr == ""


def test_a_position_is_one_of_the_picture_before_it_is_made_smaller(
    run: Run, refuse: Refuse, page: Path, save: Save
) -> None:
    picture = save("wide.png", noise(100, 200))
    for asked, shown in (("0,0", "0,0"), ("50,100", "32,64"), ("99,199", "63,127")):
        run("trace", picture, "-f", "vertical", "--at", asked, "-o", page)
        assert start(page)["at"] == shown
    told = refuse("trace", picture, "--at", "100,0", "-o", page, code=1)
    assert told == (
        "output pixel 100,0 is outside the 100×200 output; rows are 0 to 99, columns 0 to 199"
    )
    run("trace", picture, "-f", "vertical", "--resize", "max:20", "--at", "9,19", "-o", page)
    assert start(page)["at"] == "9,19"


def test_an_operator_is_shown_as_its_filters_and_that_is_told(run: Run, page: Path) -> None:
    result = run("trace", GRID, "-o", page)
    assert "2 filters of sobel; the page does not combine them by magnitude" in result.stderr
    assert page.read_text("utf-8").count("filter=sobel-") == 2


def test_numbers_too_large_to_be_exact_are_told(run: Run, page: Path, save: Save) -> None:
    grid = save("large.csv", [[2.0**52, 1], [1, 1]])
    result = run("trace", grid, "-f", "1 1", "-o", page)
    assert result.stderr.endswith("has numbers so large that the page's sums are rounded\n")


def test_a_report_is_written_beside_the_page_where_it_is_asked_for(run: Run, page: Path) -> None:
    args = ("-f", "vertical", "--padding", "valid")
    told = run("trace", GRID, *args, "-o", page, "--report", "table").stdout
    assert told == run("trace", GRID, *args, "--at", "0,0").stdout
    assert told


def test_numbers_that_no_page_holds_are_refused(refuse: Refuse, page: Path, save: Save) -> None:
    grid = save("gap.csv", [[1, np.nan], [1, 1]])
    assert "not finite" in refuse("trace", grid, "-f", "1", "-o", page, code=1)
    assert not page.exists()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["-f", "gaussian:9"], "room for kernels up to 15×15"),
        (["-f", "kirsch", "-f", "vertical"], "room for 8 filters"),
        (["--channels", "each"], "use --channels rgb"),
        (["--padding", "99"], "padding, stride and dilation are up to 64"),
        (["--answers", "a.svg"], "drop --answers"),
        (["-f", "learned"], "is a network"),
        (["--at", "999,0"], "is outside"),
        (["--at", "0,0", "--all"], "drop --at or --all"),
    ],
)
def test_what_a_page_has_no_room_for_is_refused(
    refuse: Refuse, page: Path, args: list[str], words: str
) -> None:
    code = 1 if words == "is outside" else 2
    picture = SAMPLES / "colours.png"
    assert words in refuse("trace", picture, *args, "-o", page, code=code)
    assert not page.exists()


def test_a_page_overwrites_no_input(refuse: Refuse, tmp_path: Path) -> None:
    grid = tmp_path / "grid.html"
    grid.write_bytes(GRID.read_bytes())
    refuse("trace", grid, "-f", "vertical", "-o", grid, code=2)
    assert grid.read_bytes() == GRID.read_bytes()


def test_names_are_text(run: Run, page: Path, save: Save) -> None:
    picture = save("<script>alert(1)<∕script>.png", noise(4, 4))
    run("trace", picture, "-f", "vertical", "-o", page)
    scripts = [tag for tag, _ in Elements(page.read_text("utf-8")).found if tag == "script"]
    assert len(scripts) == 3  # two of data, and the page's own


def test_numbers_are_written_so_that_they_are_read_as_the_same() -> None:
    volume = np.array([[[1e30, -0.1], [1 / 3, 2**60]]])
    text = address(volume, FilterBank([[[[1e-9]]]], [5e-324], ["a:b&c"]), Settings(()))
    parts = dict(parse_qsl(text, keep_blank_values=True))
    assert "+" not in text
    numbers = [float(cell) for cell in re.split("[,;]", parts["grid"])]
    assert numbers == volume.ravel().tolist()
    assert parts["filter"] == "a:b&c:1e-09"
    assert float(parts["bias"]) == 5e-324


def test_every_single_filter_can_be_chosen() -> None:
    kernels = builtin_kernels()
    for name in BUILTIN_FILTERS:
        bank = load_filter(name)
        for member, weight in zip(bank.names, bank.weight, strict=True):
            if max(bank.kernel_size) <= 15:
                assert kernels[member] == weight[0].tolist()
    assert next(iter(kernels)) == "vertical"


def test_scripts_are_files_that_are_read_in_a_sitting() -> None:
    folder = Path(__file__).parent.parent / "edgecli/pages/lesson"
    assert {path.name for path in folder.glob("*.js")} == {*SCRIPTS}
    for path in folder.glob("*.js"):
        lines = path.read_text("utf-8").splitlines()
        assert len(lines) <= 400
        assert max(map(len, lines)) <= 120, path
