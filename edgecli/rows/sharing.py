"""The steps of an increment, shared by threads: each computes a part of the rows of every step.

Threads wait for one another only before a step that reads rows which another has computed since
they last waited. A pixel's sum needs no wait, a window that reaches beyond the part does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from threading import Barrier, BrokenBarrierError

from edgecli.records import dataclass
from edgecli.rows.base import Span
from edgecli.rows.graph import Node

SHARED_VALUES = 2**15
"""Values of a step for each thread, from which several share it: calls take a tenth of a ms."""


@dataclass(frozen=True)
class Turn:
    """The rows that each thread computes of a step, and whether threads wait before that."""

    number: int  # of the step
    parts: Sequence[Span]
    waits: bool


def turns(nodes: Sequence[Node], gained: Sequence[Span], threads: int) -> Iterator[Turn]:
    """Cut the rows that each step gains into a part for each thread; some may be empty."""
    fresh: dict[int, Sequence[Span]] = {}  # what each thread computed of each place since they met
    for number, (node, span) in enumerate(zip(nodes, gained, strict=True)):
        parts = _parts(node, *span, threads)
        waits = threads > 1 and any(
            _reads_another_s(node, fresh, *part) for part in enumerate(parts)
        )
        if waits:
            fresh.clear()
        fresh[number + 1] = parts
        yield Turn(number, parts, waits)


def _parts(node: Node, start: int, stop: int, threads: int) -> Sequence[Span]:
    """Cut rows into a part for each thread, or give the first all if sharing does not pay.

    Rows of a grain stay together.
    """
    channels, _, *rest = node.step.shape
    count = stop - start
    if channels * (count // threads) * math.prod(rest) < SHARED_VALUES:
        return [(start, stop), *[(stop, stop)] * (threads - 1)]
    cuts = (start + count * n // threads for n in range(1, threads))
    ends = [start, *(max(cut - cut % node.grain, start) for cut in cuts), stop]
    return list(pairwise(ends))


def _reads_another_s(
    node: Node, fresh: Mapping[int, Sequence[Span]], thread: int, part: Span
) -> bool:
    """Whether a thread's part of a step needs rows that another thread has just computed."""
    if part[0] == part[1]:
        return False
    return any(
        other != thread and max(low, first) < min(high, last)
        for tap, (low, high) in zip(node.taps, node.needed(*part), strict=True)
        for other, (first, last) in enumerate(fresh.get(tap.place, ()))
    )


class Breaking:
    """Lets no thread wait at a barrier for one that failed: the error is raised there alone."""

    def __init__(self, barrier: Barrier) -> None:
        self._barrier = barrier

    def __enter__(self) -> None:
        """Begin what may fail."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        """Break the barrier if anything was raised, and pass that on where it began."""
        if kind is not None:
            self._barrier.abort()
        return kind is BrokenBarrierError
