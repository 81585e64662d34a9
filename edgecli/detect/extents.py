"""How large the responses of an edge map can be: what is white, and what may be rounding."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgecli.lines.crossings import crossing_share
from edgecli.operators.operators import EdgeMap
from edgecli.operators.responses import Responses

ROUNDING = 64
"""What rounding may leave of a zero sum, in units of the last place of the largest response."""

LARGEST_WHOLE = 2.0**40
"""What 64-bit integers count as for that: they seldom are as large as their type could be."""

USUAL_SHARE = 3
"""The largest possible response over the white of ``auto``: over 100 photos 0.9 to 1.3 % of the
pixels saturate with derivatives of any width, 2 to 3 % with compass filters. Of zero crossings it
is the largest possible height, where that is less: over ten photos 0.4 to 1.5 % of them saturate,
for every width of log and dog."""

KEEPS = 1 / 32
"""The share of Σ|w| that is left of a constant where a filter shows a picture, such as a mean or a
sharpened one, rather than edges."""


def rounding_of(
    edge_map: EdgeMap, largest: float, pixels: np.dtype[Any], responses: Responses
) -> float:
    """Return the strength up to which a response may be a rounding error."""
    if responses.dtype.kind != "f" or responses.whole:
        return 0.0
    if pixels == np.int64 and not (edge_map.soft or edge_map.thin):
        largest *= LARGEST_WHOLE / responses.white
    return largest * ROUNDING * float(np.finfo(responses.dtype).epsneg)


def crossings_of(responses: Responses, edge_map: EdgeMap) -> float:
    """Return the largest height of a zero crossing over the largest response, if it is less."""
    if responses.slide is None:
        return 1.0
    weight, spacing = responses.bank.weight[edge_map.start], responses.slide.plan.spacing
    return min(crossing_share(weight, spacing.stride, spacing.dilation), 1.0)


def white_of(map_name: str, responses: Responses, edge_map: EdgeMap, largest: float) -> float:
    """Return the response that is drawn white; of ``auto``, a third of the largest possible one.

    Filters that keep a constant, such as means, show a picture: there it is what they make of
    white. Networks and contours, of 0 to 1, are drawn as they are.
    """
    if map_name != "auto" or edge_map.soft or edge_map.thin:
        return responses.white
    own = responses.bank.select(range(edge_map.start, edge_map.stop))
    kept = np.abs(own.weight.sum(axis=(1, 2, 3))).max()
    if kept > KEEPS * own.absolute_sums.max():
        return float(kept) * responses.white
    return largest / USUAL_SHARE
