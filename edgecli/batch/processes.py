"""An executor of processes that may crash or hang: each is replaced, and only its call fails.

``ProcessPoolExecutor`` of the standard library is broken for good when one of its processes dies,
and cannot end one that hangs.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from queue import Empty, SimpleQueue
from typing import Any

from edgecli.records import dataclass, field

QUICK = 0.05  # seconds
AHEAD = 4
"""Calls that are sent to a process ahead of need while each takes it less than ``QUICK``.

So a quick process never waits for its next call, and slow calls go to whoever is free first.
"""


TICK = 1.0  # seconds


class WorkerLost(Exception):  # noqa: N818 (it is the worker that was lost, not an error of ours)
    """A process ended, or was ended, in the middle of a call; the text says how, and what next."""


@dataclass(eq=False)
class _Call:
    future: Future[Any]
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


@dataclass(eq=False)
class _Worker:
    """A process, and the calls that it was sent, the first of them at work for ``age`` seconds."""

    process: BaseProcess
    connection: Connection
    calls: deque[_Call] = field(default_factory=deque)
    known: Callable[..., Any] | None = None  # the function that it was sent last
    ready: bool = False  # it has loaded that function
    age: float = 0.0
    quick: bool = False

    @property
    def room(self) -> int:
        """Return how many more calls it may be sent."""
        return (AHEAD if self.quick else 1) - len(self.calls)

    def send(self, call: _Call) -> None:
        """Send a call, and its function unless it is the same as the last one's."""
        self.calls.append(call)
        function = None
        if call.function is not self.known:
            function, self.ready = call.function, False
        with suppress(OSError):  # it has died, which is found out when the answer is waited for
            self.connection.send((function, call.arguments))
        self.known = call.function

    def receive(self) -> None:
        """Take the answer to the first call; EOFError or OSError where the process has died."""
        answer = self.connection.recv()
        age, self.age = self.age, 0.0
        if answer is None:
            self.ready = True
            return
        self.quick = age < QUICK
        call, (succeeded, value) = self.calls.popleft(), answer
        if succeeded:
            call.future.set_result(value)
        else:
            call.future.set_exception(value)

    def end(self) -> None:
        """Kill the process."""
        self.process.kill()
        self.process.join()
        self.connection.close()


