"""Figures of lessons: every number on them is the engine's, and adds up."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from edgecli import convolve, load_filter
from tests.conftest import SAMPLES, Golden, Refuse, Run, Save, noise
from tests.lesson_figures import (
    Element,
    cells,
    factors,
    groups,
    lines,
    places,
    steps,
    summands,
    text_of,
)

PAGE = (SAMPLES.parent / "docs" / "trace.md").read_text(encoding="utf-8")
GRID = SAMPLES / "grid-6x6.csv"
VERTICAL = ("-f", "vertical", "--padding", "valid")
VOLUME = np.random.default_rng(1).integers(0, 10, (5, 6, 3)).astype(np.uint8)

CASES: dict[str, tuple[str, ...]] = {
    "valid": VERTICAL,
    "zeros": ("-f", "vertical", "--padding-mode", "zeros"),
    "constant": ("-f", "vertical", "--padding-mode", "constant:7", "--padding", "2,1,0,1"),
    "replicate": ("-f", "sobel-x"),
    "reflect": ("-f", "sobel-y", "--padding-mode", "reflect", "--padding", "2"),
    "symmetric": ("-f", "prewitt-x", "--padding-mode", "symmetric"),
    "circular": ("-f", "scharr-x", "--padding-mode", "circular"),
    "stride": ("-f", "1 2; 3 4", "--stride", "2,1"),
    "dilation": ("-f", "vertical", "--dilation", "2,1", "--padding-mode", "zeros"),
    "left over": ("-f", "1 2; 3 4", "--stride", "3", "--padding", "valid"),
    "even": ("-f", "1 2; -3 4",),
    "long": ("-f", "1 2 3 4 5; 0 0 1 0 0; 5 4 3 2 1",),
    "flipped": ("-f", "1 2; -3 4", "--convolve"),
    "filters": ("-f", "vertical", "-f", "horizontal", "-f", "1 0; 0 -1"),
    "bias": ("-f", "vertical", "--bias", "3"),
    "relu": (*VERTICAL, "--activation", "relu"),
    "all of it": ("-f", "vertical", "-f", "horizontal", "--stride", "2", "--bias", "1,-2",
                  "--activation", "relu", "--padding", "1", "--padding-mode", "zeros"),
}  # fmt: skip


def figure(run: Run, path: Path, *args: str | Path) -> Element:
    result = run("trace", *args, "-o", path)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    return ET.parse(path).getroot()


def truth_of(volume: Any, args: Sequence[str]) -> Any:
    """Return the maps that the library's own function gives for options of the command line."""
    pairs = list(zip(args[::2], args[1::2], strict=False))
    given = dict(pairs)
    banks = [load_filter(name) for option, name in pairs if option == "-f"]
    banks = [bank.flipped() if "--convolve" in args else bank for bank in banks]
    stride = [int(n) for n in given.get("--stride", "1").split(",")]
    dilation = [int(n) for n in given.get("--dilation", "1").split(",")]
    maps = [
        convolve(
            volume,
            bank,
            stride=(stride[0], stride[-1]),
            dilation=(dilation[0], dilation[-1]),
            padding=given.get("--padding", "same"),
            padding_mode=given.get("--padding-mode", "replicate"),
        )[0].astype(np.int64)
        for bank in banks
    ]
    bias = [int(n) for n in given.get("--bias", "0").split(",")] * len(maps)
    maps = [one + added for one, added in zip(maps, bias, strict=False)]
    return np.maximum(maps, 0) if "relu" in args else np.array(maps)


