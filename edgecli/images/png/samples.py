"""From a PNG's bytes to samples, and from samples to the colours that they stand for.

Rows hold grey, grey and alpha, RGB or RGBA, of 8 or 16 bits: palettes become their colours, grey of
1, 2 and 4 bits is spread to 0 … 255, a transparent colour becomes alpha.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.images.colour import luma
from edgecli.images.png.chunks import PngHeader
from edgecli.images.png.format import GREY, PALETTE, RGB, damaged
from edgecli.rows.base import Rows
from edgecli.rows.samples import full_scale


def unpacked(packed: NDArray[np.uint8], header: PngHeader, width: int) -> Rows:
    """Return rows of bytes as samples ``(n, width, C)``: uint8, or uint16 of PNG's byte order."""
    if header.bit_depth >= 8:
        samples = packed.view(stored_type(header))
        return samples.reshape(len(packed), width, header.channels)
    every_byte = _samples_of_bytes(header.bit_depth, _spread(header))
    return every_byte[packed].view(np.uint8)[:, :width, np.newaxis]


def stored_type(header: PngHeader) -> np.dtype[Any]:
    """Return the type of what ``unpacked`` gives."""
    return np.dtype(">u2" if header.bit_depth == 16 else np.uint8)


def _spread(header: PngHeader) -> int:
    """Return what samples are multiplied by, so that grey of few bits becomes 0 … 255."""
    is_few_greys = header.colour_type == GREY and header.bit_depth < 8
    return 255 // (2**header.bit_depth - 1) if is_few_greys else 1


@cache
def _samples_of_bytes(depth: int, spread: int) -> NDArray[Any]:
    """Return the samples in each of the 256 bytes, those of a byte as one integer.

    >>> _samples_of_bytes(4, 17).view(np.uint8).reshape(256, 2)[0x3F].tolist()
    [51, 255]
    """
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, np.newaxis], axis=1)
    weights = (spread << np.arange(depth)[::-1]).astype(np.uint8)
    samples = bits.reshape(256, 8 // depth, depth) @ weights
    return samples.view(f"u{8 // depth}")[:, 0]


class Colours:
    """What stored samples stand for; ``channels`` is how many each pixel becomes.

    ``kept`` are the chunks before the pixels; what is wrong with them is added to ``notes``.
    ``grey`` allows a palette without transparency to become its luma. Raises ImageError where a
    palette is missing or broken.
    """

    def __init__(
        self,
        header: PngHeader,
        kept: dict[bytes, bytes],
        path: str,
        notes: list[str],
        *,
        grey: bool,
    ) -> None:
        self._notes = notes
        self._key: Rows | None = None
        self._table: Rows | None = None
        trns = kept.get(b"tRNS")
        if trns is not None and not _fits(trns, header, kept):
            trns = None
            notes.append("has a tRNS chunk that does not fit its colours and is ignored")
        if header.colour_type == PALETTE:
            self._entries = _palette_entries(header, kept, path)
            self._table = _palette(kept[b"PLTE"][: 3 * self._entries], trns)
            if grey and trns is None:
                self._table = luma(self._table[np.newaxis])[0, :, np.newaxis]
            self.channels = self._table.shape[1]
            return
        self.channels = header.channels + (trns is not None)
        if trns is not None:  # of each 16-bit field only the image's bits count (PNG 11.3.1.1)
            used_bits = np.uint16(2**header.bit_depth - 1)
            fields = np.frombuffer(trns, ">u2").astype(np.uint16) & used_bits
            self._key = fields * np.uint16(_spread(header))

    def of(self, samples: Rows) -> Rows:
        """Return the colours ``(n, W, channels)`` of samples ``(n, W, C)``."""
        if self._table is not None:
            beyond = "has pixels without a colour in its palette; they are black"
            if beyond not in self._notes and samples.max() >= self._entries:
                self._notes.append(beyond)
            return _looked_up(self._table, samples[..., 0])
        if self._key is None:
            return samples
        is_opaque = (samples != self._key).any(axis=-1, keepdims=True)
        native = samples.dtype.newbyteorder("=")
        alpha = is_opaque * native.type(full_scale(native))
        return np.concatenate((samples, alpha), axis=-1)


def _fits(trns: bytes, header: PngHeader, kept: dict[bytes, bytes]) -> bool:
    """Return whether libpng would heed a tRNS chunk: one that is in its place and not too long."""
    if header.colour_type == PALETTE:
        kinds = list(kept)
        is_after = b"PLTE" in kinds and kinds.index(b"PLTE") < kinds.index(b"tRNS")
        entries = min(len(kept.get(b"PLTE", b"")) // 3, 2**header.bit_depth)
        return is_after and 1 <= len(trns) <= entries
    return header.colour_type in (GREY, RGB) and len(trns) == 2 * header.channels


def _palette_entries(header: PngHeader, kept: dict[bytes, bytes], path: str) -> int:
    """Return the number of colours; more than the bits can name do not count."""
    if b"PLTE" not in kept:
        raise damaged(path, "it has no palette")
    entries, rest = divmod(len(kept[b"PLTE"]), 3)
    if rest or not 1 <= entries <= 256:
        raise damaged(path, "its palette does not hold 1 to 256 colours of three bytes")
    most: int = 2**header.bit_depth
    return min(entries, most)


def _palette(plte: bytes, trns: bytes | None) -> Rows:
    """Return the 256 colours ``(256, 3 or 4)`` that bytes stand for; without an entry, black."""
    table = np.zeros((256, 4), np.uint8)
    colours = np.frombuffer(plte, np.uint8).reshape(-1, 3)
    table[: len(colours), :3] = colours
    table[:, 3] = 255
    if trns is None:
        return np.ascontiguousarray(table[:, :3])
    table[: len(trns), 3] = np.frombuffer(trns, np.uint8)
    return table


def _looked_up(table: Rows, indices: NDArray[np.uint8]) -> Rows:
    """Return colours ``(n, W, C)`` of a table ``(256, C)``; RGB by Pillow, in half the time."""
    if table.shape[1] != 3:
        return table.take(indices, axis=0)
    from PIL import Image

    height, width = indices.shape
    picture = Image.frombuffer(
        "P", (width, height), np.ascontiguousarray(indices), "raw", "P", 0, 1
    )
    picture.putpalette(table.tobytes())
    return np.asarray(picture.convert("RGB"))


def from_apple(samples: Rows) -> Rows:
    """Return samples ``(n, W, C)`` of Apple's variant as PNG's: RGB of BGR, alpha divided out.

    >>> from_apple(np.uint8([[[30, 20, 10, 255], [64, 0, 128, 128], [0, 0, 0, 0]]])).tolist()
    [[[10, 20, 30, 255], [255, 0, 128, 128], [0, 0, 0, 0]]]
    """
    C = samples.shape[2]
    usual = samples[..., [*range(C)] if C < 3 else [2, 1, 0, 3][:C]]
    if C in {2, 4}:
        colour, alpha = usual[..., :-1], usual[..., -1:].astype(np.uint32)
        full = int(full_scale(samples.dtype))
        whole = (colour * np.uint32(full) + alpha // 2) // np.maximum(alpha, 1)
        colour[...] = np.minimum(whole, full)
    return usual
