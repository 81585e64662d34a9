"""One input, in whatever process: edge maps written, hashes taken, a line for the journal."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from edgecli.batch.inputs import below
from edgecli.batch.journal import file_hash, file_state
from edgecli.detect.files import Watch
from edgecli.detect.holding import BYTES_PER_PIXEL, pixels_within
from edgecli.detect.inputs import Limits, Result
from edgecli.detect.jobs import detect_input
from edgecli.detect.outputs import Job, Target, gives_numbers
from edgecli.detect.settings import Settings
from edgecli.detect.sheet import Sheet, Tiles, detect_grid
from edgecli.detect.templates import literal
from edgecli.errors import EdgeCliError, ImageError, TooLargeError, is_full
from edgecli.images.files import MAY_BE_FLOATS, is_named_as_grid, unreadable
from edgecli.images.formats import format_of
from edgecli.images.limits import note_lines
from edgecli.images.pillow.guard import lent_once
from edgecli.records import dataclass, replace
from edgecli.rows.base import Rows

Facts = dict[str, Any]
T = TypeVar("T")


class Item(NamedTuple):
    """An input, the name that the journal knows it by, and its outputs by their paths below DIR.

    These are templates (``detect/templates.py``), in which the number of a frame may be left.
    """

    path: str
    key: str
    templates: tuple[str, ...]

    def names(self, frame: int = 1) -> tuple[str, ...]:
        """Return the paths of the outputs, of one frame where each has its own."""
        return tuple(template.format(frame=frame) for template in self.templates)


class Outcome(NamedTuple):
    """What became of an input, in a form that crosses between processes cheaply.

    ``status`` is ``done``, ``kept`` (all outputs were there, and were to stay), ``failed``,
    ``full`` (failed, as the disk has no room) or ``large`` (more than its share of memory, or than
    there was: to be tried again alone).
    """

    status: str
    line: str = ""  # for the journal, where it was done or kept
    pixels: int = 0
    error: str = ""
    notes: tuple[str, ...] = ()  # lines of what is to be known of its images
    maps: int = 0  # edge maps that were written
    pictures: tuple[Rows, ...] = ()  # of them, as small as a terminal


@dataclass(frozen=True)
class Work:
    """What is done to every input; it is sent to each process once.

    ``tiles`` are those of a contact sheet, which is made in place of edge maps. ``shrinking`` makes
    what hands on small pictures of edge maps. Images that take more than ``share`` bytes wait until
    they are alone, and then have all ``threads``.
    """

    settings: Settings
    target: Target  # a folder: DIR
    output: str  # DIR
    limits: Limits
    describe: Callable[[Result | Sheet], Facts]  # makes the report of an image
    identity: str  # the settings' hash
    share: int
    threads: int
    tiles: Tiles | None = None
    shrinking: Callable[[Callable[[Rows], None]], Watch] | None = None

    def job(self, item: Item) -> Job:
        """Return an input with the files that its edge maps go to."""
        folder = literal(self.output)
        files = tuple(os.path.join(folder, template) for template in item.templates)
        format_ = self.target.format_of(item.path) or format_of(files[0])
        numbers = self.gives_numbers(item.path)
        return self.target.job_of(item.path, files, format_, numbers=numbers)

    def gives_numbers(self, path: str) -> bool:
        """Whether an input's edge maps are numbers; only files that are named so are opened."""
        named = is_named_as_grid(path) or path.lower().endswith(MAY_BE_FLOATS)
        return named and gives_numbers(path, self.settings, self.target)

    def __call__(self, item: Item, alone: bool = False) -> Outcome:
        """Find an input's edges; whatever goes wrong is an outcome too."""
        try:
            return self._detect(item, alone=alone)
        except EdgeCliError as error:
            if not alone and isinstance(error, TooLargeError):
                return Outcome("large")
            return Outcome(
                "full" if is_full(error) else "failed", error=" ".join(str(error).split())
            )
        except MemoryError:
            if not alone:
                return Outcome("large")
            reason = "needs more memory than there is, even alone; make it smaller"
            return Outcome("failed", error=f"image {item.path} {reason}")
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            return Outcome("failed", error=f"image {item.path} met an internal error, {reason}")

    def _detect(self, item: Item, *, alone: bool) -> Outcome:
        before = _status(item.path)
        pictures: list[Rows] = []
        results = self._results(self.job(item), pictures.append, alone=alone)
        state = _state(item.path)
        if (state["size"], state["mtime"]) != before:
            raise ImageError(f"image {item.path} changed while it was read; run the batch again")
        kept = {path for result in results for path in result.kept}
        paths = dict.fromkeys(path for result in results for path in result.outputs)
        ours = [path for path in paths if path not in kept]
        beside = {name: path for r in results for path in ours for name in r.beside.get(path, ())}
        written = [self._entry(path) for path in ours]
        written += [self._entry(name) | {"of": self._name(path)} for name, path in beside.items()]
        entry = {
            "input": item.key,
            **state,
            "settings": None if kept else self.identity,
            "outputs": written,
            "reports": [self.describe(result) for result in results],
        }
        done = [result.info.shape for result in results if result.kept != result.outputs]
        pixels = sum(height * width for height, width, _ in done)
        notes = tuple(line for result in results for line in note_lines(result.info))
        status = "done" if written else "kept"
        drawn = tuple(pictures)
        return Outcome(status, json.dumps(entry), pixels, "", notes, len(ours), drawn)

    def _entry(self, path: str) -> Facts:
        """Return what the journal says of a file that was written."""
        return {"path": self._name(path)} | _state(path)

    def _name(self, path: str) -> str:
        return below(self.output, path)

    def _results(
        self, job: Job, draw: Callable[[Rows], None], *, alone: bool
    ) -> Sequence[Result | Sheet]:
        """Find the edges of an input; beside others it has their number of threads, and a share."""
        settings, tiles, limits = self.settings, self.tiles, self.limits
        if alone:
            settings = replace(settings, threads=self.threads)
            tiles = tiles.on(self.threads) if tiles else None
        else:
            most = max(self.share // BYTES_PER_PIXEL, 1)
            limits = replace(limits, max_pixels=min(most, limits.max_pixels))
        if tiles is not None:
            return [detect_grid(job, tiles, limits)]
        watch = self.shrinking(draw) if self.shrinking else None
        with lent_once():
            try:
                return detect_input(job, settings, limits, watch)
            except TooLargeError:
                most = 0 if alone else pixels_within(job, settings, self.limits, self.share)
                if not most:
                    raise
            return detect_input(job, settings, replace(limits, max_pixels=most), watch)


def _state(path: str) -> Facts:
    """Return what tells whether a file has changed, the hash taken first."""
    digest = _readable(path, file_hash)
    size, mtime = _status(path)
    return {"size": size, "mtime": mtime, "hash": digest}


def _status(path: str) -> tuple[int, int]:
    return _readable(path, file_state)


def _readable(path: str, read: Callable[[str], T]) -> T:
    """Return what a function reads of a file; ImageError where it cannot."""
    try:
        return read(path)
    except OSError as error:
        raise unreadable(path, error) from error
