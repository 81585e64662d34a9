"""One input, in whatever process: edge maps written, hashes taken, a line for the journal."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from edgecli.batch.journal import file_hash, write_line
from edgecli.detect.jobs import Limits, Result, detect_input
from edgecli.detect.outputs import Job, Outputs
from edgecli.detect.plan import Detection, plan_detection
from edgecli.detect.settings import Settings
from edgecli.errors import EdgeCliError, ImageError, TooLargeError
from edgecli.images.files import unreadable
from edgecli.images.formats import format_of
from edgecli.images.pillow_guard import lent_once
from edgecli.records import dataclass, field, replace

Facts = dict[str, Any]

MOST_PLANS = 64
"""Sizes of images whose plans a worker keeps."""


class Item(NamedTuple):
    """An input, the name that the journal knows it by, and its outputs by their paths below DIR.

    There may be a hundred thousand.
    """

    path: str
    key: str
    names: tuple[str, ...]


class Outcome(NamedTuple):
    """What became of an input, in a form that crosses between processes cheaply.

    ``status`` is ``done``, ``kept`` (all outputs were there, and were to stay), ``failed`` or
    ``large`` (more than its share of memory: to be tried again alone).
    """

    status: str
    line: str = ""  # for the journal, where it was done or kept
    pixels: int = 0
    error: str = ""


class Plans:
    """Plans of detections, made once for all images of one size and type."""

    def __init__(self) -> None:
        self._plans: dict[Any, Detection] = {}

    def __call__(
        self, settings: Settings, shape: tuple[int, int, int], dtype: np.dtype[Any]
    ) -> Detection:
        """Return the plan of an image; all settings but their depth are taken to be the same."""
        key = settings.depth, settings.threads, shape, dtype
        if key not in self._plans:
            for old in list(self._plans)[: 1 - MOST_PLANS]:  # other threads may be here, too
                self._plans.pop(old, None)
            self._plans[key] = plan_detection(settings, shape, dtype)
        return self._plans[key]


@dataclass(frozen=True)
class Work:
    """What is done to every input; it is sent to each process once.

    ``describe`` makes the report of an image. Images of more than ``share`` pixels are put off
    until they are alone, and then have all ``threads``.
    """

    settings: Settings
    format: str | None
    output: str  # DIR
    limits: Limits
    no_clobber: bool
    describe: Callable[[Result], Facts]
    identity: str  # the settings' hash
    share: int
    threads: int
    plans: Plans = field(default_factory=Plans, compare=False)

    def job(self, item: Item) -> Job:
        """Return an input with the files that its edge maps go to."""
        paths = tuple(os.path.join(self.output, name) for name in item.names)
        folder = os.path.join(os.path.dirname(paths[0]), "")
        outputs = Outputs(paths, format_of(paths[0]), folder=folder, no_clobber=self.no_clobber)
        return Job(item.path, outputs)

    def __call__(self, item: Item, alone: bool = False) -> Outcome:
        """Find an input's edges; whatever goes wrong is an outcome too."""
        try:
            return self._detect(item, alone=alone)
        except EdgeCliError as error:
            over_its_share = not alone and self.share < self.limits.max_pixels
            if over_its_share and isinstance(error, TooLargeError):
                return Outcome("large")
            return Outcome("failed", error=" ".join(str(error).split()))
        except MemoryError:
            reason = "needs more memory than there is; make it smaller, or give fewer --jobs"
            return Outcome("failed", error=f"image {item.path} {reason}")
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            return Outcome("failed", error=f"image {item.path} met an internal error, {reason}")

    def _detect(self, item: Item, *, alone: bool) -> Outcome:
        before = _status(item.path)
        settings, limits = self.settings, self.limits
        if alone:
            settings = replace(settings, threads=self.threads)
        else:
            limits = replace(limits, max_pixels=min(self.share, limits.max_pixels))
        with lent_once():
            results = detect_input(self.job(item), settings, limits, plan=self.plans)
        digest = _hash(item.path)
        if _status(item.path) != before:
            raise ImageError(f"image {item.path} changed while it was read; run the batch again")
        written = self._written(results)
        kept = any(result.kept for result in results)
        entry = {
            "input": item.key,
            "size": before[0],
            "mtime": before[1],
            "hash": digest,
            "settings": None if kept else self.identity,
            "outputs": written,
            "reports": [self.describe(result) for result in results],
        }
        done = [result.info.shape for result in results if result.measured is not None]
        pixels = sum(height * width for height, width, _ in done)
        return Outcome("done" if written else "kept", write_line(entry), pixels)

    def _written(self, results: Sequence[Result]) -> list[Facts]:
        """Return what the journal keeps of the outputs that are ours, each file once."""
        paths = dict.fromkeys(path for result in results for path in result.outputs.paths)
        kept = {path for result in results for path in result.kept}
        written = []
        for path in paths:
            if path in kept:
                continue
            size, mtime = _status(path)
            below = path[len(self.output) :].lstrip(os.sep).replace(os.sep, "/")
            written.append({"path": below, "size": size, "mtime": mtime, "hash": _hash(path)})
        return written


def _status(path: str) -> tuple[int, int]:
    """Return a file's size and modification time; ImageError where it has gone."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise unreadable(path, error) from error
    return status.st_size, status.st_mtime_ns


def _hash(path: str) -> str:
    try:
        return file_hash(path)
    except OSError as error:
        raise unreadable(path, error) from error
