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
from multiprocessing.reduction import ForkingPickler
from queue import Empty, SimpleQueue
from typing import Any

from edgecli.errors import EdgeCliError
from edgecli.records import dataclass
from edgecli.rows.machine import free_descriptors

TICK = 1.0  # seconds


SPARE = 8
"""Files that a process opens beside those that keep it in touch: an image, its map, libraries."""

EACH = 3
"""Open files that every process takes of the first: both ways to it, and word of its end."""

STOPPED = "was stopped; run the batch again"


class WorkerLost(Exception):  # noqa: N818 (it is the worker that was lost, not an error of ours)
    """A process ended, or was ended, in the middle of a call; the text says how, and what next."""


class WorkerKilled(WorkerLost):
    """Something outside killed a process: most likely the system, for want of memory."""


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
        died, whatever pickle raises where a call cannot be sent. What is loaded for a function is
        no call's time, and what passes while all processes are stopped together, as by Ctrl-Z,
        counts for little: no more than a TICK.
        """
        function = None if call.function is self.known else call.function
        self.connection.send((function, call.arguments))
        answer = None if function is None else self.connection.recv()
        if answer is None:  # the function is there
            self.known = call.function
            while not self.connection.poll(min(seconds, TICK)):
                seconds -= TICK
                if seconds <= 0:
                    raise TimeoutError
            answer = self.connection.recv()
        succeeded, value = answer
        (call.future.set_result if succeeded else call.future.set_exception)(value)

    def has_ended(self) -> bool:
        """Return whether there is no process any more; an idle one has nothing to say."""
        try:
            return self.connection.closed or self.connection.poll()
        except OSError:
            return True

    def end(self) -> None:
        """Kill the process."""
        self.process.kill()
        self.process.join()
        self.connection.close()


class ProcessExecutor(Executor):
    """Runs calls on ``workers`` processes, each kept at work by a thread of its own.

    A function is pickled once per process, not per call, so pass the same object each time.
    Processes begin as forks where that is safe, which takes a millisecond. There are fewer than
    ``workers`` where limits of the system allow no more; ``shortage`` then says why. A call whose
    process died, or that took more than ``seconds``, raises WorkerLost.
    """

    def __init__(self, workers: int, seconds: float = math.inf) -> None:
        self._seconds = seconds
        self._waiting: SimpleQueue[_Call | None] = SimpleQueue()  # None ends a thread
        self._closing = self._killing = False
        self._lock = threading.Lock()  # of processes that start and end
        self.lost = 0  # processes that ended, or were ended, in the middle of a call
        self._workers: list[_Worker] = []
        self._threads: list[threading.Thread] = []
        self.shortage = ""
        try:
            self._start_processes(workers)
            self._start_threads()
        except (OSError, RuntimeError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            self.shortage = f"{reason}; raise the limit with ulimit -u or -n"
        for worker in self._workers[len(self._threads) :]:
            worker.end()
        if not self._threads:
            raise EdgeCliError(f"no process can be started: {self.shortage}")

    def __len__(self) -> int:
        """Return how many processes there are."""
        return len(self._threads)

    def _start_processes(self, workers: int) -> None:
        room = free_descriptors()
        most = workers if room is None else max((room - SPARE) // EACH, 1)
        if most < workers:
            self.shortage = "no more open files are allowed; raise the limit with ulimit -n"
        fork = sys.platform == "linux" and threading.active_count() == 1
        gc.freeze()  # what is there is shared with forks, and stays so unless it is touched
        for _ in range(min(workers, most)):
            inherited = [worker.connection for worker in self._workers]
            self._workers.append(_Worker(*_start(inherited if fork else None)))
        gc.unfreeze()

    def _start_threads(self) -> None:
        for worker in self._workers:
            thread = threading.Thread(target=self._drive, args=(worker,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Return the future of ``fn(*args)``; function, arguments and result must pickle."""
        if self._closing or kwargs:
            raise RuntimeError("the executor was shut down, or a call has keyword arguments")
        future: Future[Any] = Future()
        self._waiting.put(_Call(future, fn, args))
        return future

    def rest(self) -> None:
        """End processes that have no call, and with them the memory that they keep for the next.

        A call that comes starts one anew.
        """
        with self._lock:
            for worker in self._workers:
                worker.process.kill()
                worker.process.join()

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
            if call.future.set_running_or_notify_cancel():
                self._answer(worker, call)
        with self._lock:
            worker.end()

    def _answer(self, worker: _Worker, call: _Call) -> None:
        """Let a process answer a call; whatever happens, its future ends."""
        try:
            self._revive(worker)
            worker.call(call, self._seconds)
        except TimeoutError:
            limit = f"{self._seconds:g} second{'s' * (self._seconds != 1)}"
            what_next = "raise --time-limit, or get the file whole again"
            self._lose(worker, call, WorkerLost(f"took longer than {limit}; {what_next}"))
        except (EOFError, OSError):
            worker.process.join()
            self._lose(worker, call, _how_it_ended(worker.process.exitcode or 0))
        except Exception as error:  # no process, or what does not pickle on its way there or back
            call.future.set_exception(error)

    def _revive(self, worker: _Worker) -> None:
        """Start another process where a worker's has ended; WorkerLost where that fails."""
        if not worker.has_ended():
            return
        with self._lock:
            if self._killing:
                raise WorkerLost(STOPPED)
            worker.end()
            worker.known = None
            try:
                worker.process, worker.connection = _start(None)
            except OSError as error:
                reason = f"found no process to work on it ({error.strerror}); give fewer --jobs"
                raise WorkerLost(reason) from error

    def _lose(self, worker: _Worker, call: _Call, reason: WorkerLost) -> None:
        """End a process, and let the call fail that it was lost in."""
        with self._lock:
            self.lost += 1
            worker.end()
        call.future.set_exception(WorkerLost(STOPPED) if self._killing else reason)


def _start(inherited: Sequence[Connection] | None) -> tuple[BaseProcess, Connection]:
    """Start a process that serves; as a fork, which closes what it inherited, or afresh."""
    ours, theirs = multiprocessing.Pipe()
    others = [] if inherited is None else [ours, *inherited]
    context: Any = multiprocessing.get_context("spawn" if inherited is None else "fork")
    process: BaseProcess = context.Process(target=_serve, args=(theirs, others), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def _how_it_ended(code: int) -> WorkerLost:
    if hasattr(signal, "SIGKILL") and code == -signal.SIGKILL:
        what_next = "make it smaller, or raise the limit of memory"
        return WorkerKilled(f"was killed with its process (SIGKILL: out of memory?); {what_next}")
    how = f"ended its process (exit code {code})"
    with suppress(ValueError):  # no signal's number
        how = f"crashed its process ({signal.Signals(-code).name})"
    return WorkerLost(f"{how}; get the file whole again")


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
            message = connection.recv_bytes()
            try:
                sent, arguments = ForkingPickler.loads(message)
                if sent is not None:
                    function = sent
                    connection.send(None)  # what was to be loaded for it does not count
                answer = ForkingPickler.dumps((True, function(*arguments)))
            except BaseException as error:
                answer = _failure(error)
            connection.send_bytes(answer)


def _failure(error: BaseException) -> Any:
    """Return an answer that is an exception, or one that tells of it where it does not pickle."""
    try:
        return ForkingPickler.dumps((False, error))
    except Exception:
        return ForkingPickler.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
