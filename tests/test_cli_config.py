"""Styles and defaults: what is written goes before a style, which goes before defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.cli.config import STYLES, as_written
from tests.conftest import Refuse, Run, Save, noise


@pytest.fixture
def picture(save: Save) -> Path:
    pixels = noise(60, 72, 3) // 20
    pixels[20:40, 20:50] += 200
    return save("picture.png", pixels)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where people's own options are."""
    monkeypatch.delenv("EDGECLI_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    (tmp_path / "xdg" / "edgecli").mkdir(parents=True)
    return tmp_path / "xdg" / "edgecli" / "edgecli.toml"


def detect(run: Run, picture: Path, *args: str) -> NDArray[Any]:
    output = picture.with_name("edges.png")
    result = run("detect", picture, "-o", output, *args)
    assert (result.exit_code, result.stderr) == (0, "")
    with Image.open(output) as edges:
        return np.asarray(edges)


@pytest.mark.parametrize("name", STYLES)
def test_a_style_is_the_options_that_it_lists(run: Run, picture: Path, name: str) -> None:
    (line,) = (one for one in run("styles").stdout.splitlines() if one.startswith(f"{name} "))
    written = line.removeprefix(name).replace("'", "").split()
    styled = detect(run, picture, "--style", name)
    np.testing.assert_array_equal(styled, detect(run, picture, *written))
    assert len(np.unique(styled)) > 1


@pytest.mark.parametrize(
    ("style", "options", "alike"),
    [
        ("pencil", "-f scharr", "-f scharr --paper white"),
        ("pencil", "--paper none --line red", "-f gradient --paper none --line red"),
        ("pencil", "--overlay red", "-f gradient --overlay red"),
        ("pencil", "--alpha-out", "-f gradient --alpha-out"),
        ("coloring", "-f contours --stroke 1",
         "-f contours --thin --hysteresis 0.35,0.6 --min-length 10 --close-gaps 4 --paper white"),
        ("mask", "-f sobel --threshold 100", "-f sobel --threshold 100"),
    ],
)  # fmt: skip
def test_what_is_written_takes_the_place_of_a_styles_own(
    run: Run, picture: Path, style: str, options: str, alike: str
) -> None:
    styled = detect(run, picture, "--style", style, *options.split())
    np.testing.assert_array_equal(styled, detect(run, picture, *alike.split()))


def test_defaults_and_styles_of_ones_own(run: Run, picture: Path, config: Path) -> None:
    config.write_text(
        '[defaults]\nfilter = ["scharr"]\nthin = true\nborder = 2\n'
        '[styles.poster]\nthreshold = "20%"\nthin = false\nline = "red"\n'
    )
    for options, alike in {
        "": "-f scharr --thin --border 2",
        "-f sobel --border 0": "-f sobel --thin",
        "--style poster": "-f scharr --threshold 20% --line red --border 2",
        "--style poster --line blue --thin": "-f scharr --threshold 20% --line blue --border 2 "
        "--thin",
    }.items():
        own = detect(run, picture, *options.split())
        text = config.read_text()
        config.write_text("")
        np.testing.assert_array_equal(own, detect(run, picture, *alike.split()))
        config.write_text(text)
    listed = run("styles").stdout
    assert "--threshold 20% --line red" in listed
    assert "--filter scharr --thin --border 2" in listed


def test_the_plan_says_what_came_from_where(run: Run, picture: Path, config: Path) -> None:
    config.write_text("[defaults]\ndepth = 16\n")
    result = run("detect", picture, "--style", "pencil", "--explain")
    assert result.stderr.splitlines() == [
        f"edgecli: style pencil: {as_written(STYLES['pencil'])}",
        f"edgecli: configuration {config}, defaults: --depth 16",
    ]
    assert "uint16" in result.stdout


def test_a_batch_takes_both(run: Run, picture: Path, config: Path, tmp_path: Path) -> None:
    config.write_text("[defaults]\nline = 'red'\n")
    assert run("batch", picture.parent / "pict*.png", "-o", tmp_path / "out", "--style", "pencil",
               "--jobs", "1", "-q").exit_code == 0  # fmt: skip
    with Image.open(tmp_path / "out" / "picture-gradient.png") as edges:
        assert edges.getpixel((0, 0))[0] == 255  # type: ignore[index]


@pytest.mark.parametrize(
    ("defaults", "name", "options"),
    [
        ("depth = 16", "a.svg", "-f sobel"),
        ("colormap = 'ember'", "a.svg", "-f sobel"),
        ("colormap = 'ember'", "a.png", "-f sobel --combine direction"),
        ("stroke = 3", "a.npy", "-f sobel --map raw"),
        ("simplify = 0.5\ncurves = true\nsize = 'A4'", "a.png", "-f canny"),
        ("curves = true\ninvert = true", "a.dxf", "-f canny"),
        ("channels = 'max'\npadding = 'valid'", "a.png", "-f contours"),
        ("world-file = true", "a.dxf", "-f sobel"),
        ("world-file = true", "a.png", "--grid"),
        ("min-length = 9", "a.png", "-f sobel"),
        ("close-gaps = 3\nmin-length = 9", "a.png", "-f sobel"),
        ("close-gaps = 3", "a.png", "--grid"),
        ("thin = true", "a.png", "-f gaussian"),
        ("scales = '0.5,1'", "a.png", "-f sobel"),
        ("depth = 16", "a.npy", "-f sobel --map raw"),
        ("depth = 16", "a.jpg", "-f sobel"),
        ("paper = 'none'", "a.webp", "-f sobel"),
        ("colormap = 'ember'", "a.pgm", "-f sobel"),
        ("map = 'signed'", "a.svg", "-f sobel"),
        ("map = 'signed'", "a.png", "-f sobel-x --threshold 90"),
        ("map = 'raw'", "a.png", "-f sobel --invert"),
        ("map = 'raw'", "a.png", "--grid"),
        ("channels = 'each'", "a.svg", "-f sobel"),
        ("channels = 'each'", "a.png", "-f sobel --overlay red"),
        ("overlay = 'red'", "a.png", "-f sobel --stride 2"),
        ("combine = 'direction'", "a.svg", "-f sobel"),
        ("page = 2", "a.png", "-f sobel --all-frames"),
        ("grid = true", "a.png", "-f sobel --all-frames"),
    ],
)
def test_defaults_that_do_not_fit_are_left_out_and_what_is_written_is_refused(
    run: Run, refuse: Refuse, picture: Path, config: Path, defaults: str, name: str, options: str
) -> None:
    args: list[str | Path] = ["detect", picture, *options.split(), "-o", picture.with_name(name)]
    run(*args)
    plain = picture.with_name(name).read_bytes()
    config.write_text(f"[defaults]\n{defaults}\n")
    result = run(*args)
    assert (result.exit_code, result.stderr) == (0, "")
    assert picture.with_name(name).read_bytes() == plain
    option, _, value = defaults.splitlines()[0].partition(" = ")
    written = [f"--{option}"] if value == "true" else [f"--{option}", value.strip("'")]
    refuse(*args, *written, code=2)


def test_the_format_of_defaults_is_of_outputs_whose_name_says_none(
    run: Run, picture: Path, config: Path
) -> None:
    config.write_text("[defaults]\nformat = 'points'\n")
    for name, begins in [("a.svg", b"<?xml"), ("a.csv", b"stroke,"), ("maps/", b"stroke,")]:
        output = picture.parent / name
        assert run("detect", picture, "-o", f"{picture.parent}/{name}").exit_code == 0
        (file,) = output.iterdir() if output.is_dir() else [output]
        assert file.read_bytes().startswith(begins)


def test_a_world_file_by_default_goes_beside_the_formats_that_may_have_one(
    run: Run, refuse: Refuse, picture: Path, config: Path
) -> None:
    (picture.parent / "picture.wld").write_text("1\n0\n0\n-1\n5\n7\n")
    grid = picture.with_name("grid.csv")
    grid.write_text("1 2 3\n3 4 9\n5 6 1\n")
    config.write_text("[defaults]\nworld-file = true\n")
    assert run("detect", picture, grid, "-o", f"{picture.parent}/out/", "-q").exit_code == 0
    names = {path.name for path in (picture.parent / "out").iterdir()}
    assert names == {"grid-sobel.csv", "picture-sobel.png", "picture-sobel.pgw",
                     "picture-sobel.png.aux.xml"}  # fmt: skip
    assert run("detect", picture, "-o", "-").exit_code == 0
    refuse("detect", grid, "--world-file", code=2)


def test_the_plan_says_what_is_left_out(run: Run, picture: Path, config: Path) -> None:
    config.write_text("[defaults]\nmin-length = 9\nscales = 2\n")
    told = run("detect", picture, "-n").stderr.splitlines()
    assert told == [
        f"edgecli: configuration {config}, defaults: --min-length 9 --scales 2",
        "edgecli: left out here: --scales 2",
        "edgecli: left out here: --min-length 9.0",
    ]


@pytest.mark.parametrize(
    ("default", "line", "alike"),
    [
        ("report = 'json'", "filters list", "--report json"),
        ("report = 'csv'", "filters show sobel", "--report csv"),
        ("report = 'markdown'", "network summary lenet5", "--report markdown"),
        ("padding = 'valid'", "trace {} --at 3,4", "--padding valid"),
        ("filter = ['scharr', 'log']", "trace {} --at 3,4", "-f scharr -f log"),
        ("max-pixels = 9", "network run edges-rgb {} -o maps", "--max-pixels 9"),
        ("max-pixels = 9", "learn {} {} --size 3 -o l.json", "--max-pixels 9"),
        ("quiet = true", "learn {} {} --size 3 -o l.json", "-q"),
    ],
)
def test_other_commands_heed_the_defaults_of_options_that_they_have(
    run: Run, picture: Path, config: Path, monkeypatch: pytest.MonkeyPatch,
    default: str, line: str, alike: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(picture.parent)
    words = line.replace("{}", picture.name).split()
    plain, written = run(*words), run(*words, *alike.split())
    config.write_text(f"[defaults]\n{default}\ncolormap = 'ember'\nstyle = 'mask'\n")
    heeded = run(*words)
    assert (heeded.exit_code, heeded.output) == (written.exit_code, written.output)
    assert heeded.output != plain.output


@pytest.mark.parametrize("line", ["filters list", "styles", "learn a b --size 3 -o l.json"])
def test_other_commands_refuse_what_no_command_has(refuse: Refuse, config: Path, line: str) -> None:
    config.write_text("[defaults]\nthresh = 3\n")
    assert "'thresh' is no option of a style; did you mean" in refuse(*line.split(), code=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[default]\n", "has 'default', which is neither defaults nor styles"),
        ("defaults = 3\n", "where a table is to be"),
        ("styles = 3\n", "where a table is to be"),
        ("[defaults\n", "cannot be read: "),
        ("[defaults]\nthresh = 3\n", "defaults: 'thresh' is no option of a style; did you mean"),
        ("[defaults]\nalpha_out = true\n", "did you mean 'alpha-out'?"),
        ("[defaults]\nzzz = 3\n", "'edgecli detect --help' lists"),
        ("[defaults]\nthin = 3\n", "--thin is true or false, not 3"),
        ("[defaults]\nborder = true\n", "--border is a text or a number, not True"),
        ("[defaults]\nstroke = 0\n", "--stroke: 0 is not in the range"),
        ("[defaults]\ncolormap = 'fire'\n", "--colormap: 'fire' is unknown; there are"),
        ("[defaults]\nstyle = 'fire'\n", "style 'fire' is unknown; there are pencil, "),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_file(
    refuse: Refuse, picture: Path, config: Path, text: str, message: str
) -> None:
    config.write_text(text)
    told = refuse("detect", picture, code=2)
    assert message in told
    assert str(config) in told or "style 'fire'" in told


def test_another_file_or_none(
    refuse: Refuse, run: Run, picture: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text("[default]\n")
    monkeypatch.setenv("EDGECLI_CONFIG", "")
    assert run("detect", picture).exit_code == 0
    monkeypatch.setenv("EDGECLI_CONFIG", "missing.toml")
    assert "missing.toml cannot be read" in refuse("detect", picture, code=2)
