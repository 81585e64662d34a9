"""The facts of a report: what one image's detection was, cost and gave.

``image_facts`` makes the plain dictionary that every format shows; its keys are a contract.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from edgecli.detect.detection import Detection
from edgecli.detect.jobs import Result
from edgecli.detect.sheet import Sheet
from edgecli.filters import FilterBank
from edgecli.rows.base import ImageInfo

SCHEMA = "edgecli.report/1"

SHEET_SAMPLES = "uint8"
"""What a contact sheet is made of, whatever its filters give."""

Facts = dict[str, Any]


def image_facts(result: Result) -> Facts:
    """Return the report of one image; what was not computed is left out."""
    return _input_facts(result.info) | _result_facts(result)


def sheet_facts(sheet: Sheet) -> Facts:
    """Return the report of one contact sheet: its file, and what was done for every tile."""
    tiles = [_tile_facts(result) for result in sheet.results]
    output = {"path": sheet.outputs.paths[0], "dtype": SHEET_SAMPLES}
    return {**_input_facts(sheet.info), "output": output, "tiles": tiles}


def _tile_facts(result: Result) -> Facts:
    """Return a result's facts as its contact sheet shows it: in 8 bits, bare numbers as abs."""
    facts = _result_facts(result)
    for output in facts.get("outputs") or [facts["output"]]:
        output["dtype"] = SHEET_SAMPLES
        if output["map"] == "raw":
            output["map"] = "abs"
            output.pop("clipped_fraction", None)  # of numbers as they are; a tile's is its own
    return facts


def _input_facts(info: ImageInfo) -> Facts:
    return {
        "schema": SCHEMA,
        "input": {
            "path": info.path,
            "format": info.format,
            "shape": list(info.shape),
            "dtype": info.dtype,
        },
    }


def _result_facts(result: Result) -> Facts:
    detection = result.detection
    facts: Facts = {
        "filters": _all_filters(detection),
        **_geometry_facts(detection),
        **_cost_facts(detection),
    }
    outputs = [_output_facts(result, n) for n in range(len(detection.maps))]
    facts |= {"output": outputs[0]} if len(outputs) == 1 else {"outputs": outputs}
    if result.measured is not None and result.measured.nans is not None:
        facts["nan"] = {"samples": result.measured.nans, "policy": detection.settings.nan}
    return facts | {"engine": _engine_facts(result)}


def _all_filters(detection: Detection) -> list[Facts]:
    """Return a fact for every filter; those of a network's layer, which are many, share one."""
    banks = detection.responder.account.banks
    if detection.settings.network is not None:
        return [layer_facts(bank) for bank in banks]
    return [fact for bank in banks for fact in _filter_facts(bank)]


def layer_facts(bank: FilterBank) -> Facts:
    """Return what the filters of one layer have in common; their rank is the largest."""
    filters, depth, height, width = bank.shape
    name, _, _ = bank.names[0].rpartition("-")
    shape = [height, width, depth]
    return {"name": name, "shape": shape, "rank": max(bank.ranks), "count": filters}


def _filter_facts(bank: FilterBank) -> list[Facts]:
    _, depth, height, width = bank.weight.shape
    shape = [height, width, depth]
    named = zip(bank.names, bank.ranks, strict=True)
    return [{"name": name, "shape": shape, "rank": rank} for name, rank in named]


def _geometry_facts(detection: Detection) -> Facts:
    account, settings = detection.responder.account, detection.settings
    top, bottom, left, right = account.geometry.padding
    return {
        "operation": "convolution" if settings.convolve else "cross-correlation",
        "channels": detection.channels,
        "stride": list(settings.stride),
        "dilation": list(settings.dilation),
        "padding": {
            "top": top,
            "bottom": bottom,
            "left": left,
            "right": right,
            "mode": str(account.padding_mode),
        },
        "convolved_shape": list(detection.volume_shape),
        "output_shape": list(detection.output_shape),
    }


def _cost_facts(detection: Detection) -> Facts:
    """Count weights, multiply-adds (bias excluded) and what a dense layer would need."""
    account = detection.responder.account
    weights, biases = account.weights, account.biases
    volume, maps = detection.volume_shape, detection.output_shape
    return {
        "parameters": {"weights": weights, "biases": biases, "total": weights + biases},
        "fully_connected_parameters": volume[0]
        * volume[1]
        * volume[2]
        * maps[0]
        * maps[1]
        * maps[2],
        "macs": account.macs,
        "receptive_field": list(account.receptive_field),
        "connections_per_output": max(bank.weight[0].size for bank in account.banks),
    }


def _output_facts(result: Result, n: int) -> Facts:
    detection = result.detection
    path = result.outputs.paths[n]
    facts: Facts = {
        "path": path,
        "dtype": detection.samples[n].name,
        "map": detection.settings.map,
        **_combination(detection, n),
        **_line_facts(result, n),
    }
    if path in result.kept:
        return facts | {"kept": True}
    if result.measured is None:
        return facts
    extremes = result.measured.extremes[n]
    height, width, channels = detection.map_shape
    whole = detection.responses[n].kind == "i"
    facts |= {
        "clipped_fraction": extremes.clipped / (height * width * channels),
        "min": _number(extremes.smallest, whole),
        "max": _number(extremes.largest, whole),
    }
    return facts | ({"nan": extremes.nans} if extremes.nans else {})


def _combination(detection: Detection, n: int) -> Facts:
    """Return how a map's filters combine, where there are several; a recipe's name says it."""
    edge_map = detection.maps[n]
    if edge_map.direction:
        return {"combine": "direction"}
    alone = edge_map.stop - edge_map.start == 1 or edge_map.combine == "none"
    return {} if alone or detection.settings.recipe is not None else {"combine": edge_map.combine}


def _line_facts(result: Result, n: int) -> Facts:
    """Return how lines were thinned and chosen, where they were."""
    plan = result.detection.plans[n]
    facts: Facts = {"thinning": plan.thinning} if plan.thinning else {}
    if plan.threshold is None:
        return facts
    measured = result.measured
    levels = measured.levels[n] if measured and measured.levels else plan.levels
    chosen: Facts = {"method": str(plan.threshold)}
    if levels is not None:
        found = {"low": levels.low, "high": levels.high}
        chosen |= {key: value if isfinite(value) else None for key, value in found.items()}
    return facts | {"threshold": chosen}


def _number(value: float, whole: bool) -> float | None:
    """Return a number that JSON can hold: None for infinities, as of a map of nothing but NaN."""
    if abs(value) == float("inf"):
        return None
    return int(value) if whole else value


def _engine_facts(result: Result) -> Facts:
    detection, measured = result.detection, result.measured
    plan = detection.convolution.plan
    facts: Facts = {
        "method": detection.responder.account.method,
        "accumulator": plan.accumulator.name,
    }
    if measured is None:
        return facts | {"reason": plan.reason, "band_rows": detection.band_rows}
    timed = {"threads": measured.threads, "seconds": round(measured.seconds, 6)}
    return facts | timed | {"reason": plan.reason}
