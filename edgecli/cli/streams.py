"""The standard streams: always there, in words that they can carry, and with errors that say so."""

from __future__ import annotations

import codecs
import io
import os
import sys
from contextlib import suppress
from typing import Any

STDOUT = "standard output"
"""The file name in the errors of standard output."""

ERRORS = "edgecli"
"""The name by which ``codecs`` knows what becomes of signs that an encoding lacks."""

PLAIN = {
    "×": "x", "·": "*", "−": "-", "±": "+-", "√": "sqrt", "Σ": "sum ", "∞": "inf",
    "⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")", "½": "1/2", "²": "^2", "³": "^3",
    "≤": "<=", "≥": ">=", "→": "->", "°": " degrees", "…": "...", "–": "-", "—": "-",
    "α": "alpha", "β": "beta", "γ": "gamma", "θ": "theta", "λ": "lambda", "μ": "mu", "µ": "u",
    "π": "pi", "σ": "sigma",
}  # fmt: skip
"""What stands for a sign where an encoding lacks it, as ASCII and Windows' code pages do."""


class StandardOutput(io.FileIO):
    """Standard output, whose errors have its name: every other one has a file's, or none."""

    def write(self, data: Any, /) -> int:
        """Write bytes; OSError named ``STDOUT`` where they cannot be."""
        try:
            return super().write(data)
        except OSError as error:
            error.filename = STDOUT
            raise


def mend_streams(*, ours: bool) -> None:
    """Stand in for standard streams that were closed, and let them carry any text.

    ``ours`` says that nobody else writes to standard output; its errors then have its name.
    """
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115 (for as long as the process runs)
    if sys.stdout is None:
        sys.stdout = _output(os.open(os.devnull, os.O_RDONLY))  # who writes to it is told
    elif ours and isinstance(_raw(sys.stdout), io.FileIO):  # Windows' console is none
        with suppress(OSError):  # what is still to be written comes first
            sys.stdout.flush()
        sys.stdout = _output(sys.stdout.fileno(), sys.stdout)
    # or the next file that is opened would be taken for it
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            ascii_ = codecs.lookup(stream.encoding).name == "ascii"
            stream.reconfigure(encoding=ASCII if ascii_ else None, errors=ERRORS)


def _raw(stream: Any) -> object:
    """Return what is below a stream's buffer; ``python -u`` has no buffer."""
    return getattr(stream.buffer, "raw", stream.buffer)


def _output(descriptor: int, like: Any = None) -> io.TextIOWrapper:
    """Open standard output by its descriptor, as another stream has it."""
    raw = StandardOutput(descriptor, "w", closefd=False)
    at_once = bool(like) and like.write_through
    buffer = io.BufferedWriter(raw, 1 if at_once else io.DEFAULT_BUFFER_SIZE)
    return io.TextIOWrapper(
        buffer,
        like.encoding if like else "utf-8",
        line_buffering=bool(like) and like.line_buffering,
        write_through=at_once,
    )


ASCII = "edgecli-ascii"
"""ASCII by a name that click does not know: what it knows for ASCII it writes as UTF-8."""


def _ascii(name: str) -> codecs.CodecInfo | None:
    if name.replace("_", "-") != ASCII:
        return None
    known = codecs.lookup("ascii")
    return codecs.CodecInfo(
        *known,
        incrementalencoder=known.incrementalencoder,
        incrementaldecoder=known.incrementaldecoder,
        name=ASCII,
    )


def in_plain_words(error: UnicodeError) -> tuple[str, int]:
    r"""Handle signs that an encoding lacks: by plain words where there are some, else escaped.

    >>> "⌊(40 + 2·1 − 3)/1⌋ + 1, Σ|w|·255, 40×56, é".encode("ascii", ERRORS)
    b'floor((40 + 2*1 - 3)/1) + 1, sum |w|*255, 40x56, \\xe9'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    escaped = (
        PLAIN.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in lacking
    )
    words = "".join(escaped)
    return words.rstrip() if error.object[error.end :].startswith(" ") else words, error.end


codecs.register(_ascii)
codecs.register_error(ERRORS, in_plain_words)
