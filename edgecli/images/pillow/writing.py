"""Edge maps as JPEG and WebP, and animations, through Pillow."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from edgecli.errors import OutputError, UsageError
from edgecli.images import Resolution, Shape
from edgecli.images.made_by import MadeBy
from edgecli.rows.arrays import ArraySink
from edgecli.rows.base import Rows

# An edge map consists of sharp edges: no colour is subsampled, and WebP is lossless, at the effort
# that takes about as long as lossy WebP.
_OPTIONS: dict[str, dict[str, Any]] = {
    "jpeg": {"quality": 90, "subsampling": 0},
    "webp": {"lossless": True, "method": 0, "quality": 0},
    "png": {"compress_level": 1},
}
_LONGEST_SIDE = {"jpeg": 65500, "webp": 16383, "png": 2**31 - 1}


def check_writable(format_: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raise UsageError for the kind, OutputError for the size of an image that cannot be held.

    ``shape`` is ``(H, W, C)``, ``format_`` is ``jpeg``, ``webp`` or ``png`` (animated).
    """
    if dtype != np.uint8:
        raise UsageError(
            f"{format_} cannot hold {dtype} samples; use --depth 8, or --format tiff or npy"
        )
    if shape[2] not in {1, 3}:
        raise UsageError(f"{format_} cannot hold {shape[2]} channels; use --format tiff or npy")
    if max(shape[:2]) > _LONGEST_SIDE[format_]:
        raise OutputError(
            f"{format_} holds at most {_LONGEST_SIDE[format_]:,} pixels a side, not "
            f"{shape[0]}×{shape[1]}; use --format png or tiff"
        )


class PillowSink(ArraySink):
    """An edge map as JPEG or lossless WebP, uint8 in one or three channels, encoded at the end."""

    def __init__(
        self,
        file: BinaryIO,
        format_: str,
        shape: Shape,
        dtype: np.dtype[Any],
        dpi: Resolution = None,
        profile: bytes | None = None,
    ) -> None:
        check_writable(format_, shape, dtype)
        super().__init__(shape, dtype)
        self._file, self._format = file, format_
        self._options: dict[str, Any] = {"dpi": dpi} if dpi and format_ == "jpeg" else {}
        if profile is not None:
            self._options["icc_profile"] = profile

    def finish(self) -> None:
        """Encode and write the image."""
        self._file.write(_encoded(self._format, [self.array], **self._options))


def save_frames(
    file: BinaryIO,
    format_: str,
    frames: Sequence[Rows],
    durations: Sequence[float | None],
    made_by: MadeBy | None = None,
) -> None:
    """Write frames ``(H, W, C)`` as an animated ``png`` or ``webp``.

    ``durations`` are milliseconds per frame, 100 where it is None. Animations are lossless and
    loop forever; a frame equal to the one before only prolongs it. PNG says by what it is
    ``made_by``. Raises UsageError or OutputError for frames that the format cannot hold.
    """
    for frame in frames:
        check_writable(format_, frame.shape, frame.dtype)
    shown = [100 if duration is None else round(duration) for duration in durations]
    options: dict[str, Any] = {"duration": shown, "loop": 0} if len(frames) > 1 else {}
    if format_ == "png" and made_by is not None:
        options["pnginfo"] = texts = PngInfo()
        texts.add_text("Software", made_by.software)
        texts.add_text("Comment", made_by.command)
    file.write(_encoded(format_, frames, **options))


def _encoded(format_: str, frames: Sequence[Rows], **options: object) -> bytes:
    planes = (frame[:, :, 0] if frame.shape[2] == 1 else frame for frame in frames)
    first, *others = (Image.fromarray(np.ascontiguousarray(plane)) for plane in planes)
    buffer = io.BytesIO()
    if others:
        options |= {"save_all": True, "append_images": others}
    try:
        first.save(buffer, format_, **_OPTIONS[format_], **options)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise OutputError(f"{format_} cannot be encoded ({reason}); use --format png") from error
    return buffer.getvalue()
