"""An executor as far away as a cluster's worker: what is sent to it and back is pickled."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch


class Elsewhere(Executor):
    """Computes when asked, ``times`` over, as where workers are lost; remembers what it did."""

    def __init__(self, times: int = 1) -> None:
        self.calls: list[Any] = []
        self.results: list[Any] = []
        self._times = times

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call a function on copies of its arguments; its result is a copy, too."""
        future: Future[Any] = Future()
        try:
            for _ in range(self._times):
                function, arguments = pickle.loads(pickle.dumps((fn, args)))
                self.calls.append(arguments)
                result = pickle.dumps(function(*arguments, **kwargs))
            self.results.append(pickle.loads(result))
            future.set_result(self.results[-1])
        except Exception as error:
            future.set_exception(pickle.loads(pickle.dumps(error)))
        return future


class Nearby(Elsewhere):
    """Stands in for the processes of a command, each of which takes a third of a second to begin.

    ``test_batch_processes.py`` has those, and whatever runs ``edgecli`` as a program.
    """

    shortage, lost = "", 0

    def __init__(self, workers: int, seconds: float = math.inf) -> None:
        del seconds
        super().__init__()
        self._workers = workers

    def __len__(self) -> int:
        return self._workers


@contextmanager
def nearby() -> Iterator[None]:
    """Let commands do in this process what they would do in others."""
    with (
        patch("edgecli.cli.batch.ProcessExecutor", Nearby),
        patch("edgecli.cli.evaluate.ProcessExecutor", Nearby),
    ):
        yield


class Lost(Elsewhere):
    """An executor whose every worker dies."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Lose a call."""
        del fn, args, kwargs
        return super().submit(_die)


def _die() -> None:
    raise OSError("no\nmore")
