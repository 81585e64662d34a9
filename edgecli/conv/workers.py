"""Worker threads: results in order, and a bounded number of them in flight."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from edgecli.conv.blas import one_blas_thread

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")


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
    from concurrent.futures import ThreadPoolExecutor  # slow to load, for small images

    pending: deque[Future[T]] = deque()
    with one_blas_thread(), ThreadPoolExecutor(threads, "edgecli") as executor:
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
