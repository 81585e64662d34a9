"""Paddings of any height: bands inside them, and bands that ask for rows that have passed."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from edgecli import convolve
from edgecli.detect.maps import Lines
from edgecli.detect.plan import plan_detection
from edgecli.detect.run import run_detection
from edgecli.detect.settings import Settings
from edgecli.geometry import Axis, PaddingMode, parse_padding, parse_padding_mode
from edgecli.images.netpbm import read_image
from edgecli.images.npy import read_npy
from edgecli.images.png.reading import open_png
from edgecli.lines.thresholds import choose_threshold
from edgecli.operators.operators import load_operator
from edgecli.rows.arrays import ArraySink, ArraySource, blocks_in_any_order
from edgecli.rows.base import Rows, Source
from tests.conftest import Run, noise
from tests.reference import SOURCES, Pads, correlate, pad

Array = NDArray[Any]
Opener = Callable[[Array], Source]
MODES = sorted(SOURCES)
MOST_PIXELS = 10**6


def from_pgm(image: Array) -> Source:
    data = b"P5 %d %d 255\n" % (image.shape[1], image.shape[0]) + image.tobytes()
    return read_image(io.BytesIO(data), "a.pgm", max_pixels=MOST_PIXELS)


def from_png(image: Array) -> Source:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "png")
    file.seek(0)
    return open_png(file, "a.png", max_pixels=MOST_PIXELS)


def from_npy(image: Array) -> Source:
    file = io.BytesIO()
    np.save(file, image)
    file.seek(0)
    return next(read_npy(file, "a.npy", max_pixels=MOST_PIXELS))


OPENERS: list[Opener] = [ArraySource.of, from_pgm, from_png, from_npy]


def lower_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no band be higher than three rows."""
    monkeypatch.setattr("edgecli.conv.engine.FEWEST_ROWS", 1)
    monkeypatch.setattr("edgecli.conv.engine.MOST_ROWS", 3)
    monkeypatch.setattr("edgecli.detect.run.SMALL_IMAGE", 64)


def detect(source: Source, settings: Settings) -> list[Array]:
    """Return every map of a source, one array ``(H', W')`` each."""
    detection = plan_detection(settings, source.shape, source.dtype)
    sinks = [ArraySink(detection.map_shape, samples) for samples in detection.sample_types]
    run_detection(detection, source, sinks)
    return [sink.array[..., 0] for sink in sinks]


def drawn_pads(rng: np.random.Generator) -> Pads:
    """Draw paddings of up to several times the image, some of them none."""
    top, bottom = (int(n) for n in rng.choice([0, 1, 2, 6, 17, 40], 2))
    left, right = (int(n) for n in rng.choice([0, 1, 3, 19], 2))
    return top, bottom, left, right


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(6))
def test_every_source_gives_what_loops_over_the_padded_image_give(
    monkeypatch: pytest.MonkeyPatch, seed: int, mode: str
) -> None:
    rng = np.random.default_rng(seed)
    image = noise(*(int(n) for n in rng.integers(3, 12, 2)), seed=seed)
    pads, stride = drawn_pads(rng), (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    operator = load_operator(str(rng.choice(["vertical", "1 2", "2; -1", "1 2 3; 0 5 0; -7 0 1"])))
    settings = Settings(
        (operator,), padding=pads, padding_mode=parse_padding_mode(mode), stride=stride, map="raw"
    )
    lower_bands(monkeypatch)
    truth = correlate(pad(image[np.newaxis], pads, mode), operator.bank.weight, stride)
    whole = convolve(image, operator.bank, padding=pads, padding_mode=mode, stride=stride)
    np.testing.assert_array_equal(whole, truth)
    for opener in OPENERS:
        (found,) = detect(opener(image), settings)
        np.testing.assert_array_equal(found, truth[0], err_msg=opener.__name__)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("names", "lines"),
    [
        (("vertical", "laplacian", "gaussian:1"), Lines()),
        (("sobel",), Lines(thin=True)),
        (("log:1",), Lines(thin=True)),
        (("canny",), Lines()),
        (("canny:1",), Lines(threshold=choose_threshold(None, "40,90"))),
        (("kirsch",), Lines(threshold=choose_threshold("otsu", None))),
    ],
)
def test_low_bands_of_a_stream_give_what_one_band_of_an_array_gives(
    monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], lines: Lines, mode: str
) -> None:
    image = noise(11, 13)
    settings = Settings(
        tuple(load_operator(name) for name in names),
        padding=(34, 17, 3, 15),
        padding_mode=parse_padding_mode(mode),
        lines=lines,
        threads=2,
    )
    truth = detect(ArraySource.of(image), settings)
    lower_bands(monkeypatch)
    for found, expected in zip(detect(from_npy(image), settings), truth, strict=True):
        # Sums of floats may be added in another order in bands of another height.
        np.testing.assert_allclose(found, expected, rtol=0, atol=int(names[0] == "vertical"))


