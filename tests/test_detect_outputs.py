"""Which formats may hold an edge map: refused before any image is opened where none would fit."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecli.detect.inputs import Limits, plan_input
from edgecli.detect.maps import Lines
from edgecli.detect.outputs import Target, choose_format, name_job
from edgecli.errors import UsageError
from edgecli.images.formats import FILES
from edgecli.lines.thresholds import AUTO
from edgecli.paint.painting import Style
from tests.conftest import Save, noise
from tests.detections import settings_of

WAYS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("sobel", {}),
    ("sobel", {"depth": "16"}),
    ("sobel", {"depth": "float"}),
    ("sobel", {"channels": "each"}),
    ("sobel", {"style": Style(paper=None)}),
    ("sobel", {"style": Style(overlay=(255, 0, 0)), "depth": "float"}),
    ("sobel", {"style": Style(colormap="ice", paper=None)}),
    ("sobel", {"combine": "direction"}),
    ("sobel", {"map": "raw", "combine": "direction"}),
    ("sobel", {"map": "raw"}),
    ("vertical", {"map": "raw"}),
    ("vertical", {"map": "raw", "depth": "8"}),
    ("kirsch", {"map": "raw", "channels": "each"}),
    ("log:2", {"map": "raw", "lines": Lines(thin=True)}),
    ("log:2", {"map": "raw", "lines": Lines(threshold=AUTO)}),
    ("canny", {"map": "raw"}),
    ("canny", {"map": "raw", "combine": "direction"}),
    ("contours", {"map": "raw"}),
    ("learned-small", {"map": "raw"}),
)


@pytest.mark.parametrize(("name", "options"), WAYS)
def test_formats_are_refused_at_once_where_no_image_would_fit(
    save: Save, name: str, options: dict[str, Any]
) -> None:
    pictures = [noise(8, 9), noise(8, 9, 3), noise(8, 9).astype(np.uint16), np.ones((8, 9))]
    shown = []
    for number, pixels in enumerate(pictures):
        path = save(f"{number}.npy", pixels)
        chosen = settings_of(name, **options)
        job = name_job(str(path), chosen, Target(format="npy"))
        ((result, source),) = plan_input(job, chosen, Limits())
        source.close()
        shown.append(result.detection)
    for format_ in FILES:
        fits = [
            one.sample_types[0].name in format_.samples and one.written_shape[2] in format_.channels
            for one in shown
        ]
        with nullcontext() if any(fits) else pytest.raises(UsageError, match="cannot hold"):
            name_job("photo.png", settings_of(name, **options), Target(format=format_.name))


def test_one_map_of_several_that_does_not_fit_is_enough() -> None:
    for names in (("canny", "vertical"), ("vertical", "canny")):
        with pytest.raises(UsageError, match="png cannot hold signed numbers; choose from tiff"):
            name_job("photo.png", settings_of(*names, map="raw"), Target(format="png"))


def test_a_device_that_says_no_format_takes_png(tmp_path: Path) -> None:
    settings = settings_of("sobel")
    for name, said in (("pipe", "png"), ("pipe.npy", "npy")):
        os.mkfifo(tmp_path / name)
        assert choose_format("a.jpg", settings, Target(str(tmp_path / name))).name == said
    assert choose_format("a.jpg", settings, Target(os.devnull)).name == "png"
    assert choose_format("a.jpg", settings_of("sobel", map="raw"), Target(os.devnull)).name == "npy"
