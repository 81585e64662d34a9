"""A batch at work: its items done on an executor, and what came of each written down."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import suppress
from itertools import islice
from queue import SimpleQueue

from edgecli.batch.planning import Batch, Totals
from edgecli.batch.processes import ProcessExecutor, WorkerKilled, WorkerLost
from edgecli.batch.work import Item, Outcome, Work

TEMPORARY = re.compile(r"\..*\.[0-9a-f]{8}\.edgecli-tmp", re.DOTALL)

FAILED = ("failed", "full")
"""What an outcome is where there is no edge map of an input."""


def run_batch(
    batch: Batch, executor: Executor, work: Work, *, in_flight: int, fail_fast: bool = False
) -> Iterator[Totals]:
    """Do what is still to be done, and yield the totals after every input.

    At most ``in_flight`` calls wait in the executor. Large images come last, one at a time. With
    ``fail_fast`` nothing is begun after a failure, and in any case nothing once the disk had no
    room for so many images on end as wait: it is not a large one alone that does not fit.
    """
    started, full = time.monotonic(), 0
    left = [number for number, offset in enumerate(batch.lines) if offset < 0]
    large: list[int] = []
    for numbers, limit, alone in ((left, in_flight, False), (large, 1, True)):
        if alone and large and isinstance(executor, ProcessExecutor):
            executor.rest()  # or processes that do nothing would take of its memory
        for number, outcome in _calls(batch, executor, work, numbers, limit, alone):
            if outcome.status == "large":
                large.append(number)
                continue
            _settle(batch, number, outcome)
            batch.totals.seconds = time.monotonic() - started
            yield batch.totals
            full = full + 1 if outcome.status == "full" else 0
            if full > in_flight or (fail_fast and outcome.status in FAILED):
                return


def _calls(
    batch: Batch,
    executor: Executor,
    work: Work,
    numbers: Iterable[int],
    in_flight: int,
    alone: bool,
) -> Iterator[tuple[int, Outcome]]:
    """Yield items' numbers with what became of them, in the order in which they finish."""
    finished: SimpleQueue[Future[Outcome]] = SimpleQueue()
    running: dict[Future[Outcome], int] = {}
    waiting = iter(numbers)
    while True:
        for number in islice(waiting, in_flight - len(running)):
            future = executor.submit(work, batch.items[number], alone)
            running[future] = number
            future.add_done_callback(finished.put)
        if not running:
            return
        future = finished.get()
        number = running.pop(future)
        yield number, _outcome(batch.items[number], future, alone)


def _outcome(item: Item, future: Future[Outcome], alone: bool) -> Outcome:
    """Return what a call gave; whatever happened to its process fails this input alone.

    One that was killed beside others, most likely for want of memory, is to be tried again alone.
    """
    try:
        return future.result()
    except WorkerLost as error:
        if isinstance(error, WorkerKilled) and not alone:
            return Outcome("large")
        return Outcome("failed", error=f"image {item.path} {error}")
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return Outcome("failed", error=f"image {item.path} was lost with its worker ({reason})")


def _settle(batch: Batch, number: int, outcome: Outcome) -> None:
    totals, batch.latest = batch.totals, ("", ())
    if outcome.status in FAILED:
        batch.failures[number] = outcome.error
        totals.failed += 1
        return
    batch.lines[number] = batch.journal.append(batch.items[number].key, outcome.line)
    if outcome.notes:
        batch.notes[number] = outcome.notes
    if outcome.status == "kept":
        totals.skipped += 1
        return
    batch.fresh.add(number)
    totals.done += 1
    totals.pixels += outcome.pixels
    totals.maps += outcome.maps
    batch.latest = batch.items[number].path, outcome.pictures


def remove_temporaries(folder: str) -> None:
    """Remove the temporary files and folders that killed processes left in DIR and below."""
    for place, folders, names in os.walk(folder):
        for name in filter(_is_temporary, names):
            with suppress(OSError):
                os.unlink(os.path.join(place, name))
        for name in filter(_is_temporary, folders):
            shutil.rmtree(os.path.join(place, name), ignore_errors=True)


def _is_temporary(name: str) -> bool:
    return name.endswith("-tmp") and TEMPORARY.fullmatch(name) is not None
