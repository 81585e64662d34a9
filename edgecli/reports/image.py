"""From the result of one image, or of a contact sheet, to its report."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest
from math import isfinite, prod
from typing import Any

from edgecli.detect.inputs import Result
from edgecli.detect.places import place_of_map
from edgecli.detect.plan import Detection
from edgecli.detect.sheet import Sheet
from edgecli.operators.operators import EdgeMap
from edgecli.operators.responses import Account
from edgecli.records import replace
from edgecli.reports import facts, texts
from edgecli.reports.formats import Report, report_lines, write_lines
from edgecli.reports.tables import Object, Row, labelled, one_line, times
from edgecli.rows.base import Rows
from edgecli.rows.place import NOWHERE

SHEET_SAMPLES = "uint8"  # whatever the filters of a contact sheet give


def write_reports(
    results: Sequence[Result | Sheet],
    format_: str,
    path: str | None,
    *,
    aside: bool,
    several: bool,
    brief: bool = False,
) -> None:
    """Write a report on every image or sheet; OutputError if the file cannot be written.

    Standard output is left ``aside`` where it carries an edge map. Where ``several`` images were
    asked for, JSON has a line for each, even for one. A ``brief`` report has a line for each of
    several in place of tables.
    """
    stream = sys.stderr if aside else sys.stdout
    if brief and len(results) > 1:
        write_lines(map(_line, results), path, stream)
    elif format_ != "none" and results:
        reports = [report_on(result) for result in results]
        lines = report_lines(reports, format_, None if path else stream, several=several)
        write_lines(lines, path, stream)


def _line(result: Result | Sheet) -> str:
    """Return the report of an image or a contact sheet in one line."""
    image = texts.image_text(facts.input_facts(result.info))
    files = (f"{path} (kept)" if path in result.kept else path for path in result.outputs)
    return one_line(f"{result.info.path}: {image} → {', '.join(files)}") + "\n"


def report_on(result: Result | Sheet) -> Report:
    """Return the report of an image or of a contact sheet."""
    first = "input", f"{result.info.path}: {texts.image_text(facts.input_facts(result.info))}"
    if isinstance(result, Sheet):
        sheet = sheet_facts(result)
        return Report(sheet, labelled(chain([first], *map(_rows, result.results, sheet.tiles))))
    image = image_facts(result)
    return Report(image, labelled(chain([first], _rows(result, image))))


def image_record(result: Result | Sheet) -> Object:
    """Return the report of one image or contact sheet as JSON holds it."""
    told = sheet_facts(result) if isinstance(result, Sheet) else image_facts(result)
    record: Object = facts.as_object(told)
    return record


def image_facts(result: Result) -> facts.ImageFacts:
    """Return the report of one image; what was not computed is None."""
    detection, settings = result.detection, result.detection.settings
    account = detection.responses.account()
    nans = result.measured.nans if result.measured else None
    gaps, missing = result.info.gaps, result.measured.missing if result.measured else None
    return facts.ImageFacts(
        schema=facts.SCHEMA,
        made_by=str(detection.made_by),
        input=facts.input_facts(result.info, planned=result.measured is None),
        resized=_resized(result),
        place=_place_facts(result),
        filters=tuple(_filter_facts(detection)),
        operation="convolution" if settings.convolve else "cross-correlation",
        channels=detection.responses.channels,
        stride=settings.stride,
        dilation=settings.dilation,
        padding=_padding_facts(account),
        convolved_shape=detection.responses.volume,
        output_shape=detection.output_shape,
        parameters=_parameters(account),
        fully_connected_parameters=prod(detection.responses.volume) * prod(detection.output_shape),
        macs=account.macs,
        receptive_field=account.receptive_field,
        connections_per_output=_connections(account),
        white=settings.white,
        outputs=tuple(_output_facts(result, account, n) for n in range(len(detection.maps))),
        nan=None if nans is None else facts.NanFacts(nans, settings.nan),
        no_data=None if gaps is None else facts.NoDataFacts(gaps.what, missing, settings.nan),
        warnings=facts.warnings_of(result.info),
        engine=_engine_facts(result),
    )


def _resized(result: Result) -> tuple[int, ...] | None:
    """Return the size that an image was given; one that is turned has the same two numbers."""
    size = result.detection.graph.source_shape[1:]
    return None if sorted(size) == sorted(result.info.shape[:2]) else size


def _place_facts(result: Result) -> facts.PlaceFacts | None:
    """Return where an edge map lies; strokes are where the image is."""
    drawn = result.detection.settings.finish is not None
    info = result.info
    place = info.place if drawn else place_of_map(result.detection, info)
    if place is None:
        return None
    crs = None if place.system == NOWHERE else str(place.system)
    return facts.PlaceFacts(crs, place.transform, result.is_placed)


def sheet_facts(sheet: Sheet) -> facts.SheetFacts:
    """Return the report of one contact sheet."""
    output = facts.OutputFacts(sheet.outputs[0], SHEET_SAMPLES, kept=bool(sheet.kept) or None)
    tiles = tuple(
        replace(
            told,
            schema=None,
            made_by=None,
            input=None,
            place=None,
            warnings=None,
            outputs=tuple(replace(output, dtype=SHEET_SAMPLES) for output in told.outputs),
        )
        for told in map(image_facts, sheet.results)
    )
    read = facts.input_facts(sheet.info)
    notes = facts.warnings_of(sheet.info)
    return facts.SheetFacts(facts.SCHEMA, str(sheet.made_by), read, output, notes, tiles)


def _filter_facts(detection: Detection) -> Iterator[facts.FilterFacts]:
    """Yield a fact for every filter; those of a network's layer, which are many, share one."""
    layers = detection.settings.network is not None
    for bank in detection.responses.account().banks:
        yield from [texts.layer_facts(bank)] if layers else texts.filter_facts(bank)


