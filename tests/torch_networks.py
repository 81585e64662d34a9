"""Networks as torch runs them: the peer of tests and benchmarks. Needs torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from edgecli.networks.layers import (
    Activation,
    Add,
    AveragePool,
    Convolution,
    Dense,
    Flatten,
    Layer,
    MaxPool,
    Mean,
    Upsample,
)
from edgecli.networks.network import INPUT, Network

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda values: values,
    "relu": torch.relu_,
    "sigmoid": torch.sigmoid_,
    "tanh": torch.tanh_,
    "softmax": partial(torch.softmax, dim=1),
}


def torch_runner(network: Network) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Return a function from images ``(N, C, H, W)``, or one ``(C, H, W)``, to torch's values."""
    weights = {name: torch.from_numpy(array.copy()) for name, array in network.weights.items()}
    last_use = {
        name: n for n, node in enumerate(network.nodes) for name in (*node.shape_sources, node.name)
    }

    def run(images: NDArray[np.float32]) -> NDArray[np.float32]:
        batch = torch.from_numpy(images).reshape((-1, *images.shape[-3:]))
        values = {INPUT: batch}
        with torch.inference_mode():
            for n, node in enumerate(network.nodes):
                learned = [weights.get(f"{node.name}.{part}") for part in ("weight", "bias")]
                sources = [values[name] for name in node.shape_sources]
                values[node.name] = _apply(node.layer, sources, learned)
                output = values[node.name]
                values = {name: v for name, v in values.items() if last_use[name] > n} | {
                    node.name: output
                }
        found: NDArray[np.float32] = output.numpy()
        return found if images.ndim == 4 else found[0]

    return run


def _apply(layer: Layer, inputs: Sequence[Tensor], learned: Sequence[Tensor | None]) -> Tensor:
    first, (weight, bias) = inputs[0], learned
    match layer:
        case Convolution():
            assert weight is not None
            padded, padding = _padded(layer, first)
            values = functional.conv2d(
                padded, weight, bias, layer.stride, padding, layer.dilation, layer.groups
            )
            return ACTIVATIONS[layer.activation](values)
        case MaxPool():
            return functional.max_pool2d(first, layer.kernel_size, layer.stride)
        case AveragePool():
            assert not layer.count_padding, "padding same is torch's ceil_mode"
            return functional.avg_pool2d(
                first, layer.kernel_size, layer.stride, ceil_mode=True, count_include_pad=False
            )
        case Flatten():
            return first.flatten(1)
        case Dense():
            assert weight is not None
            return ACTIVATIONS[layer.activation](functional.linear(first, weight, bias))
        case Activation():
            return ACTIVATIONS[layer.function](first.clone())
        case Upsample():
            values = functional.interpolate(first, scale_factor=layer.scale, mode=layer.method)
            height, width = (inputs[-1] if layer.to else values).shape[2:]
            return values[..., :height, :width]
        case Mean():
            return torch.stack(list(inputs)).mean(0)
        case Add():
            return first + inputs[1]
    raise TypeError(f"{layer.kind} is not compared with torch")


def _padded(layer: Convolution, image: Tensor) -> tuple[Tensor, tuple[int, int]]:
    """Return what a convolution slides over, and what it pads itself: equal zeros at both sides."""
    height, width = image.shape[2:]
    top, bottom, left, right = layer.window.over(height, width).padding
    if layer.padding_mode == "zeros" and (top, left) == (bottom, right):
        return image, (top, left)
    mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
    return functional.pad(image, (left, right, top, bottom), mode), (0, 0)
