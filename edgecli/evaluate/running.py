"""A folder of maps measured, a picture at a time on every core."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future
from itertools import islice
from queue import SimpleQueue
from typing import Any

from numpy.typing import NDArray

from edgecli.batch.processes import WorkerLost
from edgecli.errors import EdgeCliError, UsageError
from edgecli.evaluate.measuring import Measure, Measured
from edgecli.evaluate.truths import Pair
from edgecli.records import dataclass


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a pair came to: ``measured``, or one line on why it could not be; and notes."""

    pair: Pair
    measured: NDArray[Any] | None
    error: str = ""
    notes: tuple[str, ...] = ()


def measure_pairs(
    pairs: Iterable[Pair], measure: Measure, executor: Executor, in_flight: int
) -> Iterator[Outcome]:
    """Yield what became of every pair, in the order in which they finish.

    At most ``in_flight`` pairs wait in the executor, so that memory does not follow their number.
    UsageError where a package is missing that all need.
    """
    finished: SimpleQueue[Future[Measured]] = SimpleQueue()
    running: dict[Future[Measured], Pair] = {}
    waiting = iter(pairs)
    while True:
        for pair in islice(waiting, in_flight - len(running)):
            future = executor.submit(measure, pair)
            running[future] = pair
            future.add_done_callback(finished.put)
        if not running:
            return
        future = finished.get()
        yield _outcome(running.pop(future), future)


def _outcome(pair: Pair, future: Future[Measured]) -> Outcome:
    try:
        measured = future.result()
        return Outcome(pair, measured.values, notes=measured.notes)
    except UsageError:
        raise
    except WorkerLost as error:
        return Outcome(pair, None, f"map {pair.map} {error}")
    except EdgeCliError as error:
        return Outcome(pair, None, str(error))
