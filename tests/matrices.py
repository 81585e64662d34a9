"""Arrays as images: read whole, and written by a sink in bands."""

from __future__ import annotations

import io
from typing import Any

from numpy.typing import NDArray

from edgecli.images.formats import FORMATS
from edgecli.images.writing import begin_file
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import Source
from edgecli.rows.samples import SAMPLE_TYPES

Pixels = NDArray[Any]
LIMIT = 2**31
ROW_TYPES = SAMPLE_TYPES


def whole(source: Source) -> Pixels:
    (rows,) = source.blocks([(0, source.shape[0])])
    assert rows.shape == source.shape
    assert rows.dtype == source.dtype
    return rows


def written(format_: str, rows: Pixels, band: int = 3) -> bytes:
    file = io.BytesIO()
    source = ArraySource.of(rows)
    sink = begin_file(FORMATS[format_], file, source).begin(source.shape, rows.dtype, source.info)
    for top in range(0, len(rows), band):
        sink.write(sink.encode(rows[top : top + band]))
    sink.finish()
    return file.getvalue()
