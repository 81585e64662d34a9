"""One output pixel, written out: the window, the kernel, every product and their sum."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.conv.activations import activate
from edgecli.conv.norms import norm, norm_dtype
from edgecli.detect.plan import Detection
from edgecli.errors import GeometryError, UsageError
from edgecli.geometry import Axis, PaddingMode
from edgecli.images.colour import to_volume
from edgecli.operators.operators import EdgeMap
from edgecli.reports.formats import Report
from edgecli.reports.tables import Row, labelled
from edgecli.reports.texts import kernel_lines, number_text, output_formula
from edgecli.rows.base import Source
from edgecli.rows.memory import Memory

SCHEMA = "edgecli.trace/1"


def trace_report(path: str, row: int, col: int, rows: Sequence[Row]) -> Report:
    """Return the report of what ``trace_pixel`` has yielded: its labels and texts as steps."""
    steps = [{"step": label, "text": text} for label, text in rows]
    facts = {"schema": SCHEMA, "input": path, "row": row, "column": col, "steps": steps}
    return Report(facts, labelled(rows), ("step", "text"))


def trace_pixel(detection: Detection, source: Source, row: int, col: int) -> Iterator[Row]:
    """Yield labels and texts that show how an output pixel comes about.

    GeometryError where the output has no such pixel, UsageError for contours and networks, which
    no one window makes.
    """
    if (network := detection.settings.network) is not None:
        raise UsageError(
            f"{network.name} is a network, no sum of products under one window; "
            f"'edgecli network run' shows what each of its layers makes of an image"
        )
    if (recipe := detection.settings.recipe) is not None:
        raise UsageError(
            f"{recipe.name} is no sum of products under one window; trace one of its filters, "
            f"such as {recipe.bank.names[0]}"
        )
    geometry = detection.responses.account().geometry
    height, width = geometry.output_shape
    if not (0 <= row < height and 0 <= col < width):
        raise GeometryError(
            f"output pixel {row},{col} is outside the {height}×{width} output; "
            f"rows are 0 to {height - 1}, columns 0 to {width - 1}"
        )
    windows = _windows(detection, source, row, col)
    yield "output", f"row {row}, column {col} of {height}×{width}"
    yield "height", output_formula(geometry.rows)
    yield "width", output_formula(geometry.cols)
    totals = []
    for plane, window in enumerate(windows):
        totals.append((yield from _trace_window(detection, window, plane)))
    if detection.responses.channels == "max" and len(windows) > 1:
        yield from map(_strongest, detection.maps, zip(*totals, strict=True))


def _windows(detection: Detection, source: Source, row: int, col: int) -> NDArray[Any]:
    """Return what the kernel lies on, ``(planes, C_in, kH, kW)``, padding included."""
    account = detection.responses.account()
    geometry, padding_mode = account.geometry, account.padding_mode
    low, high = geometry.rows.needed(row, row + 1, padding_mode)
    (block,) = source.blocks([(low, high)])
    volume = to_volume(block, detection.responses.channels, detection.settings.background)
    rows = _sources(geometry.rows, row, padding_mode)
    cols = _sources(geometry.cols, col, padding_mode)
    kind = np.float64 if volume.dtype.kind == "f" or padding_mode.value % 1 else np.int64
    windows = np.full((len(volume), len(rows), len(cols)), padding_mode.value, kind)
    for i, r in enumerate(rows):
        for j, c in enumerate(cols):
            if r is not None and c is not None:
                windows[:, i, j] = volume[:, r - low, c]
    return windows.reshape(detection.responses.planes, -1, *windows.shape[1:])


def _sources(axis: Axis, output: int, padding_mode: PaddingMode) -> list[int | None]:
    """Return which input sample each tap reads, None for the border's constant."""
    start, _ = axis.reach(output, output + 1)
    taps = range(start, start + axis.span, axis.dilation)
    return [padding_mode.source(position, axis.size) for position in taps]


def _strongest(edge_map: EdgeMap, totals: Sequence[float]) -> Row:
    """Write out which channel gives the output pixel of one map; of equals it is the first."""
    strongest = max(totals, key=abs)
    sizes = ", ".join(f"|{_value(total)}|" for total in totals)
    gives = f"channel {totals.index(strongest)} gives {_value(strongest)}"
    return f"output {edge_map.name}", f"max({sizes}): {gives}"


def _trace_window(
    detection: Detection, window: NDArray[Any], plane: int
) -> Generator[Row, None, list[float]]:
    """Yield what comes of one window, and return the value of every edge map."""
    bank = detection.responses.bank
    single = len(window) == 1 and detection.responses.planes == 1
    for channel, pixels in enumerate(window, plane):
        yield "window" if single else f"channel {channel}", "\n".join(kernel_lines(pixels))
    values = []
    for name, weight, bias in zip(bank.names, bank.weight, bank.bias, strict=True):
        for kernel in weight[:1] if (weight == weight[0]).all() else weight:
            yield f"kernel {name}", "\n".join(kernel_lines(kernel))
        products = " + ".join(
            f"{_value(pixel)}·{_factor(w)}"
            for pixel, w in zip(window.ravel(), weight.ravel(), strict=True)
        )
        value = _total(window, weight, float(bias))
        added = f" + {_factor(bias)}" if bank.has_bias else ""
        yield "sum", f"{products}{added} = {_value(value)}"
        values.append(value)
    responses = np.array(values, np.float64)
    if (activation := detection.settings.activation) != "none":
        responses = activate(responses, activation)
        yield activation, ", ".join(map(_value, responses))
    combined = [_combination(edge_map, responses) for edge_map in detection.maps]
    yield from (row for row, _ in combined if row is not None)
    return [total for _, total in combined]


def _total(window: NDArray[Any], weight: NDArray[np.float64], bias: float) -> float:
    """Return the sum of products; that of whole numbers is exact, however large."""
    if window.dtype.kind != "i" or np.any(weight % 1) or bias % 1:
        return float((window * weight).sum() + bias)
    pairs = zip(window.ravel().tolist(), map(int, weight.ravel()), strict=True)
    total: int = sum(pixel * w for pixel, w in pairs)
    return total + int(bias)


def _combination(edge_map: EdgeMap, responses: NDArray[Any]) -> tuple[Row | None, float]:
    """Write out how the responses of one map combine, where there are several, and to what."""
    parts = responses[edge_map.start : edge_map.stop]
    if len(parts) == 1:
        return None, float(parts[0])
    pixel = np.empty((1, 1), norm_dtype(edge_map.combine, len(parts), parts.dtype))
    norm(parts[:, np.newaxis, np.newaxis], edge_map.combine, pixel, Memory())
    sizes = [f"|{_value(part)}|" for part in parts]
    match edge_map.combine:
        case "magnitude":
            formula = "√(" + " + ".join(f"{_factor(v)}²" for v in parts) + ")"
        case "max":
            formula = f"max({', '.join(sizes)})"
        case _:
            formula = " + ".join(sizes)
    total = float(pixel[0, 0])
    return (edge_map.combine, f"{formula} = {_value(total)}"), total


def _value(number: float) -> str:
    """Write a number with a true minus sign, whole numbers without a point."""
    return number_text(number, 10).replace("-", "−")


def _factor(number: float) -> str:
    """Write a number as a factor: negative ones in brackets."""
    return f"({_value(number)})" if number < 0 else _value(number)
