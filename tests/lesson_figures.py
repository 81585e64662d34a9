"""Figures of lessons as they are read: cells, windows and sums, out of the SVG."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree as ET

SVG = "{http://www.w3.org/2000/svg}"

Place = tuple[float, float]
Element = ET.Element


class Line(NamedTuple):
    """A sum as written: its left side, its right side, and what activation makes of it."""

    left: str
    total: float
    response: float


def groups(within: Element) -> dict[str, Element]:
    """Return the groups of a figure, or of a step of it, by their names."""
    return {
        str(one.get("data-name")): one for one in within.iter(f"{SVG}g") if one.get("data-name")
    }


def steps(figure: Element) -> tuple[list[Element], list[Element]]:
    """Return what is seen in each step of an animation alone, and what from then on."""
    found = [one for one in figure.iter(f"{SVG}g") if one.get("class")]
    alone = [one for one in found if "m" in str(one.get("class")).split()]
    return alone, [one for one in found if one.get("class") == "k"]


def text_of(element: Element) -> str:
    return "".join(element.itertext())


def number(text: str) -> float:
    return float(re.sub(r"[()]", "", text).replace("−", "-"))


def places(group: Element, paint: str) -> list[Place]:
    """Return the corners of a group's boxes of some paint."""
    boxes = [one for one in group.iter(f"{SVG}rect") if str(one.get("class")).endswith(paint)]
    return [(float(str(box.get("x"))), float(str(box.get("y")))) for box in boxes]


def cells(group: Element) -> dict[Place, float]:
    """Return the number in each cell of a sheet, by the corner of the cell."""
    texts = [text_of(one) for one in group.iter(f"{SVG}text") if one.get("text-anchor")]
    return dict(zip(places(group, "-cell"), map(number, texts), strict=True))


def lines(group: Element) -> Iterator[Line]:
    """Yield the sums of a step."""
    for one in group.iter(f"{SVG}text"):
        text = text_of(one)
        if " = " not in text:
            continue  # a label
        first, _, last = text.partition(",  ")
        activated = re.fullmatch(r"[a-z-]+\((.*)\) = (.*)", last or first)
        if activated and not last:
            yield Line("", number(activated[1]), number(activated[2]))
            continue
        left, _, right = first.rpartition(" = ")
        yield Line(left, number(right), number(activated[2] if activated else right))


def factors(left: str) -> list[tuple[float, float]]:
    """Return the pairs of a sum of products."""
    pairs = [term.split("·") for term in left.split(" + ") if "·" in term]
    return [(number(pixel), number(weight)) for pixel, weight in pairs]


def summands(left: str) -> list[float]:
    """Return the numbers of a sum of subtotals and a bias."""
    return [number(term.removesuffix(" bias")) for term in left.split(" + ")]
