"""The process of one command: how it is set up, and how it ends."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from edgecli.cli.process import load

RUN = "from edgecli.cli import main; main()"


def python(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *args]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("args", "code"), [(["--version"], 0), (["detect"], 2), (["x"], 2)])
def test_the_exit_code_and_all_output_arrive(args: list[str], code: int) -> None:
    done = python(RUN, *args)
    assert done.returncode == code
    assert (done.stdout != "") == (code == 0)
    assert (done.stderr != "") == (code != 0)


@pytest.mark.parametrize("frozen", [False, True])
def test_a_packed_program_can_be_a_process_of_its_own_batch(frozen: bool) -> None:
    """PyInstaller's programs start themselves where ``python`` would be started."""
    serve = "import multiprocessing; multiprocessing.freeze_support = lambda: print('served')"
    code = f"import sys; {serve}; sys.frozen = {frozen}; {RUN}"
    assert python(code, "--version").stdout.startswith("served\n") == frozen


def test_a_caller_keeps_its_process() -> None:
    code = "from edgecli.cli import main\ntry:\n    main(['--version'])\nfinally:\n    print('on')"
    assert python(code).stdout.splitlines()[-1] == "on"


@pytest.mark.parametrize("collects", [True, False])
def test_the_collector_is_left_as_it_was(collects: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if collects else gc.disable)()
        load("edgecli.errors")
        assert gc.isenabled() == collects
    finally:
        (gc.enable if before else gc.disable)()


def test_blas_has_one_thread_unless_the_user_says_otherwise() -> None:
    load_it = "from edgecli.cli.process import load; import os; load('edgecli.errors')"
    code = f"{load_it}; print(os.environ['OPENBLAS_NUM_THREADS'])"
    assert python(f"import os; os.environ.pop('OPENBLAS_NUM_THREADS', 0); {code}").stdout == "1\n"
    assert python(f"import os; os.environ['OPENBLAS_NUM_THREADS'] = '3'; {code}").stdout == "3\n"


@pytest.mark.parametrize("option", ["", "MALLOC_ARENA_MAX"])
def test_memory_is_kept_unless_the_user_chose(option: str) -> None:
    chosen = f"os.environ[{option!r}] = '2'; " if option else ""
    called = "import ctypes; ctypes.CDLL = lambda name: calls.append(name)"
    code = f"import os; calls = []; {called}; {chosen}from edgecli.cli.process import keep_memory; "
    done = python(code + "keep_memory(); print(len(calls))")
    assert done.stdout == ("0\n" if option or not sys.platform.startswith("linux") else "1\n")