def _output_facts(result: Result, account: Account, n: int) -> facts.OutputFacts:
    detection, path = result.detection, result.outputs[n]
    kept = path in result.kept
    seen = None if kept or result.measured is None else result.measured.extremes[n]
    whole = detection.plans[n].strength_type.kind == "i"
    drawn = detection.settings.finish is not None
    return facts.OutputFacts(
        path=path,
        dtype=None if drawn else detection.sample_types[n].name,
        **(_own_facts(account, detection.maps[n]) if len(detection.maps) > 1 else {}),
        map=None if drawn else detection.settings.map,
        combine=_combination(detection, n),
        thinning=detection.plans[n].thinning or None,
        threshold=_threshold_facts(result, n),
        kept=kept or None,
        clipped_fraction=seen.clipped / prod(detection.map_shape) if seen and not drawn else None,
        min=_number(seen.smallest, whole) if seen else None,
        max=_number(seen.largest, whole) if seen else None,
        nan=seen.nans or None if seen else None,
        strokes=result.strokes[n] if result.strokes and not kept else None,
    )


def _own_facts(together: Account, edge_map: EdgeMap) -> dict[str, Any]:
    """Return what is true of the filters of one of several maps."""
    account = together.part(edge_map.start, edge_map.stop)
    return {
        "name": edge_map.name,
        "filters": tuple(chain.from_iterable(map(texts.filter_facts, account.banks))),
        "padding": _padding_facts(account),
        "parameters": _parameters(account),
        "macs": account.macs,
        "receptive_field": account.receptive_field,
        "connections_per_output": _connections(account),
    }


def _padding_facts(account: Account) -> facts.PaddingFacts:
    return facts.PaddingFacts(*account.geometry.padding, str(account.padding_mode))


def _parameters(account: Account) -> facts.Parameters:
    return facts.Parameters(account.weights, account.biases, account.weights + account.biases)


def _connections(account: Account) -> int:
    return max(int(bank.weight[0].size) for bank in account.banks)


