"""Every refusal says what is wrong and what to do next; where that is a command, it works."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from edgecli.cli import main
from edgecli.errors import EdgeCliError
from tests.conftest import GOLDEN
from tests.corpus.command import Command
from tests.corpus.running import fresh_inputs, run_command
from tests.elsewhere import nearby
from tests.refusals.advice import TRIED, is_known, remedies
from tests.refusals.calls import CALLS
from tests.refusals.cases import COMMANDS, UNMET
from tests.refusals.inputs import write_more
from tests.refusals.sites import all_sites, met, unmet


class Walk(NamedTuple):
    """Each line that was told, after the command that it was told of, and the places of errors."""

    messages: list[tuple[str, str]]
    places: set[tuple[str, int]]


def refused_commands() -> list[str]:
    """Return the commands of the corpus that end in a failure, and those of the cases."""
    record = json.loads((GOLDEN / "corpus.json").read_text(encoding="utf-8"))
    failing = [line for line, entry in record.items() if set(entry["codes"]) & {"1", "2"}]
    return [*failing, *COMMANDS.strip().splitlines()]


@pytest.fixture(scope="module")
def inputs() -> Iterator[Path]:
    with fresh_inputs() as folder, nearby():
        write_more(folder)
        yield folder


@pytest.fixture(scope="module")
def walk(inputs: Path) -> Walk:
    """Run every command that is refused, once, and every call.

    Whether it is to be refused is for the record of the corpus to judge.
    """
    told = {}
    with met() as places:
        for line in refused_commands():
            outcome = run_command(main, Command(line), inputs)
            text = outcome.streams[f"stderr {len(outcome.codes)}"].decode()
            assert not any(name.startswith("exception") for name in outcome.streams), line
            told[line] = text.splitlines() if outcome.codes[-1] and "Usage:" not in text else []
        for words, call in CALLS.items():
            with pytest.raises(EdgeCliError) as caught:
                call()
            assert words in str(caught.value)
            told[f"python {words}"] = [f"edgecli: {caught.value}"]
    messages = [(line, text.removeprefix("edgecli: ")) for line in told for text in told[line]]
    return Walk(messages, places)


def test_a_refusal_is_lines_for_people_whose_advice_is_known(walk: Walk) -> None:
    assert all(message.isprintable() for _, message in walk.messages)
    told = [told for told in walk.messages if not told[0].startswith("python ")]
    assert [one for one in told if not is_known(one[1])] == []


def test_advice_that_is_a_command_works(walk: Walk, inputs: Path) -> None:
    failed, used = [], set[str]()
    tried = set[tuple[str, ...]]()
    for line, message in walk.messages:
        if line.startswith("python "):
            continue
        step = Command(line).steps[-1]
        for pattern, args in remedies(list(step.args), message):
            used.add(pattern)
            advice = pattern, re.sub(r"\d+", "0", message.partition(";")[2]), *args[-2:]
            if advice in tried:
                continue
            tried.add(advice)
            end = f" < {step.stdin}" if step.stdin else ""
            outcome = run_command(main, Command(shlex.join(args) + end), inputs)
            if outcome.codes != (0,):
                failed.append((line, message, args, outcome.streams["stderr 1"]))
    assert failed == []
    assert sorted(TRIED.keys() - used) == []


def test_every_place_that_refuses_was_met(walk: Walk) -> None:
    left = [str(site) for site in unmet(walk.places)]
    assert [site for site in left if not any(key in site for key in UNMET)] == []


def test_what_is_not_met_is_there_and_has_a_reason() -> None:
    sites = [str(site) for site in all_sites()]
    for key, reason in UNMET.items():
        assert any(key in site for site in sites), key
        assert reason