@pytest.mark.parametrize("mode", ["circular", "reflect", "zeros"])
@pytest.mark.parametrize("opener", OPENERS)
def test_same_padding_of_a_high_image_in_bands_as_they_are(opener: Opener, mode: str) -> None:
    image = noise(1400, 300)  # several bands
    settings = Settings(
        (load_operator("vertical"),), padding_mode=parse_padding_mode(mode), map="raw"
    )
    (found,) = detect(opener(image), settings)
    truth = convolve(image, "vertical", padding="same", padding_mode=mode)
    np.testing.assert_array_equal(found, truth[0])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("padding", ["500", "2000,1500,1,3"])
@pytest.mark.parametrize("extension", ["npy", "pgm", "png"])
def test_the_command_line_takes_any_padding(
    run: Run, tmp_path: Path, extension: str, padding: str, mode: str
) -> None:
    image = noise(70, 26)
    path, output = tmp_path / f"a.{extension}", tmp_path / "b.npy"
    if extension == "npy":
        np.save(path, image)
    else:
        Image.fromarray(image).save(path)
    options = ["--padding", padding, "--padding-mode", mode, "--map", "raw", "-o", str(output)]
    result = run("detect", path, "-f", "vertical", *options)
    assert result.exit_code == 0, result.stderr
    truth = convolve(image, "vertical", padding=parse_padding(padding), padding_mode=mode)
    np.testing.assert_array_equal(np.load(output), truth[0])


# --- what is read -------------------------------------------------------------------------------


@given(
    st.integers(1, 9), st.integers(1, 4), st.integers(1, 3),
    st.integers(0, 30), st.integers(0, 30), st.sampled_from(["zeros", "constant", "replicate"]),
)  # fmt: skip
def test_constants_and_repeated_edges_never_ask_for_rows_that_have_passed(
    size: int, kernel: int, stride: int, before: int, after: int, mode: str
) -> None:
    axis = Axis(size, kernel, stride, 1, before, after)
    cuts = [(y, min(y + 3, axis.output)) for y in range(0, axis.output, 3)]
    needed = [axis.needed(*cut, PaddingMode(mode, 5.0)) for cut in cuts]
    assert all(start < stop for start, stop in needed)
    starts, stops = zip(*needed, strict=True) if needed else ((), ())
    assert list(starts) == sorted(starts)
    assert list(stops) == sorted(stops)


class Counting(ArraySource):
    """Notes the ranges that are asked for."""

    asked: list[tuple[int, int]]

    def blocks(self, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
        self.asked = list(ranges)
        return super().blocks(self.asked)


@pytest.mark.parametrize(
    ("ranges", "asked"),
    [
        ([(0, 2), (1, 3), (5, 8)], [(0, 2), (1, 3), (5, 8)]),
        ([(0, 9), (3, 6), (0, 9)], [(0, 9)]),
        ([(2, 5), (0, 5)], [(0, 9)]),
    ],
)
def test_an_image_is_held_whole_only_where_its_rows_are_asked_for_again(
    ranges: list[tuple[int, int]], asked: list[tuple[int, int]]
) -> None:
    image = noise(9, 2)
    source = Counting.of(image)
    assert isinstance(source, Counting)
    for (start, stop), block in zip(ranges, blocks_in_any_order(source, ranges), strict=True):
        np.testing.assert_array_equal(block[..., 0], image[start:stop])
    assert source.asked == asked