def _number(value: float, whole: bool) -> float:
    return int(value) if whole and isfinite(value) else value


def _combination(detection: Detection, n: int) -> str | None:
    """Return how a map's filters combine, where there are several; a recipe's name says it."""
    edge_map = detection.maps[n]
    if edge_map.direction:
        return "direction"
    alone = edge_map.count == 1 or edge_map.combine == "none"
    return None if alone or detection.settings.recipe is not None else edge_map.combine


def _threshold_facts(result: Result, n: int) -> facts.ThresholdFacts | None:
    plan, measured = result.detection.plans[n], result.measured
    if plan.threshold is None:
        return None
    levels = measured.levels[n] if measured and measured.levels else plan.levels
    strengths = (levels.low, levels.high) if levels is not None else ()
    return facts.ThresholdFacts(str(plan.threshold), *strengths)


def _engine_facts(result: Result) -> facts.EngineFacts:
    detection, measured = result.detection, result.measured
    account = detection.responses.account()
    return facts.EngineFacts(
        method=account.method,
        accumulator=account.accumulator.name,
        threads=measured.threads if measured else None,
        seconds=round(measured.seconds, 6) if measured else None,
        reason=account.reason,
        band_rows=None if measured else detection.band_rows,
    )


def _rows(result: Result, told: facts.ImageFacts) -> Iterator[Row]:
    """Yield labels and texts of an image or a tile; a text may have several lines."""
    detection = result.detection
    account, several = detection.responses.account(), len(told.outputs) > 1
    maps = list(zip_longest(detection.maps, told.outputs, result.numbers))
    if told.resized:
        yield "resized", f"{times(told.resized)}, the mean of what each pixel covers"
    if told.place:
        yield "place", texts.place_text(told.place)
    volume, steps, padding = texts.way_texts(told)
    if several:
        yield "slides over", f"{volume}, stride {steps}"
        for edge_map, output, numbers in maps:
            yield from _map_rows(account.part(edge_map.start, edge_map.stop), edge_map)
            yield _output_row(output, numbers)
        yield "together", f"{len(maps)} edge maps"
    else:
        yield from _filter_rows(detection, account)
        yield "slides over", f"{volume}, stride {steps}, padding {padding}"
        yield from _size_rows(account)
    yield "feature maps", times(told.output_shape)
    yield from texts.cost_rows(told)
    if told.white is not None:
        yield "white", texts.number_text(told.white)
    yield from texts.nan_rows(told)
    if told.input and told.input.held_bytes:
        yield "memory", texts.held_text(told.input.held_bytes)
    yield "engine", texts.engine_text(told.engine, why=True)
    if told.warnings:
        yield "notes", "\n".join(told.warnings)
    if not several:
        yield from (_output_row(output, numbers) for _, output, numbers in maps)


def _filter_rows(detection: Detection, account: Account) -> Iterator[Row]:
    network = detection.settings.network
    if network is None:
        yield from texts.bank_rows(account.banks)
    else:
        yield texts.layers_row(network.name, account.banks)


def _map_rows(own: Account, edge_map: EdgeMap) -> Iterator[Row]:
    """Yield what is true of one of several maps, and of its filters alone."""
    yield "edge map", edge_map.name
    yield from texts.bank_rows(own.banks)
    yield "padding", texts.padding_text(_padding_facts(own))
    yield from _size_rows(own)
    yield texts.parameters_row(own.weights, own.biases)
    yield from texts.work_rows(own.macs, own.receptive_field, _connections(own))


def _size_rows(account: Account) -> Iterator[Row]:
    yield "height", texts.output_formula(account.geometry.rows)
    yield "width", texts.output_formula(account.geometry.cols)


def _output_row(told: facts.OutputFacts, numbers: Rows | None) -> Row:
    """Return what is told of a map, and the map itself where it was kept for that."""
    shown = [] if numbers is None else texts.map_lines(numbers[..., 0])
    return "output", "\n".join([texts.output_text(told), *shown])
