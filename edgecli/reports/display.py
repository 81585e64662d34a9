"""What is drawn on a terminal; the one module that knows rich."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any, TextIO

import numpy as np
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from edgecli.reports.tables import Table
from edgecli.rows.base import Rows, Sink
from edgecli.rows.samples import full_scale

SHADES = " .:-=+*#%@"
"""Dark to light, where there are no colours."""


def as_table(table: Table, terminal: TextIO) -> str:
    """Return labels and texts in two columns, folded to a terminal, in colour if it has any."""
    console = _console(terminal)
    grid = Grid.grid(padding=(0, 2))
    grid.add_column(style="bold cyan", no_wrap=True)
    grid.add_column(overflow="fold")
    for cells in table.rows:
        grid.add_row(*(Text(str(cell)) for cell in cells))
    with console.capture() as capture:
        console.print(grid)
    # Spaces fill the last column.
    return "".join(line.rstrip() + "\n" for line in capture.get().splitlines())


def _console(stream: TextIO) -> Console:
    terminal = stream.isatty()
    return Console(
        file=stream,
        width=_dumb_width(stream) if terminal else 80,
        height=25,  # rich heeds a width only beside a height
        force_terminal=terminal,
        no_color="NO_COLOR" in os.environ or None,
    )


def _dumb_width(stream: TextIO) -> int | None:
    """Return the columns of a dumb terminal, which rich takes to be 80; None leaves it to rich."""
    if os.environ.get("TERM") in ("dumb", "unknown") and "COLUMNS" not in os.environ:
        with suppress(OSError):  # no terminal of the system's
            return os.get_terminal_size(stream.fileno()).columns
    return None


class TerminalScreen:
    """A terminal that edge maps are drawn on, two pixels to a character."""

    def __init__(self, stream: TextIO) -> None:
        self._console = _console(stream)
        self.width = self._console.width

    def watch(self, sink: Sink, shape: tuple[int, int, int]) -> Sink:
        """Return a sink that draws the map at terminal size when it is finished."""
        return _Watched(sink, shape, self)

    def draw(self, picture: Rows) -> None:
        """Draw samples ``(H, W, C)`` of 0 … 1, H even; in shades where there is no colour."""
        colour = self._console.color_system is not None and not self._console.no_color
        colour = colour and _can_say("▀", self._console.encoding)
        for upper, lower in zip(picture[::2], picture[1::2], strict=True):
            self._console.print(_blocks(upper, lower) if colour else _shades(upper, lower))


def _can_say(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _blocks(upper: Rows, lower: Rows) -> Text:
    pairs = zip(upper, lower, strict=True)
    return Text.assemble(*(("▀", f"{_rgb(above)} on {_rgb(below)}") for above, below in pairs))


def _rgb(sample: Rows) -> str:
    r, g, b = (round(float(value) * 255) for value in np.broadcast_to(sample, 3))
    return f"rgb({r},{g},{b})"


def _shades(upper: Rows, lower: Rows) -> Text:
    level = (upper + lower).mean(axis=-1) / 2
    return Text("".join(SHADES[round(float(v) * (len(SHADES) - 1))] for v in level))


class _Watched:
    """A sink that also averages what passes through it into a small picture."""

    def __init__(self, sink: Sink, shape: tuple[int, int, int], screen: TerminalScreen) -> None:
        H, W, C = shape
        self._sink, self._screen, self._row = sink, screen, 0
        width = min(W, screen.width)
        height = max(round(H * width / W / 2), 1) * 2
        self._columns = np.arange(width) * W // width
        self._rows = np.arange(H) * height // H
        self._total = np.zeros((height, width, C))

    def encode(self, rows: Rows) -> Any:
        """Encode rows, and average their columns in runs."""
        widths = np.diff(self._columns, append=rows.shape[1])[:, np.newaxis]
        sums = np.add.reduceat(rows, self._columns, axis=1, dtype=np.float64)
        small = sums / (widths * full_scale(rows.dtype))
        return self._sink.encode(rows), np.clip(np.nan_to_num(small), 0, 1)

    def write(self, encoded: Any) -> None:
        """Write rows, and add them to their place in the picture."""
        data, small = encoded
        self._sink.write(data)
        places = self._rows[self._row : self._row + len(small)]
        np.add.at(self._total, places, small)
        self._row += len(small)

    def finish(self) -> None:
        """Finish the file, then draw."""
        self._sink.finish()
        rows = np.arange(len(self._total))
        counts = np.bincount(self._rows, minlength=len(rows))
        # Where the picture has more rows than the map, rows repeat the one above.
        seen = np.maximum.accumulate(np.where(counts > 0, rows, 0))
        self._screen.draw(self._total[seen] / counts[seen][:, np.newaxis, np.newaxis])
