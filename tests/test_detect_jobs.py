"""One input file: where its edge maps go, what guards them, and several images in one input."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

from edgecli import detect_edges
from edgecli.detect.files import Watch
from edgecli.detect.inputs import Limits, Result, plan_input
from edgecli.detect.jobs import detect_input
from edgecli.detect.maps import Lines
from edgecli.detect.outputs import Target, check_jobs, name_job
from edgecli.detect.settings import Settings
from edgecli.errors import (
    EdgeCliError,
    GeometryError,
    ImageError,
    OutputError,
    TooLargeError,
    UsageError,
)
from edgecli.operators.operators import load_operator
from edgecli.records import replace
from edgecli.rows.base import Sink
from tests.conftest import Run, Save, noise


def settings(*names: str, **options: Any) -> Settings:
    return Settings(tuple(load_operator(name) for name in names or ("sobel",)), **options)


BESIDE, ALL = Target(), Limits()


def detect(
    path: Path,
    chosen: Settings,
    target: Target = BESIDE,
    limits: Limits = ALL,
    watch: Watch | None = None,
) -> list[Result]:
    return detect_input(name_job(str(path), chosen, target), chosen, limits, watch)


# --- names --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "filters", "target", "paths"),
    [
        ("a/b.c.jpg", ["sobel"], Target(), ["a/b.c-sobel.png"]),
        ("b", ["sobel"], Target(), ["b-sobel.png"]),
        ("-", ["sobel"], Target(), ["-"]),
        ("a/b.jpg", ["sobel"], Target("x.tif"), ["x.tif"]),
        ("a/b.jpg", ["sobel"], Target("x", "pgm"), ["x"]),
        ("a/b.jpg", ["sobel"], Target("-"), ["-"]),
        ("a/b.jpg", ["sobel"], Target("out/", folder=True), ["out/b-sobel.png"]),
        ("-", ["sobel"], Target("out", "tiff", folder=True), ["out/stdin-sobel.tif"]),
        (".hidden", ["log:2"], Target(), [".hidden-log-2.png"]),
        ("b.jpg", ["sobel", "log:1.4"], Target(), ["b-sobel.png", "b-log-1.4.png"]),
    ],
)
def test_outputs_are_named_after_input_and_filter(
    path: str, filters: list[str], target: Target, paths: list[str]
) -> None:
    assert list(name_job(path, settings(*filters), target).outputs) == paths


@pytest.mark.parametrize(
    ("path", "map_name", "target", "format_"),
    [
        ("a.png", "abs", Target(), "png"),
        ("a.csv", "abs", Target(), "png"),
        ("a.png", "raw", Target(), "npy"),
        ("a.CSV", "raw", Target(), "csv"),
        ("-", "raw", Target(), "npy"),
        ("a.png", "abs", Target("b.ppm"), "ppm"),
        ("a.png", "abs", Target("b.ppm", "pgm"), "pgm"),
        ("a.png", "raw", Target("out", folder=True), "npy"),
        ("a.png", "abs", Target("-", "jpeg"), "jpeg"),
    ],
)
def test_the_format_is_as_asked_or_fits(
    path: str, map_name: str, target: Target, format_: str
) -> None:
    assert name_job(path, settings(map=map_name), target).format.name == format_


@pytest.mark.parametrize("target", [Target("x.png"), Target("-", "ppm"), Target()])
def test_several_maps_do_not_fit_in_one_output(target: Target) -> None:
    with pytest.raises(UsageError, match="2 edge maps do not fit in one output"):
        name_job("-", settings(combine="none"), target)


def test_filters_of_one_name_would_share_a_file() -> None:
    with pytest.raises(UsageError, match="two edge maps would both be called sobel-x"):
        name_job("a.png", settings("sobel-x", "sobel-x"), Target())


def test_devices_may_be_claimed_twice() -> None:
    target = Target(os.devnull, "png")
    jobs = [name_job(path, settings(), target) for path in ("a.png", "b.png")]
    check_jobs(jobs, replace(target, spared=(os.devnull,)), os.devnull)


# --- running ------------------------------------------------------------------------------------


def test_results_tell_what_was_done(save: Save) -> None:
    path = save("picture.png", noise(8, 9))
    (result,) = detect(path, settings())
    assert result.info.shape == (8, 9, 1)
    assert result.outputs == (str(path.with_name("picture-sobel.png")),)
    assert result.measured is not None
    np.testing.assert_array_equal(
        np.asarray(Image.open(result.outputs[0])), detect_edges(noise(8, 9))
    )


def test_planning_reads_and_writes_nothing(save: Save) -> None:
    path = save("picture.png", noise(8, 9))
    ((result, source),) = plan_input(name_job(str(path), settings(), BESIDE), settings(), ALL)
    assert result.measured is None
    assert result.detection.output_shape == (8, 9, 2)
    assert source.shape == (8, 9, 1)
    assert os.listdir(path.parent) == [path.name]


def luma_of(path: Path, **options: Any) -> Any:
    """Return what filters slide over: the responses of ``identity``."""
    out = path.with_name("out.npy")
    detect(path, settings("identity", map="raw", **options), Target(str(out)))
    return np.load(out)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("format_", "options"),
    [("png", {}), ("tiff", {}), ("webp", {"lossless": True}), ("jpeg", {"quality": 100})],
)
def test_images_are_turned_as_their_exif_says(
    tmp_path: Path, orientation: int, format_: str, options: dict[str, Any]
) -> None:
    path = tmp_path / "image"
    stored = Image.fromarray(noise(9, 13))
    stored.getexif()[ExifTags.Base.Orientation] = orientation
    stored.save(path, format_, exif=stored.getexif(), **options)
    upright = np.asarray(ImageOps.exif_transpose(stored))
    tolerance = 2 if format_ == "jpeg" else 0
    np.testing.assert_allclose(luma_of(path), upright, atol=tolerance)
    as_stored = luma_of(path, auto_orient=False)
    np.testing.assert_allclose(as_stored, noise(9, 13), atol=tolerance)


def test_reports_give_the_shape_of_the_file_and_of_what_is_filtered(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    path = tmp_path / "image.png"
    Image.fromarray(noise(9, 13, 3)).save(path, exif=exif)
    ((result, _),) = plan_input(name_job(str(path), settings(), BESIDE), settings(), ALL)
    assert result.info.shape == (9, 13, 3)
    assert result.detection.responses.volume == (13, 9, 1)


def test_no_clobber_keeps_files_and_says_so(save: Save) -> None:
    path = save("picture.png", noise(8, 9))
    kept = path.with_name("picture-sobel-y.png")
    kept.write_bytes(b"mine")
    args = path, settings(combine="none"), Target(no_clobber=True), Limits()
    screen = Recorder()
    (result,) = detect(*args, screen.watch)
    assert result.measured is not None
    assert (result.kept, len(screen.shapes)) == ((str(kept),), 1)
    written, detected = path.with_name("picture-sobel-x.png"), detect_edges(noise(8, 9), "sobel-x")
    np.testing.assert_array_equal(np.asarray(Image.open(written)), detected)
    (result,) = detect(*args)
    assert (result.measured, result.kept) == (None, (str(written), str(kept)))
    assert kept.read_bytes() == b"mine"


class Recorder:
    """A screen that remembers the shapes that it was to show."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, int, int]] = []
        self.papers: list[tuple[float, ...] | None] = []

    def watch(
        self, sink: Sink, shape: tuple[int, int, int], paper: tuple[float, ...] | None
    ) -> Sink:
        self.shapes.append(shape)
        self.papers.append(paper)
        return sink


