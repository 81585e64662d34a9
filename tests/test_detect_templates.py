"""Names of outputs with fields in braces: what they are filled with, and what is refused."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edgecli.detect.templates import check_template, fields, fill, literal, split
from edgecli.errors import UsageError
from tests.batches import contents, pictures, write_pgm
from tests.conftest import Refuse, Run, noise

PIECES = st.sampled_from(
    ["{stem}", "{filter}", "{frame}", "{frame:06}", "/", "a", "b.png", "{{", "}}"]
)
TEMPLATES = st.lists(PIECES).map("".join)


@pytest.fixture
def album(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, of pictures in a tree and a film of three frames."""
    pictures(tmp_path, "in/a.pgm", "in/b.pgm", "in/sub/a.pgm")
    frames = [Image.fromarray(noise(8, 9, seed=n)) for n in range(3)]
    frames[0].save(tmp_path / "film.tif", save_all=True, append_images=frames[1:])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder: Path, name: str = "out") -> list[str]:
    return sorted(contents(folder / name))


@given(st.text())
def test_a_literal_gives_the_text_as_it_is(text: str) -> None:
    assert literal(text).format() == text
    assert fields(literal(text)) == set()


@given(TEMPLATES, st.text(), st.text())
def test_fields_are_filled_in_any_order(template: str, stem: str, name: str) -> None:
    check_template(template)
    one = fill(fill(template, stem=stem), filter=name)
    assert (
        one
        == fill(template, stem=stem, filter=name)
        == fill(fill(template, filter=name), stem=stem)
    )
    assert fields(one) == fields(template) - {"stem", "filter"}
    plain = template.replace("{frame}", "{frame:04}")
    assert one.format(frame=7) == plain.format(stem=stem, filter=name, frame=7)


@given(TEMPLATES)
def test_a_template_is_its_folder_and_the_rest(template: str) -> None:
    folder, rest = split(template)
    assert literal(folder) + rest == template
    assert folder == "" or folder.endswith("/")
    assert not fields(rest) or fields(rest.partition("/")[0]) or "/" not in rest


@pytest.mark.parametrize(
    "text",
    ["{", "}", "a{b", "{}", "{0}", "{name}", "{stem!r}", "{stem.x}", "{stem[0]}", "{stem:5}",
     "{frame:x}", "{frame:0123}", "{frame:{stem}}", "{ stem }", "{Stem}"],
)  # fmt: skip
def test_other_braces_are_refused_by_name(text: str) -> None:
    with pytest.raises(UsageError, match=r"use \{stem\}, \{filter\} or \{frame\}, .* \{\{ for a"):
        check_template(text)


@pytest.mark.parametrize(
    ("inputs", "options", "output", "names"),
    [
        ("in/a.pgm in/b.pgm", "", "{stem}-{filter}.png", ["a-sobel.png", "b-sobel.png"]),
        ("in/a.pgm", "-f canny:1.4 -f log:2", "{filter}/{stem}.png",
         ["canny-1.4/a.png", "log-2/a.png"]),
        ("in/a.pgm", "", "{stem}/", ["a/a-sobel.png"]),
        ("in/a.pgm", "", "{frame}.png", ["0001.png"]),
        ("film.tif", "--all-frames", "{frame}.png", ["0001.png", "0002.png", "0003.png"]),
        ("film.tif", "--all-frames", "{stem}_{frame:06}.pgm",
         ["film_000001.pgm", "film_000002.pgm", "film_000003.pgm"]),
        ("film.tif", "--all-frames", "{stem}.tif", ["film.tif"]),
        ("film.tif", "--all-frames", "{stem}.jpg",
         ["film-0001.jpg", "film-0002.jpg", "film-0003.jpg"]),
        ("film.tif", "--all-frames -f sobel-x -f sobel-y", "{filter}.tif",
         ["sobel-x.tif", "sobel-y.tif"]),
        ("in/a.pgm", "--format pgm", "{stem}{{1}}", ["a{1}"]),
        ("in/a.pgm in/b.pgm", "--grid -f sobel", "{filter}-{stem}.png",
         ["grid-a.png", "grid-b.png"]),
        ("in/a.pgm in/sub/a.pgm", "--suffix", "{stem}.png", ["a-pgm-2.png", "a-pgm.png"]),
    ],
)  # fmt: skip
def test_files_are_named_by_their_template(
    run: Run, album: Path, inputs: str, options: str, output: str, names: list[str]
) -> None:
    result = run("detect", *inputs.split(), *options.split(), "-o", f"out/{output}")
    assert result.exit_code == 0, result.stderr
    assert written(album) == names


