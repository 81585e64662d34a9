"""Where a window lands: padding, output sizes and halos, in integers only.

The engine and the reports both ask here, so that they cannot disagree. Formulas follow Dumoulin
and Visin, "A guide to convolution arithmetic for deep learning" (2016).

>>> window = Window((3, 3), padding="same")
>>> window.over(480, 640).output_shape
(480, 640)
>>> Window((5, 5), stride=(2, 2), padding="valid").over(32, 32).output_shape
(14, 14)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from edgecli.errors import GeometryError, UsageError, meant
from edgecli.numerals import shortest
from edgecli.records import dataclass, replace

Padding = Literal["valid", "same"] | tuple[int, int, int, int]
"""No padding, output ⌈n/s⌉, or pixels at the top, bottom, left and right."""

PADDING_MODES = ("zeros", "constant", "replicate", "reflect", "symmetric", "circular")

LARGEST_SIDE = 2**31 - 1  # pixels; PNG's own limit, and beyond every other format's


@dataclass(frozen=True)
class PaddingMode:
    """What stands outside the image: a mode, and the value that ``constant`` repeats.

    On ``abcd``: zeros 00|abcd|00, replicate aa|abcd|dd, reflect cb|abcd|cb, symmetric ba|abcd|dc,
    circular cd|abcd|ab.
    """

    mode: str = "zeros"
    value: float = 0.0

    def source(self, position: int, size: int) -> int | None:
        """Return which pixel of 0 … size − 1 stands at a position, or None for the constant.

        >>> [PaddingMode("reflect").source(i, 4) for i in range(-3, 7)]
        [3, 2, 1, 0, 1, 2, 3, 2, 1, 0]
        >>> [PaddingMode("symmetric").source(i, 4) for i in range(-3, 7)]
        [2, 1, 0, 0, 1, 2, 3, 3, 2, 1]
        """
        if 0 <= position < size:
            return position
        match self.mode:
            case "replicate":
                return 0 if position < 0 else size - 1
            case "circular":
                return position % size
            case "reflect":
                period = max(2 * (size - 1), 1)
                return (size - 1) - abs(size - 1 - position % period)
            case "symmetric":
                folded = position % (2 * size)
                return min(folded, 2 * size - 1 - folded)
            case _:
                return None

    def __str__(self) -> str:
        return f"constant:{shortest(self.value)}" if self.mode == "constant" else self.mode


def middle(kernel: int, size: int) -> tuple[int, int]:
    """Return the taps before and after a kernel that is in the middle of a larger one.

    A kernel of even size has its centre up and left of its middle, as in ``same`` padding.
    """
    before = (size - 1) // 2 - (kernel - 1) // 2
    return before, size - kernel - before


@dataclass(frozen=True)
class Axis:
    """One axis of a convolution: an input of ``size`` samples, read by ``kernel`` taps.

    ``before`` and ``after`` count the padding; positions are those of the unpadded input, so that
    padding has negative positions and positions from ``size`` on.
    """

    size: int
    kernel: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0

    @property
    def span(self) -> int:
        """Return the samples from the first tap to the last, both included."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def padded(self) -> int:
        """Return the samples with padding, n + 2p."""
        return self.size + self.before + self.after

    @property
    def output(self) -> int:
        """Return ⌊(n + 2p − f)/s⌋ + 1, f being the span; 0 where the span does not fit."""
        return max(self.padded - self.span, -self.stride) // self.stride + 1

    def reach(self, start: int, stop: int) -> tuple[int, int]:
        """Return the positions that outputs ``[start, stop)`` read, padding included."""
        first = start * self.stride - self.before
        return first, first + (stop - 1 - start) * self.stride + self.span

    def seen(self, tap: int, start: int, stop: int) -> range:
        """Return the positions that one tap reads for outputs ``[start, stop)``."""
        first = start * self.stride + tap * self.dilation - self.before
        return range(first, first + (stop - start) * self.stride, self.stride)

    def inside(self, kernel: int) -> Axis:
        """Return the axis of a smaller kernel, which reads from the middle of this one's taps.

        Its padding is what is left of this one's; where that is negative, samples are left out.

        >>> Axis(9, 5, before=2, after=2).inside(3), Axis(9, 5).inside(2)
        (Axis(size=9, kernel=3, stride=1, dilation=1, before=1, after=1), Axis(size=9, kernel=2, \
stride=1, dilation=1, before=-2, after=-1))
        """
        first, last = (taps * self.dilation for taps in middle(kernel, self.kernel))
        return replace(self, kernel=kernel, before=self.before - first, after=self.after - last)

    def needed(self, start: int, stop: int, padding_mode: PaddingMode) -> tuple[int, int]:
        """Return the input samples that outputs ``[start, stop)`` need, as one range.

        Within it is what the padding copies from inside the image. It is never empty: outputs that
        see nothing but a constant need the row nearest to them.
        """
        low, high = self.reach(start, stop)
        if low >= 0 and high <= self.size:
            return low, high
        outside = (*range(low, min(high, 0)), *range(max(low, self.size), high))
        sources = [s for p in outside if (s := padding_mode.source(p, self.size)) is not None]
        if low < self.size and high > 0:
            sources += [max(low, 0), min(high, self.size) - 1]
        if not sources:
            sources = [0 if high <= 0 else self.size - 1]
        return min(sources), max(sources) + 1


