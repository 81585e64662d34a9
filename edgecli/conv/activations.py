"""Activations: what a layer does to its responses, value by value."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.rows.samples import float_type

ACTIVATIONS = ("none", "relu", "leaky-relu", "sigmoid", "tanh")
"""Functions of each value alone; ``softmax`` is one of all channels."""

LEAK = 0.01  # torch.nn.LeakyReLU's default negative slope


def activated_dtype(activation: str, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type of the responses afterwards: integers stay integers only where exact."""
    return dtype if activation in ("none", "relu") else float_type(dtype)


def activate(responses: NDArray[Any], activation: str) -> NDArray[Any]:
    """Apply an activation, in place where the type stays; softmax is over the first axis.

    >>> activate(np.array([-2, 0, 3]), "relu").tolist()
    [0, 0, 3]
    """
    values = responses.astype(activated_dtype(activation, responses.dtype), copy=False)
    match activation:
        case "relu":
            # np.maximum with a scalar takes six times as long.
            largest = np.inf if values.dtype.kind == "f" else np.iinfo(values.dtype).max
            np.clip(values, 0, largest, out=values)
        case "leaky-relu":
            np.maximum(values, values * values.dtype.type(LEAK), out=values)
        case "tanh":
            np.tanh(values, out=values)
        case "softmax":
            np.subtract(values, values.max(axis=0), out=values)
            np.exp(values, out=values)
            np.divide(values, values.sum(axis=0), out=values)
        case "sigmoid":
            # ½(1 + tanh(x/2)) is the same function and cannot overflow.
            np.tanh(values * values.dtype.type(0.5), out=values)
            np.multiply(values + 1, values.dtype.type(0.5), out=values)
    return values
