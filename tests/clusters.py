"""What the tests of clusters share: a scheduler and workers, each a process of this machine."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import environ
from pathlib import Path

ROOT = Path(__file__).parent.parent


@contextmanager
def started(
    module: str, *arguments: str, variables: Mapping[str, str] = environ
) -> Iterator[subprocess.Popen[str]]:
    """Run a command of Dask's until the end of the tests."""
    command = [sys.executable, "-m", f"distributed.cli.{module}", "--no-dashboard", *arguments]
    errors = subprocess.PIPE if module == "dask_scheduler" else subprocess.DEVNULL
    with subprocess.Popen(
        command, stderr=errors, text=True, cwd=ROOT, env=dict(variables)
    ) as process:
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@contextmanager
def cluster(
    workers: int, protocol: str = "tcp", variables: Mapping[str, str] = environ
) -> Iterator[str]:
    """Start a scheduler and workers, each a process; lend the scheduler's address."""
    where = ["--host", "127.0.0.1"]
    options = [*where, "--port", "0", "--protocol", protocol]
    with started("dask_scheduler", *options, variables=variables) as process:
        assert process.stderr is not None
        said = next(line for line in process.stderr if "Scheduler at:" in line)
        address = said.split()[-1]
        threading.Thread(target=process.stderr.read, daemon=True).start()  # lest the pipe fills up
        options = [*where, "--nworkers", str(workers), "--nthreads", "1", "--protocol", protocol]
        with started("dask_worker", address, *options, variables=variables):
            yield address