@dataclass(frozen=True)
class Geometry:
    """A window laid over an image of one size."""

    rows: Axis
    cols: Axis

    def inside(self, kernel_size: tuple[int, int]) -> Geometry:
        """Return the geometry of a smaller kernel in the middle of the window."""
        height, width = kernel_size
        return Geometry(self.rows.inside(height), self.cols.inside(width))

    @property
    def output_shape(self) -> tuple[int, int]:
        """Return height and width of each feature map."""
        return self.rows.output, self.cols.output

    @property
    def padding(self) -> tuple[int, int, int, int]:
        """Return the padding in pixels: top, bottom, left, right."""
        return self.rows.before, self.rows.after, self.cols.before, self.cols.after


@dataclass(frozen=True)
class Window:
    """A kernel's size and how it is moved: torch's stride, dilation and padding."""

    kernel_size: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: Padding = "valid"
    padding_mode: PaddingMode = PaddingMode()

    def __post_init__(self) -> None:
        for name in ("kernel_size", "stride", "dilation"):
            if min(getattr(self, name)) < 1:
                height, width = getattr(self, name)
                raise UsageError(
                    f"{name} must be 1 or more in each direction, got {height},{width}"
                )
        if not isinstance(self.padding, str) and min(self.padding) < 0:
            raise UsageError(f"padding must be 0 or more on each side, got {self.padding}")

    def over(self, height: int, width: int) -> Geometry:
        """Lay the window over an image; GeometryError if it does not fit.

        ``same`` pads so that the output is ⌈n/s⌉, the odd pixel at the bottom or right, as
        TensorFlow's ``SAME`` does.
        """
        if height < 1 or width < 1:
            raise GeometryError(f"image is empty ({height}×{width}); give one with pixels in it")
        geometry = Geometry(self._axis(0, height), self._axis(1, width))
        rows, cols = geometry.rows, geometry.cols
        if not (rows.output and cols.output):
            raise GeometryError(
                f"kernel {rows.span}×{cols.span} is larger than the padded image "
                f"{rows.padded}×{cols.padded}; pad more (--padding same) or use a smaller kernel"
            )
        if max(rows.padded, cols.padded) > LARGEST_SIDE:
            raise GeometryError(
                f"padded image {rows.padded}×{cols.padded} has a side over {LARGEST_SIDE}; pad less"
            )
        return geometry

    def _axis(self, axis: int, size: int) -> Axis:
        kernel, stride, dilation = self.kernel_size[axis], self.stride[axis], self.dilation[axis]
        bare = Axis(size, kernel, stride, dilation)
        if self.padding == "valid":
            return bare
        if self.padding == "same":
            total = max((-(-size // stride) - 1) * stride + bare.span - size, 0)
            return Axis(size, kernel, stride, dilation, total // 2, total - total // 2)
        before, after = self.padding[2 * axis : 2 * axis + 2]
        return Axis(size, kernel, stride, dilation, int(before), int(after))


def bands(height: int, rows: int) -> Iterator[tuple[int, int]]:
    """Cut ``height`` output rows into bands of at most ``rows``.

    >>> list(bands(10, 4))
    [(0, 4), (4, 8), (8, 10)]
    """
    for start in range(0, height, rows):
        yield start, min(start + rows, height)


def parse_padding(padding: str | int | tuple[int, ...]) -> Padding:
    """Read ``valid``, ``same``, N, (H, W) or (T, B, L, R), as numbers or as text.

    >>> parse_padding("1,2")
    (1, 1, 2, 2)
    """
    if padding == "valid":
        return "valid"
    if padding == "same":
        return "same"
    try:
        if isinstance(padding, str):
            numbers = tuple(int(part) for part in padding.split(","))
        else:
            numbers = (padding,) if isinstance(padding, int) else tuple(padding)
        match numbers:
            case (n,) if n >= 0:
                return n, n, n, n
            case (h, w) if min(h, w) >= 0:
                return h, h, w, w
            case (t, b, l, r) if min(numbers) >= 0:
                return t, b, l, r
    except (ValueError, TypeError):
        pass
    given = repr(padding[:40] if isinstance(padding, str) else padding)
    raise UsageError(
        f"padding {given} is not valid, same, N, H,W or T,B,L,R with numbers from 0 up"
    )


def parse_padding_mode(text: str) -> PaddingMode:
    """Read a padding mode by its name, ``constant:V`` with its value.

    >>> parse_padding_mode("constant:128")
    PaddingMode(mode='constant', value=128.0)
    """
    mode, colon, value = text.partition(":")
    try:
        if mode == "constant" and colon:
            number = float(value)
            if abs(number) < float("inf"):
                return PaddingMode("constant", number)
        elif mode in PADDING_MODES and mode != "constant" and not colon:
            return PaddingMode(mode)
    except ValueError:
        pass
    names = [name for name in PADDING_MODES if name != "constant"]
    advice = meant(mode, names) or f"there are {', '.join(names)}, constant:V"
    raise UsageError(f"padding mode {text[:40]!r} is unknown; {advice}")
