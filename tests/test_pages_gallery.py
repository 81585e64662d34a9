"""The gallery without a browser: what is written where, and that nothing in it is trusted."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from edgecli.errors import OutputError
from edgecli.pages.gallery import entries, write_gallery, writing
from edgecli.pages.gallery.page import SCRIPTS, template
from tests.conftest import SAMPLES, Run, Save, noise
from tests.galleries import HOSTILE, many_records, record_of, sample_records

Data = dict[str, Any]


class Elements(HTMLParser):
    """The elements of a page, their attributes, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.texts.append((dict(attrs).get("id") or tag, ""))
            self._inside = True

    def handle_endtag(self, _tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            name, text = self.texts[-1]
            self.texts[-1] = (name, text + data)


def elements(page: str) -> Elements:
    return Elements(Path(page).read_text(encoding="utf-8"))


def data_of(page: str) -> Data:
    """Return what a page knows: records, facts and totals."""
    texts = dict(elements(page).texts)
    return {
        name.removeprefix("data-"): json.loads(text)
        for name, text in texts.items()
        if name.startswith("data-")
    }


def facts_of(data: Data, n: int = 0) -> dict[str, str]:
    facts = data["records"][n]["facts"]
    return dict(data["facts"][fact] if isinstance(fact, int) else fact for fact in facts)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("gallery") / "demo"
    return write_gallery(str(folder), sample_records(folder))


# --- what the page says -------------------------------------------------------------------------


def test_every_record_is_there_in_order_with_its_status(demo: str) -> None:
    data = data_of(demo)
    names = [record["name"] for record in data["records"]]
    assert names[:5] == ["still-life.png"] * 4 + ["building.jpg"]
    assert data["totals"]["failed"] == 3
    assert data["totals"]["skipped"] == 1
    assert data["totals"]["done"] == len(names) - 4
    failed = [record for record in data["records"] if record["status"] == "failed"]
    assert [record["name"] for record in failed] == ["cut short.jpg", "notes.png", "vanished.png"]
    assert "is cut short" in failed[0]["error"]


def test_the_report_is_told_in_words(demo: str) -> None:
    facts = facts_of(data_of(demo), 2)
    assert facts["shape"] == "480×640×1 → 3×3×1 → 480×640×1"
    assert facts["input"] == "PNG 480×640×3 uint8"
    assert facts["filter"] == "vertical 3×3×1, rank 1"
    assert facts["slides over"] == "480×640×1 (gray) by cross-correlation"
    assert facts["padding"] == "1,1,1,1 replicate"
    assert facts["parameters"] == "9 weights + 0 biases = 9"
    assert facts["fully connected"].startswith("94,371,840,000 parameters, 10,485,760,000 times")
    assert facts["MACs"] == "2,764,800 multiply-adds, bias excluded"
    assert facts["receptive field"] == "3×3, 9 connections per output"
    assert facts["engine"].startswith("separable, int16")
    assert re.search(r"map auto, responses −\d+ … \d+, 0\.\d\d% clipped", facts["edge map"])


def test_facts_that_images_share_are_written_once(demo: str) -> None:
    shared = data_of(demo)["facts"]
    assert len({tuple(fact) for fact in shared}) == len(shared)


def test_several_edge_maps_have_their_filters_names(demo: str) -> None:
    record = next(r for r in data_of(demo)["records"] if len(r["outputs"]) > 1)
    assert [output["label"] for output in record["outputs"]] == ["sobel-x", "sobel-y", "log-2"]


@pytest.mark.parametrize("options", ["--suffix -o out", "-o out/{filter}/{stem}.png"])
def test_labels_are_filters_however_files_are_named(
    run: Run, save: Save, tmp_path: Path, options: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    save("in/a;.png", noise(9, 9))
    monkeypatch.chdir(tmp_path)
    filters = ["-f", "sobel", "-f", "log:2"]
    assert run("batch", "in", *options.split(), *filters, "--gallery", "-q").exit_code == 0
    labels = [output["label"] for output in data_of("out/index.html")["records"][0]["outputs"]]
    assert labels == ["sobel", "log-2"]


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"input": None, "outputs": [None, 3], "filters": "none", "macs": "many"},
        {"input": {"path": 5}, "convolved_shape": ["a", -1], "status": "skipped"},
        {"input": {"path": "nul\0.png"}, "output": {"path": "x\0y.png"}},
        {"error": None, "output": {"path": "-"}, "engine": {"method": "m", "accumulator": "a"}},
    ],
)
def test_a_record_that_lacks_things_is_no_error(tmp_path: Path, record: Data) -> None:
    (entry,) = data_of(write_gallery(str(tmp_path), [record]))["records"]
    assert entry["status"] in ("done", "failed", "skipped")
    assert entry["input"]["thumb"] is None


