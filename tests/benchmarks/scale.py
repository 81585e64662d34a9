"""What very many photos cost, and one very large picture, here and on a cluster.

    python -m tests.benchmarks.scale [--only REGEX] [--photos N] [--side N] [--workers N]...

Processor time is counted, of all processes that take part, as a busy machine makes wall time say
little. A cluster's workers are on this machine: more of them than it has cores show what
scheduling costs, and no gain.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from distributed import Client
from numpy.typing import NDArray

from edgecli.detect.plan import plan_detection
from edgecli.detect.run import run_detection
from edgecli.detect.settings import Settings
from edgecli.images.files import open_images
from edgecli.images.png.writing import PngSink
from edgecli.operators.operators import load_operator
from edgecli.rows.arrays import ArraySink, ArraySource
from tests.benchmarks.process import MEGABYTE, run, workplace
from tests.benchmarks.process_work import edgecli
from tests.benchmarks.timing import common_options, machine, print_table, run_apart, say
from tests.clusters import cluster

SIZES = {"481×321": (321, 481), "12 MP": (3000, 4000)}
"""The photos, as wide × high and as height and width."""

DETECTORS = {
    "sobel": (400, 20), "canny": (400, 20), "contours": (60, 4), "learned-small": (60, 4),
    "learned": (20, 2),
}  # fmt: skip
"""How many photos of each size are enough to time."""

BILLION = 10**9
IDLE = 5.0  # seconds, over which a cluster without work is looked at
YEAR = 365.25 * 24  # hours
HOUR = 3600  # seconds

Row = list[str]


def photos(folder: Path, size: str, count: int) -> str:
    """Draw photos, unless they are there; return their folder's name."""
    height, width = SIZES[size]
    name = f"{count}-{height}"
    if not (folder / name).exists():
        run_apart("pictures", "many", str(folder / name), *map(str, (count, height, width)))
    return name


def fresh(command: str) -> str:
    """Return a command that first removes what an earlier one has written to ``edges``."""
    return f"rm -rf edges && {command}"


def per_photo(folder: Path, share: float) -> Iterator[Row]:
    """Yield what each detector takes of each size of photo, one at a time on one core."""
    for size, place in zip(SIZES, range(len(SIZES)), strict=True):
        for name, counts in DETECTORS.items():
            count = max(round(counts[place] * share), 1)
            say(f"{name}, {size}")
            command = f"batch {photos(folder, size, count)} -o edges -f {name} -q"
            cost = run(fresh(f"{edgecli()} {command} --jobs 1 --threads 1"), folder)
            written = sum(path.stat().st_size for path in (folder / "edges").glob("*.png"))
            seconds = (cost.cpu or 0) / count
            yield [
                name,
                size,
                f"{seconds:.3g}",
                f"{HOUR / seconds:,.0f}",
                f"{BILLION * seconds / HOUR / YEAR:,.1f}",
                f"{written / count / 1000:,.0f}",
            ]


def parts(folder: Path, share: float) -> Iterator[Row]:
    """Yield where the time of one photo goes: it is decoded, its edges found, their map written."""
    del share
    for size in SIZES:
        path = str(next((folder / photos(folder, size, 1)).iterdir()))
        for name in DETECTORS:
            say(f"parts of {name}, {size}")
            settings = Settings((load_operator(name),), threads=1)
            costs = np.min([_parts_of(path, settings) for _ in range(3)], axis=0)
            shown = [f"{1000 * cost:,.1f}" for cost in costs]
            yield [name, size, *shown, f"{sum(costs) * 1000:,.1f}"]


def _parts_of(path: str, settings: Settings) -> tuple[float, float, float]:
    """Return the processor time of decoding a photo, of finding its edges, of writing their map."""
    started = time.process_time()
    source = next(open_images(path, max_pixels=2**31, grey=settings.grey))
    (rows,) = source.blocks([(0, source.shape[0])])
    decoded = time.process_time()
    detection = plan_detection(settings, source.shape, source.dtype)
    sink = ArraySink(detection.written_shape, detection.sample_types[0])
    run_detection(detection, ArraySource(rows, source.info), [sink], measured=False)
    found = time.process_time()
    file = io.BytesIO()
    png = PngSink(file, detection.written_shape, sink.array.dtype)
    for start, stop in detection.cuts:
        png.write(png.encode(sink.array[start:stop]))
    png.finish()
    return decoded - started, found - decoded, time.process_time() - found


