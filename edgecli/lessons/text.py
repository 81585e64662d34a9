"""A lesson as text, and as facts for machines: every product, every subtotal, and their sum."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import numpy as np

from edgecli.lessons.facts import Lesson, Slide, Sum, View
from edgecli.lessons.words import added, combination, factor, value
from edgecli.reports.facts import PaddingFacts, input_facts, warnings_of
from edgecli.reports.formats import Report
from edgecli.reports.tables import Column, Object, Row, Table, labelled
from edgecli.reports.texts import kernel_lines, output_formula
from edgecli.rows.base import ImageInfo

SCHEMA = "edgecli.trace/1"

FEW_TERMS = 9
"""So many products of one filter stand on one line; of more, each row of the kernel has its own."""

COLUMNS = tuple(
    map(
        Column,
        ("row", "column", "filter", "channel", "kernel row", "kernel column", "image row",
         "image column", "padding", "pixel", "weight", "product", "bias", "sum", "response"),
    )
)  # fmt: skip


def lesson_report(lesson: Lesson, slides: Iterable[Slide], info: ImageInfo, format_: str) -> Report:
    """Return a report of positions: in CSV a row for each product, in text a line for each sum."""
    if format_ == "csv":
        terms = chain.from_iterable(_terms(slide) for slide in slides)
        return Report(None, Table(COLUMNS, terms))
    if format_ == "json":
        facts = _facts(lesson, info) | {"positions": [_position(slide) for slide in slides]}
        return Report(facts, labelled([]))
    return Report(None, labelled(lesson_rows(lesson, slides)))


def lesson_rows(lesson: Lesson, slides: Iterable[Slide]) -> Iterator[Row]:
    """Yield labels and texts that show how output pixels come about.

    The kernels stand beside the first, after what is under them; an empty row parts the others.
    """
    for number, slide in enumerate(slides):
        if number:
            yield "", ""
        yield from _slide_rows(lesson, slide, first=not number)


def _slide_rows(lesson: Lesson, slide: Slide, *, first: bool) -> Iterator[Row]:
    height, width = lesson.geometry.output_shape
    yield "output", f"row {slide.row}, column {slide.col} of {height}×{width}"
    if first:
        yield "height", output_formula(lesson.geometry.rows)
        yield "width", output_formula(lesson.geometry.cols)
    single = len(slide.views) == len(slide.views[0].channels) == 1
    for view in slide.views:
        for channel, window in zip(view.channels, view.window, strict=True):
            label = "window" if single else f"channel {channel}"
            yield label, "\n".join(window_lines(window, slide.padding))
        yield from _view_rows(lesson, slide, view, kernels=first)
    if lesson.strongest:
        for number, edge_map in enumerate(lesson.detection.maps):
            totals = [view.maps[number].value for view in slide.views]
            strongest = max(totals, key=abs)
            gives = f"channel {totals.index(strongest)} gives {value(strongest)}"
            yield f"output {edge_map.name}", f"{combination('max', totals)}: {gives}"


def _view_rows(lesson: Lesson, slide: Slide, view: View, *, kernels: bool) -> Iterator[Row]:
    for one in view.sums:
        if kernels:
            alike = (one.weight == one.weight[0]).all()
            for kernel in one.weight[:1] if alike else one.weight:
                yield f"kernel {one.name}", "\n".join(kernel_lines(kernel))
        yield from _sum_rows(slide, view, one, "sum" if len(view.sums) == 1 else f"sum {one.name}")
    if lesson.activation != "none":
        yield lesson.activation, ", ".join(value(one.response) for one in view.sums)
    for edge_map in view.maps:
        if len(edge_map.parts) > 1:
            left = combination(edge_map.how, edge_map.parts)
            yield edge_map.how, f"{left} = {value(edge_map.value)}"


def _sum_rows(slide: Slide, view: View, one: Sum, label: str) -> Iterator[Row]:
    """Write out a filter's products: on one line, or by rows of each kernel, with subtotals."""
    bias = () if one.bias is None else (one.bias,)
    if one.products.size <= FEW_TERMS:
        products = " + ".join(_products(slide, view, one, 0, range(one.weight.shape[1])))
        yield label, f"{' + '.join((products, *map(factor, bias)))} = {value(one.total)}"
        return
    for n, channel in enumerate(view.channels):
        of = f"channel {channel}, " if len(view.channels) > 1 else ""
        for i, total in enumerate(one.rows[n]):
            products = " + ".join(_products(slide, view, one, n, [i]))
            yield f"{of}row {i}", f"{products} = {value(total)}"
        if of:
            yield f"channel {channel}", f"{added(one.rows[n])} = {value(one.subtotals[n])}"
    parts = one.subtotals if len(view.channels) > 1 else one.rows[0]
    yield label, f"{added((*parts, *bias))} = {value(one.total)}"


