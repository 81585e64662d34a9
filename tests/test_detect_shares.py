"""One image in shares, each computed elsewhere: the same files, figures and notes as in one go."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from edgecli.detect import inputs, shares
from edgecli.detect.inputs import Limits, Result
from edgecli.detect.jobs import detect_input
from edgecli.detect.maps import Lines
from edgecli.detect.outputs import Target, name_job
from edgecli.detect.settings import Settings
from edgecli.detect.shares import Work, Workers
from edgecli.errors import EdgeCliError, ImageError, UsageError
from edgecli.geometry import parse_padding_mode
from edgecli.lines.thresholds import parse_hysteresis, parse_threshold
from edgecli.paint.painting import Style
from edgecli.strokes.base import Finish
from tests.conftest import noise
from tests.detections import settings_of
from tests.elsewhere import Elsewhere, Lost
from tests.tiff_files import save_tiff

THREADS = 3
SHARES = 6

LINKED = Lines(thin=True, threshold=parse_hysteresis("20,60"))
CLEANED = Lines(thin=True, threshold=parse_hysteresis("auto"), min_length=9, close_gaps=3)
OTSU = Lines(threshold=parse_threshold("otsu"))

CASES: dict[str, tuple[str, str, Settings]] = {
    "bands": ("colour.png", "map.png", settings_of("sobel")),
    "floats": ("colour.png", "map.npy", settings_of("gaussian:3", map="raw")),
    "transforms": ("colour.png", "map.tif", settings_of("gaussian:9")),
    "a scale of all": ("colour.png", "map.png", settings_of("scharr-x", map="minmax")),
    "runs": ("colour.png", "map.png", settings_of("sobel", lines=LINKED)),
    "peaks": ("colour.png", "map.tif", settings_of("canny:1.4")),
    "cleaned": ("colour.png", "map.png", settings_of("sobel", lines=CLEANED)),
    "otsu": ("colour.png", "map.pgm", settings_of("sobel", lines=OTSU)),
    "a wide pen": ("colour.png", "map.png", settings_of("canny", style=Style(stroke=3))),
    "overlay": ("colour.png", "map.png", settings_of("canny", style=Style(overlay=(9, 9, 9)))),
    "colours": ("colour.png", "map.png", settings_of("sobel", channels="each")),
    "zero crossings": ("colour.png", "map.png", settings_of("log:2", lines=LINKED)),
    "contours": ("colour.png", "map.png", settings_of("contours")),
    "a network": ("colour.png", "map.png", settings_of("learned-small")),
    "strokes": ("colour.png", "map.svg", settings_of("canny", finish=Finish())),
    "a volume": ("colour.png", "map.npy", settings_of("sobel", "prewitt")),
    "pages": ("colour.png", "map.tif", settings_of("sobel", "canny")),
    "a file each": ("colour.png", "{filter}.png", settings_of("sobel", "canny")),
    "chunks": ("colour.png", "map.zarr", settings_of("sobel")),
    "chunks of colours": ("colour.png", "map.zarr", settings_of("sobel", channels="each")),
    "chunks of lines": ("colour.png", "map.zarr", settings_of("canny:1.4")),
    "pages of chunks": ("colour.png", "map.zarr", settings_of("sobel", "canny", depth="16")),
    "chunks of a network": ("colour.png", "map.zarr", settings_of("learned-small")),
    "chunks of few numbers": ("few.npy", "map.zarr", settings_of("sobel-x", map="raw")),
    "a stride": ("grey.npy", "map.png", settings_of("sobel", stride=(3, 2))),
    "circular": ("grey.npy", "map.png", settings_of(
        "sobel", padding_mode=parse_padding_mode("circular"))),
    "NaN": ("holes.npy", "map.tif", settings_of("sobel")),
    "NaN left out": ("holes.npy", "map.png", settings_of("canny", nan="ignore")),
    "no data": ("gaps.tif", "map.png", settings_of("sobel")),
    "no data, linked": ("gaps.tif", "map.tif", settings_of("canny:1.4")),
    "no data in contours": ("gaps.tif", "map.png", settings_of("contours")),
    "a user's no data": ("grey.npy", "map.tif", settings_of("log:2", lines=LINKED, nodata=50)),
    "unseen": ("clear.png", "map.png", settings_of("sobel")),
    "whole numbers": ("wide.npy", "map.npy", settings_of("sobel-x", map="raw")),
    "twelve bits of sixteen": ("twelve.npy", "map.png", settings_of("sobel")),
    "few numbers": ("few.npy", "map.npy", settings_of("sobel-x", map="raw")),
}  # fmt: skip
"""An input, an output and settings, by what they are an example of."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw the inputs."""
    folder = tmp_path_factory.mktemp("shares")
    smooth = gaussian_filter(noise(230, 90, 3).astype(np.float32), (2, 2, 0))
    smooth = (smooth - smooth.min()) / (smooth.max() - smooth.min())
    colour, grey = (255 * smooth).astype(np.uint8), 100 * smooth[..., 0]
    Image.fromarray(colour).save(folder / "colour.png")
    Image.fromarray(np.dstack([colour, 0 * colour[..., 0]])).save(folder / "clear.png")
    np.save(folder / "grey.npy", grey)
    np.save(folder / "wide.npy", grey.astype(np.int64) << 32)
    np.save(folder / "twelve.npy", (40 * grey).astype(np.uint16))
    np.save(folder / "few.npy", colour[:9, :9, 0])
    gaps = colour[..., 0].copy()
    gaps[30:120, 20:40] = gaps[200, 1] = 0
    save_tiff(folder / "gaps.tif", gaps, 0)
    grey[40:44, 7] = grey[200, 1] = np.nan
    np.save(folder / "holes.npy", grey)
    return folder


