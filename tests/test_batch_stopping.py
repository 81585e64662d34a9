"""What ends a batch early: a journal or a folder that is gone, and a disk that stays full."""

from __future__ import annotations

import errno
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edgecli.batch.inputs import find_inputs
from edgecli.batch.journal import Journal
from edgecli.batch.planning import plan_batch
from edgecli.batch.running import run_batch
from edgecli.batch.work import Work
from edgecli.detect.inputs import Result
from edgecli.detect.jobs import detect_input
from edgecli.detect.outputs import Job
from edgecli.errors import OutputError
from tests.batches import make_work, pictures, planned
from tests.elsewhere import Elsewhere


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return pictures(tmp_path / "in", "a.pgm", "b.pgm", "sub/c.pgm")


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return make_work(tmp_path / "out")


def test_a_journal_that_cannot_be_written_ends_the_batch(source: Path, work: Work) -> None:
    with closing(Journal(work.output)) as journal:
        journal._file.close()
        journal._file = open("/dev/full", "a+b")  # noqa: SIM115 (the journal closes it)
        batch = plan_batch(find_inputs(str(source), work.output, recursive=True), work, journal)
        with pytest.raises(OutputError, match="No space left on device"):
            list(run_batch(batch, Elsewhere(), work, in_flight=4))


def test_a_journal_that_is_taken_away_ends_the_batch(source: Path, work: Work) -> None:
    with planned(source, work) as batch:
        going = run_batch(batch, Elsewhere(), work, in_flight=1)
        next(going)
        Path(work.output).rename(source / "away")
        with pytest.raises(OutputError, match="moved or removed while the batch ran; bring it"):
            next(going)
    assert batch.totals.done == 1


@pytest.mark.parametrize(("every", "failed"), [(1, 3), (2, 4)])
def test_a_disk_that_stays_full_ends_the_batch(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, work: Work, every: int, failed: int
) -> None:
    source = pictures(tmp_path / "in", *(f"{n}.pgm" for n in range(8)))
    large = {str(source / f"{n}.pgm") for n in range(0, 8, every)}

    def write(job: Job, *given: Any) -> list[Result]:
        if job.path in large:
            raise OutputError("no room") from OSError(errno.ENOSPC, "No space left on device")
        return detect_input(job, *given)

    monkeypatch.setattr("edgecli.batch.work.detect_input", write)
    with planned(source, work) as batch:
        for _ in run_batch(batch, Elsewhere(), work, in_flight=2):
            pass
    left = 8 - failed if every == 1 else 0
    assert (batch.totals.failed, batch.totals.left) == (failed, left)
