"""An executor of processes that may crash or hang: each is replaced, and only its call fails.

``ProcessPoolExecutor`` breaks for good when a process dies, and cannot end one that hangs.
"""

from __future__ import annotations

import gc
import math
import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import Empty, SimpleQueue
from typing import Any

from edgecli.records import dataclass

TICK = 1.0  # seconds


class WorkerLost(Exception):  # noqa: N818 (it is the worker that was lost, not an error of ours)
    """A process ended, or was ended, in the middle of a call; the text says how, and what next."""


@dataclass(frozen=True, eq=False)
class _Call:
    future: Future[Any]
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


@dataclass(eq=False)
class _Worker:
    """A process, and the function that it was sent last."""

    process: BaseProcess
    connection: Connection
    known: Callable[..., Any] | None = None

    def call(self, call: _Call, seconds: float) -> None:
        """Send a call, and its function unless it is the last one's; wait for the answer.

        TimeoutError where it takes longer than allowed, EOFError or OSError where the process has
        died. What is loaded for a function is no call's time, and what passes while all processes
        are stopped together, as by Ctrl-Z, counts for little: no more than a TICK.
        """
        function = None if call.function is self.known else call.function
        self.known = call.function
        self.connection.send((function, call.arguments))
        if function is not None:
            self.connection.recv()
        while not self.connection.poll(min(seconds, TICK)):
            seconds -= TICK
            if seconds <= 0:
                raise TimeoutError
        succeeded, value = self.connection.recv()
        (call.future.set_result if succeeded else call.future.set_exception)(value)

    def end(self) -> None:
        """Kill the process."""
        self.process.kill()
        self.process.join()
        self.connection.close()


class ProcessExecutor(Executor):
    """Runs calls on ``workers`` processes, each kept at work by a thread of its own.

    A function is pickled once per process, not per call, so pass the same object each time.
    Processes begin as forks where that is safe, which takes a millisecond. A call whose process
    died, or that took more than ``seconds``, raises WorkerLost.
    """

    def __init__(self, workers: int, seconds: float = math.inf) -> None:
        self._seconds = seconds
        self._waiting: SimpleQueue[_Call | None] = SimpleQueue()  # None ends a thread
        self._closing = self._killing = False
        self._lock = threading.Lock()  # of processes that start and end
        self.lost = 0  # processes that ended, or were ended, in the middle of a call
        self._workers: list[_Worker] = []
        fork = sys.platform == "linux" and threading.active_count() == 1
        gc.freeze()  # what is there is shared with forks, and stays so unless it is touched
        for _ in range(workers):
            inherited = [worker.connection for worker in self._workers]
            self._workers.append(_Worker(*_start(inherited if fork else None)))
        gc.unfreeze()
        self._threads = [
            threading.Thread(target=self._drive, args=(worker,), daemon=True)
            for worker in self._workers
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Return the future of ``fn(*args)``; function, arguments and result must pickle."""
        if self._closing or kwargs:
            raise RuntimeError("the executor was shut down, or a call has keyword arguments")
        future: Future[Any] = Future()
        self._waiting.put(_Call(future, fn, args))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes after the last call; at once where calls are not waited for."""
        self._closing = True
        if cancel_futures and not wait:
            with suppress(Empty):
                while call := self._waiting.get_nowait():
                    call.future.cancel()
                    call.future.set_running_or_notify_cancel()
            with self._lock:
                self._killing = True
                for worker in self._workers:
                    worker.process.kill()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _drive(self, worker: _Worker) -> None:
        """Keep a process at work, and replace it where it is lost, until there are no calls."""
        while call := self._waiting.get():
            if worker.connection.poll():  # it has ended meanwhile: an idle one has nothing to say
                with self._lock:
                    self._replace(worker)
            if not call.future.set_running_or_notify_cancel():
                continue
            try:
                worker.call(call, self._seconds)
            except TimeoutError:
                limit = f"{self._seconds:g} second{'s' * (self._seconds != 1)}"
                what_next = "raise --time-limit, or get the file whole again"
                self._lose(worker, call, f"took longer than {limit}; {what_next}")
            except (EOFError, OSError):
                worker.process.join()
                self._lose(worker, call, _how_it_ended(worker.process.exitcode or 0))
        with self._lock:
            worker.end()

    def _lose(self, worker: _Worker, call: _Call, reason: str) -> None:
        """Let the call fail that a process was lost in, and start another process."""
        with self._lock:
            self.lost += 1
            if self._killing:
                reason = "was stopped; run the batch again"
            self._replace(worker)
        call.future.set_exception(WorkerLost(reason))

    def _replace(self, worker: _Worker) -> None:
        if not self._killing:
            worker.end()
            worker.process, worker.connection = _start(None)
            worker.known = None


def _start(inherited: Sequence[Connection] | None) -> tuple[BaseProcess, Connection]:
    """Start a process that serves; as a fork, which closes what it inherited, or afresh."""
    ours, theirs = multiprocessing.Pipe()
    others = [] if inherited is None else [ours, *inherited]
    context: Any = multiprocessing.get_context("spawn" if inherited is None else "fork")
    process: BaseProcess = context.Process(target=_serve, args=(theirs, others), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def _how_it_ended(code: int) -> str:
    how = f"ended its process (exit code {code})"
    with suppress(ValueError):  # no signal's number
        how = f"crashed its process ({signal.Signals(-code).name})"
    return f"{how}; get the file whole again"


def _serve(connection: Connection, inherited: Sequence[Connection]) -> None:
    """Answer calls until the other end closes."""
    for other in inherited:
        other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; the first process decides
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    function: Any = None  # the first call brings one
    with suppress(EOFError, OSError):
        while True:
            sent, arguments = connection.recv()
            if sent is not None:
                function = sent
                connection.send(None)  # what was to be loaded for it does not count
            answer: tuple[bool, Any]
            try:
                answer = True, function(*arguments)
            except BaseException as error:
                answer = False, error
            connection.send(answer)
