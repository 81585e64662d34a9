"""The same batch on a cluster of processes on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from edgecli.batch import cluster as cluster_module
from edgecli.batch.cluster import cluster_at
from edgecli.batch.inputs import find_inputs
from edgecli.batch.journal import Journal
from edgecli.batch.planning import plan_batch
from edgecli.batch.running import run_batch
from edgecli.batch.work import Work
from edgecli.errors import UsageError
from tests.batches import contents, make_work, pictures
from tests.clusters import cluster
from tests.conftest import Run


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Start two workers; return the scheduler's address."""
    with cluster(2) as address, cluster_at(address, workers=2):
        yield address


def test_a_cluster_gives_the_same_bytes_and_loses_nothing_with_a_worker(
    tmp_path: Path, scheduler: str
) -> None:
    """The worker that comes to ``once`` is killed there."""
    source = pictures(tmp_path / "in", *(f"{n}.pgm" for n in range(12)), "once.pgm")
    far, near = make_work(tmp_path / "far"), make_work(tmp_path / "near")
    with cluster_at(scheduler) as (cluster, threads, _):
        assert threads == 2
        run_all(source, far, cluster)
    assert (source / "once.mark").exists()
    with ThreadPoolExecutor(2) as executor:
        run_all(source, near, executor)
    assert contents(tmp_path / "far") == contents(tmp_path / "near")


def run_all(source: Path, work: Work, executor: Executor) -> None:
    found = find_inputs(str(source), work.output, recursive=False)
    with closing(Journal(work.output)) as journal:
        batch = plan_batch(found, work, journal)
        for _ in run_batch(batch, executor, work, in_flight=4):
            pass
        assert batch.failed == []
        assert batch.totals.done == 13


def test_the_command_line_works_on_a_cluster(tmp_path: Path, scheduler: str, run: Run) -> None:
    source = pictures(tmp_path / "in", "a.pgm", "b/c.pgm")
    options = ["-f", "scharr", "--recursive", "-q"]
    near, far = tmp_path / "near", tmp_path / "far"
    assert run("batch", source, "-o", near, *options).exit_code == 0
    assert run("batch", source, "-o", far, *options, "--scheduler", scheduler).exit_code == 0
    assert contents(far) == contents(near)
    assert len(contents(near)) == 2


def test_a_scheduler_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgecli.batch.cluster.PATIENCE", 0.1)
    before = threading.active_count()
    for address in ("tcp://127.0.0.1:1", "nonsense://x"):
        with pytest.raises(UsageError, match="no Dask cluster answers at"), cluster_at(address):
            pass
    assert threading.active_count() == before


def test_workers_that_lack_edgecli_are_told_of() -> None:
    class Client:
        def run(self, _: object, on_error: str) -> dict[str, object]:
            assert on_error == "return"
            return {"tcp://here:1": None, "tcp://there:1": ImportError("no edgecli")}

    with pytest.raises(UsageError, match=r"of tcp://x:1 cannot run edgecli \(no"):
        cluster_module._make_ready(Client(), "tcp://x:1")
