"""The commands of the corpus give what ``tests/golden/corpus.json`` records of them.

``python -m tests.corpus --record tests/golden/corpus.json`` writes it anew where a change is meant,
and ``--against TREE`` compares the whole corpus with another checkout, to the byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgecli.cli import main
from edgecli.filters import kernels
from tests.conftest import GOLDEN
from tests.corpus.command import Command, Step
from tests.corpus.comparing import differences
from tests.corpus.decoding import Array
from tests.corpus.encoders import pnm
from tests.corpus.normalising import normalised
from tests.corpus.record import Entry, describe, deviations, recorded_commands
from tests.corpus.running import Outcome, fresh_inputs, run_command
from tests.corpus.signatures import Signature, signature
from tests.elsewhere import nearby

RECORD: dict[str, Entry] = json.loads((GOLDEN / "corpus.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def inputs() -> Iterator[Path]:
    with fresh_inputs() as folder, nearby():
        yield folder


@pytest.mark.parametrize("line", RECORD)
def test_a_command_gives_what_it_gave(line: str, inputs: Path) -> None:
    outcome = run_command(main, Command(line), inputs)
    found = list(deviations(RECORD[line], outcome))
    assert not found, "\n".join([*found, *map(repr, outcome.streams.items())])


def test_the_record_is_of_the_commands_that_there_are() -> None:
    assert list(RECORD) == [command.line for command in recorded_commands()]


@pytest.mark.parametrize("name", ["scharr", "gabor"])
def test_another_kernel_is_noticed(
    name: str, inputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = Command(f"detect grey.png -f {name}")
    before = run_command(main, command, inputs)
    monkeypatch.setattr(kernels, "SCHARR", np.array([3.0, 11.0, 3.0]))
    after = run_command(main, command, inputs)
    assert bool(list(differences(before, after))) == (name == "scharr")
    assert bool(list(deviations(RECORD[command.line], after))) == (name == "scharr")


def test_lines_are_read_as_a_shell_reads_them() -> None:
    line = "detect - -f '1 -1' < a.pgm && cat b.pgm | detect - -q"
    assert Command(line).steps == (
        Step(("detect", "-", "-f", "1 -1"), "a.pgm"),
        Step(("detect", "-", "-q"), "b.pgm", piped=True),
    )
    assert Command(line).asking("-o {}.png").line == (
        "detect - -f '1 -1' -o 0.png < a.pgm && cat b.pgm | detect - -q -o 1.png"
    )


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("exact, 1 thread, 0.4 ms", "exact, 1 thread, … ms"),
        ('{"threads": 1, "seconds": 1e-05}', '{"threads": 1, "seconds": …}'),
        ("path,engine.seconds,x\na,0.1,2\nb,,3\n", "path,engine.seconds,x\na,…,2\nb,,3\n"),
        ("done   2\ntime   0.1 s\nspeed  9 images/s", "done   2\ntime …\nspeed …"),
        ("/somewhere/else/a.png", "<folder>/a.png"),
    ],
)  # fmt: skip
def test_times_and_places_are_left_out(text: str, kept: str) -> None:
    assert normalised(text.encode(), Path("/somewhere/else")).decode() == kept


def test_rounding_passes_and_more_does_not() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (40, 60)).astype(np.uint8)
    changed = picture.copy()
    changed[7, 9] ^= 1
    brighter = picture + np.uint8(5) * (picture < 250)

    def difference(other: Array, *, exact: bool) -> str | None:
        one, two = (signature(pnm(pixels), exact=exact) for pixels in (picture, other))
        return Signature.parse(str(one)).difference(Signature.parse(str(two)))

    assert difference(picture, exact=True) is None
    assert difference(changed, exact=True) is not None
    assert difference(changed, exact=False) is None
    assert difference(brighter, exact=False) is not None
    assert difference(picture[:30], exact=False) is not None


@pytest.mark.parametrize(
    ("after", "passes"),
    [
        ("a 1.50001\nresponses -3.1e-09 … 7", True),
        ("a 1.52\nresponses 0 … 7", False),
        ("b 1.5\nresponses 0 … 7", False),
        ("a 1.5\nresponses 0 … 7, 2 NaN", False),
    ],
)
def test_numbers_may_round_and_words_may_not(after: str, passes: bool) -> None:
    texts = ("a 1.5\nresponses 0 … 7", after)
    one, two = (signature(text.encode(), exact=False) for text in texts)
    assert (one.difference(two) is None) == passes


def test_every_one_of_many_numbers_counts() -> None:
    numbers = np.random.default_rng(0).random(49)
    changed = numbers.copy()
    changed[17] += 0.2
    texts = (" ".join(map(str, values)).encode() for values in (numbers, numbers + 1e-9, changed))
    before, rounded, after = (signature(text, exact=False) for text in texts)
    assert before.difference(rounded) is None
    assert before.difference(after) is not None


def test_codes_and_files_count() -> None:
    outcome = Outcome((0,), {"stdout 1": b"a\n"}, {"a.png": b"\0"})
    entry = describe(outcome, exact=True)
    assert not list(deviations(entry, outcome))
    for other in (
        replace(outcome, codes=(1,)),
        replace(outcome, files={}),
        replace(outcome, files={"a.png": b"\0", "b.png": b""}),
        replace(outcome, streams={"stdout 1": b"b\n"}),
    ):
        assert list(deviations(entry, other))
        assert list(differences(outcome, other))