def test_an_empty_batch_is_a_page(tmp_path: Path) -> None:
    assert data_of(write_gallery(str(tmp_path / "new"), []))["records"] == []


# --- nothing in it is trusted -------------------------------------------------------------------


def test_hostile_names_make_no_elements(demo: str) -> None:
    page = elements(demo)
    plain, _ = template("")
    assert not [tag for tag, attrs in page.found if "onerror" in attrs or "onmouseover" in attrs]
    assert [tag for tag, _ in page.found].count("script") == 4
    assert [tag for tag, _ in page.found].count("img") == plain.count("<img")
    names = [record["name"] for record in data_of(demo)["records"]]
    assert HOSTILE[0] in names
    assert "two␊lines␉and a tab.png" in names
    assert "not � utf-8.png" in names


def test_a_hostile_title_is_escaped(tmp_path: Path) -> None:
    folder = tmp_path / "<b onclick=x>{{style}}"
    page = Path(write_gallery(str(folder), [])).read_text(encoding="utf-8")
    assert "<b onclick" not in page
    assert "&lt;b onclick=x&gt;{{style}}" in page


def test_the_title_names_networks_and_not_their_layers(tmp_path: Path) -> None:
    folder = str(tmp_path / "edges")
    alone = [("learned-small",), ("contours",)]
    records = [record_of(str(SAMPLES / "page.png"), folder, filters) for filters in alone]
    page = write_gallery(folder, records)
    title = "<title>edges · learned-small, contours · edges</title>"
    assert title in Path(page).read_text(encoding="utf-8")
    network, contours = (facts_of(data_of(page), n) for n in range(2))
    assert (network["shape"], network["layer"]) == (
        "877×620×3 → 19 layers → 877×620×1", "edges: 1 of 1×1×6",
    )  # fmt: skip
    assert contours["shape"] == "877×620×1 → 9 filters → 877×620×1"


def test_the_policy_allows_what_is_in_the_page_and_no_more(demo: str) -> None:
    page = elements(demo)
    policy = next(a["content"] or "" for t, a in page.found if t == "meta" and "http-equiv" in a)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    for kind in ("script", "style"):
        text = next(text for name, text in page.texts if name == kind)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[f"{kind}-src"] == f"'sha256-{digest}'"
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "'self' data: file:"


def test_the_page_names_nothing_of_the_network(demo: str) -> None:
    text = Path(demo).read_text(encoding="utf-8")
    assert not re.search(r"https?:|url\(|@import|\bfetch\b|innerHTML|\beval\b", text)


def test_links_lead_to_the_files_from_the_page(demo: str) -> None:
    folder = os.fsencode(os.path.dirname(demo))
    for record in data_of(demo)["records"]:
        for picture in [record["input"], *record["outputs"]]:
            assert re.fullmatch(r"[A-Za-z0-9%/._~-]+", picture["link"])
            path = os.path.join(folder, unquote_to_bytes(picture["link"]))
            assert os.path.exists(path) == (record["name"] != "vanished.png")


def test_the_scripts_and_templates_are_in_the_package() -> None:
    folder = Path(writing.__file__).parent
    for name in (*SCRIPTS, "gallery.html", "gallery.css"):
        assert (folder / name).read_text(encoding="utf-8").count("\n") < 400


