"""One image on many machines: shares of its rows, on any executor whose workers see its file.

Whoever asks plans the image, and so does every worker, which gives the same strips. A share is some
of them: a worker opens the image by its path, reads the rows that they need, halos included, and
sends back what threads of this process would have given, to be written in order. So everything is
found as on one machine: lines are joined across shares as they are across bands. Maps in a store of
chunks need not travel: a worker writes the chunks of its rows itself. A share that is computed
again, its worker lost, gives and writes the same bytes.
"""

from __future__ import annotations

import copyreg
import io
import math
import os
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from typing import TYPE_CHECKING, Any

from edgecli.detect.files import Files
from edgecli.detect.inputs import Limits, Result, plan_input
from edgecli.detect.outputs import Job
from edgecli.detect.parcels import Parcel, fetch, leave, parcels_beside
from edgecli.detect.plan import Detection
from edgecli.detect.run import Told, cut_strips, readers_of
from edgecli.detect.settings import Settings
from edgecli.errors import EdgeCliError, ImageError, UsageError
from edgecli.geometry import bands
from edgecli.images.formats import Format
from edgecli.images.nodata import counted
from edgecli.images.sources import FloatCheck
from edgecli.images.zarr.store import Stored
from edgecli.images.zarr.writing import ZarrSink
from edgecli.records import dataclass, field, replace
from edgecli.rows.arrays import KeepingSink
from edgecli.rows.base import Sink, Source, Span
from edgecli.rows.blas import one_blas_thread
from edgecli.rows.graph import Strip
from edgecli.rows.running import Outcome, Running

if TYPE_CHECKING:
    from edgecli.strokes.base import Canvas

MOST_PIXELS = 2**25
"""Pixels of a share at most: what is lost with a worker, and comes at a time."""

copyreg.pickle(memoryview, lambda data: (memoryview, (bytes(data),)))  # rows that some sinks take


@dataclass(frozen=True)
class Share:
    """Strips ``[first, last)`` of an image, and the rows whose chunks are written with them."""

    strips: Span
    rows: Span


@dataclass(frozen=True)
class Part:
    """What came of a share: of each of its strips, and what was seen of the image.

    ``missing`` are its pixels of no data, ``nans``, ``low`` and ``high`` those of a float image.
    """

    outcomes: list[Outcome]
    notes: list[str]
    missing: int = 0
    nans: int = 0
    low: float = math.inf
    high: float = -math.inf


@dataclass(frozen=True)
class Work:
    """What is done to every share of an image.

    ``threads`` are those of all workers, by which a network's strips are cut. ``stores`` are the
    folders of the outputs that are stores of chunks, by their names, ``parcels`` is the one where
    parts are left.
    """

    job: Job
    settings: Settings
    limits: Limits
    threads: int
    measured: bool
    stores: Mapping[str, str] = field(default_factory=dict)
    parcels: str = ""

    def opened(self, format_: Format, path: str) -> AbstractContextManager[Any]:
        """Open a store, or what a sink needs to encode rows, and nobody reads."""
        return nullcontext(self.stores[path] if format_.folder else io.BytesIO())


@dataclass(frozen=True)
class Workers:
    """A crew on an executor: what ``start_detection`` lets do an image's work."""

    executor: Executor
    work: Work

    @property
    def threads(self) -> int:
        """Return how many shares are computed at a time."""
        return self.work.threads

    def outcomes(
        self,
        detection: Detection,
        source: Source,
        sinks: Sequence[Sink | Canvas],
        strips: Sequence[Strip],
        told: Told | None,
    ) -> Iterator[Outcome]:
        """Yield what comes of each strip, in order; the source is told what was seen of it."""
        outputs = zip(self.work.job.outputs, map(_store_of, sinks), strict=True)
        stores = {path: stored.path for path, stored in outputs if stored is not None}
        shares = cut_shares(detection, strips, self.threads, _chunk_rows(detection, sinks))
        with parcels_beside(self.work.job.outputs[0]) as folder:
            settings = replace(self.work.settings, threads=1)  # for each share
            job = replace(self.work.job, world_file=False)  # which is written here
            work = replace(self.work, job=job, settings=settings, stores=stores, parcels=folder)
            for share, part in self._parts(work, shares):
                _tell(source, part)
                if told is not None:
                    told(share.rows[1] - share.rows[0])
                yield from part.outcomes

    def _parts(self, work: Work, shares: Sequence[Share]) -> Iterator[tuple[Share, Part]]:
        """Yield what comes of each share, in order, with two for each thread in flight."""
        pending: deque[tuple[Share, Future[Part | Parcel]]] = deque()
        try:
            for share in shares:
                future = self.executor.submit(compute_share, work, share)
                pending.append((share, future))
                if len(pending) >= 2 * self.threads:
                    yield pending[0][0], self._result(pending.popleft()[1])
            while pending:
                yield pending[0][0], self._result(pending.popleft()[1])
        finally:
            for _, future in pending:
                future.cancel()

    def _result(self, future: Future[Part | Parcel]) -> Part:
        """Return what a share gave; whatever happened to its worker is the image's error."""
        try:
            part: Part = fetch(future.result())
        except EdgeCliError:
            raise
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise EdgeCliError(
                f"image {self.work.job.path} was lost with its workers ({reason}); see what they "
                "say of it, and run it again"
            ) from error
        return part