class ProcessExecutor(Executor):
    """Runs calls on ``workers`` processes, each call for at most ``seconds``.

    A function is pickled once per process, not per call, so pass the same object each time.
    Processes begin as forks where that is safe, which takes a millisecond; those that replace
    others are started afresh. A future of a call that was running in a process that died, or that
    took too long, raises WorkerLost; calls that only waited there are run by the next process.
    """

    def __init__(self, workers: int, seconds: float | None = None) -> None:
        self._seconds = seconds
        self._waiting: SimpleQueue[_Call] = SimpleQueue()
        self._bell, self._ringer = multiprocessing.Pipe(duplex=False)
        self._closing = self._killing = False
        self._idle = True  # whether a call that is submitted could be sent at once
        self.lost = 0  # processes that ended, or were ended, in the middle of a call
        self._workers: list[_Worker] = []
        fork = sys.platform == "linux" and threading.active_count() == 1
        gc.freeze()  # what is there is shared with forks, and stays so unless it is touched
        for _ in range(workers):
            self._workers.append(self._start(fork=fork))
        gc.unfreeze()
        self._manager = threading.Thread(target=self._manage, name="edgecli-processes", daemon=True)
        self._manager.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Return the future of ``fn(*args)``; function, arguments and result must pickle."""
        if self._closing or kwargs:
            raise RuntimeError("the executor was shut down, or a call has keyword arguments")
        future: Future[Any] = Future()
        self._waiting.put(_Call(future, fn, args))
        if self._idle:
            self._ring()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes after the last call; at once where calls are not waited for."""
        self._closing = True
        self._killing = cancel_futures and not wait
        self._ring()
        self._manager.join()

    def _ring(self) -> None:
        with suppress(OSError):
            self._ringer.send_bytes(b"")

    def _start(self, *, fork: bool = False) -> _Worker:
        ours, theirs = multiprocessing.Pipe()
        if fork:  # which has copies of the other ends, and would keep them open
            inherited = [ours, *(worker.connection for worker in self._workers)]
            process: BaseProcess = multiprocessing.get_context("fork").Process(
                target=_serve, args=(theirs, inherited), daemon=True
            )
        else:
            process = multiprocessing.get_context("spawn").Process(
                target=_serve, args=(theirs, []), daemon=True
            )
        process.start()
        theirs.close()
        return _Worker(process, ours)

    # --- in the manager's thread ----------------------------------------------------------------

    def _manage(self) -> None:
        """Give out calls and take in answers until there are none left."""
        while not self._killing:
            self._give_out()
            if self._closing and not any(worker.calls for worker in self._workers):
                break
            began = time.monotonic()
            ready = wait([self._bell, *(w.connection for w in self._workers)], self._patience())
            self._grow_older(time.monotonic() - began)
            if self._bell in ready:
                self._bell.recv_bytes()
            for worker in self._workers.copy():
                if worker.connection in ready:
                    self._take_in(worker)
                elif self._seconds is not None and worker.age >= self._seconds:
                    self._replace(worker, _too_long(self._seconds))
        self._end_all()

    def _give_out(self) -> None:
        self._idle = True  # before looking, so that no call is missed
        while free := [worker for worker in self._workers if worker.room > 0]:
            try:
                call = self._waiting.get_nowait()
            except Empty:
                return
            if call.future.set_running_or_notify_cancel():
                min(free, key=lambda worker: len(worker.calls)).send(call)
        self._idle = False  # each answer is followed by a look

    def _take_in(self, worker: _Worker) -> None:
        try:
            worker.receive()
        except (EOFError, OSError):
            worker.process.join()
            self._replace(worker, _how_it_ended(worker.process.exitcode))

    def _patience(self) -> float | None:
        """Return the seconds until a call may have taken too long, a TICK at most."""
        ages = [worker.age for worker in self._workers if worker.calls]
        if self._seconds is None or not ages:
            return None
        return min(max(self._seconds - max(ages), 0), TICK)

    def _grow_older(self, seconds: float) -> None:
        """Let time pass, except while all processes were stopped together, as by Ctrl-Z."""
        for worker in self._workers:
            if worker.calls and worker.ready:
                worker.age += min(seconds, TICK)

    def _replace(self, worker: _Worker, reason: str) -> None:
        """Start another process, let the call at work fail, and send on those that waited."""
        worker.end()
        self.lost += bool(worker.calls)
        self._workers.remove(worker)
        fresh = self._start()
        self._workers.append(fresh)
        if worker.calls:
            worker.calls.popleft().future.set_exception(WorkerLost(reason))
        for call in worker.calls:
            fresh.send(call)

    def _end_all(self) -> None:
        for worker in self._workers:
            if self._killing:
                worker.process.kill()
                self.lost += bool(worker.calls)
            worker.connection.close()
        for worker in self._workers:
            worker.process.join()
            for call in worker.calls:
                call.future.set_exception(WorkerLost("was stopped; run the batch again"))
        while True:
            try:
                future = self._waiting.get_nowait().future
                future.cancel()
                future.set_running_or_notify_cancel()
            except Empty:
                return


def _too_long(seconds: float) -> str:
    limit = f"{seconds:g} second{'s' * (seconds != 1)}"
    return f"took longer than {limit}; raise --time-limit, or get the file whole again"


def _how_it_ended(code: int | None) -> str:
    how = f"ended its process (exit code {code})"
    if code is not None and code < 0:
        with suppress(ValueError):
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
    function = _no_function
    with suppress(EOFError, OSError):
        while True:
            sent, arguments = connection.recv()
            if sent is not None:
                function = sent
                connection.send(None)  # what was to be loaded for it does not count
            connection.send(_answer(function, arguments))


def _no_function(*arguments: object) -> None:
    raise RuntimeError(f"no function was sent for {arguments!r}")


def _answer(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[bool, Any]:
    try:
        return True, function(*arguments)
    except BaseException as error:
        return False, error