def check_step(ground: dict[str, Element], moment: Element, kept: Element, channels: int) -> None:
    """Hold a step to itself: pixels under the window, weights, products, sums, and outputs."""
    own = groups(moment)
    inputs = [cells(one) for name, one in ground.items() if name.startswith("input ")]
    kernels = [cells(one) for name, one in ground.items() if name.startswith("kernel ")]
    taps = places(own["window"], "-tap")
    under = [[pixels[tap] for tap in taps if tap in pixels] for pixels in inputs]
    written = list(lines(own["sums"]))
    results = []
    for first in range(0, len(kernels), channels):
        parts: list[float] = []
        for pixels, kernel in zip(under, kernels[first : first + channels], strict=True):
            pairs: list[tuple[float, float]] = []
            while len(pairs) < len(kernel):
                line = written.pop(0)
                pairs += factors(line.left)
                parts.append(line.total)
                assert line.total == sum(pixel * weight for pixel, weight in factors(line.left))
            assert pairs == list(zip(pixels, kernel.values(), strict=True))
        if written and "·" not in written[0].left and not re.match(r"[√m|]", written[0].left):
            line = written.pop(0)
            shown = summands(line.left) if line.left else parts
            assert shown[: len(parts)] == parts
            assert sum(shown) == line.total
        results.append(line.response)
    outputs = [value for one in groups(kept).values() for value in cells(one).values()]
    assert outputs[: len(results)] == results


@pytest.mark.parametrize("name", CASES)
def test_every_number_of_an_animation_adds_up_and_is_the_engines(
    run: Run, tmp_path: Path, name: str
) -> None:
    args = CASES[name]
    svg = figure(run, tmp_path / "x.svg", GRID, *args, "--all")
    truth = truth_of(np.loadtxt(GRID, delimiter=",").astype(int), args)
    check_animation(svg, truth, channels=1)


@pytest.mark.parametrize("filters", [("vertical",), ("vertical", "horizontal")])
@pytest.mark.parametrize("more", [(), ("--bias", "2", "--activation", "relu")])
def test_a_volume_is_summed_channel_by_channel(
    run: Run, save: Save, tmp_path: Path, filters: tuple[str, ...], more: tuple[str, ...]
) -> None:
    args = [word for name in filters for word in ("-f", name)] + ["--padding", "valid", *more]
    volume = save("volume.npy", VOLUME)
    svg = figure(run, tmp_path / "x.svg", volume, *args, "--all", "--channels", "rgb")
    check_animation(svg, truth_of(VOLUME.transpose(2, 0, 1), args), channels=3)


def check_animation(svg: Element, truth: Any, channels: int) -> None:
    """Hold every step to itself, and all outputs to the truth ``(maps, H, W)``."""
    moments, kept = steps(svg)
    assert len(moments) == len(kept) == truth[0].size
    ground = groups(svg)
    for number, (moment, more) in enumerate(zip(moments, kept, strict=True)):
        check_step(ground, moment, more, channels)
        drawn = [value for one in groups(more).values() for value in cells(one).values()]
        row, col = divmod(number, truth.shape[2])
        assert drawn[: len(truth)] == truth[:, row, col].tolist()
        assert text_of(groups(moment)["position"]).strip() == f"row {row}, column {col}"


def test_a_norm_is_written_out_and_has_a_sheet(run: Run, tmp_path: Path) -> None:
    svg = figure(run, tmp_path / "x.svg", GRID, "-f", "sobel", "--at", "2,3")
    truth = convolve(np.loadtxt(GRID, delimiter=","), "sobel")
    size = np.hypot(truth[0, 2, 3], truth[1, 2, 3])
    own = groups(svg)
    assert list(cells(own["output sobel 2,3"]).values()) == [pytest.approx(size, rel=5e-3)]
    x, y = (f"({v:.0f})" if v < 0 else f"{v:.0f}" for v in truth[:, 2, 3])
    written = text_of(own["sums"]).replace("−", "-")
    assert f"√({x}² + {y}²) = {size:.3g}" in written
    assert "rounded to 3 digits" in text_of(own["note"])
    assert "note" not in groups(figure(run, tmp_path / "x.svg", GRID, *VERTICAL, "--at", "0,0"))


