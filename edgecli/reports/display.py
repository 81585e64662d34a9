"""What is drawn on a terminal; the one module that knows rich."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TextIO

import numpy as np
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from edgecli.detect.files import Watch
from edgecli.reports.tables import CONTROLS, Table
from edgecli.rows.base import Rows, Sink
from edgecli.rows.samples import full_scale

Paper = Sequence[float] | None
"""The colour behind lines, 0 to 1 in each channel; None where that is an image."""

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

    def watch(self, sink: Sink, shape: tuple[int, int, int], paper: Paper) -> Sink:
        """Return a sink that draws the map at terminal size when it is finished."""
        return Shrunk(sink, shape, paper, self.width, self.draw)

    @property
    def shrinking(self) -> Callable[[Callable[[Rows], None]], Watch]:
        """Return what, in another process, makes such sinks, of which each hands its picture on."""
        return partial(_shrinking, self.width)

    def say(self, text: str) -> None:
        """Write a line between pictures."""
        self._console.print(Text(text.translate(CONTROLS)), soft_wrap=True)

    def draw(self, picture: Rows) -> None:
        """Draw samples ``(H, W, C)`` of 0 … 1, H even; in shades where there is no colour."""
        colour = self._console.color_system is not None and not self._console.no_color
        colour = colour and _can_say("▀", self._console.encoding)
        for upper, lower in zip(picture[::2], picture[1::2], strict=True):
            self._console.print(_blocks(upper, lower) if colour else _shades(upper, lower))


def _shrinking(width: int, draw: Callable[[Rows], None]) -> Watch:
    return lambda sink, shape, paper: Shrunk(sink, shape, paper, width, draw)


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


START = {np.add: 0.0, np.fmax: -np.inf, np.fmin: np.inf}
"""How samples are folded, and what with nothing is folded yet."""


class Shrunk:
    """A sink that also folds what passes through it into a small picture, which it then hands on.

    On ``paper`` the sample of a cell that differs most from it is kept, so that lines of one pixel
    are seen however small the picture. Without paper, on an image, samples are averaged.
    """

    def __init__(
        self,
        sink: Sink,
        shape: tuple[int, int, int],
        paper: Paper,
        width: int,
        draw: Callable[[Rows], None],
    ) -> None:
        H, W, C = shape
        self._sink, self._draw, self._paper, self._row = sink, draw, paper, 0
        width = min(W, width)
        height = max(round(H * width / W / 2), 1) * 2
        self._columns = np.arange(width) * W // width
        self._rows = np.arange(H) * height // H
        self._widths = np.diff(self._columns, append=W)
        self._clear = C in (2, 4)  # the last channel is alpha
        size = height, width, C - self._clear
        folds = [np.add] if paper is None else [np.fmax, np.fmin]
        self._small = {fold: np.full(size, START[fold]) for fold in folds}

    def encode(self, rows: Rows) -> Any:
        """Encode rows, and fold their columns in runs."""
        seen, white = rows, full_scale(rows.dtype)
        if self._clear:
            alpha = rows[..., -1:] / white
            seen = rows[..., :-1] * alpha + np.array(self._paper) * white * (1 - alpha)
        if rows.dtype.kind == "f":
            seen = np.nan_to_num(seen)
        folded = {
            fold: fold.reduceat(seen, self._columns, axis=1, dtype=np.float64) / white
            for fold in self._small
        }
        return self._sink.encode(rows), folded

    def write(self, encoded: Any) -> None:
        """Write rows, and fold them into their place in the picture."""
        data, folded = encoded
        self._sink.write(data)
        for fold, rows in folded.items():
            fold.at(self._small[fold], self._rows[self._row :][: len(rows)], rows)
        self._row += len(rows)

    def finish(self) -> None:
        """Finish the file, then hand on samples ``(H, W, C)`` of 0 … 1, H even."""
        self._sink.finish()
        counts = np.bincount(self._rows, minlength=len(self._small[next(iter(self._small))]))
        # Where the picture has more rows than the map, rows repeat the one above.
        seen = np.maximum.accumulate(np.where(counts > 0, np.arange(len(counts)), 0))
        if self._paper is None:
            pixels = counts[:, np.newaxis, np.newaxis] * self._widths[:, np.newaxis]
            picture = self._small[np.add][seen] / pixels[seen]
        else:
            high, low = self._small[np.fmax][seen], self._small[np.fmin][seen]
            paper = np.array(self._paper)
            picture = np.where(np.abs(high - paper) >= np.abs(low - paper), high, low)
        self._draw(np.clip(picture, 0, 1))
