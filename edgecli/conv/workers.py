"""Worker threads: results in order, and a bounded number of them in flight."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from edgecli.conv.blas import one_blas_thread

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

T = TypeVar("T")

_shared: ContextVar[tuple[ExitStack, dict[int, ThreadPoolExecutor]] | None]
_shared = ContextVar("_shared", default=None)


@contextmanager
def shared_workers() -> Iterator[None]:
    """Keep worker threads, and with them their memory, from one image to the next.

    Without it every ``map_in_order`` starts threads of its own: nothing beside a photo, but a
    tenth of the time of a video's frame.
    """
    with ExitStack() as pools:
        token = _shared.set((pools, {}))
        try:
            yield
        finally:
            _shared.reset(token)


@contextmanager
def _workers(threads: int) -> Iterator[ThreadPoolExecutor]:
    from concurrent.futures import ThreadPoolExecutor  # slow to load, for small images

    shared = _shared.get()
    if shared is None:
        with ThreadPoolExecutor(threads, "edgecli") as executor:
            yield executor
        return
    pools, executors = shared
    if threads not in executors:
        executors[threads] = pools.enter_context(ThreadPoolExecutor(threads, "edgecli"))
    yield executors[threads]


def one_ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield the items of an iterator, each made in another thread while the one before is used.

    >>> list(one_ahead(iter(range(3))))
    [0, 1, 2]
    """
    from concurrent.futures import ThreadPoolExecutor

    end = object()
    with ThreadPoolExecutor(1, "edgecli-ahead") as executor:
        coming = executor.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = executor.submit(next, items, end)
            yield item  # type: ignore[misc]


def start_in_order(
    work: Callable[..., T], jobs: Iterable[tuple[Any, ...]], threads: int
) -> Iterator[T]:
    """Put all jobs to work before this returns, and yield ``work(*job)`` for each, in order.

    For what is short and followed by more of its kind, as a frame is, and only within
    ``shared_workers``: so the workers find the next jobs when these are done.
    """
    with _workers(threads) as executor:
        pending = deque([executor.submit(work, *job) for job in jobs])
    return (pending.popleft().result() for _ in range(len(pending)))


def map_in_order(
    work: Callable[..., T], jobs: Iterable[tuple[Any, ...]], threads: int
) -> Iterator[T]:
    """Yield ``work(*job)`` for every job, in order, computed on worker threads.

    Jobs are drawn as results are taken, two more than there are threads in flight, so that memory
    stays bounded while drawing (decoding), working and taking (writing) overlap. A single thread
    is the caller's own.
    """
    if threads == 1:
        yield from (work(*job) for job in jobs)
        return
    pending: deque[Future[T]] = deque()
    with one_blas_thread(), _workers(threads) as executor:
        try:
            for job in jobs:
                pending.append(executor.submit(work, *job))
                if len(pending) > threads + 2:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