def test_frames_in_files_of_their_own_are_those_of_one_file(run: Run, album: Path) -> None:
    run("detect", "film.tif", "--all-frames", "-o", "out/{frame}.tif", "-f", "log:2", "-f", "sobel")
    run("detect", "film.tif", "--all-frames", "-o", "all.tif", "-f", "log:2", "-f", "sobel")
    pages = [tifffile.imread(album / f"out/{n:04}.tif") for n in (1, 2, 3)]
    assert [page.shape for page in pages] == [(2, 8, 9)] * 3  # a page for each filter
    assert np.array_equal(np.concatenate(pages), tifffile.imread(album / "all.tif"))


def test_a_stream_of_frames_is_numbered(run: Run, album: Path) -> None:
    stream = io.BytesIO()
    for seed in range(3):
        stream.write(write_pgm(album / "x.pgm", seed).read_bytes())
    run("detect", "-", "-o", "out/{stem}{frame:1}.pgm", stdin=stream.getvalue())
    assert written(album) == ["stdin1.pgm", "stdin2.pgm", "stdin3.pgm"]


@pytest.mark.parametrize(
    ("inputs", "options", "output", "told"),
    [
        ("in/a.pgm in/b.pgm", "", "{filter}.png", "be written to sobel.png; put {stem} in its"),
        ("in/a.pgm in/sub/a.pgm", "", "{stem}.png", "be written to a.png; --suffix tells them"),
        ("in/a.pgm in/b.pgm", "", "x.png", "2 images do not fit in one output x.png; give a"),
        (
            "in/a.pgm",
            "-f sobel-x -f sobel-y",
            "{stem}.png",
            "{stem}.png; give a name with {filter}",
        ),
        ("in/a.pgm", "", "in/{stem}.pgm", "output in/a.pgm is also the input in/a.pgm"),
        ("in/a.pgm", "", "{stem}.{filter}", "has no known extension; use one of .png"),
        ("in/a.pgm", "--map raw", "{stem}.png", "png cannot hold float32 samples; choose from"),
    ],
)
def test_what_has_no_place_is_refused(
    refuse: Refuse, album: Path, inputs: str, options: str, output: str, told: str
) -> None:
    assert told in refuse("detect", *inputs.split(), *options.split(), "-o", output, code=2)
    assert not list(album.glob("*.png"))


@pytest.mark.parametrize(
    ("output", "names"),
    [
        ("out/{filter}/x-{stem}.png", ["sobel/sub/x-a.png", "sobel/x-a.png", "sobel/x-b.png"]),
        ("out/{stem}/{filter}.tif", ["a/sobel.tif", "b/sobel.tif", "sub/a/sobel.tif"]),
        ("out/{stem}/", ["a/a-sobel.png", "b/b-sobel.png", "sub/a/a-sobel.png"]),
        ("out", ["a-sobel.png", "b-sobel.png", "sub/a-sobel.png"]),
    ],
)
def test_a_batch_keeps_its_tree(run: Run, album: Path, output: str, names: list[str]) -> None:
    result = run("batch", "in", "-o", output, "--recursive")
    assert result.stdout.endswith("edge maps  3 in out/\n")
    assert written(album) == names
    again = run("batch", "in", "-o", output, "--recursive").stdout.split()
    assert again[:4] == ["done", "0", "skipped", "3"]


def test_a_batch_with_another_template_does_its_work_again(run: Run, album: Path) -> None:
    run("batch", "in", "-o", "out/{stem}.png")
    assert run("batch", "in", "-o", "out/{stem}{{}}.png").stdout.split()[1] == "2"
    assert written(album) == ["a.png", "a{}.png", "b.png", "b{}.png"]


def test_a_batch_numbers_frames(run: Run, album: Path) -> None:
    for done in ("2", "0"):  # the names are known again
        result = run("batch", ".", "-o", "out/{stem}.{frame}.png", "--all-frames", "--recursive")
        assert result.stdout.split()[1] == {"2": "4", "0": "0"}[done]
    assert [name for name in written(album) if "film" in name] == [
        "film.0001.png", "film.0002.png", "film.0003.png",
    ]  # fmt: skip


def test_inputs_of_a_batch_that_share_a_name_are_told_what_to_do(
    refuse: Refuse, album: Path
) -> None:
    line = refuse("batch", "in", "-o", "out/{filter}.png", code=2)
    assert line.endswith("would both be written to out/sobel.png; put {stem} in its name")
    assert written(album) == []


def test_a_report_may_lie_where_the_files_go(run: Run, album: Path) -> None:
    run("detect", "in/a.pgm", "-o", "out/{stem}.png", "--report-file", "out/r.json")
    assert written(album) == ["a.png", "r.json"]
