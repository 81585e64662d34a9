"""An executor as far away as a cluster's worker: what is sent to it and back is pickled."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any


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


class Lost(Elsewhere):
    """An executor whose every worker dies."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Lose a call."""
        del fn, args, kwargs
        return super().submit(_die)


def _die() -> None:
    raise OSError("no\nmore")
