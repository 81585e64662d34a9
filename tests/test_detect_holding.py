"""What is planned of memory: images in bands take little, held ones what ``--dry-run`` says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgecli.detect import holding
from edgecli.detect.holding import BYTES_PER_PIXEL, ROWS_AT_WORK, memory_of, pixels_within
from edgecli.detect.inputs import Limits, plan_input
from edgecli.detect.outputs import Job
from edgecli.detect.settings import Settings
from edgecli.errors import TooLargeError
from edgecli.geometry import PaddingMode
from edgecli.images.formats import FORMATS
from edgecli.operators.operators import load_operator
from tests.conftest import Run, noise

H, W = 500, 300
VERTICAL = Settings((load_operator("vertical"),))


def save(path: Path, *shape: int) -> str:
    Image.fromarray(noise(*(shape or (H, W)))).save(path)
    return str(path)


def planned(path: str, settings: Settings = VERTICAL, format_: str = "png") -> int:
    job = Job(path, ("edges." + format_,), FORMATS[format_])
    (result, source), *_ = plan_input(job, settings, Limits(), unread=True)
    return memory_of(result.detection, source, job)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.pgm"])
def test_an_image_in_bands_takes_some_rows_however_high_it_is(name: str, tmp_path: Path) -> None:
    for height in (H, 10 * H):
        path = save(tmp_path / name, height, W)
        assert planned(path) == ROWS_AT_WORK * W * 2


def test_more_channels_and_deeper_samples_take_more(tmp_path: Path) -> None:
    path = str(tmp_path / "a.tif")
    Image.fromarray(np.zeros((H, W), np.uint16)).save(path)
    assert planned(path, format_="tiff") == ROWS_AT_WORK * W * (2 + 2)
    assert planned(save(tmp_path / "b.png", H, W, 3)) == ROWS_AT_WORK * W * (3 + 1)
    (tmp_path / "a.pfm").write_bytes(b"Pf\n300 500\n-1\n" + np.zeros((H, W), "<f4").tobytes())
    assert planned(str(tmp_path / "a.pfm")) == ROWS_AT_WORK * W * (4 + 1)


@pytest.mark.parametrize("name", ["a.jpg", "a.jp2"])
def test_a_held_image_takes_what_the_dry_run_says(name: str, tmp_path: Path, run: Run) -> None:
    path = save(tmp_path / name)
    told = json.loads(run("detect", path, "-n", "-f", "vertical", "--report", "json").stdout)
    assert told["input"]["held_bytes"] >= H * W
    assert planned(path) == told["input"]["held_bytes"] + ROWS_AT_WORK * W * 2


def test_whoever_keeps_more_takes_the_most(tmp_path: Path) -> None:
    path, most = save(tmp_path / "a.png"), BYTES_PER_PIXEL * H * W
    canny = Settings((load_operator("canny"),))
    circular = Settings(VERTICAL.operators, padding_mode=PaddingMode("circular"))
    fitted = Settings(VERTICAL.operators, map="minmax")
    learned = Settings((load_operator("learned-small"),))
    assert [planned(path, one) for one in (canny, circular, fitted, learned)] == [most] * 4
    assert planned(path, format_="jpeg") == most


def test_an_image_may_have_its_pixels_where_its_bytes_fit(tmp_path: Path) -> None:
    job = Job(save(tmp_path / "a.png"), ("edges.png",), FORMATS["png"])
    enough = ROWS_AT_WORK * W * 2
    assert pixels_within(job, VERTICAL, Limits(), enough) == H * W
    assert pixels_within(job, VERTICAL, Limits(), enough - 1) == 0
    assert pixels_within(job, VERTICAL, Limits(all_frames=True), enough) == 0
    with pytest.raises(TooLargeError):
        pixels_within(job, VERTICAL, Limits(max_pixels=H * W - 1), enough)


def test_what_cannot_be_planned_undecoded_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "plan_input", None)
    job = Job(save(tmp_path / "a.gif"), ("edges.png",), FORMATS["png"])
    assert pixels_within(job, VERTICAL, Limits(), 2**40) == 0
