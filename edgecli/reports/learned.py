"""What was learned, and how well it does."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from edgecli.filters.learn import Learned
from edgecli.reports.formats import Report
from edgecli.reports.tables import Row, labelled
from edgecli.reports.texts import bank_rows, filter_facts

SCHEMA = "edgecli.learn/1"


def learned_report(learned: Learned, pairs: int, output: str) -> Report:
    """Return the report of filters that were learned from pairs of images and written to a file."""
    bank = learned.bank
    names = ("name", "shape", "bias", "residual", "r_squared")
    shapes = [each.shape for each in filter_facts(bank)]
    columns = bank.names, shapes, bank.bias.tolist(), learned.residual, learned.r_squared
    facts = {
        "schema": SCHEMA,
        "pairs": pairs,
        "samples": learned.samples,
        "filters": [dict(zip(names, each, strict=True)) for each in zip(*columns, strict=True)],
        "condition": learned.condition,
        "ridge": learned.ridge,
        "output": output,
    }
    return Report(facts, labelled(_rows(learned, pairs, output)))


def _rows(learned: Learned, pairs: int, output: str) -> Iterator[Row]:
    bank = learned.bank
    yield "learned from", f"{learned.samples:,} windows of {pairs} pair{'s' * (pairs != 1)}"
    yield from bank_rows([bank])
    fits = zip(bank.names, bank.bias, learned.residual, learned.r_squared, strict=True)
    for name, bias, residual, r_squared in fits:
        yield "bias", f"{name} {bias:.6g}"
        yield "residual", f"{name} {residual:.6g}, R² {r_squared:.6f}"
    endless = "infinite: other filters do as well; give more varied images, or --ridge"
    yield "condition", f"{learned.condition:.3g}" if isfinite(learned.condition) else endless
    yield "ridge", f"{learned.ridge:g}"
    yield "output", output
