"""The lecture fills its minutes, and each of its figures stands below the command that makes it."""

from __future__ import annotations

import re

import pytest

from tests.conftest import Run
from tests.test_docs import ROOT

LECTURE = (ROOT / "docs" / "lecture.md").read_text(encoding="utf-8")
PARTS = re.split(r"^## (?=\d)", LECTURE.partition("## All slides")[0], flags=re.MULTILINE)[1:]
TITLES = [part.split("\n", 1)[0] for part in PARTS]


def minutes(part: str) -> int:
    (told,) = re.findall(r"^\*(\d+) minutes\.\*", part, re.MULTILINE)
    return int(told)


def test_it_takes_forty_five_minutes() -> None:
    assert sum(map(minutes, PARTS)) == 45


def test_the_table_lists_every_part_with_its_minutes() -> None:
    rows = re.findall(r"\| (\d+) \| \[(.+?)\]\(#\S+\) \| (\d+) ", LECTURE)
    listed = sorted((int(number), name, int(long)) for number, name, long in rows)
    assert [f"{number}. {name}" for number, name, _ in listed] == TITLES
    assert [long for *_, long in listed] == list(map(minutes, PARTS))


@pytest.mark.parametrize("part", PARTS, ids=TITLES)
def test_each_part_shows_something_and_asks_the_class(part: str) -> None:
    assert "```console\n" in part
    before, question, after = part.partition("<details><summary><b>Ask:</b> ")
    assert before
    assert question
    assert after.count("</summary>") == after.count("</details>") == 1


@pytest.mark.parametrize("part", PARTS, ids=TITLES)
def test_each_figure_stands_below_its_command(part: str) -> None:
    figures = list(re.finditer(r"sample_images/edges/([\w.-]+)\)", part))
    assert figures
    for figure in figures:
        assert f" -o {output_of(figure[1])}\n" in part[: figure.start()]


def output_of(figure: str) -> str:
    """Return the output that a command names, a file or the folder that a figure comes from.

    >>> output_of("digit-01-conv1.png"), output_of("lenet5-why.svg")
    ('digit/', 'lenet5-why.svg')
    """
    return re.sub(r"^(\w+)-\d\d-.*", r"\1/", figure)


def test_the_digit_is_read_as_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ((command, told),) = re.findall(
        r"```console\nedgecli ([^\n]+)\n```\n\n```text\n(.*?)```", LECTURE, re.DOTALL
    )
    monkeypatch.chdir(ROOT)
    said = words_of(run(*command.split()).stdout)
    assert len(said) == len(words_of(told))
    for ours, theirs in zip(said, words_of(told), strict=True):
        assert ours == theirs or float(ours) == pytest.approx(float(theirs), rel=1e-3, abs=1e-6)


def words_of(report: str) -> list[str]:
    """Return the words of a report without its time, numbers without their marks."""
    return [word.strip("%,") for word in re.sub(r"\n.* ms on .*", "", report).split()]
