"""What must hold of any file, however damaged: it is read as announced, or refused in one line."""

from __future__ import annotations

import io
import os
import re
import sys
import traceback
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
from click.testing import CliRunner

from edgecli.cli import main
from edgecli.errors import EdgeCliError
from edgecli.filters import load_filter
from edgecli.geometry import bands
from edgecli.images.files import open_images
from edgecli.networks.files import load_network
from edgecli.rows.base import Source
from tests.fuzz.seeds import Seed
from tests.pillow_files import Pipe

MAX_PIXELS = 2**20
MOST_NOTES = 2  # lines that a file which fails may have beside
LONGEST_LINE = 700  # characters of a message, beside the names in it


class Outcome(NamedTuple):
    """Images that could be read, as (shape, type, checksum); why no more, and where it is said."""

    images: list[Any]
    refusal: str = ""
    where: str = ""


class FaultError(Exception):
    """Something that must hold does not."""


def check(seed: Seed, data: bytes, folder: Path, random: Random) -> str:
    """Hold a mutant in an empty folder to what must hold; FaultError, or what came of it."""
    for name, more in {**seed.beside, seed.name: data}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(more)
    path = str(folder / seed.name)
    match seed.reader:
        case "image":
            return _check_image(path, data, random)
        case "filter":
            return _check_filter(path, random)
        case "network" | "weights":
            return _check_network(str(folder / "net.toml"), path)
        case _:
            return _check_batch(folder)


