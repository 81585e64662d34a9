"""How far a batch is, on standard error: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO

from edgecli.batch.planning import Totals
from edgecli.cli.bar import bar_on, can_draw
from edgecli.reports.batch import speed

SECONDS = 10.0
"""From one line to the next, where there is no terminal."""


def watched(progress: Iterable[Totals], stream: TextIO | None = None) -> Iterator[Totals]:
    """Pass the totals on, and show them."""
    stream = stream or sys.stderr
    yield from _with_bar(progress, stream) if can_draw(stream) else _with_lines(progress, stream)


def _with_lines(progress: Iterable[Totals], stream: TextIO) -> Iterator[Totals]:
    latest = time.monotonic()
    for totals in progress:
        if time.monotonic() - latest >= SECONDS:
            latest = time.monotonic()
            stream.write(f"edgecli: {describe(totals)}\n")
            stream.flush()
        yield totals


def _with_bar(progress: Iterable[Totals], stream: TextIO) -> Iterator[Totals]:
    with bar_on(stream) as bar:
        (task,) = bar.task_ids
        for totals in progress:
            so_far = totals.done + totals.failed + totals.skipped
            bar.update(task, total=totals.inputs, completed=so_far, description=describe(totals))
            yield totals


def describe(totals: Totals) -> str:
    """Say how far a batch is.

    >>> describe(Totals(300, done=100, failed=1, skipped=20, pixels=50_000_000, seconds=10))
    '121 of 300, 1 failed, 20 skipped, 10.1 images/s, 5 MP/s, 18 s left'
    """
    so_far = totals.done + totals.failed + totals.skipped
    words = [f"{so_far:,} of {totals.inputs:,}", f"{totals.failed:,} failed"]
    words += [f"{totals.skipped:,} skipped"] if totals.skipped else []
    worked = totals.done + totals.failed
    if worked and totals.seconds > 0:
        rate = worked / totals.seconds
        words += [speed(worked, totals), f"{_time((totals.inputs - so_far) / rate)} left"]
    return ", ".join(words)


def _time(seconds: float) -> str:
    """Return a time for people.

    >>> _time(59), _time(90), _time(9000)
    ('59 s', '1 min 30 s', '2 h 30 min')
    """
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes else f"{rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
