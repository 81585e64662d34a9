"""Edge maps say who made them: by a command line that gives the same settings again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from edgecli import __version__
from edgecli.cli.detect import command
from edgecli.cli.options import NAMES, Options
from edgecli.cli.request import make_request
from edgecli.detect.made_by import made_by
from edgecli.detect.settings import Settings
from edgecli.images.made_by import SOFTWARE, MadeBy, is_ours
from tests.conftest import Run, Save, noise

LINES = (
    "",
    "-f sobel -f canny:1.4",
    "-f 'gabor:6,45' --thin --border 3",
    "-f canny --hysteresis 20.5,1234567.25",
    "-f canny --hysteresis p10,otsu",
    "--threshold auto",
    "--threshold 7.5%",
    "-f '1 0 -1; 1 0 -1' --bias -1 --activation relu --convolve",
    "-f '[[1, 0], [0, -1]]' --map signed --depth 16",
    "-f '1/8 1/8; 1/8 1/8' --padding 1,2,3,4 --padding-mode constant:0.1 --stride 2,3",
    "--padding valid --dilation 2 --channels each --stroke 3",
    "--padding 2 --combine direction --nan ignore --white 4095",
    "--colormap ice --invert",
    "--colormap ember --paper none --resize 33.3%",
    "--line '#ff8800' --paper navy --resize max:100",
    "--overlay red --background 1,2,3 --resize 80x60 --no-auto-orient",
    "--line 1,2,3 --invert",
    "--invert --alpha-out",
    "-f learned-small --scales 0.5,1",
)


def comment_of(path: Path) -> str:
    """Return what a PNG says of how it was made."""
    with Image.open(path) as image:
        assert image.info["Software"] == SOFTWARE
        return str(image.info["Comment"])


def descriptions_of(path: Path) -> list[str]:
    """Return what every page of a TIFF says of how it was made."""
    with tifffile.TiffFile(path) as file:
        pages = [page.aspage() for page in file.pages]
        assert {page.software for page in pages} == {SOFTWARE}
        return [page.description for page in pages]


def settings_of(words: Sequence[str]) -> Settings:
    """Return what the options of a command line come to."""
    given = command.make_context("detect", ["image.png", *words]).params
    return make_request(Options(**{name: given[name] for name in NAMES})).settings


@pytest.mark.parametrize("line", LINES)
def test_the_command_gives_the_same_settings_again(line: str) -> None:
    settings = settings_of(shlex.split(line))
    words = shlex.split(made_by(settings).command)
    assert words[:2] == ["edgecli", "detect"]
    again = settings_of(words[2:])
    assert again == settings
    assert made_by(again) == made_by(settings)


@pytest.mark.parametrize(
    ("line", "short"),
    [
        ("-f sobel --padding same --stride 1,1 --paper black --stroke 1 --threads 2", ""),
        ("--paper white --line black", "--line black --invert"),
        ("-q -o x.png --report json --max-pixels 9 --border 0", ""),
        ("--stride 2,2 --padding 1,1 --threshold 020.0", "--padding 1 --stride 2 --threshold 20"),
    ],
)
def test_the_command_is_as_short_as_can_be(line: str, short: str) -> None:
    expected = ["edgecli", "detect", *shlex.split(short)]
    assert shlex.split(made_by(settings_of(shlex.split(line))).command) == expected


def test_the_command_names_no_folder(save: Save, tmp_path: Path) -> None:
    save("mask.png", np.ones((4, 4), np.uint8))
    (tmp_path / "own filter.txt").write_text("1 0 -1\n")
    settings = settings_of(["-f", f"{tmp_path}/own filter.txt", "--mask", f"{tmp_path}/mask.png"])
    assert made_by(settings).command == "edgecli detect -f 'own filter.txt' --mask mask.png"


def test_characters_that_cannot_be_shown_are_left_out_of_the_command() -> None:
    settings = settings_of(["-f", "1 0 -1\n2 0 -2"])
    assert made_by(settings).command == "edgecli detect -f '1 0 -1; 2 0 -2'"


def test_png_tiff_and_reports_say_who_made_them(run: Run, save: Save, tmp_path: Path) -> None:
    path, told = save("a.png", noise(9, 9)), "edgecli detect -f canny:1.4 --hysteresis 20,60"
    options = ["-f", "canny:1.4", "--hysteresis", "20,60", "--report", "json"]
    result = run("detect", str(path), *options, "-o", str(tmp_path / "b.png"))
    assert comment_of(tmp_path / "b.png") == told
    assert json.loads(result.stdout)["made_by"] == told.replace("edgecli", f"edgecli {__version__}")
    run("detect", str(path), *options, "-o", str(tmp_path / "b.tif"))
    assert descriptions_of(tmp_path / "b.tif") == [str(MadeBy(told))]


def test_every_frame_and_page_says_so(run: Run, tmp_path: Path) -> None:
    frames = [Image.fromarray(noise(9, 9, seed=n)) for n in range(3)]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:])
    for name in ("b.png", "b.tif"):
        run("detect", str(tmp_path / "a.tif"), "--all-frames", "-o", str(tmp_path / name))
    assert comment_of(tmp_path / "b.png") == "edgecli detect"
    assert descriptions_of(tmp_path / "b.tif") == [f"{SOFTWARE} detect"] * 3
    ours = [path.name for path in tmp_path.iterdir() if is_ours(str(path))]
    assert sorted(ours) == ["b.png", "b.tif"]


def test_a_contact_sheet_names_what_was_asked_for(run: Run, save: Save, tmp_path: Path) -> None:
    path = save("a.png", noise(9, 9))
    options = ["-f", "sobel", "-f", "canny", "--threshold", "20%", "--threshold", "otsu"]
    result = run("detect", str(path), "--grid", *options, "--report", "json")
    told = "edgecli detect --grid -f sobel -f canny --threshold 20% --threshold otsu"
    assert comment_of(tmp_path / "a-grid.png") == told
    assert json.loads(result.stdout)["made_by"] == str(MadeBy(told))


def test_pictures_of_networks_say_so(run: Run, save: Save, tmp_path: Path) -> None:
    run("network", "run", "edges-rgb", str(save("a.png", noise(9, 9, 3))), "-o", str(tmp_path))
    picture = tmp_path / "01-edges.png"
    assert comment_of(picture) == "edgecli network run edges-rgb"
    assert is_ours(str(picture))


def test_only_what_says_so_is_ours(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("a.png", "a.tif", "a.jpg")]
    for path in paths:
        Image.fromarray(noise(9, 9)).save(path)
    Path(tmp_path / "b.png").write_bytes(Path(paths[0]).read_bytes() + SOFTWARE.encode())
    assert not any(map(is_ours, [*paths, str(tmp_path / "b.png"), str(tmp_path / "none")]))


def test_texts_beyond_latin_1_are_kept(run: Run, save: Save, tmp_path: Path) -> None:
    (tmp_path / "край.txt").write_text("1 0 -1\n")
    path = save("a.png", noise(9, 9))
    for name in ("b.png", "b.tif"):
        run("detect", str(path), "-f", str(tmp_path / "край.txt"), "-o", str(tmp_path / name))
    assert comment_of(tmp_path / "b.png") == "edgecli detect -f 'край.txt'"
    assert descriptions_of(tmp_path / "b.tif") == [f"{SOFTWARE} detect -f 'край.txt'"]