def _check_image(path: str, data: bytes, random: Random) -> str:
    """Read an image from a file and a pipe, whole and in bands; all of them must agree.

    Which of several faults is met first, and told, may differ.
    """
    all_frames = random.random() < 0.5
    whole = _read(path, all_frames, rows=None)
    tallest = max((shape[0] for shape, *_ in whole.images), default=1)
    banded = _read(path, all_frames, rows=random.choice((1, 3, 7)) + tallest // 50)
    if not _agree(banded, whole):
        raise FaultError(f"bands differ: {_shown(banded)} after {_shown(whole)}")
    piped = _read_pipe(data, all_frames)
    if not _continues(piped, whole) and not _is_hardly_told(path, piped):
        raise FaultError(f"a pipe differs: {_shown(piped)} after {_shown(whole)}")
    if random.random() < 0.1:
        _read(path, all_frames, rows=None, grey=True)
    if random.random() < 0.08:
        _check_commands(path, random)
    first = [(shape[2], dtype) for shape, dtype, _ in whole.images[:1]]
    return f"{whole.where} {first} {len(whole.images) > 1}"


def _read_pipe(data: bytes, all_frames: bool) -> Outcome:
    stdin = SimpleNamespace(buffer=io.BufferedReader(Pipe(data)))
    with patch.object(sys, "stdin", stdin):
        return _read("-", all_frames, rows=None)


def _agree(one: Outcome, other: Outcome) -> bool:
    return (one.images, bool(one.refusal)) == (other.images, bool(other.refusal))


def _continues(piped: Outcome, whole: Outcome) -> bool:
    """Return whether a pipe gave what the file did, or that and more, as files follow each other.

    A file of one picture may have anything behind it, which in a pipe is the next picture.
    """
    if not whole.images or whole.refusal:
        return _agree(piped, whole)
    return piped.images[: len(whole.images)] == whole.images


def _is_hardly_told(path: str, piped: Outcome) -> bool:
    """Return whether a file may be TGA, which only a whole file tells, or PCX without an end.

    Pillow looks for the end of PCX where a short file has nothing, and a pipe's bytes do.
    """
    return "is in no format" in piped.refusal or path.endswith(".pcx")


def _shown(outcome: Outcome) -> str:
    return f"{outcome.images[:3]} {outcome.refusal!r}"


def _where(error: BaseException) -> str:
    """Return the lines of code that raised an error and what caused it: what is new to a corpus."""
    frames = traceback.extract_tb(error.__traceback__)
    here = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
    return here if error.__cause__ is None else f"{here} {_where(error.__cause__)}"


def _read(path: str, all_frames: bool, *, rows: int | None, grey: bool = False) -> Outcome:
    """Read all images of a file; FaultError for aught but rows as announced, or one clear line."""
    images: list[Any] = []
    try:
        for source in open_images(path, max_pixels=MAX_PIXELS, grey=grey, all_frames=all_frames):
            with closing(source):
                images.append(_read_rows(source, rows))
            _check_notes(source)
    except EdgeCliError as error:
        check_line(str(error), ("image ", "images "), path)
        return Outcome(images, str(error), _where(error))
    if not images:
        raise FaultError("neither an image nor a refusal")
    return Outcome(images)


def _read_rows(source: Source, rows: int | None) -> Any:
    """Return an image's shape, type and checksum; bands overlap by a row."""
    H, W, C = source.shape
    if not (H * W * C and H * W <= MAX_PIXELS and C <= 4 and source.dtype.kind in "uif"):
        raise FaultError(f"announces {source.shape} of {source.dtype}")
    ranges = [(0, H)] if rows is None else list(_overlapping(H, rows))
    total, row = 0, 0
    for (start, stop), block in zip(ranges, source.blocks(ranges), strict=True):
        if (block.shape, block.dtype) != ((stop - start, W, C), source.dtype):
            raise FaultError(f"{block.shape} of {block.dtype}, announced {source.shape}")
        total = zlib.crc32(block[row - start :].tobytes(), total)
        row = stop
    return source.shape, source.dtype.str, total


def _overlapping(height: int, rows: int) -> Iterator[tuple[int, int]]:
    for start, stop in bands(height, rows):
        yield max(start - 1, 0), stop


def _check_notes(source: Source) -> None:
    for note in getattr(source.info, "notes", ()):
        if not note.isprintable() or not note[:1].islower() or len(note) > LONGEST_LINE:
            raise FaultError(f"a note is no clause: {note!r}")


def check_line(text: str, subjects: Sequence[str], path: str) -> None:
    """Hold a message to be one printable line of fair length that begins with its subject."""
    rest = text.replace(path, "X")
    if not text.isprintable() or len(rest) > LONGEST_LINE:
        raise FaultError(f"no printable line: {text!r}")
    if not text.startswith((*subjects, path)) or path not in text:
        raise FaultError(f"no subject: {text!r}")
    if re.search(r"internal error|Traceback|\bat 0x|<[\w.]+ object|Errno|unpack_|codec can", text):
        raise FaultError(f"not for people: {text!r}")


def _check_filter(path: str, random: Random) -> str:
    try:
        bank = load_filter(path)
    except EdgeCliError as error:
        check_line(str(error), ("filter ",), path)
        return _where(error)
    if not np.isfinite(bank.weight).all() or not np.isfinite(bank.bias).all():
        raise FaultError("weights that are not finite")
    if random.random() < 0.3:
        _run(["filters", "show", path], None)
    return f"read {bank.weight.shape}"


def _check_network(path: str, mutant: str) -> str:
    network = mutant if mutant.endswith(".toml") else path
    try:
        load_network(network).summary()
    except EdgeCliError as error:
        check_line(str(error), ("network ", "weights "), os.path.dirname(path))
        return _where(error)
    return "read"


def _check_batch(folder: Path) -> str:
    """Run a batch over a damaged journal: whatever was in it, the edge map is there afterwards."""
    args = ["batch", str(folder / "in"), "-o", str(folder / "out"), "-q", "--jobs", "1"]
    _run(args, folder / "out" / "grey-sobel.png")
    again = _run([*args, "--report", "json"], folder / "out" / "grey-sobel.png")
    if '"skipped": 1' not in again and '"done": 1' not in again:
        raise FaultError(f"a batch does nothing: {again[-300:]!r}")
    return "batch"


_COMMANDS = (
    ("-f", "sobel"), ("-f", "vertical", "--map", "raw"), ("-f", "canny"), ("--all-frames",),
    ("--channels", "rgb", "-f", "box:3", "--map", "raw"), ("--nan", "error"),
    ("--map", "minmax", "--channels", "max"), ("-f", "laplacian", "--depth", "float"),
)  # fmt: skip


def _check_commands(path: str, random: Random) -> None:
    """Detect edges: a file that is whole, or one line and no file."""
    output = Path(path).parent / random.choice(("out.npy", "out.png", "out.tif"))
    args = ["detect", path, "-o", str(output), "-q", "--max-pixels", str(MAX_PIXELS)]
    _run([*args, *random.choice(_COMMANDS)], output)


def _run(args: list[str], output: Path | None) -> str:
    """Run a command; FaultError for a wrong exit code, too many lines, or what is left over."""
    result = CliRunner().invoke(main, args)
    lines = result.stderr.splitlines()
    if result.exit_code not in (0, 1, 2) or not isinstance(result.exception, SystemExit | None):
        raise FaultError(f"exit code {result.exit_code}, {result.exception!r} of {args}")
    if any(not line.startswith("edgecli: ") or "internal error" in line for line in lines):
        raise FaultError(f"standard error {lines} of {args}")
    if result.exit_code and not 1 <= len(lines) <= 1 + MOST_NOTES:
        raise FaultError(f"{len(lines)} lines {lines} of {args}")
    if output is not None and output.suffix != "" and output.exists() == bool(result.exit_code):
        several = sorted(output.parent.glob(f"{output.stem}-*"))
        if result.exit_code or not several:
            raise FaultError(
                f"exit code {result.exit_code}, but {output.name} exists or not, of {args}"
            )
    return result.stdout