def test_every_map_is_shown_on_the_screen(save: Save) -> None:
    path, screen = save("picture.png", noise(8, 9)), Recorder()
    detect(path, settings(combine="none", stride=(2, 1)), watch=screen.watch)
    assert screen.shapes == [(4, 9, 1), (4, 9, 1)]
    assert screen.papers == [(0.0,), (0.0,)]


# --- several images in one input ----------------------------------------------------------------


def ppm(*frames: Any) -> bytes:
    return b"".join(b"P6\n%d %d\n255\n" % f.shape[1::-1] + f.tobytes() for f in frames)


FRAMES = [noise(4, 5, 3, seed=n) for n in range(3)]


def test_images_of_one_stream_have_numbered_files(tmp_path: Path) -> None:
    path = tmp_path / "film.ppm"
    path.write_bytes(ppm(*FRAMES))
    results = detect(path, settings())
    names = ["film-sobel.png", "film-sobel-0002.png", "film-sobel-0003.png"]
    assert [Path(result.outputs[0]).name for result in results] == names
    for name, frame in zip(names, FRAMES, strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / name)), detect_edges(frame))


@pytest.mark.parametrize("format_", ["pgm", "ppm"])
def test_a_film_of_netpbm_stays_a_film(run: Run, format_: str) -> None:
    result = run("detect", "-", "--format", format_, "-o", "-", "-q", stdin=ppm(*FRAMES))
    edges = [detect_edges(frame) for frame in FRAMES]
    if format_ == "ppm":
        assert result.stdout_bytes == ppm(*[np.stack([e] * 3, axis=-1) for e in edges])
    else:
        assert result.stdout_bytes == b"".join(b"P5\n5 4\n255\n" + e.tobytes() for e in edges)