def many(folder: Path, share: float) -> Iterator[Row]:
    """Yield what every input costs, however small its picture: time, memory, journal."""
    count = max(round(50_000 * share), 1000)
    run_apart("pictures", "tiny", str(folder / "tiny"), str(count))
    command = f"{edgecli()} batch tiny -o edges -f vertical -q --jobs 2"
    for name, line in (("first run", fresh(command)), ("nothing left to do", command)):
        say(f"{count:,} tiny pictures, {name}")
        cost = run(line, folder)
        journal = (folder / "edges" / ".edgecli-batch.jsonl").stat().st_size
        yield [
            name,
            f"{count:,}",
            f"{1000 * (cost.cpu or 0) / count:.2f}",
            f"{(cost.peak or 0) / MEGABYTE:,.0f}",
            f"{journal / count:,.0f}",
        ]


class Shared(NamedTuple):
    """What a command took of a processor, beside what Dask takes of it ``idle`` meanwhile."""

    command: float
    scheduler: float
    workers: float
    idle: float

    @property
    def together(self) -> float:
        """What was taken for the work."""
        return self.command + self.scheduler + self.workers


class Clustered:
    """A cluster of this machine, and the processor time that its parts have taken."""

    def __init__(self, address: str, client: Any) -> None:
        self._address, self._client = address, client
        before = self._times()
        time.sleep(IDLE)
        self._idle = (self._times() - before) / IDLE  # processor seconds in a second

    def _times(self) -> NDArray[np.float64]:
        """Return the processor time of the scheduler, and of all workers."""
        workers = self._client.run(time.process_time)
        return np.array([self._client.run_on_scheduler(time.process_time), sum(workers.values())])

    def run(self, command: str, folder: Path) -> Shared:
        """Run a command on the cluster."""
        before = self._times()
        cost = run(f"{command} --scheduler {self._address}", folder)
        idle = self._idle * cost.seconds
        scheduler, workers = np.maximum(self._times() - before - idle, 0)
        return Shared(cost.cpu or 0, scheduler, workers, sum(idle))


@contextmanager
def clustered(workers: int) -> Iterator[Clustered]:
    """Start a cluster of so many workers of a thread each, that have loaded what they need."""
    connect: Any = Client
    with cluster(workers) as address, connect(address, set_as_default=False) as client:
        client.wait_for_workers(workers)
        client.run(_warm)
        yield Clustered(address, client)


def _warm() -> None:
    """Load what a worker loads for its first image."""
    import edgecli.batch.work
    import edgecli.detect.shares
    from edgecli.images.foreign import ZARR

    _ = edgecli.batch.work, edgecli.detect.shares, ZARR.library("")


def batches(folder: Path, share: float, sizes: Sequence[int]) -> Iterator[Row]:
    """Yield what a batch of small photos takes on processes of this machine, and on clusters."""
    count = max(round(400 * share), 1)
    command = f"{edgecli()} batch {photos(folder, '481×321', count)} -o edges -f sobel -q"
    say("a batch on processes")
    cost = run(fresh(f"{command} --jobs 2"), folder)
    yield _batch_row("2 processes", count, Shared(cost.cpu or 0, 0, 0, 0))
    for workers in sizes:
        say(f"a batch on {workers} workers")
        with clustered(workers) as far:
            far.run(fresh(command), folder)  # workers load what they need
            yield _batch_row(f"{workers} workers", count, far.run(fresh(command), folder))


def _batch_row(name: str, count: int, cost: Shared) -> Row:
    parts = (cost.together, cost.command, cost.scheduler, cost.workers, cost.idle)
    return [name, f"{count}", *(f"{1000 * part / count:.1f}" for part in parts)]


