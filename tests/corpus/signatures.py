"""Short signatures of texts and pictures: whole where all is exact, else what rounding leaves."""

from __future__ import annotations

import re
import textwrap
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.corpus.decoding import Array, decode
from tests.corpus.normalising import as_text

BLOCKS = 6
"""Rows and columns of blocks whose means stand for a picture."""

FEW = 2
"""Blocks of a picture that may differ: where rounding turned a pixel from edge to none."""

NEAR = 0.01
"""What other means may differ by, as a share of all that there is between them."""

DIGEST = 3
"""Characters that stand for a line of a text."""

LONGEST = 60
"""Lines of a text that are told apart."""

MOST = 24
"""Numbers of a text that are kept; of more, the means."""

_DIGITS = r"-?[0-9][0-9,]*"
_NUMBER = re.compile(
    rf"(?<![\w.])(?:{_DIGITS}(?:\.[0-9]+(?:e[+-]?[0-9]+)?|e[+-]?[0-9]+)"
    rf"|(?<=responses ){_DIGITS}|(?<= … ){_DIGITS}|(?<![×·])-?[0-9])(?![\w.×·])"
)
"""Numbers that may be rounded: fractions, responses in a table, and digits that stand alone."""

_OTHERS = (
    (r"(?s)^Usage: .*", "a help text"),
    (r"(?m)^edgecli: (Invalid value for|No such|Missing|Option) .*", "edgecli: what click refuses"),
    (r"(not TOML|not JSON|do not inflate|does not decode)[^;]*", r"\1"),
    (r'"size": [0-9]+', '"size": …'),
    (r"\b[0-9a-f]{64}\b", "a hash"),
    (r'data:[^"]*', "an image"),
)
"""What other libraries have written, or compressed."""


@dataclass(frozen=True)
class Signature:
    """What is kept of a file or a stream: a text that compares whole, and numbers that may not.

    ``levels`` are the means of a picture's blocks, or of many numbers, in 255 steps from the first
    to the second of the numbers that are kept.
    """

    whole: str
    numbers: tuple[str, ...] = ()
    levels: bytes = b""

    def __str__(self) -> str:
        parts = (self.whole, " ".join(self.numbers), b64encode(self.levels).decode())
        return "|".join(parts).rstrip("|")

    @classmethod
    def parse(cls, text: str) -> Signature:
        """Return the signature that was written as a text."""
        whole, numbers, levels = [*text.split("|"), "", ""][:3]
        return cls(whole, tuple(numbers.split()), b64decode(levels))

    def difference(self, now: Signature) -> str | None:
        """Say how another signature differs by more than rounding; None if it does not."""
        if self.whole != now.whole:
            return _first_difference(self.whole, now.whole)
        if (len(self.numbers), len(self.levels)) != (len(now.numbers), len(now.levels)):
            return f"{len(self.numbers)} numbers became {len(now.numbers)}"
        if self.levels:
            return self._difference_of_means(now)
        pairs = zip(self.numbers, now.numbers, strict=True)
        found = (f"{old} became {new}" for old, new in pairs if not _is_close(old, new))
        return next(found, None)

    def _difference_of_means(self, now: Signature) -> str | None:
        low, high = map(float, self.numbers)
        far = np.abs(self.means() - now.means()) > NEAR * (high - low)
        most = FEW if _is_picture(self.whole) else 0
        return f"{far.sum()} of {far.size} means differ" if far.sum() > most else None

    def means(self) -> NDArray[np.float64]:
        """Return the means that the levels stand for."""
        low, high = map(float, self.numbers)
        return low + np.frombuffer(self.levels, np.uint8) / 255 * (high - low)


def _first_difference(old: str, new: str) -> str:
    """Say which line of a text differs, by its digest; or how the kinds of pictures do."""
    if _is_picture(old) or _is_picture(new):
        return f"{old} became {new}"
    lines = (textwrap.wrap(text, DIGEST) for text in (old, new))
    pairs = enumerate(zip_longest(*lines), start=1)
    number = next(n for n, (one, other) in pairs if one != other)
    return f"line {number} is not what it was"


def _is_picture(whole: str) -> bool:
    """Whether a signature names shapes and types, not digests of lines."""
    return "," in whole


def _is_close(old: str, new: str) -> bool:
    """Whether numbers are the same but for rounding."""
    return bool(np.isclose(float(old), float(new), rtol=2e-3, atol=2e-3))


def signature(data: bytes, *, exact: bool) -> Signature:
    """Return the signature of a file or a stream."""
    text = as_text(data)
    if text is not None:
        return _of_text(text, exact=exact)
    pictures = decode(data)
    if not pictures:
        return Signature("a file cut short")
    if exact:
        digests = (f"{_kind(picture)}:{_digest(picture.tobytes())}" for picture in pictures)
        return Signature(" ".join(digests))
    means = [_means(picture).ravel() for picture in pictures if picture.dtype.kind in "buif"]
    return _of_means(" ".join(map(_kind, pictures)), np.concatenate(means))


def _of_text(text: str, *, exact: bool) -> Signature:
    for pattern, constant in _OTHERS:
        text = re.sub(pattern, constant, text)
    numbers = () if exact else tuple(map(_short, _NUMBER.findall(text)))
    lines = text.splitlines()
    if not exact:  # columns are as wide as their numbers
        lines = [" ".join(_NUMBER.sub("#", line).split()) for line in lines]
    if len(lines) > LONGEST:
        lines = ["\n".join(lines)]
    whole = "".join(_digest(line.encode())[:DIGEST] for line in lines)
    if len(numbers) <= MOST:
        return Signature(whole, numbers)
    return _of_means(whole, _means(np.array(numbers, float)))


def _short(number: str) -> str:
    """Return a number in five digits, without commas."""
    return f"{float(number.replace(',', '')):.5g}"


def _digest(data: bytes) -> str:
    return b64encode(sha256(data).digest()[:9]).decode()


def _kind(picture: Array) -> str:
    return f"{'x'.join(map(str, picture.shape))},{picture.dtype.newbyteorder('=').name}"


def _means(picture: Array) -> NDArray[np.float64]:
    """Return the means of blocks, of every channel."""
    if picture.ndim == 3 and picture.shape[2] <= 4:
        picture = np.moveaxis(picture, 2, 0)
    plane = np.nan_to_num(np.atleast_2d(picture).astype(np.float64), posinf=0, neginf=0)
    plane = plane.reshape(-1, plane.shape[-1])
    rows, columns = (np.unique(np.arange(BLOCKS) * n // BLOCKS) for n in plane.shape)
    sums = np.add.reduceat(np.add.reduceat(plane, rows, axis=0), columns, axis=1)
    sizes = (np.diff([*starts, n]) for starts, n in zip((rows, columns), plane.shape, strict=True))
    means: NDArray[np.float64] = sums / np.outer(*sizes)
    return means


def _of_means(kind: str, means: NDArray[Any]) -> Signature:
    low, high = float(means.min()), float(means.max())
    least = 1.0 if "int" in kind else 1e-3 * max(abs(low), abs(high), 1e-9)
    spread = max(high - low, least)
    levels = np.rint((means - low) / spread * 255).astype(np.uint8)
    return Signature(kind, (f"{low:.5g}", f"{low + spread:.5g}"), levels.tobytes())