@pytest.fixture(autouse=True)
def low_bands(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Cut so small an image into bands, shares and chunks, none of which fits the others."""
    monkeypatch.setattr("edgecli.conv.engine.MOST_ROWS", 24)
    monkeypatch.setattr("edgecli.images.zarr.store.CHUNK", 16)
    monkeypatch.setattr(shares, "MOST_PIXELS", 230 * 90 // SHARES)
    inputs._plan.cache_clear()
    yield
    inputs._plan.cache_clear()


def detected(
    folder: Path, case: str, place: str, executor: Executor | None = None
) -> tuple[dict[str, bytes], Result]:
    """Carry out a case; return its files by name, and the result."""
    name, output, settings = CASES[case]
    if output.endswith(".zarr"):
        pytest.importorskip("zarr")
    job = name_job(str(folder / name), settings, Target(str(folder / place / case / output)))
    work = Work(job, settings, Limits(), THREADS, measured=True)
    crew = None if executor is None else Workers(executor, work)
    (result,) = detect_input(job, settings, Limits(), crew=crew)
    files = [
        path
        for top in map(Path, result.outputs)
        for path in ([top] if top.is_file() else all_in(top))
    ]
    return {str(path.relative_to(folder / place)): path.read_bytes() for path in files}, result


def all_in(folder: Path) -> list[Path]:
    """Return all files of a store."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def told(result: Result) -> tuple[Any, ...]:
    """Return what reports tell of a result."""
    measured = result.measured
    assert measured is not None
    numbers = [None if one is None else one.tolist() for one in result.numbers]
    figures = measured.extremes, measured.levels, measured.nans
    return *figures, result.info.notes, result.strokes, numbers


@pytest.mark.parametrize("case", CASES)
def test_shares_give_what_one_go_gives(folder: Path, case: str) -> None:
    """Of each share twice, as where a worker was lost after it had computed the first."""
    near, one = detected(folder, case, "near")
    executor = Elsewhere(times=2)
    far, shared = detected(folder, case, "far", executor)
    assert far == near
    assert not [*(folder / "far" / case).glob(".*")]
    assert told(shared) == told(one)
    assert shared.measured is not None
    assert shared.measured.threads == THREADS
    assert len(executor.calls) > THREADS


def test_the_largest_number_of_all_shares_is_told(folder: Path) -> None:
    """Each share has a largest of its own."""
    _, shared = detected(folder, "twelve bits of sixteen", "largest", Elsewhere())
    assert shared.info.notes == [
        "has numbers up to 3742 where white is 65535; if 4095 is white, give --white 4095"
    ]


def test_every_strip_is_of_one_share(folder: Path) -> None:
    executor = Elsewhere()
    detected(folder, "bands", "strips", executor)
    shared = [share for _, share in executor.calls]
    assert len(shared) == SHARES
    for spans, height in (
        ([share.rows for share in shared], 230),
        ([share.strips for share in shared], -(-230 // 24)),
    ):
        assert [start for start, _ in spans] == [0, *(stop for _, stop in spans[:-1])]
        assert spans[-1][1] == height


def test_chunks_are_written_where_they_are_computed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No rows of them come back, and nobody else's folder holds what does."""
    monkeypatch.setattr(shares, "parcels_beside", lambda _: nullcontext("nowhere"))
    far = Elsewhere()
    detected(folder, "chunks", "chunks", far)
    assert all(share.rows[0] % 16 == 0 for _, share in far.calls)
    taken = [rows for part in far.results for one in part.outcomes for _, rows in one.encoded[0]]
    assert [len(rows) for rows in taken] == [0] * -(-230 // 24)


def test_an_image_that_a_worker_does_not_see_is_named(folder: Path) -> None:
    settings = CASES["bands"][2]
    job = name_job(str(folder / "none.png"), settings, Target())
    work = Work(job, settings, Limits(), 1, measured=True)
    with pytest.raises(ImageError, match=r"none\.png is not there for a worker; keep it in"):
        shares.compute_share(work, shares.Share((0, 1), (0, 1)))


def test_what_happens_to_all_workers_is_one_line(folder: Path) -> None:
    with pytest.raises(EdgeCliError, match=r"was lost with its workers \(OSError: no more\); see"):
        detected(folder, "bands", "lost", Lost())


def test_images_that_follow_are_refused(folder: Path) -> None:
    path = folder / "two.pgm"
    path.write_bytes(2 * (b"P5 9 9 255\n" + noise(9, 9).tobytes()))
    settings = settings_of("sobel")
    job = name_job(str(path), settings, Target(str(folder / "two.png")))
    crew = Workers(Elsewhere(), Work(job, settings, Limits(), 1, measured=True))
    with pytest.raises(UsageError, match="is followed by others, and a cluster shares one; drop"):
        detect_input(job, settings, Limits(), crew=crew)
    assert not (folder / "two.png").exists()
