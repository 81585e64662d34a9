"""What only Python can ask for: calls that are refused, by the words of the refusal."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from concurrent.futures import Executor
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

import edgecli
from edgecli.cli import main
from edgecli.conv.engine import convolve
from edgecli.detect.inputs import Limits
from edgecli.detect.jobs import detect_input
from edgecli.detect.maps import Lines
from edgecli.detect.outputs import Target, name_job
from edgecli.detect.settings import Settings
from edgecli.detect.shares import Share, Work, Workers, compute_share
from edgecli.evaluate.measuring import Measure
from edgecli.evaluate.truths import Pair, read_truths
from edgecli.filters import FilterBank
from edgecli.filters.bank import check_shape, concatenate
from edgecli.filters.builtin import builtin_filter
from edgecli.filters.learn import Task, learn
from edgecli.geometry import Window
from edgecli.images.colour import to_volume
from edgecli.images.netpbm import read_image
from edgecli.images.pillow.writing import check_writable
from edgecli.images.png.writing import PngSink
from edgecli.images.yuv4mpeg import read_frames
from edgecli.networks.files import load_network
from edgecli.networks.forward import forward
from edgecli.networks.layers import Convolution, named_filters
from edgecli.networks.network import Network
from edgecli.rows.workers import chosen_threads
from edgecli.strokes.base import Finish
from tests.detections import settings_of
from tests.elsewhere import Elsewhere, Lost

_GREY = np.zeros((4, 4), np.uint8)
_BANK = FilterBank(np.ones((2, 1, 3, 3)))


def _configured(text: str | None) -> None:
    """Run a command under a configuration; None is one that is not there."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = os.path.join(folder, "edgecli.toml")
        if text is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        patch.setenv("EDGECLI_CONFIG", path)
        main(["detect", "grey.png"], standalone_mode=False)


def _truths(name: str, content: bytes | dict[str, Any]) -> Any:
    """Read a MATLAB file of bytes or variables."""
    with TemporaryDirectory() as folder:
        path = os.path.join(folder, name)
        if isinstance(content, bytes):
            with open(path, "wb") as file:
                file.write(content)
        else:
            savemat(path, content)
        return read_truths([path], 99, [])


def _compared(strength: list[list[float]], truth: list[list[float]]) -> Any:
    """Measure a map against a truth."""
    with TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("map.npy", "truth.npy")]
        for path, array in zip(paths, (strength, truth), strict=True):
            np.save(path, np.array(array))
        return Measure((0.5,))(Pair("map", paths[0], (paths[1],)))


def _shared(executor: Executor, images: int = 1) -> Any:
    """Let an executor do the work of a file of images; of none, of a file that is not there."""
    with TemporaryDirectory() as folder:
        path, settings = os.path.join(folder, "x.pgm"), settings_of("sobel")
        job = name_job(path, settings, Target(os.path.join(folder, "map.png")))
        work = Work(job, settings, Limits(), 1, measured=True)
        if not images:
            return compute_share(work, Share((0, 1), (0, 1)))
        with open(path, "wb") as file:
            file.write(images * b"P5 1 1 255 a")
        return detect_input(job, settings, Limits(), crew=Workers(executor, work))


CALLS: dict[str, Callable[[], Any]] = {
    "give integers or floats": lambda: convolve(_GREY.astype(complex), "sobel-x"),
    "give (H, W) or (C, H, W)": lambda: convolve(np.zeros((1, 2, 3, 4)), "sobel-x"),
    "out has shape": lambda: convolve(_GREY, "sobel-x", out=np.zeros((1, 1, 1))),
    "use edgecli.convolve": lambda: edgecli.detect_edges(_GREY, "vertical", map="raw"),
    "give one operator, or": lambda: edgecli.find_strokes(_GREY, ["sobel", "log:2"]),
    "simplify must be": lambda: Finish(-1),
    "border must be 0": lambda: Lines(border=-1),
    "choose from gray": lambda: Settings((), channels="cyan"),
    "none was given": lambda: concatenate([]),
    "exceed the limit of 1 GiB": lambda: check_shape((1, 1, 20000, 20000)),
    "one kernel size": lambda: named_filters(["sobel-x", "gaussian"]),
    "a network has 1 to": lambda: Network("x", (1, 8, 8), ()),
    "write a number from 1": lambda: Convolution(0, (3, 3)),
    "weights have four dimensions": lambda: FilterBank(np.ones((3, 3))),
    "one name per filter": lambda: FilterBank(np.ones((2, 1, 3, 3)), names=["a"]),
    "filters are selected by 0 … 1": lambda: _BANK.select([7]),
    "a regular array": lambda: FilterBank([[[["a"]]]]),
    "is unknown": lambda: builtin_filter("sobell"),
    "there is no pair": lambda: learn([], Task((3, 3)), to_volume),
    "padding must be 0": lambda: Window((3, 3), padding=(-1, 0, 0, 0)),
    "image is empty": lambda: Window((3, 3)).over(0, 5),
    "stride must be 1": lambda: Window((3, 3), stride=(0, 1)),
    "not P1 to P7": lambda: read_image(io.BytesIO(b"P9"), "x", max_pixels=9),
    "samples; use --depth 8": lambda: check_writable("jpeg", (2, 2, 1), np.dtype("u2")),
    "5 channels": lambda: check_writable("jpeg", (2, 2, 5), np.dtype("u1")),
    "write .npy instead": lambda: PngSink(io.BytesIO(), (0, 1, 1), np.dtype("u1")),
    "not YUV4MPEG2": lambda: next(read_frames(io.BytesIO(b"x\n"), "x", max_pixels=9)),
    "draw them with random_weights": lambda: forward(
        load_network("example-convnet"), np.zeros((3, 39, 39), np.float32)
    ),
    "give (H, W) or (H, W, C)": lambda: edgecli.detect_edges(np.zeros((2, 2, 9))),
    "give integers up to": lambda: edgecli.detect_edges(_GREY.astype(complex)),
    "threads must be 1": lambda: chosen_threads(0),
    "cannot be read: ": lambda: _configured("["),
    "check it, or the EDGECLI_CONFIG": lambda: _configured(None),
    "neither defaults nor styles": lambda: _configured("[default]"),
    "where a table is to be": lambda: _configured("styles = 3"),
    "is no option of a style": lambda: _configured("[defaults]\nzzz = 3"),
    "is no MATLAB file of": lambda: _truths("a.mat", b"x"),
    "holds no boundaries": lambda: _truths("a.mat", {"groundTruth": np.empty((0, 0), object)}),
    "give maps of the truth's size": lambda: _compared([[0, 255]], [[0]]),
    "as floats of 0 to 1": lambda: _compared([[0.0, 255.0]], [[0, 1]]),
    "is followed by others": lambda: _shared(Elsewhere(), images=2),
    "was lost with its workers": lambda: _shared(Lost()),
    "is not there for a worker": lambda: _shared(Elsewhere(), images=0),
    "is true or false": lambda: _configured("[defaults]\nthin = 3"),
    "is not in the range": lambda: _configured("[defaults]\nstroke = 0"),
}  # fmt: skip
"""A refusal, by some of its words."""