# --- thumbnails ---------------------------------------------------------------------------------


def test_few_thumbnails_are_in_the_page_and_many_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "INLINE_AT_MOST", 5)
    folder = tmp_path / "out"
    few = data_of(write_gallery(str(folder), many_records(tmp_path, 5)))["records"]
    assert few[0]["input"]["thumb"].startswith("data:image/png;base64,")
    assert not (folder / "gallery").exists()
    many = data_of(write_gallery(str(folder), many_records(tmp_path, 20)))["records"]
    thumbs = {entry["outputs"][0]["thumb"] for entry in many if entry["outputs"]}
    assert len(thumbs) == 12
    assert all(re.fullmatch(r"gallery/[0-9a-f]{2}/thumb-\w{14,20}\.png", t) for t in thumbs)
    assert all((folder / thumb).exists() for thumb in thumbs)
    write_gallery(str(folder), [])
    assert [path.name for path in folder.iterdir()] == ["index.html"]


def test_thumbnails_are_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "INLINE_AT_MOST", 0)
    records = list(many_records(tmp_path, 3))
    first = data_of(write_gallery(str(tmp_path), records))
    monkeypatch.setattr("edgecli.pages.gallery.thumbs.thumbnail", None)
    assert data_of(write_gallery(str(tmp_path), records)) == first


def test_other_files_in_the_folder_of_thumbnails_stay(tmp_path: Path) -> None:
    mine = tmp_path / "gallery" / "ab" / "mine-sobel.png"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    stale = mine.with_name("thumb-0123456789abcdef.png")
    stale.write_bytes(b"stale")
    write_gallery(str(tmp_path), [])
    assert mine.exists()
    assert not stale.exists()


# --- a stream, whole or not at all --------------------------------------------------------------


def test_records_are_a_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "INLINE_AT_MOST", 3)
    ahead: list[int] = []
    finished = threading.Event()
    drawn = iter(range(10**6))

    def records() -> Iterator[Data]:
        for n in range(200):
            ahead.append(n - written())
            yield {"input": {"path": f"{n}.png"}}
        finished.set()

    def written() -> int:
        return counted[0]

    counted = [0]
    real = writing._entry

    def entry(*args: Any) -> Data:
        counted[0] = next(drawn) + 1
        return real(*args)

    monkeypatch.setattr(writing, "_entry", entry)
    assert len(data_of(write_gallery(str(tmp_path), records()))["records"]) == 200
    assert finished.is_set()
    assert max(ahead) <= writing.WORKERS + 3


def test_a_failure_in_the_middle_leaves_the_old_page(tmp_path: Path) -> None:
    def records() -> Iterator[Data]:
        yield {}
        raise RuntimeError("middle")

    old = Path(write_gallery(str(tmp_path), [])).read_bytes()
    with pytest.raises(RuntimeError, match="middle"):
        write_gallery(str(tmp_path), records())
    assert (tmp_path / "index.html").read_bytes() == old
    assert len(list(tmp_path.iterdir())) == 1


def test_a_page_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<title>my site</title>", encoding="utf-8")
    with pytest.raises(OutputError, match="is no gallery of edgecli; move it, or give another"):
        write_gallery(str(tmp_path), [])


def test_the_same_records_give_the_same_page(tmp_path: Path) -> None:
    records = [record_of(str(SAMPLES / "shapes.png"), str(tmp_path))]
    first = Path(write_gallery(str(tmp_path), records)).read_bytes()
    assert Path(write_gallery(str(tmp_path), records)).read_bytes() == first


def test_a_file_on_another_drive_has_a_whole_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def other_drive(*_: str) -> str:
        raise ValueError("path is on mount 'C:', start on mount 'D:'")

    monkeypatch.setattr(os.path, "relpath", other_drive)
    assert entries.link("/a b/c.png", "/out").startswith("file:///")
