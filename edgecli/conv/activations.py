"""Activations: what a layer does to its responses, value by value."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ACTIVATIONS = ("none", "relu", "leaky-relu", "sigmoid", "tanh")

LEAK = 0.01  # torch.nn.LeakyReLU's default negative slope


def activated_dtype(activation: str, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type of the responses afterwards: integers stay integers only where exact."""
    return dtype if activation in ("none", "relu") else np.dtype(np.float32)


def activate(responses: NDArray[Any], activation: str) -> NDArray[Any]:
    """Apply an activation, in place where the type stays the same.

    >>> activate(np.array([-2, 0, 3]), "relu").tolist()
    [0, 0, 3]
    """
    if activation == "none":
        return responses
    if activation == "relu":
        return np.maximum(responses, 0, out=responses)
    values = responses.astype(np.float32, copy=False)
    match activation:
        case "leaky-relu":
            return np.maximum(values, values * np.float32(LEAK))
        case "tanh":
            return np.tanh(values)
        case "sigmoid":
            # ½(1 + tanh(x/2)) is the same function and cannot overflow.
            return np.float32(0.5) * (1 + np.tanh(np.float32(0.5) * values))
    raise ValueError(f"unknown activation {activation!r}")
