"""Another library reads our DXF, and finds nothing to mend."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from ezdxf import filemanagement
from hypothesis import given
from hypothesis import strategies as st

from tests.drawings import scribble, written
from tests.test_strokes_files import Lines, lines_of, same_lines


@given(count=st.integers(0, 40), seed=st.integers(0, 999))
def test_what_is_read_is_what_was_drawn(count: int, seed: int) -> None:
    drawings = [scribble(count, seed), scribble(count, seed + 1, name='sobel <&"é')]
    text = written("dxf", *drawings).decode("ascii")
    document: Any = filemanagement.read(io.StringIO(text))
    audit = document.audit()
    assert (audit.errors, audit.fixes) == ([], [])
    assert document.dxfversion == "AC1009"
    for drawing, layer in zip(drawings, ("CANNY_1_4", "SOBEL"), strict=True):
        assert document.layers.has_entry(layer)
        same_lines(read_layer(document, layer), lines_of(drawing.strokes))


def read_layer(document: Any, layer: str) -> Lines:
    """Return the lines of a layer in pixels, y down, of an image 200 pixels high."""
    lines: Lines = []
    for entity in document.modelspace().query(f'*[layer=="{layer}"]'):
        if entity.dxftype() == "POINT":
            points, closed = [entity.dxf.location], False
        else:
            points, closed = [vertex.dxf.location for vertex in entity.vertices], entity.is_closed
        array = np.array([(x, y) for x, y, _ in points]) / 0.25
        lines.append(((array * (1, -1) + (0, 200)).tolist(), closed))
    return lines