def _products(
    slide: Slide, view: View, one: Sum, channel: int, rows: Iterable[int]
) -> Iterator[str]:
    """Yield products as written, pixel times weight, of some rows of one kernel."""
    for i in rows:
        taps = zip(view.window[channel, i], one.weight[channel, i], slide.padding[i], strict=True)
        for pixel, weight, padded in taps:
            shown = value(pixel)
            yield f"{f'[{shown}]' if padded else shown}·{factor(weight)}"


def window_lines(window: Any, padding: Any) -> list[str]:
    """Write what is under a kernel ``(kH, kW)``, padding in square brackets.

    >>> window_lines(np.array([[0, 12], [0, 3]]), np.array([[True, False], [True, False]]))
    ['  [0]  12 ', '  [0]   3 ']
    """
    if not padding.any():
        return kernel_lines(window)
    texts = [
        [f"[{value(v)}]" if p else f" {value(v)} " for v, p in zip(*pair, strict=True)]
        for pair in zip(window, padding, strict=True)
    ]
    width = max(len(text) for row in texts for text in row)
    return ["".join(f"{text:>{width + 1}}" for text in row) for row in texts]


def _facts(lesson: Lesson, info: ImageInfo) -> Object:
    settings, geometry = lesson.detection.settings, lesson.geometry
    height, width, depth = lesson.detection.responses.volume
    notes = {"warnings": told} if (told := warnings_of(info)) else {}
    names, weights, biases = lesson.bank.names, lesson.bank.weight, lesson.bank.bias
    filters = [
        {"name": name, "weight": weight.tolist()}
        | ({"bias": float(bias)} if lesson.bank.has_bias else {})
        for name, weight, bias in zip(names, weights, biases, strict=True)
    ]
    return {
        "schema": SCHEMA,
        "input": input_facts(info),
        **notes,
        "filters": filters,
        "operation": "convolution" if settings.convolve else "cross-correlation",
        "channels": lesson.detection.responses.channels,
        "stride": settings.stride,
        "dilation": settings.dilation,
        "padding": PaddingFacts(*geometry.padding, str(lesson.padding_mode)),
        "activation": lesson.activation,
        "convolved_shape": (height, width, depth),
        "output_shape": lesson.detection.output_shape,
    }


def _position(slide: Slide) -> Object:
    return {
        "row": slide.row,
        "column": slide.col,
        "image_rows": slide.rows,
        "image_columns": slide.cols,
        "padding": slide.padding.tolist(),
        "views": [_view(view) for view in slide.views],
    }


def _view(view: View) -> Object:
    sums = [
        {
            "name": one.name,
            "products": one.products.tolist(),
            "row_sums": one.rows.tolist(),
            "subtotals": one.subtotals.tolist(),
            **({} if one.bias is None else {"bias": one.bias}),
            "sum": one.total,
            "response": one.response,
        }
        for one in view.sums
    ]
    maps = [{"name": one.name, "combine": one.how, "value": one.value} for one in view.maps]
    return {
        "channels": view.channels, "window": view.window.tolist(), "filters": sums, "maps": maps,
    }  # fmt: skip


def _terms(slide: Slide) -> Iterator[list[object]]:
    """Yield a row for each product."""
    for view in slide.views:
        for one in view.sums:
            for n, i, j in np.ndindex(one.products.shape):
                yield [
                    slide.row, slide.col, one.name, view.channels[n], i, j,
                    slide.rows[i], slide.cols[j], int(slide.padding[i, j]), view.window[n, i, j],
                    one.weight[n, i, j], one.products[n, i, j], one.bias, one.total, one.response,
                ]  # fmt: skip