def y4m(rate: bytes, *frames: Any) -> bytes:
    head = b"YUV4MPEG2 W5 H4 F%s I? A0:0 Cmono XCOLORRANGE=FULL\n" % rate
    return head + b"".join(b"FRAME\n" + frame.tobytes() for frame in frames)


def test_a_film_of_yuv4mpeg_keeps_its_rate(run: Run) -> None:
    frames = [frame[..., 0] for frame in FRAMES]
    film = y4m(b"30000:1001", *frames)
    result = run("detect", "-", "--format", "y4m", "-o", "-", "-q", stdin=film)
    edges = [detect_edges(frame) for frame in frames]
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout_bytes == y4m(b"30000:1001", *edges)


def test_a_film_of_pictures_has_no_rate(run: Run, tmp_path: Path) -> None:
    result = run("detect", "-", "-o", tmp_path / "film.y4m", "-q", stdin=ppm(*FRAMES))
    assert result.exit_code == 0
    edges = [detect_edges(frame) for frame in FRAMES]
    assert (tmp_path / "film.y4m").read_bytes() == y4m(b"0:0", *edges)


def test_frames_that_change_their_size_do_not_fit_a_film(tmp_path: Path) -> None:
    path, out = tmp_path / "film.ppm", tmp_path / "film.y4m"
    path.write_bytes(ppm(noise(4, 5, 3), noise(5, 4, 3)))
    with pytest.raises(OutputError, match="a frame of 5×4×1"):
        detect(path, settings(), Target(str(out)))
    assert not out.exists()


@pytest.mark.parametrize("output", ["edges.ppm", "edges.png"])
def test_all_of_a_stream_or_none(tmp_path: Path, output: str) -> None:
    path = tmp_path / "film.ppm"
    path.write_bytes(ppm(*FRAMES)[:-1])
    with pytest.raises(ImageError):
        detect(path, settings(), Target(f"{tmp_path}/{output}"))
    assert os.listdir(tmp_path) == ["film.ppm"]


def test_all_frames_are_numbered_from_the_first(tmp_path: Path) -> None:
    path = tmp_path / "moving.gif"
    first, *others = (Image.fromarray(frame[..., 0]) for frame in FRAMES)
    first.save(path, save_all=True, append_images=others, duration=50)
    target, limits = Target(f"{tmp_path}/out", folder=True), Limits(all_frames=True)
    detect(path, settings(), target, limits)
    assert sorted(os.listdir(tmp_path / "out")) == [f"moving-sobel-000{n}.png" for n in (1, 2, 3)]
    (alone,) = detect(path, settings(), Target(f"{tmp_path}/one.png"))
    assert alone.info.frame == 0


