"""Pictures and arrays as the commands write them, decoded without the package."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence

Array = NDArray[Any]

_PNM = re.compile(rb"P([56])\s(\d+)\s(\d+)\s(\d+)\s")
_Y4M = re.compile(rb"YUV4MPEG2 W(\d+) H(\d+)[^\n]*?Cmono(16)?[^\n]*\n")


def decode(data: bytes) -> list[Array]:
    """Return the pictures or arrays of a file, none where it holds none or is broken."""
    try:
        return list(_decoded(data))
    except Exception:  # whatever NumPy, Pillow and zipfile raise
        return []


def _decoded(data: bytes) -> Iterable[Array]:
    if data.startswith(b"\x93NUMPY"):
        return [np.load(io.BytesIO(data))]
    if zipfile.is_zipfile(io.BytesIO(data)):
        with np.load(io.BytesIO(data)) as arrays:
            return [np.asarray(arrays[name]) for name in sorted(arrays.files)]
    if _PNM.match(data):
        return _netpbm(data)
    if _Y4M.match(data):
        return _video(data)
    return _by_codec(data)


def _netpbm(data: bytes) -> Iterator[Array]:
    at = 0
    while match := _PNM.match(data, at):
        width, height, largest = (int(match[n]) for n in (2, 3, 4))
        shape = (height, width, 3) if match[1] == b"6" else (height, width)
        samples, at = _samples(data, match.end(), shape, ">u2" if largest > 255 else "u1")
        yield samples


def _video(data: bytes) -> Iterator[Array]:
    header = _Y4M.match(data)
    assert header is not None
    shape, at = (int(header[2]), int(header[1])), header.end()
    while at < len(data):
        samples, at = _samples(data, data.index(b"\n", at) + 1, shape, "<u2" if header[3] else "u1")
        yield samples


def _samples(data: bytes, at: int, shape: tuple[int, ...], dtype: str) -> tuple[Array, int]:
    """Return samples that begin at a byte, and where they end."""
    count = int(np.prod(shape))
    samples = np.frombuffer(data, dtype, count, at).reshape(shape)
    return samples, at + samples.nbytes


def _by_codec(data: bytes) -> list[Array]:
    """Decode by OpenCV, which keeps 16 bits and floats of colours, and animations by Pillow."""
    frames: list[Array] = []
    with suppress(Exception), Image.open(io.BytesIO(data)) as image:  # it may not know the kind
        frames = [np.asarray(frame.copy()) for frame in ImageSequence.Iterator(image)]
    still = len(frames) == 1 and data.startswith(b"\x89PNG")
    strange = not frames and data.startswith((b"II", b"MM"))
    if not (still or strange):
        return frames
    whole = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return frames if whole is None else [np.asarray(whole)]
