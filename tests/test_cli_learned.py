"""``edgecli detect -f learned``: a network among the filters, through every option that fits it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgecli import detect_edges, load_network
from edgecli.detect import run as detect_run
from edgecli.errors import UsageError
from edgecli.lines.hysteresis import hysteresis
from edgecli.lines.ridges import Crest
from edgecli.networks import layout
from edgecli.networks.files import zoo_names
from edgecli.networks.scales import at_scales
from edgecli.rows.memory import Memory
from tests.conftest import Refuse, Run, Save
from tests.recipes import LEARNED, NETWORK, Array, detect, facts, still_life
from tests.soft_networks import expected_map, save_network, soft_network


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    return still_life()


@pytest.fixture(scope="module")
def soft(picture: Array) -> NDArray[np.float32]:
    return expected_map(load_network(NETWORK), picture)


@pytest.fixture
def photo(save: Save, picture: Array) -> Path:
    return save("photo.png", picture)


def thinned(soft: Array) -> Array:
    out = np.empty((1, *soft.shape), np.float32)
    Crest(out.shape, 0.0).compute([soft[np.newaxis]], 0, len(soft), out, Memory())
    return np.asarray(out[0])


close = partial(np.testing.assert_allclose, atol=1e-5)
within_a_level = partial(np.testing.assert_allclose, atol=1)


# What is written


@pytest.mark.parametrize("name", LEARNED)
def test_it_is_named_by_its_network(run: Run, photo: Path, name: str) -> None:
    assert run("detect", photo, "-f", name, "-q").exit_code == 0
    assert (photo.parent / f"photo-{name}.png").exists()


def test_every_network_that_detects_is_in_the_package() -> None:
    assert set(LEARNED) <= set(zoo_names())


@pytest.mark.parametrize("name", LEARNED)
def test_raw_is_the_map_itself(run: Run, photo: Path, picture: Array, name: str) -> None:
    numbers = detect(run, photo, "--map", "raw", name="out.npy", operator=name)
    assert numbers.dtype == np.float32
    close(numbers, expected_map(load_network(name), picture))


@pytest.mark.parametrize("name", ["abs", "gain", "clip"])
def test_maps_show_0_to_1_as_black_to_white(run: Run, photo: Path, soft: Array, name: str) -> None:
    within_a_level(detect(run, photo, "--map", name), np.rint(255 * soft))


def test_minmax_reaches_black_and_white(run: Run, photo: Path) -> None:
    shown = detect(run, photo, "--map", "minmax")
    assert (shown.min(), shown.max()) == (0, 255)


def test_signed_has_grey_at_zero(run: Run, photo: Path) -> None:
    assert detect(run, photo, "--map", "signed").min() >= 128


def test_sixteen_bits_and_floats(run: Run, photo: Path, soft: Array) -> None:
    within_a_level(detect(run, photo, "--depth", "16"), np.rint(65535 * soft))
    close(detect(run, photo, "--depth", "float", name="out.npy"), soft)


@pytest.mark.parametrize("extension", ["jpg", "tif", "pgm", "webp", "csv"])
def test_every_format(run: Run, photo: Path, extension: str) -> None:
    out = photo.parent / f"out.{extension}"
    result = run("detect", photo, "-f", "learned-small", "-q", "--map", "gain", "-o", out)
    assert (result.exit_code, result.output) == (0, "")
    assert out.stat().st_size > 0


def test_it_is_the_same_in_a_pipe(run: Run, photo: Path) -> None:
    result = run("detect", "-", "-f", "learned-small", "-o", "-", "-q", stdin=photo.read_bytes())
    detect(run, photo, operator="learned-small")
    assert result.stdout_bytes == (photo.parent / "out.png").read_bytes()


@pytest.mark.parametrize("operator", ["learned", "learned-small", "canny:1.4", "log:2", "gabor"])
@pytest.mark.parametrize("name", ["out.png", "out.npy"])
def test_every_number_of_threads_gives_the_same_bytes(
    run: Run,
    save: Save,
    picture: Array,
    monkeypatch: pytest.MonkeyPatch,
    operator: str,
    name: str,
) -> None:
    monkeypatch.setattr(detect_run, "SMALL_FOR_NETWORKS", 2**10)
    large = save("large.png", np.tile(picture, (9, 3, 1)))
    options = ("--thin",) if name.endswith("png") else ("--map", "raw")
    written = []
    for threads in ("1", "2", "3"):
        detect(run, large, *options, "--threads", threads, operator=operator, name=name)
        written.append((large.parent / name).read_bytes())
    assert written[0] == written[1] == written[2]


def test_from_python(picture: Array, soft: Array) -> None:
    within_a_level(detect_edges(picture, NETWORK), np.rint(255 * soft))
    two = expected_map(at_scales(load_network(NETWORK), (1.0, 0.5)), picture)
    within_a_level(detect_edges(picture, NETWORK, scales="0.5,1"), np.rint(255 * two))
    with pytest.raises(UsageError, match="scales are of networks"):
        detect_edges(picture, "sobel", scales="0.5")


# Which edges count. A small network of random numbers has many strengths, whatever is learned.


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return save_network(soft_network(), tmp_path)


@pytest.fixture
def random_soft(picture: Array) -> Array:
    return expected_map(soft_network(), picture)


def test_files_of_networks_detect_as_well(
    run: Run, photo: Path, network: Path, random_soft: Array
) -> None:
    close(detect(run, photo, "--map", "raw", name="out.npy", operator=network), random_soft)
    assert run("detect", photo, "-f", network, "-q").exit_code == 0
    assert (photo.parent / "photo-soft.png").exists()


def test_thin_keeps_the_crests(run: Run, photo: Path, network: Path, random_soft: Array) -> None:
    lines = detect(run, photo, "--thin", "--map", "raw", name="out.npy", operator=network)
    expected = thinned(random_soft)
    # To a pixel in a thousand: where neighbours are all but equal the last bit decides.
    assert ((lines > 0) != (expected > 0)).mean() < 1e-3
    assert 0 < (lines > 0).mean() < 0.5


def test_thresholds(run: Run, photo: Path, network: Path) -> None:
    numbers = detect(run, photo, "--map", "raw", name="out.npy", operator=network)
    level = float(np.median(numbers))
    for written in (f"{level}", f"{100 * level}%", "p50"):
        lines = detect(run, photo, "--threshold", written, operator=network)
        assert (lines > 0).mean() == pytest.approx(0.5, abs=0.01)
    strong = detect(run, photo, "--threshold", "otsu", operator=network) > 0
    assert numbers[strong].min() > numbers[~strong].max()
    assert detect(run, photo, "--threshold", "auto", operator=network).any()


def test_hysteresis_links(run: Run, photo: Path, network: Path) -> None:
    numbers = detect(run, photo, "--map", "raw", name="out.npy", operator=network)
    low, high = (float(np.percentile(numbers, share)) for share in (60, 90))
    linked = detect(run, photo, "--hysteresis", f"{low},{high}", operator=network)
    np.testing.assert_array_equal(linked, 255 * hysteresis(numbers, low, high))


def test_borders_and_masks_leave_edges_out(
    run: Run, save: Save, photo: Path, network: Path, random_soft: Array
) -> None:
    framed = detect(run, photo, "--border", "9", operator=network)
    assert not framed[:9].any()
    within_a_level(framed[9:-9, 9:-9], np.rint(255 * random_soft)[9:-9, 9:-9])
    half = np.zeros(random_soft.shape, np.uint8)
    half[:40] = 255
    masked = detect(run, photo, "--mask", str(save("mask.png", half)), operator=network)
    assert not masked[40:].any()
    within_a_level(masked[:40], np.rint(255 * random_soft)[:40])


def test_scales_are_averaged(run: Run, photo: Path, picture: Array, network: Path) -> None:
    found = detect(
        run, photo, "--scales", "0.5,1", "--map", "raw", name="out.npy", operator=network
    )  # fmt: skip
    close(found, expected_map(at_scales(soft_network(), (1.0, 0.5)), picture))


# What is learned


@pytest.mark.parametrize("name", LEARNED)
@pytest.mark.parametrize("scales", ["1", "0.5,1"])
def test_a_step_is_found(run: Run, save: Save, name: str, scales: str) -> None:
    halves = np.full((64, 80, 3), (40, 50, 60), np.uint8)
    halves[:, 40:] = (210, 190, 180)
    lines = detect(
        run, save("halves.png", halves), "--thin", "--scales", scales, "--map", "raw",
        name="out.npy", operator=name,
    )  # fmt: skip
    strongest = lines[16:-16].argmax(axis=1)
    assert set(strongest) <= {38, 39, 40, 41}
    assert lines[16:-16].max(axis=1).min() > 0.5


@pytest.mark.parametrize("name", LEARNED)
@pytest.mark.parametrize("value", [0, 90, 255])
def test_a_constant_has_no_edges(run: Run, save: Save, name: str, value: int) -> None:
    flat = save("flat.png", np.full((50, 60, 3), value, np.uint8))
    assert not detect(run, flat, "--threshold", "0.3", operator=name).any()
    assert not detect(run, flat, "--thin", "--threshold", "0.1", operator=name).any()


# How they look


def test_colours(run: Run, photo: Path, picture: Array, network: Path) -> None:
    dark = detect(run, photo, operator=network)
    np.testing.assert_array_equal(detect(run, photo, "--invert", operator=network), 255 - dark)
    assert detect(run, photo, "--colormap", "ice", operator=network).shape == (*dark.shape, 3)
    opaque = detect(run, photo, "--alpha-out", operator=network)
    np.testing.assert_array_equal(opaque[..., 1], dark)
    strong = detect(run, photo, "--threshold", "p70", operator=network) > 0
    drawn = detect(run, photo, "--overlay", "red", "--threshold", "p70", operator=network)
    assert (drawn[strong] == (255, 0, 0)).all()
    np.testing.assert_array_equal(drawn[~strong], picture[~strong])


# Images of every kind


@pytest.mark.parametrize("size", [(1, 1), (1, 17), (9, 2), (33, 31)])
def test_images_of_any_size(run: Run, save: Save, picture: Array, size: tuple[int, int]) -> None:
    small = np.ascontiguousarray(picture[: size[0], : size[1]])
    shown = detect(run, save("small.png", small), "--thin", "--scales", "0.5,1")
    assert shown.shape == size


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_grey_and_transparent_images(run: Run, save: Save, picture: Array, channels: int) -> None:
    shade = np.dstack([picture, np.full(picture.shape[:2], 128)])[..., -channels:].astype(np.uint8)
    path = save("shade.png", shade.squeeze())
    assert facts(run, path)["channels"] == "rgb"
    soft = expected_map(load_network(NETWORK), shade)
    within_a_level(detect(run, path), np.rint(255 * soft))


def test_background_is_what_transparent_images_are_laid_on(
    run: Run, save: Save, network: Path
) -> None:
    clear = np.zeros((20, 20, 4), np.uint8)
    clear[:, 10:] = (254, 254, 254, 255)
    path = save("clear.png", clear)
    white, black = (
        detect(run, path, "--background", colour, operator=network) for colour in ("white", "black")
    )
    assert np.ptp(white) < np.ptp(black) / 10


def test_deep_and_float_images(run: Run, save: Save, picture: Array, soft: Array) -> None:
    floats = save("floats.npy", picture / np.float32(255))
    within_a_level(detect(run, floats), np.rint(255 * soft))
    deep = save("deep.npy", picture.astype(np.uint16) * 257)
    within_a_level(detect(run, deep), np.rint(65535 * soft))


def test_nan_is_counted_and_refused_as_elsewhere(run: Run, refuse: Refuse, save: Save) -> None:
    spoiled = np.full((9, 9), 0.5, np.float32)
    spoiled[4, 4] = np.nan
    path = save("spoiled.npy", spoiled)
    assert facts(run, path)["nan"]["samples"] == 1
    line = refuse("detect", path, "-f", "learned", "--nan", "error", "-o", "x.png", code=1)
    assert "NaN at row 4, column 4" in line


def test_images_too_wide_for_memory_are_refused(
    refuse: Refuse, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "LARGEST_BYTES", 2**10)
    detect_it, run_it = ("detect", photo, "-f", NETWORK), ("network", "run", NETWORK, photo)
    for command, output in ((detect_it, "edges.png"), (run_it, "maps.npz"), (run_it, "maps")):
        line = refuse(*command, "-o", photo.parent / output, code=1)
        assert "bytes for the rows of its layers, more than 1,024; give a narrower image" in line
    assert [path.name for path in photo.parent.iterdir()] == [photo.name]
