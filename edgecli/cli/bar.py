"""How far images are, on a terminal: a bar, where they take over a second.

What takes less does not load rich, which is slow.
"""

from __future__ import annotations

import os
from threading import Lock, Timer
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress

PATIENCE = 1.0
"""Seconds that images may take before there is a bar."""

COLUMNS = 24
"""Of a bar: beside it there is room for a name."""


def can_draw(stream: TextIO) -> bool:
    """Return whether a stream is a terminal that a bar can be drawn on."""
    return stream.isatty() and os.environ.get("TERM") != "dumb" and "NO_COLOR" not in os.environ


def bar_on(stream: TextIO) -> Progress:
    """Return a bar and what is said beside it, in one line, which goes when it ends."""
    from rich.console import Console  # slow to load
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.table import Column

    console = Console(file=stream, force_terminal=True)
    one_line = Column(no_wrap=True, overflow="ellipsis")
    text = TextColumn("{task.description}", markup=False, table_column=one_line)
    bar = Progress(BarColumn(COLUMNS), text, console=console, transient=True)
    bar.add_task("", total=None)
    return bar


class Bar:
    """How far a command is with its inputs, on a terminal, once that takes over a second.

    A context manager, at whose end the bar goes. Where the ``stream`` is no terminal, or None,
    nothing is shown.
    """

    def __init__(self, inputs: int, stream: TextIO | None) -> None:
        self.stream = stream if stream is not None and can_draw(stream) else None
        self._inputs = inputs
        self._name, self._number = "", 0
        self._frame = self._rows = self._done = 0
        self._lock = Lock()
        self._bar: Progress | None = None
        self._timer: Timer | None = None

    def __enter__(self) -> Bar:
        self.hide()
        return self

    def __exit__(self, *raised: object) -> None:
        with self._lock:
            self._remove()

    def next(self, path: str) -> None:
        """Take note that an input begins."""
        name = "standard input" if path == "-" else os.path.basename(path)
        with self._lock:
            self._name = "".join(char if char.isprintable() else "?" for char in name)
            self._number, self._frame = self._number + 1, 0

    def begin(self, rows: int) -> None:
        """Take note that an image of the input begins, of so many rows."""
        with self._lock:
            self._frame, self._rows, self._done = self._frame + 1, rows, 0
            self._show()

    def advance(self, rows: int) -> None:
        """Take note that more rows are computed; called on any thread."""
        with self._lock:
            self._done += rows
            self._show()

    def hide(self) -> None:
        """Make way for a line; the bar is there again after a second."""
        with self._lock:
            self._remove()
            if self.stream is not None:
                self._timer = Timer(PATIENCE, self._draw)
                self._timer.daemon = True
                self._timer.start()

    def _draw(self) -> None:
        """Draw the bar, unless it is no longer wanted."""
        bar = bar_on(self.stream) if self.stream is not None else None
        with self._lock:
            if self._timer is not None and bar is not None:
                self._bar = bar
                self._show()
                bar.start()

    def _remove(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._bar is not None:
            self._bar.stop()
        self._bar = self._timer = None

    def _show(self) -> None:
        """Say how far the work is; how many frames there are nobody knows."""
        if self._bar is None:
            return
        within = min(self._done / self._rows, 1.0) if self._frame == 1 else 0.0
        words = [f"{self._number:,} of {self._inputs:,}"] * (self._inputs > 1) + [self._name]
        words += [f"frame {self._frame:,}"] * (self._frame > 1)
        (task,) = self._bar.task_ids
        self._bar.update(
            task,
            total=None if self._inputs == 1 < self._frame else self._inputs,
            completed=self._number - 1 + within,
            description=_cut(", ".join(words), self._bar.console.width - COLUMNS - 1),
        )


def _cut(text: str, columns: int) -> str:
    """Return a text that leaves a bar its room: rich would rather give the bar up."""
    from rich.text import Text

    cut = Text(text)
    cut.truncate(max(columns, 1), overflow="ellipsis")
    return cut.plain
