"""A batch from its plan to its end: what is done, what is left, and what is never done."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgecli.batch.inputs import Found, listed_inputs
from edgecli.batch.journal import Journal
from edgecli.batch.planning import Batch, Totals, plan_batch
from edgecli.batch.processes import ProcessExecutor
from edgecli.batch.running import remove_temporaries, run_batch
from edgecli.batch.work import Work
from edgecli.detect.inputs import Limits, Result
from edgecli.detect.jobs import detect_input
from edgecli.detect.outputs import Job, Target, name_job
from edgecli.detect.settings import Settings
from edgecli.errors import UsageError
from edgecli.operators.operators import load_operator
from tests.batches import contents, make_work, pictures, planned, write_pgm


def run(
    batch: Batch, work: Work, executor: Executor | None = None, *, fail_fast: bool = False
) -> Totals:
    with executor or ThreadPoolExecutor(2) as used:
        for _ in run_batch(batch, used, work, in_flight=4, fail_fast=fail_fast):
            pass
    return batch.totals


def run_folder(source: Path, work: Work, *, suffix: bool = False) -> tuple[int, int, int]:
    """Run a batch, and return how many were done, failed and skipped."""
    with planned(source, work, suffix=suffix) as batch:
        totals = run(batch, work)
    return totals.done, totals.failed, totals.skipped


def statuses(batch: Batch) -> list[tuple[str, str]]:
    return [(Path(r["input"]["path"]).name, r["status"]) for r in batch.records()]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return pictures(tmp_path / "in", "a.pgm", "b.pgm", "sub/c.pgm")


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return make_work(tmp_path / "out")


NAMES = ["a-vertical.png", "b-vertical.png", "sub/c-vertical.png"]


def test_every_input_has_its_output_and_its_record(source: Path, work: Work) -> None:
    with planned(source, work) as batch:
        totals = run(batch, work)
        assert (totals.done, totals.pixels) == (3, 3 * 64)
        assert statuses(batch) == [("a.pgm", "done"), ("b.pgm", "done"), ("c.pgm", "done")]
        outputs = [record["output"]["path"] for record in batch.records()]
    assert outputs == [os.path.join(work.output, name) for name in NAMES]
    assert sorted(contents(Path(work.output))) == NAMES


def test_what_was_done_is_not_done_again(source: Path, work: Work) -> None:
    assert run_folder(source, work) == (3, 0, 0)
    written = {path: path.stat().st_mtime_ns for path in Path(work.output).rglob("*.png")}
    with planned(source, work) as batch:
        assert run(batch, work).skipped == 3
        assert {status for _, status in statuses(batch)} == {"skipped"}
    assert {path: path.stat().st_mtime_ns for path in written} == written


def touch(path: Path) -> None:
    os.utime(path, ns=(0, 0))


def flip(path: Path) -> None:
    """Change a byte, and leave size and time as they were."""
    status = path.stat()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))


@pytest.mark.parametrize(
    ("change", "name", "done"),
    [
        (touch, "in/a.pgm", 0),
        (touch, "out/a-vertical.png", 0),
        (flip, "in/a.pgm", 1),
        (flip, "out/a-vertical.png", 1),
        (Path.unlink, "out/a-vertical.png", 1),
        (lambda path: write_pgm(path, 9, side=5), "in/a.pgm", 1),
        (lambda path: write_pgm(path.with_name("new.pgm"), 9), "in/a.pgm", 1),
    ],
)
def test_only_what_is_missing_or_changed_is_done(
    change: Callable[[Path], object], name: str, done: int, source: Path, work: Work
) -> None:
    run_folder(source, work)
    change(source.parent / name)
    assert run_folder(source, work)[0] == done
    again = make_work(source.parent / "again")
    run_folder(source, again)
    assert contents(Path(work.output)) == contents(Path(again.output))


def test_other_settings_do_everything_again(source: Path, work: Work) -> None:
    run_folder(source, work)
    assert run_folder(source, replace(work, identity="other")) == (3, 0, 0)
    assert run_folder(source, work) == (3, 0, 0)


def test_other_names_are_other_outputs(source: Path, work: Work) -> None:
    run_folder(source, work)
    with planned(source, work, suffix=True) as batch:
        assert run(batch, work).done == 3
    assert run_folder(source, work) == (3, 0, 0)
    assert len(contents(Path(work.output))) == 6


def test_the_tree_can_be_moved(source: Path, work: Work) -> None:
    run_folder(source, work)
    moved = source.parent.rename(source.parent.with_name("moved"))
    assert run_folder(moved / "in", make_work(moved / "out")) == (0, 0, 3)


def test_a_failure_stops_no_other_and_is_tried_again(source: Path, work: Work) -> None:
    (source / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    with planned(source, work) as batch:
        totals = run(batch, work)
        assert (totals.done, totals.failed) == (3, 1)
        (reason,) = batch.failed
        assert str(source / "bad.png") in reason
        record = [r for r in batch.records() if r["status"] == "failed"]
        assert record == [
            {
                "schema": "edgecli.report/1",
                "input": {"path": str(source / "bad.png")},
                "error": reason,
                "status": "failed",
            }
        ]
    write_pgm(source / "bad.png")
    assert run_folder(source, work) == (1, 0, 3)


def test_failing_fast_begins_nothing_new(tmp_path: Path, work: Work) -> None:
    source = pictures(tmp_path / "in", *(f"{n:02}.pgm" for n in range(40)))
    (source / "00.pgm").write_bytes(b"P5 8 8 255\n")
    with planned(source, work) as batch:
        totals = run(batch, work, ThreadPoolExecutor(1), fail_fast=True)
    assert totals.failed == 1
    assert totals.done < 10


def test_crashes_and_hangs_are_survived(tmp_path: Path, work: Work) -> None:
    names = [f"{n:02}.pgm" for n in range(20)]
    source = pictures(tmp_path / "in", *names, "crash.pgm", "hang.pgm", "killed.pgm", "once.pgm")
    with planned(source, work) as batch:
        executor = ProcessExecutor(2, 1.0)
        totals = run(batch, work, executor)
        assert (totals.done, totals.failed) == (21, 3)
        assert [reason.split("/")[-1] for reason in batch.failed] == [
            "crash.pgm crashed its process (SIGSYS); get the file whole again",
            "hang.pgm took longer than 1 second; raise --time-limit, or get the file whole again",
            "killed.pgm was killed with its process (SIGKILL: out of memory?); make it smaller, "
            "or raise the limit of memory",
        ]
    assert executor.lost == 5  # what was killed beside others was tried again alone


# --- names and claims ---------------------------------------------------------------------------


@pytest.mark.parametrize("other", ["a.png", "A.PGM"])
def test_two_inputs_may_not_claim_one_output(source: Path, work: Work, other: str) -> None:
    write_pgm(source / other)
    with pytest.raises(UsageError, match=r"would both be written to .*-vertical\.png; --suffix"):
        run_folder(source, work)
    assert not contents(Path(work.output))
    with planned(source, work, suffix=True) as batch:
        assert run(batch, work).done == 4


def test_an_output_never_replaces_an_input(tmp_path: Path) -> None:
    source = pictures(tmp_path / "in", "a.pgm", "a-vertical.png")
    with pytest.raises(UsageError, match="is an input of this run; give another folder"):
        run_folder(source, make_work(source))
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a-vertical.png").symlink_to(source / "a.pgm")
    with pytest.raises(UsageError, match="is a link to another file"):
        run_folder(source, make_work(tmp_path / "out"))


def test_outputs_among_inputs_are_not_taken_for_inputs(tmp_path: Path) -> None:
    source = pictures(tmp_path / "in", "a.pgm", "b/c.pgm")
    work = make_work(source)
    assert run_folder(source, work) == (2, 0, 0)
    assert run_folder(source, work) == (0, 0, 2)
    write_pgm(source / "new.pgm")
    assert run_folder(source, work) == (1, 0, 2)
    assert len(contents(source)) == 6


def test_outputs_of_earlier_settings_and_names_are_not_taken_for_inputs(tmp_path: Path) -> None:
    source = pictures(tmp_path / "in", "a.pgm")
    (source / "film.pgm").write_bytes((b"P5 4 4 255\n" + bytes(range(16))) * 3)
    for name, suffix in (("sobel", False), ("vertical", False), ("vertical", True)):
        chosen = Settings((load_operator(name),), threads=1)
        work = replace(make_work(source), settings=chosen, identity=name)
        assert run_folder(source, work, suffix=suffix) == (2, 0, 0)
        assert run_folder(source, work, suffix=suffix) == (0, 0, 2)
    assert len(contents(source)) == 2 + 3 * (1 + 3)


def test_frames_of_a_killed_batch_are_known_before_they_are_there(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "film.pgm").write_bytes((b"P5 4 4 255\n" + bytes(range(16))) * 3)
    work = make_work(source)
    with planned(source, work) as batch:
        work(batch.items[0])  # and killed before it was written down
    assert run_folder(source, work) == (1, 0, 0)


def test_outputs_of_a_killed_batch_are_known_before_they_are_there(tmp_path: Path) -> None:
    source = pictures(tmp_path / "in", "a.pgm", "b.pgm")
    work = make_work(source)
    with planned(source, work) as batch:
        work(batch.items[0])  # and killed before it was written down
    assert (source / "a-vertical.png").exists()
    assert run_folder(source, work) == (2, 0, 0)


def test_files_that_are_to_stay_are_kept_and_never_taken_for_ours(source: Path, work: Work) -> None:
    output = Path(work.output)
    (output / "a-vertical.png").write_bytes(b"mine")
    with planned(source, make_work(output, no_clobber=True)) as batch:
        totals = run(batch, make_work(output, no_clobber=True))
        assert (totals.done, totals.skipped) == (2, 1)
        assert statuses(batch)[0] == ("a.pgm", "skipped")
    assert (output / "a-vertical.png").read_bytes() == b"mine"
    assert run_folder(source, work) == (1, 0, 2)
    assert (output / "a-vertical.png").read_bytes() != b"mine"


# --- memory, frames, files that move ------------------------------------------------------------


def test_large_images_come_last_and_give_the_same(tmp_path: Path, work: Work) -> None:
    source = pictures(tmp_path / "in", "b.pgm", "c.pgm")
    large = write_pgm(source / "a.pgm", side=200)
    small = make_work(tmp_path / "small", share=32_000)
    with planned(source, small) as batch:
        run(batch, small, ThreadPoolExecutor(1))
        entry = batch.journal.read(batch.lines[0])
        assert max(batch.lines) == batch.lines[0]
        assert entry["reports"][0]["engine"]["threads"] >= 1
    run_folder(source, work)
    assert contents(Path(small.output)) == contents(Path(work.output))
    large.write_bytes(large.read_bytes()[:-1])
    assert run_folder(source, small) == (0, 1, 2)


def test_large_images_in_bands_are_done_beside_others(tmp_path: Path) -> None:
    source = pictures(tmp_path / "in", "b.pgm", "c.pgm")
    write_pgm(source / "a.pgm", side=200)  # at worst it would take 1.28 MB
    for share, is_last in ((700_000, False), (600_000, True)):
        shared = make_work(tmp_path / f"{share}", share=share)
        with planned(source, shared) as batch:
            run(batch, shared, ThreadPoolExecutor(1))
            assert (max(batch.lines) == batch.lines[0]) is is_last


def test_every_frame_is_a_record_and_an_output(tmp_path: Path, work: Work) -> None:
    source = tmp_path / "in"
    source.mkdir()
    frame = b"P5 4 4 255\n" + bytes(range(16))
    (source / "film.pgm").write_bytes(frame * 3)
    assert run_folder(source, work) == (1, 0, 0)
    with planned(source, work) as batch:
        assert statuses(batch) == [("film.pgm", "skipped")] * 3
    (Path(work.output) / "film-vertical-0003.png").unlink()
    assert run_folder(source, work) == (1, 0, 0)


def test_an_input_that_vanishes_is_a_failure(source: Path, work: Work) -> None:
    with planned(source, work) as batch:
        (source / "b.pgm").unlink()
        totals = run(batch, work)
        assert (totals.done, totals.failed) == (2, 1)
        assert batch.failed == [f"image {source / 'b.pgm'} does not exist; check the name"]


def test_an_input_that_changes_while_it_is_read_is_a_failure(
    source: Path, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    def detect_and_touch(job: Job, *arguments: Any, **options: Any) -> list[Result]:
        results = detect_input(job, *arguments, **options)
        os.utime(job.path, ns=(0, 0))
        return results

    monkeypatch.setattr("edgecli.batch.work.detect_input", detect_and_touch)
    with planned(source, work) as batch:
        assert run(batch, work).failed == 3
        assert "changed while it was read; run the batch again" in batch.failed[0]
    monkeypatch.undo()
    assert run_folder(source, work)[1:] == (0, 0)


def test_names_of_any_bytes(tmp_path: Path, work: Work) -> None:
    source = tmp_path / "in"
    names = [b"bytes\xff.pgm", b"new\nline.pgm", "<img onerror=…>.pgm".encode()]
    for name in names:
        write_pgm(source / os.fsdecode(name))
    assert run_folder(source, work) == (3, 0, 0)
    assert run_folder(source, work) == (0, 0, 3)
    found = sorted(contents(Path(work.output)))
    assert found == ["_img onerror=…_-vertical.png", "bytes_-vertical.png", "new_line-vertical.png"]
    with planned(source, work) as batch:
        paths = {record["input"]["path"] for record in batch.records()}
    assert paths == {str(source / os.fsdecode(name)) for name in names}


def test_a_list_may_name_what_is_not_there(tmp_path: Path, work: Work) -> None:
    here = write_pgm(tmp_path / "a.pgm")
    listed = listed_inputs(
        f"{here}\n{tmp_path}\nnowhere.png\n".encode(), zero=False, recursive=False
    )
    with closing(Journal(work.output)) as journal:
        batch = plan_batch(listed, work, journal)
        totals = run(batch, work)
        assert (totals.done, totals.failed) == (1, 2)
        assert batch.failed == [
            "image nowhere.png does not exist; check the name",
            f"{tmp_path} is a folder; give an image in it",
        ]


def test_troubles_are_failures_from_the_start(work: Work) -> None:
    with closing(Journal(work.output)) as journal:
        batch = plan_batch(Found([], [("x", "folder x is locked")]), work, journal)
        assert batch.failed == ["folder x is locked"]
        assert batch.totals.failed == batch.totals.inputs == 1
        assert statuses(batch) == [("x", "failed")]


def test_temporary_files_are_removed_and_no_others(tmp_path: Path) -> None:
    pictures(tmp_path, "a.png", "b/.c.png", ".x.edgecli-tmp", "b/edgecli-tmp")
    kept = sorted(tmp_path.rglob("*"))
    pictures(tmp_path, ".a.png.0123abcd.edgecli-tmp", "b/.n\nm.png.00000000.edgecli-tmp")
    remove_temporaries(str(tmp_path))
    assert sorted(tmp_path.rglob("*")) == kept


def test_the_outputs_are_those_of_detect(source: Path, work: Work) -> None:
    run_folder(source, work)
    alone = source.parent / "alone.png"
    job = name_job(str(source / "a.pgm"), work.settings, Target(str(alone)))
    detect_input(job, work.settings, Limits())
    assert alone.read_bytes() == (Path(work.output) / "a-vertical.png").read_bytes()