def shared(folder: Path, side: int, sizes: Sequence[int]) -> Iterator[Row]:
    """Yield what one large picture takes on threads of this machine, and on clusters.

    Both take turns, as the machine's own time may change from one to the next. What Dask takes
    meanwhile without any work is told apart.
    """
    draw_large(folder / "large.npy", side)
    for options in ("-f sobel", "-f canny:1.4", "-f canny:1.4 --hysteresis 20,60"):
        command = f"{edgecli()} detect large.npy {options} -q -o edges/map{STORE}"
        for workers in sizes:
            say(f"one picture on {workers} workers, {options}")
            with clustered(workers) as far:
                alone, cost = _take_turns(command, folder, far)
            times = (alone, cost.together, cost.command, cost.idle)
            ratio = f"{cost.together / alone:.2f}"
            yield [options[3:], f"{workers}", *(f"{seconds:.1f}" for seconds in times), ratio]


STORE = ".zarr"


def _take_turns(
    command: str, folder: Path, far: Clustered, rounds: int = 2
) -> tuple[float, Shared]:
    """Return the cheapest of some runs here, and on a cluster, of which the bytes are compared."""
    here, there = [], []
    for _ in range(rounds):
        here.append(run(fresh(command), folder).cpu or 0)
        run(f"rm -rf near{STORE} && mv edges/map{STORE} near{STORE}", folder)
        there.append(far.run(fresh(command), folder))
        run(f"diff -r near{STORE} edges/map{STORE}", folder)
    return min(here), min(there, key=lambda one: one.together)


def draw_large(path: Path, side: int) -> None:
    """Write a grey picture of edges everywhere, band by band: waves, with noise."""
    rng = np.random.default_rng(1)
    columns = np.arange(side)
    picture = np.lib.format.open_memmap(path, "w+", np.uint8, (side, side))
    for top in range(0, side, 500):
        rows = np.arange(top, min(top + 500, side))[:, np.newaxis]
        waves = np.sin(rows / 37 + columns / 91) + np.sin(columns * rows / (90 * side) + rows / 50)
        noise = rng.normal(0, 0.05, (len(rows), side))
        picture[top : top + 500] = np.clip(128 + 50 * waves + 100 * noise, 0, 255)
    picture.flush()


def main() -> None:
    """Measure what was chosen, and print a table of each."""
    parser = common_options(__doc__, rounds=2)
    parser.add_argument("--share", type=float, default=1.0, metavar="S", help="of the photos")
    parser.add_argument("--side", type=int, default=20_000, metavar="N", help="of the picture")
    parser.add_argument("--workers", type=int, action="append", metavar="N", help="2 4 8 16")
    options = parser.parse_args()
    sizes = options.workers or [2, 4, 8, 16]
    tables: dict[str, tuple[Row, Callable[[Path], Iterator[Row]]]] = {
        "photos": (
            ["detector", "photo", "CPU s", "photos per core-hour", "core-years for 10⁹", "kB each"],
            partial(per_photo, share=options.share),
        ),
        "parts": (
            ["detector", "photo", "decoding, CPU ms", "edges", "writing PNG", "together"],
            partial(parts, share=options.share),
        ),
        "many": (
            ["batch", "inputs", "CPU ms each", "peak MB", "journal bytes each"],
            partial(many, share=options.share),
        ),
        "batches": (
            ["on", "photos", "CPU ms each", "command", "scheduler", "workers", "idle beside it"],
            partial(batches, share=options.share, sizes=sizes),
        ),
        "shared": (
            ["detector", "workers", "alone, CPU s", "cluster", "of it the command",
             "idle beside it", "ratio"],
            partial(shared, side=options.side, sizes=[n for n in sizes if n <= 4]),
        ),
    }  # fmt: skip
    print(", ".join(f"{name} {value}" for name, value in machine().items()), end="\n\n")
    with workplace() as folder:
        for name, (header, rows) in tables.items():
            if re.search(options.only, name):
                print_table(header, list(rows(folder)))


if __name__ == "__main__":
    main()
