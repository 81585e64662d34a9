"""Worker threads: results in order, with a bounded number of jobs in flight."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from edgecli.errors import EdgeCliError, UsageError
from edgecli.rows.blas import one_blas_thread
from edgecli.rows.machine import cores
from edgecli.rows.memory import Memory, borrowed_memory

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

T = TypeVar("T")

_shared: ContextVar[tuple[ExitStack, dict[int, ThreadPoolExecutor]] | None]
_shared = ContextVar("_shared", default=None)


@contextmanager
def shared_workers() -> Iterator[None]:
    """Keep worker threads, and their memory, from one image to the next.

    Without it every ``map_in_order`` starts its own threads: negligible for a photo, but a tenth
    of the time of a video frame.
    """
    with ExitStack() as pools:
        token = _shared.set((pools, {}))
        try:
            yield
        finally:
            _shared.reset(token)


@contextmanager
def _workers(threads: int) -> Iterator[ThreadPoolExecutor]:
    from concurrent.futures import ThreadPoolExecutor  # loaded late: slow beside small images

    shared = _shared.get()
    if shared is None:
        with ThreadPoolExecutor(threads, "edgecli") as executor:
            yield executor
        return
    pools, executors = shared
    if threads not in executors:
        executors[threads] = pools.enter_context(ThreadPoolExecutor(threads, "edgecli"))
    yield executors[threads]


def _submit(executor: ThreadPoolExecutor, work: Callable[..., T], *job: Any) -> Future[T]:
    """Hand a job to a worker thread; EdgeCliError where the system does not start one."""
    try:
        return executor.submit(work, *job)
    except RuntimeError as error:  # Python's own word for it
        raise EdgeCliError(
            f"{error}: a limit on processes or memory is reached (ulimit -u or -v, or a "
            "container's); raise it, or give --threads 1"
        ) from error


def one_ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield an iterator's items, each made in another thread while the one before is in use.

    Where the system starts no other thread, each is made when it is asked for.

    >>> list(one_ahead(iter(range(3))))
    [0, 1, 2]
    """
    from concurrent.futures import ThreadPoolExecutor

    end = object()
    with ThreadPoolExecutor(1, "edgecli-ahead") as executor:
        try:
            coming = _submit(executor, next, items, end)
        except EdgeCliError:
            yield from items
            return
        while (item := coming.result()) is not end:
            coming = _submit(executor, next, items, end)
            yield item


def start_in_order(
    work: Callable[..., T], jobs: Iterable[tuple[Any, ...]], threads: int
) -> Iterator[T]:
    """Submit all jobs before returning, and yield ``work(*job)`` for each, in order.

    For short work followed by more of its kind, such as video frames, and only within
    ``shared_workers``: the workers then find the next jobs when these are done.
    """
    with _workers(threads) as executor:
        pending = deque([_submit(executor, work, *job) for job in jobs])
    return (pending.popleft().result() for _ in range(len(pending)))


def map_in_order(
    work: Callable[..., T], jobs: Iterable[tuple[Any, ...]], threads: int, ahead: int = 2
) -> Iterator[T]:
    """Yield ``work(*job)`` for every job, in order, computed on worker threads.

    Jobs are drawn as results are taken, with ``ahead`` more in flight than there are threads, so
    that memory stays bounded while drawing (decoding), working and taking (writing) overlap. With
    one thread, the caller's own does the work.
    """
    if threads == 1:
        yield from (work(*job) for job in jobs)
        return
    pending: deque[Future[T]] = deque()
    with one_blas_thread(), _workers(threads) as executor:
        try:
            for job in jobs:
                pending.append(_submit(executor, work, *job))
                if len(pending) >= threads + ahead:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def for_each(
    items: Iterable[T], work: Callable[[T, Memory], object], threads: int | None = None
) -> None:
    """Work on every item; each thread takes the next one when it is done with the last."""
    queue = list(items)
    workers = min(chosen_threads(threads), len(queue))
    remaining = iter(queue)  # a list's iterator may be shared by threads

    def worker() -> None:
        with borrowed_memory() as memory:
            for item in remaining:
                with memory:
                    work(item, memory)

    if workers <= 1:
        worker()
        return
    from concurrent.futures import ThreadPoolExecutor  # slow to load; a single item needs no pool

    with ThreadPoolExecutor(workers) as executor:
        for future in [_submit(executor, worker) for _ in range(workers)]:
            future.result()


@contextmanager
def team(threads: int) -> Iterator[Callable[..., None]]:
    """Yield a function that works on the parts of something, each on a thread of its own.

    It takes the work, the parts, and the memory of this thread, which works on the first part.
    """
    if threads <= 1:
        yield _work_alone
        return
    from concurrent.futures import ThreadPoolExecutor

    def together(work: Callable[[T, Memory], object], parts: Sequence[T], memory: Memory) -> None:
        others = [_submit(executor, _work_apart, work, part) for part in parts[1:]]
        _work_alone(work, parts[:1], memory)
        for other in others:
            other.result()

    with ThreadPoolExecutor(threads - 1, "edgecli-team") as executor:
        yield together


def _work_alone(work: Callable[[T, Memory], object], parts: Sequence[T], memory: Memory) -> None:
    for part in parts:
        with memory:
            work(part, memory)


def _work_apart(work: Callable[[T, Memory], object], part: T) -> None:
    # NaN and infinities pass through, as they do on the thread that shares its work.
    with borrowed_memory() as memory, np.errstate(all="ignore"):
        _work_alone(work, [part], memory)


def chosen_threads(threads: int | None) -> int:
    """Return how many threads may be used: all cores if nobody said; UsageError below 1."""
    if threads is not None and threads < 1:
        raise UsageError(f"threads must be 1 or more, got {threads}; leave it out for all cores")
    return threads or cores()
