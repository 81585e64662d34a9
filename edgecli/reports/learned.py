"""What was learned, and how well it does, in every format."""

from __future__ import annotations

import math
import sys

from edgecli.filters.learn import Learned
from edgecli.reports.facts import Facts
from edgecli.reports.formats import TEXTS
from edgecli.reports.table import bank_lines
from edgecli.reports.writing import print_rows

SCHEMA = "edgecli.learn/1"


def learned_facts(learned: Learned, pairs: int, output: str) -> Facts:
    """Return the report of ``learn``; a condition that is infinite is null."""
    _, C, H, W = learned.bank.shape
    told = zip(
        learned.bank.names, learned.bank.bias, learned.residual, learned.r_squared, strict=True
    )
    return {
        "schema": SCHEMA,
        "pairs": pairs,
        "samples": learned.samples,
        "filters": [
            {
                "name": name,
                "shape": [H, W, C],
                "bias": float(bias),
                "residual": residual,
                "r_squared": r_squared,
            }
            for name, bias, residual, r_squared in told
        ],
        "condition": learned.condition if math.isfinite(learned.condition) else None,
        "ridge": learned.ridge,
        "output": output,
    }


def write_learned(learned: Learned, pairs: int, output: str, format_: str) -> None:
    """Write a report to standard output: ``table``, ``json``, ``csv``, ``markdown`` or ``none``."""
    if format_ in TEXTS:
        sys.stdout.write(TEXTS[format_]([learned_facts(learned, pairs, output)]))
    elif format_ == "table":
        print_rows(learned_rows(learned, pairs, output), sys.stdout)


def learned_rows(learned: Learned, pairs: int, output: str) -> list[tuple[str, str]]:
    """Return the report as labels and texts."""
    condition = f"{learned.condition:.3g}"
    if not math.isfinite(learned.condition):
        condition = "infinite: other filters do as well; give more varied images, or --ridge"
    rows = [
        ("learned from", f"{learned.samples:,} windows of {pairs} pair{'s' * (pairs != 1)}"),
        *bank_lines(learned.bank),
    ]
    for name, bias, residual, r_squared in zip(
        learned.bank.names, learned.bank.bias, learned.residual, learned.r_squared, strict=True
    ):
        rows.append(("bias", f"{name} {bias:.6g}"))
        rows.append(("residual", f"{name} {residual:.6g}, R² {r_squared:.6f}"))
    rows += [("condition", condition), ("ridge", f"{learned.ridge:g}"), ("output", output)]
    return rows
