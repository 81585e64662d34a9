"""An executor whose processes may crash, hang and be replaced."""

from __future__ import annotations

import math
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import contextmanager

import pytest

from edgecli.batch.processes import ProcessExecutor, WorkerLost


def obey(order: str) -> str:
    match order:
        case "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            os._exit(3)
        case "hang":
            threading.Event().wait()
        case "raise":
            raise ValueError(order)
    return order


def who(_: object) -> int:
    return os.getpid()


@contextmanager
def processes(workers: int, seconds: float = math.inf) -> Iterator[ProcessExecutor]:
    executor = ProcessExecutor(workers, seconds)
    try:
        yield executor
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def test_calls_are_answered_in_other_processes() -> None:
    with processes(2) as executor:
        futures = [executor.submit(str, number) for number in range(50)]
        assert [future.result() for future in futures] == [str(n) for n in range(50)]
        assert os.getpid() not in {executor.submit(who, n).result() for n in range(8)}


def test_functions_may_change_from_call_to_call() -> None:
    with processes(1) as executor:
        futures = [executor.submit(function, -3) for function in (abs, str, abs, hex)]
        assert [future.result() for future in futures] == [3, "-3", 3, "-0x3"]


def test_an_exception_is_the_calls() -> None:
    with processes(1) as executor:
        failed, done = executor.submit(obey, "raise"), executor.submit(obey, "go")
        with pytest.raises(ValueError, match="raise"):
            failed.result()
        assert done.result() == "go"
        assert executor.lost == 0


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("crash", r"killed with its process \(SIGKILL: out of memory\?\); make it smaller"),
        ("exit", r"ended its process \(exit code 3\)"),
        ("hang", r"took longer than 0.2 seconds; raise --time-limit"),
    ],
)
def test_a_lost_process_fails_one_call_and_is_replaced(order: str, reason: str) -> None:
    with processes(1, 0.2) as executor:
        before = executor.submit(obey, "one")
        lost = executor.submit(obey, order)
        after = [executor.submit(obey, "two"), executor.submit(obey, "three")]
        with pytest.raises(WorkerLost, match=reason):
            lost.result()
        assert before.result() == "one"
        assert [future.result() for future in after] == ["two", "three"]
        assert executor.lost == 1


def test_processes_that_rest_take_no_memory_and_another_answers() -> None:
    with processes(2) as executor:
        before = {executor.submit(who, n).result() for n in range(8)}
        executor.rest()
        for pid in before:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
        assert executor.submit(who, 0).result() not in before
        assert executor.lost == 0


def test_without_a_limit_calls_are_waited_for() -> None:
    with processes(2) as executor:
        hanging = executor.submit(obey, "hang")
        assert executor.submit(obey, "go").result() == "go"
        assert not hanging.done()
    assert isinstance(hanging.exception(), WorkerLost)


def test_shutting_down_waits_for_calls() -> None:
    executor = ProcessExecutor(2)
    futures = [executor.submit(obey, "go") for _ in range(9)]
    executor.shutdown()
    assert [future.result(0) for future in futures] == ["go"] * 9
    with pytest.raises(RuntimeError, match="shut down"):
        executor.submit(obey, "go")


def test_calls_that_are_not_waited_for_are_cancelled() -> None:
    executor = ProcessExecutor(1)
    futures = [executor.submit(obey, "hang") for _ in range(3)]
    executor.shutdown(wait=False, cancel_futures=True)
    assert not wait(futures, 0).not_done
    assert all(future.cancelled() for future in futures[1:])


def test_it_can_start_where_forks_would_not_be_safe() -> None:
    stop = threading.Event()
    other = threading.Thread(target=stop.wait)
    other.start()
    try:
        with processes(1) as executor:
            assert executor.submit(who, 0).result() != os.getpid()
    finally:
        stop.set()
        other.join()
