"""Steps that read each other: which rows of which step are computed when, in integers alone.

Place 0 of a graph is its source, place n what step n gives. A *strip* is a share of the rows that
readers ask for, computed by one thread from the source's rows that it needs, the receptive field
of its edges included. So strips need nothing of each other. Inside a strip the source's rows come
in *increments*: each step computes all rows that its inputs so far allow, and keeps only those of
its own that a later step will still read. Within a strip nothing is computed twice, and memory
follows the rows kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, overload

from edgecli.records import dataclass
from edgecli.rows.base import Planes, Span, Step
from edgecli.rows.memory import Memory


@dataclass(frozen=True)
class Tap:
    """What is read of a place: all of its channels, or ``[first, last)``."""

    place: int
    first: int = 0
    last: int | None = None

    @property
    def channels(self) -> slice:
        """Return which channels are read."""
        return slice(self.first, self.last)


IMAGE = Tap(0)
"""The image that a graph is laid over."""


class Reader(Protocol):
    """Where rows leave a graph: reads some places, and makes of them what is written in order."""

    @property
    def taps(self) -> tuple[Tap, ...]:
        """What is read."""
        ...

    @property
    def grain(self) -> int:
        """The rows that are read together, counted from the top; only the last may be fewer.

        With 1 any rows are read together.
        """
        ...

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the rows of each tap that rows ``[start, stop)`` are made from."""
        ...

    def encode(self, blocks: Sequence[Planes], start: int, stop: int, memory: Memory) -> Any:
        """Return what is to be written of rows ``[start, stop)``; pure, safe on any thread."""
        ...

    def write(self, encoded: Any) -> None:
        """Take what ``encode`` returned; called in order, on one thread."""
        ...


