"""Arrays as images: read whole, and written by a sink in bands."""

from __future__ import annotations

import io
from typing import Any, cast

from numpy.typing import NDArray

from edgecli.images.npy import NpySink
from edgecli.images.text_grid import CsvSink
from edgecli.rows.base import Sink, Source

Pixels = NDArray[Any]
LIMIT = 2**31
ROW_TYPES = ("uint8", "uint16", "int16", "int32", "float32")


def whole(source: Source) -> Pixels:
    (rows,) = source.blocks([(0, source.shape[0])])
    assert rows.shape == source.shape
    assert rows.dtype == source.dtype
    return rows


def written(sink_type: type[CsvSink] | type[NpySink], rows: Pixels, band: int = 3) -> bytes:
    file = io.BytesIO()
    sink: Sink = sink_type(file, cast(tuple[int, int, int], rows.shape), rows.dtype)
    for top in range(0, len(rows), band):
        sink.write(sink.encode(rows[top : top + band]))
    sink.finish()
    return file.getvalue()
