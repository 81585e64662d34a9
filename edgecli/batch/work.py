"""One input, in whatever process: edge maps written, hashes taken, a line for the journal."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from edgecli.batch.journal import file_hash, write_line
from edgecli.detect.detection import Detection, plan_detection
from edgecli.detect.jobs import Limits, Result, Target, detect_input
from edgecli.detect.settings import Settings
from edgecli.errors import EdgeCliError, ImageError, TooLargeError
from edgecli.images.files import unreadable
from edgecli.images.pillow_guard import lent_once
from edgecli.records import dataclass, field, replace

Facts = dict[str, Any]

MOST_PLANS = 64
"""Sizes of images whose plans a worker keeps."""


class Job(NamedTuple):
    """An input, the name that the journal knows it by, and where its edge maps go."""

    path: str
    key: str
    folder: str
    stem: str


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

    def target(self, folder: str, stem: str) -> Target:
        """Return where the edge maps of an input go."""
        place = os.path.join(self.output, folder, "")
        return Target(place, self.format, folder=True, no_clobber=self.no_clobber, stem=stem)

    def __call__(self, job: Job, alone: bool = False) -> Outcome:
        """Find an input's edges; whatever goes wrong is an outcome too."""
        try:
            return self._detect(job, alone=alone)
        except EdgeCliError as error:
            over_its_share = not alone and self.share < self.limits.max_pixels
            if over_its_share and isinstance(error, TooLargeError):
                return Outcome("large")
            return Outcome("failed", error=" ".join(str(error).split()))
        except MemoryError:
            reason = "needs more memory than there is; make it smaller, or give fewer --jobs"
            return Outcome("failed", error=f"image {job.path} {reason}")
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            return Outcome("failed", error=f"image {job.path} met an internal error, {reason}")

    def _detect(self, job: Job, *, alone: bool) -> Outcome:
        before = _status(job.path)
        settings, limits = self.settings, self.limits
        if alone:
            settings = replace(settings, threads=self.threads)
        else:
            limits = replace(limits, max_pixels=min(self.share, limits.max_pixels))
        target = self.target(job.folder, job.stem)
        with lent_once():
            results = detect_input(job.path, settings, target, limits, plan=self.plans)
        digest = _hash(job.path)
        if _status(job.path) != before:
            raise ImageError(f"image {job.path} changed while it was read; run the batch again")
        written = self._written(results)
        kept = any(result.kept for result in results)
        entry = {
            "input": job.key,
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
