"""What the tests of batches share: folders of small pictures, and work that can be told to fail."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edgecli.batch.inputs import find_inputs
from edgecli.batch.journal import Journal
from edgecli.batch.planning import Batch, plan_batch
from edgecli.batch.work import Facts, Work
from edgecli.detect.inputs import Limits, Result
from edgecli.detect.outputs import Target
from edgecli.detect.settings import Settings
from edgecli.detect.sheet import Sheet
from edgecli.operators.operators import load_operator
from edgecli.reports.image import image_record
from tests.conftest import noise


def write_pgm(path: Path, seed: int = 0, side: int = 8) -> Path:
    """Write a grey picture, a different one for each seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"P5 %d %d 255\n" % (side, side) + noise(side, side, seed=seed).tobytes())
    return path


def pictures(folder: Path, *names: str) -> Path:
    """Write a picture of each name, all different, and return the folder."""
    for seed, name in enumerate(names):
        write_pgm(folder / name, seed)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder but hidden ones, by their relative paths."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in files
        if not path.name.startswith(".")
    }


def dangerous(result: Result | Sheet) -> Facts:
    """Describe an image; ones of certain names crash the process or never come to an end.

    One named ``once`` has only the first process killed that comes to it, which leaves a mark.
    """
    path = Path(result.info.path)
    match path.stem:
        case "crash":
            os.kill(os.getpid(), signal.SIGSYS)  # which no handler of pytest tells of
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            threading.Event().wait()
        case "once":
            mark = path.with_suffix(".mark")
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
    return image_record(result)


def make_work(output: Path, *, share: int = 2**36, no_clobber: bool = False) -> Work:
    """Return the work of ``edgecli batch -f vertical``, with pictures of dangerous names."""
    output.mkdir(exist_ok=True)
    return Work(
        settings=Settings((load_operator("vertical"),), threads=1),
        target=Target(str(output), folder=True, no_clobber=no_clobber),
        output=str(output),
        limits=Limits(),
        describe=dangerous,
        identity="settings",
        share=share,
        threads=2,
    )


def ended(process: subprocess.Popen[bytes]) -> bool:
    """Wait a moment for a process, and return whether it has ended."""
    try:
        process.wait(0.01)
    except subprocess.TimeoutExpired:
        return False
    return True


@contextmanager
def planned(source: Path, work: Work, *, suffix: bool = False) -> Iterator[Batch]:
    """Plan a batch of a folder, with its journal."""
    found = find_inputs(str(source), work.output, recursive=True)
    with closing(Journal(work.output)) as journal:
        yield plan_batch(found, work, journal, suffix=suffix)