# Long enough for two bands and two threads each: the next is read while one is computed.
LONG_FRAMES = [noise(600, 512, 3), noise(600, 512, 3, seed=1), noise(520, 700, 3)]


def long_film(run: Run, stdin: bytes, *options: str) -> Any:
    return run("detect", "-", "-f", "sobel", "--format", "pgm", "-o", "-", *options, stdin=stdin)


@pytest.mark.parametrize("threads", ["1", "2", "3"])
@pytest.mark.parametrize("options", [(), ("--threshold", "otsu"), ("--map", "minmax")])
def test_long_frames_stay_in_order_and_are_the_same_for_any_threads(
    run: Run, threads: str, options: tuple[str, ...]
) -> None:
    film = long_film(run, ppm(*LONG_FRAMES), "--threads", threads, "-q", *options)
    alone = [long_film(run, ppm(frame), "-q", *options) for frame in LONG_FRAMES]
    assert (film.exit_code, film.stderr) == (0, "")
    assert film.stdout_bytes == b"".join(frame.stdout_bytes for frame in alone)


def test_frames_before_a_broken_one_are_written(run: Run) -> None:
    film = long_film(run, ppm(*LONG_FRAMES)[:-1], "--threads", "2")
    whole = long_film(run, ppm(*LONG_FRAMES[:2]), "--threads", "2")
    assert film.exit_code == 1
    assert film.stderr.startswith("edgecli: image 3 of - ends in row 520")
    assert film.stdout_bytes == whole.stdout_bytes


def test_long_frames_are_reported_in_order(run: Run) -> None:
    film = long_film(run, ppm(*LONG_FRAMES), "--threads", "2", "--report", "json")
    shapes = [json.loads(line)["input"]["shape"] for line in film.stderr.splitlines()]
    assert shapes == [list(frame.shape) for frame in LONG_FRAMES]


# --- guards -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "limits", "error", "said"),
    [
        ({}, Limits(max_pixels=71), TooLargeError, "71"),
        ({"padding": (9, 9, 9, 9)}, Limits(max_pixels=400), TooLargeError, "limit 400"),
        ({"padding": (10**6,) * 4}, Limits(), TooLargeError, "raise it with --max-pixels"),
        ({"padding": (10**9,) * 4, "stride": (10**9,) * 2}, Limits(), GeometryError, "padding"),
        ({"dilation": (10**8, 10**8)}, Limits(), GeometryError, "padding"),
    ],
)
def test_sizes_are_guarded_before_anything_is_allocated(
    save: Save, options: dict[str, Any], limits: Limits, error: type[EdgeCliError], said: str
) -> None:
    path = save("picture.png", noise(8, 9))
    with pytest.raises(error, match=said):
        detect(path, settings(**options), Target(), limits)
    assert os.listdir(path.parent) == ["picture.png"]


@pytest.mark.parametrize("format_", ["jpeg", "webp"])
def test_formats_of_8_bits_get_8_bits(save: Save, tmp_path: Path, format_: str) -> None:
    path = save("deep.npy", noise(8, 9).astype(np.uint16) * 257)
    (result,) = detect(path, settings(), Target(f"{tmp_path}/x", format_))
    assert result.detection.sample_types == (np.dtype("uint8"),)
    with pytest.raises(UsageError, match=f"{format_} cannot hold uint16"):
        detect(path, settings(depth="16"), Target(f"{tmp_path}/y", format_))


def test_images_that_are_alike_share_a_plan(save: Save) -> None:
    paths = [save(name, noise(8, 9)) for name in ("a.png", "b.png")]
    first, second = [detect(path, settings())[0].detection for path in paths]
    assert first is second
    assert detect(save("c.png", noise(8, 8)), settings())[0].detection is not first
    for bright in (True, False):
        masked = settings(lines=Lines(mask=np.full((8, 9), bright)))
        (result,) = detect(paths[0], masked)
        assert np.asarray(Image.open(result.outputs[0])).any() == bright