def _tell(source: Source, part: Part) -> None:
    """Tell a source, of which nothing was read here, what was seen of it."""
    for note in part.notes:
        if note not in source.info.notes:
            source.info.notes.append(note)
    if source.info.gaps is not None:
        source.info.gaps.pixels += part.missing
    if isinstance(source, FloatCheck):
        source.add(part.nans, part.low, part.high)


def _store_of(sink: Sink | Canvas) -> Stored | None:
    """Return the store that a sink writes to, if it is one."""
    match sink:
        case ZarrSink(stored=stored):
            return stored
        case KeepingSink(sink=other):
            return _store_of(other)
    return None


def _written_there(
    detection: Detection, sinks: Sequence[Sink | Canvas]
) -> Iterator[tuple[int, ZarrSink]]:
    """Yield the maps whose chunks are written where they are computed, by their numbers.

    Those that need the whole image are not, nor those of a network, whose strips may be too low.
    """
    for number, (plan, sink) in enumerate(zip(detection.plans, sinks, strict=True)):
        if isinstance(sink, ZarrSink) and not plan.whole and detection.settings.network is None:
            yield number, sink


def _chunk_rows(detection: Detection, sinks: Sequence[Sink | Canvas]) -> int:
    """Return how many rows no two shares may divide; 1 where no chunks are written."""
    written = _written_there(detection, sinks)
    return math.lcm(1, *(sink.stored.chunk_rows for _, sink in written))


def cut_shares(
    detection: Detection, strips: Sequence[Strip], threads: int, grain: int = 1
) -> list[Share]:
    """Cut strips into shares: as many for each thread, of no more than MOST_PIXELS.

    A strip is of the share that its first row is in; a share has ``grain`` rows, or a multiple.
    """
    height, width, _ = detection.map_shape
    tops = [strip.spans[-1][0] for strip in strips]
    count = -(-height * width // MOST_PIXELS)
    rows = -(-height // (-(-count // threads) * threads))
    return [
        Share((bisect_left(tops, start), bisect_left(tops, stop)), (start, stop))
        for start, stop in bands(height, rows + -rows % grain)
    ]


def compute_share(work: Work, share: Share) -> Part | Parcel:
    """Compute a share, on whatever machine; EdgeCliError where the image does not allow it."""
    path = work.job.path
    if not os.path.exists(path):
        raise ImageError(
            f"image {path} is not there for a worker; keep it in a folder that all machines see "
            "under the same path"
        )
    with ExitStack() as stack:
        images = stack.enter_context(closing(plan_input(work.job, work.settings, work.limits)))
        planned, image = next(images)
        with closing(image), one_blas_thread():
            files = Files(work.job, work.limits, stack, work.opened)
            result, source, sinks = files.begin(planned, image, None)
            part = _compute(work, share, result.detection, source, sinks)
        if share.rows[1] == result.detection.map_shape[0]:
            _refuse_more(images, path)
        left: Part | Parcel = leave(replace(part, notes=result.info.notes), work.parcels)
        return left


def _compute(
    work: Work, share: Share, detection: Detection, source: Source, sinks: Sequence[Any]
) -> Part:
    """Compute the strips of a share from the rows that they need."""
    first, last = share.strips
    readers = readers_of(detection, sinks, source.info.scale, measured=work.measured)
    of_strips, strips = cut_strips(detection, readers, work.threads)
    seen = max((strip.spans[0][1] for strip in strips[:first]), default=0)
    source = counted(source, seen)
    if detection.pixels.kind == "f":
        refuse = detection.settings.nan == "error"
        source = FloatCheck(source, refuse=refuse, first=seen)
    there = dict(_written_there(detection, sinks))
    if there and first and strips[first - 1].spans[-1][1] > share.rows[0]:
        first -= 1  # its last rows are in our chunks
    running = Running(detection.graph, source, of_strips, strips[first:last], threads=1)
    outcomes = zip(strips[first:last], running.outcomes, strict=True)
    rid = _writing(outcomes, there, share.rows)
    own = [outcome for strip, outcome in rid if strip.spans[-1][0] >= share.rows[0]]
    gaps = source.info.gaps
    part = Part(own, [], missing=gaps.pixels if gaps is not None else 0)
    if isinstance(source, FloatCheck):
        return replace(part, nans=source.nans, low=source.low, high=source.high)
    return part


def _writing(
    outcomes: Iterable[tuple[Strip, Outcome]], sinks: Mapping[int, ZarrSink], rows: Span
) -> Iterator[tuple[Strip, Outcome]]:
    """Write the chunks of some rows, of which the outcomes that are yielded are rid."""
    for sink in sinks.values():
        sink.begin_at(rows[0])
    for strip, outcome in outcomes:
        top, _ = strip.spans[-1]
        for number, sink in sinks.items():
            ((seen, taken),) = outcome.encoded[number]
            sink.write(taken[max(rows[0] - top, 0) : rows[1] - top])
            outcome.encoded[number] = [(seen, taken[:0].copy())]
        yield strip, outcome
    for sink in sinks.values():
        sink.finish()


def _refuse_more(images: Iterator[tuple[Result, Source]], path: str) -> None:
    """Raise UsageError where other images follow; read on to find what else is to be told."""
    if next(images, None) is not None:
        raise UsageError(
            f"image {path} is followed by others, and a cluster shares one; drop --scheduler, or "
            "put each in a file of its own"
        )
