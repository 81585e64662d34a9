"""What is an input, in which order, and under which name its edge map goes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edgecli.batch.inputs import Found, Input, find_inputs, folded, listed_inputs, name_places
from edgecli.errors import ImageError, UsageError
from edgecli.images.foreign import Extra
from tests.batches import pictures


def places(found: Found) -> list[str]:
    return [entry.place for entry in found.inputs]


def find(source: Path, *, recursive: bool = False) -> Found:
    return find_inputs(str(source), str(source / "out"), recursive=recursive)


def test_a_folder_gives_its_images_in_order(tmp_path: Path) -> None:
    pictures(tmp_path, "b.png", "a.JPG", "c.txt", "notes.md", ".hidden.png", "d.pgm")
    pictures(tmp_path / "more.png", "e.pgm")  # a folder, whatever its name
    assert places(find(tmp_path)) == ["a.JPG", "b.png", "d.pgm"]


def test_recursion_keeps_the_tree(tmp_path: Path) -> None:
    pictures(tmp_path, "z.pgm", "b/a.pgm", "b/c/d.pgm", ".git/x.pgm", "out/b-sobel.png")
    found = find(tmp_path, recursive=True)
    assert places(found) == ["b/a.pgm", "b/c/d.pgm", "z.pgm"]
    assert [entry.path for entry in found.inputs] == [str(tmp_path / p) for p in places(found)]


def test_the_thumbnails_of_a_gallery_are_no_inputs(tmp_path: Path) -> None:
    pictures(tmp_path, "a.pgm", "gallery/b.png")
    for page, found in ((None, ["a.pgm", "gallery/b.png"]), ("index.html", ["a.pgm"])):
        if page is not None:
            (tmp_path / page).touch()
        assert places(find_inputs(str(tmp_path), str(tmp_path), recursive=True)) == found


def test_links_in_a_circle_are_walked_once(tmp_path: Path) -> None:
    pictures(tmp_path / "in", "a.pgm", "b/c.pgm")
    pictures(tmp_path / "elsewhere", "d.pgm")
    (tmp_path / "in/b/up").symlink_to("..")
    (tmp_path / "in/again").symlink_to("b")
    (tmp_path / "in/other").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/back").symlink_to(tmp_path / "in")
    assert places(find(tmp_path / "in", recursive=True)) == ["a.pgm", "b/c.pgm", "other/d.pgm"]


def test_links_to_files_are_inputs_even_where_they_lead_nowhere(tmp_path: Path) -> None:
    pictures(tmp_path, "a.pgm")
    (tmp_path / "b.pgm").symlink_to("a.pgm")
    (tmp_path / "gone.png").symlink_to("nowhere")
    (tmp_path / "loop.png").symlink_to("loop.png")
    os.mkfifo(tmp_path / "pipe.png")
    assert places(find(tmp_path)) == ["a.pgm", "b.pgm", "gone.png", "loop.png"]


def test_a_folder_that_cannot_be_looked_into_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(tmp_path, "a.pgm", "locked/b.pgm")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = find(tmp_path, recursive=True)
    assert places(found) == ["a.pgm"]
    locked = str(tmp_path / "locked")
    assert found.troubles == [(locked, f"folder {locked} cannot be looked into: Permission denied")]
    with pytest.raises(ImageError, match="Permission denied; check its permissions"):
        find(tmp_path / "locked")


def test_a_glob_names_any_file(tmp_path: Path) -> None:
    pictures(tmp_path, "1/a.pgm", "2/b.dat", "2/c.pgm")
    pattern = str(tmp_path / "*" / "*")
    assert places(find_inputs(pattern, "out", recursive=False)) == ["a.pgm", "b.dat", "c.pgm"]
    kept = ["1/a.pgm", "2/b.dat", "2/c.pgm"]
    assert places(find_inputs(pattern, "out", recursive=True)) == kept
    deep = str(tmp_path / "**" / "*.pgm")
    assert places(find_inputs(deep, "out", recursive=True)) == ["1/a.pgm", "2/c.pgm"]


def test_a_list_is_taken_by_lines_or_by_nul() -> None:
    listed = listed_inputs(b"x/b.png\nx/a\xff.png\n\nx/b.png\n-\n", zero=False, recursive=False)
    assert places(listed) == ["-", "a\udcff.png", "b.png"]
    assert listed.inputs[0].path == os.path.join(".", "-")
    nul = listed_inputs(b"x/new\nline.png\0y/b.png\0", zero=True, recursive=True)
    assert places(nul) == ["x/new\nline.png", "y/b.png"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_list_may_begin_with_a_mark_of_unicode(encoding: str) -> None:
    names = "x/b.png\r\nx/\u00e9.png\r\n".encode(encoding)
    assert places(listed_inputs(names, zero=False, recursive=False)) == ["b.png", "\u00e9.png"]


def test_pictures_that_are_not_read_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Extra, "is_installed", False)
    pictures(
        tmp_path, "a.pgm", "b.HEIC", "c.heic", "d.jxl", "e.NEF", "f.dds", "notes.txt", "x/g.cr2"
    )
    found = find(tmp_path)
    assert places(found) == ["a.pgm"]
    assert found.passed == {".heic": 2, ".jxl": 1, ".nef": 1, ".dds": 1}
    assert find(tmp_path, recursive=True).passed.total() == 6
    (tmp_path / "a.pgm").unlink()
    with pytest.raises(UsageError) as caught:
        find(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} holds no images that are read here, but 1 .dds, 2 .heic, 1 .jxl, 1 .nef; "
        "pip install 'edgecli[formats]' for .heic .jxl, develop camera raw first, save the others "
        "as PNG"
    )


def test_with_the_extra_they_are_inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Extra, "is_installed", True)
    pictures(tmp_path, "a.pgm", "b.HEIC", "c.heif", "d.jxl", "e.nef")
    found = find(tmp_path)
    assert places(found) == ["a.pgm", "b.HEIC", "c.heif", "d.jxl"]
    assert found.passed == {".nef": 1}


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("empty", "holds no images; give a folder with images in it"),
        ("above", "holds no images; --recursive looks into folders, too"),
        ("empty/*.png", "holds no images; check the pattern"),
        ("nothing", "does not exist; check the name"),
        ("file.png", "is a file; give a folder"),
    ],
)
def test_sources_without_images_are_refused(tmp_path: Path, source: str, reason: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "above" / "below").mkdir(parents=True)
    (tmp_path / "file.png").touch()
    with pytest.raises(UsageError, match=reason):
        find_inputs(str(tmp_path / source), "out", recursive=False)


@pytest.mark.parametrize("source", ["", "*.png"])
def test_nothing_is_nothing_at_any_depth(tmp_path: Path, source: str) -> None:
    with pytest.raises(
        UsageError, match=r"holds no images; (give a folder with|check the pattern)"
    ):
        find_inputs(str(tmp_path / source), "out", recursive=True)


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(UsageError, match="the list of inputs is empty"):
        listed_inputs(b"\n", zero=False, recursive=False)


# --- names --------------------------------------------------------------------------------------


def stem_of(place: str) -> str:
    ((folder, stem),) = name_places([Input(place, place)], suffix=False)
    return f"{folder}/{stem}" if folder else stem


@pytest.mark.parametrize(
    ("place", "stem"),
    [
        ("photo.of.me.jpg", "photo.of.me"),
        ("a b (1).jpg", "a b (1)"),
        ("e\u0301.png", "\u00e9"),
        ("<img onerror=alert(1)>.png", "_img onerror=alert(1)_"),
        ('a\\b:c|d?e*f"g.png', "a_b_c_d_e_f_g"),
        ("line\nbreak\x7f.png", "line_break_"),
        ("bytes\udcff.png", "bytes_"),
        ("CON/lpt1.x/nul.png", "CON_/lpt1.x_/nul"),
        ("dots./spaces /a .png", "dots_/spaces_/a "),
    ],
)
def test_names_are_ones_that_every_system_can_hold(place: str, stem: str) -> None:
    assert stem_of(place) == stem


def test_suffixes_tell_apart_what_any_system_would_confuse() -> None:
    names = ["a.jpg", "a.png", "A.JPG", "b/a.jpg", "\u00e9.png", "e\u0301.png"]
    inputs = [Input(name, name) for name in names]
    named = list(name_places(inputs, suffix=True))
    assert named == [
        ("", "a-jpg"), ("", "a-png"), ("", "A-JPG-2"), ("b", "a-jpg"),
        ("", "\u00e9-png"), ("", "\u00e9-png-2"),
    ]  # fmt: skip
    assert len({folded("/".join(place)) for place in named}) == len(names)