def test_a_photo_is_shown_around_the_pixel(run: Run, tmp_path: Path, save: Save) -> None:
    picture = save("photo.png", noise(40, 60))
    for row, col in [(0, 0), (17, 33), (39, 59)]:
        svg = figure(run, tmp_path / "x.svg", picture, "-f", "vertical", "--at", f"{row},{col}")
        own = groups(svg)
        truth = convolve(noise(40, 60), "vertical")[0]
        outputs = {name: one for name, one in own.items() if re.match(r"output .*,", name)}
        for name, one in outputs.items():
            i, j = map(int, name.split()[-1].split(","))
            assert list(cells(one).values()) == [truth[i, j]]
        assert f"output vertical {row},{col}" in outputs
        padded = np.pad(noise(40, 60), 1, "edge")
        under = [cells(own["input gray"])[tap] for tap in places(own["window"], "-tap")]
        assert under == padded[row : row + 3, col : col + 3].ravel().tolist()
        assert "40×60: rows " in text_of(own["signs"])


def test_an_exercise_has_no_outputs_and_the_answers_all(run: Run, tmp_path: Path) -> None:
    answers = tmp_path / "answers.svg"
    args = (GRID, *VERTICAL, "--at", "1,1", "--answers", answers)
    blank = groups(figure(run, tmp_path / "exercise.svg", *args))
    alone = figure(run, tmp_path / "alone.svg", *args[:-2], "--blank")
    assert groups(alone).keys() == blank.keys()
    assert not [name for name in blank if re.match(r"output .*,", name)]
    assert "sums" not in blank
    assert len(cells(blank["input gray"])) == 36
    told = groups(ET.parse(answers).getroot())
    truth = convolve(np.loadtxt(GRID, delimiter=","), "vertical", padding="valid")[0]
    drawn = {
        name.split()[-1]: list(cells(one).values())
        for name, one in told.items()
        if re.match(r"output .*,", name)
    }
    assert drawn == {f"{r},{c}": [truth[r, c]] for r, c in np.ndindex(4, 4)}


def test_a_folder_takes_a_slide_for_each_position(run: Run, tmp_path: Path) -> None:
    result = run("trace", GRID, *VERTICAL, "--all", "-o", f"{tmp_path}/slides/")
    assert (result.exit_code, result.output) == (0, "")
    names = sorted(path.name for path in (tmp_path / "slides").iterdir())
    assert names == [f"slide-{n:03}.svg" for n in range(1, 17)]
    for number, name in enumerate(names, 1):
        shown = groups(ET.parse(tmp_path / "slides" / name).getroot())
        assert sum(bool(re.match(r"output .*,", one)) for one in shown) == number


