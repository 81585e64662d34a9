"""The numbers that decide what a training makes, each of which can be given another value.

>>> changed(EdgeRecipe(), ["steps=100", "rate=0.001"]).rate
0.001
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, TypeVar

from edgecli.errors import UsageError
from edgecli.records import dataclass, replace

HELD_OUT = 9_000_000  # the number of the first drawing that is measured and not trained on


@dataclass(frozen=True)
class Recipe:
    """The numbers of every training. The defaults made the package's weights."""

    steps: int = 16_000
    batch: int = 7  # pictures of each step
    rate: float = 3e-3  # of AdamW; it falls from there to 0 along half a cosine
    warmup: int = 100  # steps in which the rate rises to that
    decay: float = 1e-4  # of weights
    average: float = 0.998  # the share that the running mean of weights keeps at each step
    measured: int = 48  # drawings that are held out
    bits: int = 32  # of the values between layers; 16 (bfloat16) takes half with AVX-512
    seed: int = 0


@dataclass(frozen=True)
class EdgeRecipe(Recipe):
    """The numbers of a training on scenes, of which a batch has crops."""

    bits: int = 16
    scenes: int = 4000
    size: int = 352  # of a scene, in pixels
    ready: int = 800  # scenes at the first step; each step adds one
    side: int = 200  # of a crop, in pixels
    shown: int = 6  # crops of photos in each batch, where there are photos
    takes: int = 4  # of each photo, at other sizes
    positives: float = 6.0  # the weight of an edge pixel; another has 1
    sides: float = 0.25  # the weight of each side output; the output has 1

    @property
    def first_scenes(self) -> range:
        """Return the scenes that the first step chooses among."""
        return range(min(self.ready, self.scenes))

    @property
    def later_scenes(self) -> range:
        """Return the scenes that join those, one at each step."""
        return range(len(self.first_scenes), min(self.ready + self.steps, self.scenes))


@dataclass(frozen=True)
class DigitRecipe(Recipe):
    """The numbers of a training on digits, which are drawn in blocks."""

    steps: int = 13_000
    batch: int = 256
    average: float = 0.999
    measured: int = 1  # blocks
    blocks: int = 76  # of 2,000 digits
    smoothing: float = 0.03  # the share of certainty that the other classes get


AnyRecipe = TypeVar("AnyRecipe", bound=Recipe)


def changed(recipe: AnyRecipe, settings: Sequence[str]) -> AnyRecipe:
    """Return a recipe with settings ``name=value``; UsageError where one is unknown or no number.

    Counts are whole numbers from 1. The seed and the other numbers may be 0.
    """
    kinds = {field.name: type(getattr(recipe, field.name)) for field in fields(recipe)}
    values: dict[str, Any] = {}
    for setting in settings:
        name, _, text = setting.partition("=")
        if name not in kinds:
            raise UsageError(f"{name!r} is not in the recipe; there are {', '.join(kinds)}")
        values[name] = _number(name, text, kinds[name])
    if values.get("bits", 32) not in (16, 32):
        raise UsageError(f"values of {values['bits']} bits are not trained with; take 16 or 32")
    return replace(recipe, **values)


def _number(name: str, text: str, kind: type) -> float:
    least = 1 if kind is int and name != "seed" else 0
    try:
        value: float = kind(text)
    except ValueError:
        value = math.nan
    if not least <= value < math.inf:
        what = "whole number" if kind is int else "number"
        raise UsageError(f"{name}={text} is no {what} from {least}; write {name}={least} or more")
    return value
