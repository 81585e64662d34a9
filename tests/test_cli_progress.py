"""How far a batch is: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from edgecli.batch.planning import Totals
from edgecli.cli.progress import watched


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def steps() -> Iterator[Totals]:
    for done in range(1, 4):
        yield Totals(3, done, pixels=done * 1_000_000, seconds=float(done))


def test_a_terminal_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    assert len(list(watched(steps(), terminal))) == 3
    shown = terminal.getvalue()
    assert "\x1b[" in shown
    assert "3 of 3, 0 failed, 1 images/s, 1 MP/s, 0 s left" in shown


@pytest.mark.parametrize(
    ("stream", "environment"),
    [(io.StringIO(), {}), (Terminal(), {"TERM": "dumb"}), (Terminal(), {"NO_COLOR": "1"})],
)
def test_elsewhere_there_are_plain_lines(
    stream: io.StringIO, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in ({"TERM": "xterm"} | environment).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("edgecli.cli.progress.SECONDS", 0.0)
    assert len(list(watched(steps(), stream))) == 3
    assert stream.getvalue().splitlines() == [
        "edgecli: 1 of 3, 0 failed, 1 images/s, 1 MP/s, 2 s left",
        "edgecli: 2 of 3, 0 failed, 1 images/s, 1 MP/s, 1 s left",
        "edgecli: 3 of 3, 0 failed, 1 images/s, 1 MP/s, 0 s left",
    ]