@dataclass(frozen=True, eq=False)
class Node:
    """A step in its place, and what it reads."""

    step: Step
    taps: tuple[Tap, ...]
    grain: int = 1  # rows that are computed together, as of a reader
    by_rows: bool = False  # whether a row's channels lie side by side, or each channel's rows

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the rows of each tap that the step needs."""
        return self.step.needed(start, stop)


@dataclass(frozen=True)
class Increment:
    """The rows that the source, each step and each reader gain, and the first that each keeps."""

    gained: tuple[Span, ...]
    kept: tuple[int, ...]


@dataclass(frozen=True)
class Strip:
    """One share of a graph's work.

    ``spans`` are the rows of every place and of every reader, ``room`` the most rows that each
    place holds at a time.
    """

    spans: tuple[Span, ...]
    increments: tuple[Increment, ...]
    room: tuple[int, ...]


class Strips(Sequence[Strip]):
    """The strips in which every reader gets the rows of each cut, planned when they are asked for.

    Those of a very high image would take tens of megabytes.
    """

    def __init__(self, graph: Graph, readers: Sequence[Reader], cuts: Sequence[Span]) -> None:
        self._graph, self._readers, self._cuts = graph, readers, cuts

    def __len__(self) -> int:
        return len(self._cuts)

    @overload
    def __getitem__(self, place: int) -> Strip: ...
    @overload
    def __getitem__(self, place: slice) -> Strips: ...
    def __getitem__(self, place: int | slice) -> Strip | Strips:
        if isinstance(place, slice):
            return Strips(self._graph, self._readers, self._cuts[place])
        return self._graph.strip(self._readers, [self._cuts[place]] * len(self._readers))


class Graph:
    """Steps in the order in which they are computed.

    >>> Graph((1, 8, 8)).places
    1
    """

    def __init__(self, source_shape: tuple[int, ...]) -> None:
        self.source_shape = source_shape  # (C, H, W)
        self.nodes: list[Node] = []

    @property
    def places(self) -> int:
        """Return the number of places: the source and every step."""
        return 1 + len(self.nodes)

    def add(self, step: Step, *taps: Tap, grain: int = 1, by_rows: bool = False) -> Tap:
        """Add a step that reads earlier places; return what it gives."""
        self.nodes.append(Node(step, taps, grain, by_rows))
        return Tap(len(self.nodes))

    def shape(self, place: int) -> tuple[int, ...]:
        """Return the shape of a place, ``(C, H, W)``."""
        return self.nodes[place - 1].step.shape if place else self.source_shape

    def strip(
        self, readers: Sequence[Reader], wanted: Sequence[Span], rows: int | None = None
    ) -> Strip:
        """Plan the strip that gives every reader the rows it wants.

        ``rows`` are the source's rows of an increment; all come at once if it is None.
        """
        users: tuple[Node | Reader, ...] = (*self.nodes, *readers)
        spans = self._spans(users, wanted)
        if rows is None:
            increments = [Increment(spans, tuple(stop for _, stop in spans))]
        else:
            increments = list(self._increments(users, spans, rows))
        return Strip(spans, tuple(increments), _room(increments, spans[: self.places]))

    def _spans(self, users: Sequence[Node | Reader], wanted: Sequence[Span]) -> tuple[Span, ...]:
        """Return the rows of every place that the wanted rows follow from."""
        spans: list[Span | None] = [None] * self.places + list(wanted)
        for place in range(len(spans) - 1, 0, -1):
            span, user = spans[place], users[place - 1]
            if span is None or span[0] == span[1]:
                continue
            for tap, (low, high) in zip(user.taps, user.needed(*span), strict=True):
                other = spans[tap.place]
                wide = (low, high) if other is None else (min(low, other[0]), max(high, other[1]))
                spans[tap.place] = wide
        return tuple(span or (0, 0) for span in spans)

    def _increments(
        self, users: Sequence[Node | Reader], spans: Sequence[Span], rows: int
    ) -> Iterator[Increment]:
        """Yield what each increment computes and keeps, until every reader has its rows.

        A place gains at most its share of ``rows``, or a grain: rows that become possible all at
        once, at the image's end or after upsampling, are spread over several increments.
        """
        source_height = self.source_shape[1]
        heights = [self.shape(place)[1] for place in range(self.places)]
        shares = [max(-(-rows * height // source_height), 1) for height in heights]
        done, last = [low for low, _ in spans], [high for _, high in spans]
        shares += last[self.places :]  # readers take all that there is
        while done != last:
            before = tuple(done)
            done[0] = min(done[0] + rows, last[0])
            for place, user in enumerate(users, 1):
                available = [done[tap.place] for tap in user.taps]
                most = min(done[place] + max(shares[place], user.grain), last[place])
                done[place] = _computable(user, done[place], most, last[place], available)
            yield Increment(tuple(zip(before, done, strict=True)), _kept(users, done, last))


def _computable(
    user: Node | Reader, done: int, most: int, last: int, available: Sequence[int]
) -> int:
    """Return how many rows the available rows of each input allow, in whole grains."""
    from bisect import bisect_left  # for those who run networks

    def is_short(stop: int) -> bool:
        spans = user.needed(done, stop)
        return any(high > rows for (_, high), rows in zip(spans, available, strict=True))

    stop = done + bisect_left(range(done + 1, most + 1), True, key=is_short)
    return stop if stop == last else max(stop - stop % user.grain, done)


def _kept(
    users: Sequence[Node | Reader], done: Sequence[int], last: Sequence[int]
) -> tuple[int, ...]:
    """Return the first row of each place that will still be read."""
    kept = list(done)
    for user, start, stop in zip(users, done[1:], last[1:], strict=True):
        if start < stop:
            for tap, (low, _) in zip(user.taps, user.needed(start, stop), strict=True):
                kept[tap.place] = min(kept[tap.place], low)
    return tuple(kept)


def _room(increments: Sequence[Increment], spans: Sequence[Span]) -> tuple[int, ...]:
    """Return room for the most rows that each place holds: those kept and those gained."""
    room, kept = [0] * len(spans), [low for low, _ in spans]
    for increment in increments:
        for place, low in enumerate(kept):
            room[place] = max(room[place], increment.gained[place][1] - low)
        kept = list(increment.kept[: len(spans)])
    return tuple(room)