def test_a_gif_has_a_frame_for_each_position(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "slides.gif"
    assert run("trace", GRID, *VERTICAL, "--all", "-o", path).exit_code == 0
    with Image.open(path) as animation:
        assert (animation.size, animation.n_frames) == ((1280, 720), 16)  # type: ignore[attr-defined]
        frames = set()
        for n in range(16):
            animation.seek(n)
            assert animation.info["duration"] == (6000 if n == 15 else 2000)
            frames.add(animation.convert("RGB").tobytes())
        assert len(frames) == 16
    assert run("trace", GRID, *VERTICAL, "--at", "0,0", "-o", path).exit_code == 0
    with Image.open(path) as still:
        assert getattr(still, "n_frames", 1) == 1


def test_an_animation_needs_no_script_and_stands_still_where_motion_is_unwanted(
    run: Run, tmp_path: Path
) -> None:
    run("trace", GRID, *VERTICAL, "--all", "-o", tmp_path / "x.svg")
    text = (tmp_path / "x.svg").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "prefers-color-scheme:dark" in text
    assert "@media(prefers-reduced-motion:reduce){.k,.m,.g{animation:none!important}}" in text
    assert text.count("@keyframes window") == text.count("@keyframes target") == 15
    assert text.count("@keyframes m") == text.count("@keyframes k") == 16
    assert len(re.findall(r'class="m z"', text)) == 1  # what is seen then


def test_a_figure_goes_to_standard_output(run: Run) -> None:
    result = run("trace", GRID, *VERTICAL, "--at", "0,0", "-o", "-")
    assert ET.fromstring(result.stdout).tag.endswith("svg")
    both = run("trace", GRID, *VERTICAL, "--at", "0,0", "-o", "-", "--report", "json")
    assert both.stdout == result.stdout
    assert json.loads(both.stderr)["schema"] == "edgecli.trace/1"


GOLDENS: dict[str, tuple[str, ...]] = {
    "vertical": (*VERTICAL, "--at", "1,2"),
    "padded": ("-f", "vertical", "--padding-mode", "zeros", "--at", "0,3"),
    "two-filters": (*CASES["all of it"], "--at", "1,1"),
    "roberts": ("-f", "roberts", "--at", "1,1"),
    "dilated": ("-f", "vertical", "--dilation", "2", "--padding", "valid", "--at", "1,0"),
    "exercise": (*VERTICAL, "--at", "0,0", "--blank"),
}


@pytest.mark.parametrize("name", GOLDENS)
def test_golden_pictures(run: Run, golden: Golden, name: str) -> None:
    golden(f"lesson-{name}.svg", run("trace", GRID, *GOLDENS[name], "-o", "-").stdout)


def test_golden_volume(run: Run, golden: Golden, save: Save) -> None:
    args = ("-f", "vertical", "-f", "horizontal", "--padding", "valid", "--channels", "rgb")
    text = run("trace", save("v.npy", VOLUME), *args, "--bias", "1", "--at", "1,2", "-o", "-")
    golden("lesson-volume.svg", text.stdout)


@pytest.mark.parametrize("command", re.findall(r"^edgecli (trace [^#>\n]+)", PAGE, re.MULTILINE))
def test_commands_of_the_page_work(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    words = command.replace("sample_images", str(SAMPLES))
    result = run(*shlex.split(words))
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["--all", "-o", "x.png"], 2, "not 'x.png'; write .svg or .gif"),
        (["--all", "--at", "0,0"], 2, "drop --at or --all"),
        (["--at", "0,0", "--blank"], 2, "say where it goes with -o slide.svg"),
        (["--at", "0,0", "--answers", "x.svg"], 2, "say where it goes with -o slide.svg"),
        (["--at", "0,0", "-o", "x.svg", "--answers", "x.svg"], 2, "answers x.svg is also"),
        (["--at", "0,0", "-f", "gaussian:5", "-o", "x.svg"], 1, "have it as text: leave out -o"),
        (["--at", "0,0", "-f", "gabor", "-f", "kirsch", "-o", "x.svg"], 2, "room for 9 maps"),
        (["--all", "--padding", "5", "-o", "x.svg"], 0, ""),
        (["--all", "--padding", "10", "-o", "x.svg"], 1, "with its padding the grid has 26×26"),
    ],
)
def test_wrong_requests_are_one_line(
    refuse: Refuse, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    args: list[str], code: int, said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    if not code:
        assert run("trace", GRID, *args).exit_code == 0
        return
    assert said in refuse("trace", GRID, *args, code=code)
    assert list(tmp_path.iterdir()) == []


def test_large_pictures_are_refused_with_advice_that_works(
    refuse: Refuse, run: Run, save: Save, tmp_path: Path
) -> None:
    picture, path = save("x.png", noise(20, 30, 3)), tmp_path / "x.svg"
    said = refuse("trace", picture, "--all", "-o", path, code=1)
    assert "of grids up to 16×16, and this one is 20×30; show one with --at 0,0, or" in said
    assert run("trace", picture, "--all", "--resize", "max:16", "-o", path).exit_code == 0
    said = refuse("trace", picture, "--channels", "rgb", "--all", "-o", path, code=1)
    assert said.endswith("--resize max:10")
    args = ("--channels", "rgb", "--all", "--resize", "max:10")
    assert run("trace", picture, *args, "-o", path).exit_code == 0
    said = refuse("trace", picture, "--channels", "each", "--at", "0,0", "-o", path, code=2)
    assert "use --channels rgb or gray" in said
