"""``detect --scheduler``: one image on a cluster of processes on this machine."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from functools import partial
from os import environ
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecli.batch.cluster import cluster_at
from edgecli.detect import shares
from edgecli.detect.inputs import Limits
from edgecli.detect.jobs import detect_input
from edgecli.detect.outputs import Target, name_job
from edgecli.detect.shares import Share, Work, Workers
from tests.batches import contents, pictures
from tests.clusters import ROOT, cluster
from tests.conftest import Refuse, Run, noise
from tests.detections import settings_of

OPENSSL = shutil.which("openssl")


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Start two workers; return the scheduler's address."""
    with cluster(2) as address, cluster_at(address, workers=2):
        yield address


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("map.png", ["-f", "sobel"]),
        ("map.npy", ["-f", "gaussian:3", "--map", "raw"]),
        ("map.tif", ["-f", "canny:1.4", "--hysteresis", "20,60"]),
        ("map.svg", ["-f", "canny", "--min-length", "5"]),
        ("map.zarr", ["-f", "sobel"]),
        ("map.zarr", ["-f", "canny"]),
    ],
)
def test_a_cluster_gives_the_same_file(
    tmp_path: Path, scheduler: str, run: Run, name: str, options: list[str]
) -> None:
    if name.endswith(".zarr"):
        pytest.importorskip("zarr")
    np.save(tmp_path / "in.npy", noise(300, 70, seed=1))
    near, far = tmp_path / "near" / name, tmp_path / "far" / name
    for path, more in ((near, []), (far, ["--scheduler", scheduler])):
        result = run("detect", tmp_path / "in.npy", "-o", path, *options, *more)
        assert result.exit_code == 0, result.output
    assert contents(far.parent) == contents(near.parent)


def test_a_worker_that_is_lost_loses_nothing(
    tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker that comes first to the last share dies when it has written its chunks."""
    pytest.importorskip("zarr")
    monkeypatch.setattr(shares, "MOST_PIXELS", 2048 * 64)
    np.save(tmp_path / "in.npy", noise(2048, 256, seed=1))
    settings, mark = settings_of("sobel"), tmp_path / "mark"

    def detected(place: str, executor: Executor | None) -> None:
        target = Target(str(tmp_path / place / "map.zarr"))
        job = name_job(str(tmp_path / "in.npy"), settings, target)
        work = Work(job, settings, Limits(), 2, measured=True)
        crew = None if executor is None else Workers(executor, work)
        detect_input(job, settings, Limits(), crew=crew)

    with cluster_at(scheduler) as (executor, *_):
        submit, compute = executor.submit, shares.compute_share
        lethal = partial(computed_once_dead, compute, str(mark))
        monkeypatch.setattr(executor, "submit", lambda _, *given: submit(lethal, *given))
        detected("far", executor)
    detected("near", None)
    assert mark.exists()
    assert contents(tmp_path / "far") == contents(tmp_path / "near")


def computed_once_dead(compute: Callable[..., Any], mark: str, work: Work, share: Share) -> Any:
    """Compute a share; the first process that comes to the last is killed, which leaves a mark."""
    part = compute(work, share)
    if share.rows[1] == 2048 and not os.path.exists(mark):
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return part


def test_a_dry_run_asks_no_cluster(tmp_path: Path, run: Run) -> None:
    np.save(tmp_path / "in.npy", noise(8, 8, seed=1))
    result = run("detect", tmp_path / "in.npy", "-n", "--scheduler", "tcp://127.0.0.1:1")
    assert result.exit_code == 0


@pytest.mark.skipif(OPENSSL is None, reason="no openssl to make certificates with")
def test_a_cluster_with_certificates_does_the_same(
    tmp_path: Path, run: Run, refuse: Refuse
) -> None:
    """As an open one does, and who has none is told how to name them."""
    source, variables = pictures(tmp_path / "in", "a.pgm", "b.pgm"), environ | certified(tmp_path)
    with cluster(1, "tls", variables) as address:
        assert address.startswith("tls://")
        for name, given, path in ("detect", source / "a.pgm", "one.png"), ("batch", source, "all"):
            near, far = tmp_path / "near" / path, tmp_path / "far" / path
            assert run(name, given, "-o", near).exit_code == 0
            done = edgecli(name, given, "-o", far, "--scheduler", address, variables=variables)
            assert done.returncode == 0, done.stderr
        assert contents(tmp_path / "far") == contents(tmp_path / "near")
        shared = ("-o", tmp_path / "c.png", "--scheduler", address)
        said = refuse("detect", source / "a.pgm", *shared, code=2)
        assert "wants certificates, and Dask knows none; name them by DASK_" in said


def certified(folder: Path) -> dict[str, str]:
    """Make a certificate that stands for itself; return the variables by which Dask finds it."""
    key, certificate = str(folder / "key.pem"), str(folder / "certificate.pem")
    subject = ["-days", "2", "-subj", "/CN=edgecli", "-addext", "subjectAltName=IP:127.0.0.1"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    made = [str(OPENSSL), "req", "-x509", *curve, "-keyout", key, "-out", certificate, *subject]
    subprocess.run(made, check=True, capture_output=True)
    tls = "DASK_DISTRIBUTED__COMM__TLS__"
    return {
        f"{tls}CA_FILE": certificate,
        **{f"{tls}{role}__CERT": certificate for role in ("CLIENT", "SCHEDULER", "WORKER")},
        **{f"{tls}{role}__KEY": key for role in ("CLIENT", "SCHEDULER", "WORKER")},
    }


def edgecli(*arguments: object, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, as Dask reads its configuration once."""
    command = [sys.executable, "-m", "edgecli", *map(str, arguments)]
    return subprocess.run(
        command, check=False, env=variables, cwd=ROOT, capture_output=True, text=True
    )
