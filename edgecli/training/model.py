"""A network spec in torch, to be trained: batch norm behind its convolutions, side outputs.

The spec's nodes are interpreted one after another, so that there is one description of the
network. What is only there to train it better (normalisation, side outputs) is folded away or left
out by ``folded_weights``: the package's forward pass computes the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from edgecli.networks import Network
from edgecli.networks.layers import Add, Convolution, Upsample
from edgecli.networks.network import INPUT, Node

RARE = 0.03
"""The share of edge pixels that an untrained network answers with; the true one is about that."""


@dataclass(frozen=True, eq=False)
class Model:
    """A network and its modules: ``layers`` and ``norms`` by node, ``sides`` by node as well.

    A node has a norm where an activation follows it, but not the last one, which gives logits.
    """

    network: Network
    modules: nn.ModuleDict

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the logits ``(N, 1, H, W)`` of edges, and those of side outputs where trained.

        ``images (N, 3, H, W)`` are in 0 to 1.
        """
        values = {INPUT: images}
        for node in self.network.nodes:
            values[node.name] = self._apply(node, values)
        last = self.network.nodes[-1].name
        logits = {last: values[last]}
        if self.modules.training:
            for name in _side_names(self.network):
                logits[name] = self.modules[f"{name}-side"](values[name])
        return logits

    def _apply(self, node: Node, values: Mapping[str, Tensor]) -> Tensor:
        inputs = [values[name] for name in node.inputs]
        match node.layer:
            case Convolution() as layer:
                value = self.modules[node.name](_padded(inputs[0], layer))
                if f"{node.name}-norm" in self.modules:
                    value = self.modules[f"{node.name}-norm"](value)
                return functional.relu(value) if layer.activation == "relu" else value
            case Upsample(scale=scale, method=method, to=to):
                value = functional.interpolate(inputs[0], scale_factor=scale, mode=method)
                height, width = values[to].shape[2:] if to else value.shape[2:]
                return value[:, :, :height, :width]
            case Add():
                return torch.stack(inputs).sum(0) if len(inputs) > 2 else inputs[0] + inputs[1]
        raise TypeError(f"layer {node.name!r} ({node.layer.kind}) is not trained")


def _padded(image: Tensor, layer: Convolution) -> Tensor:
    top, bottom, left, right = layer.window.over(image.shape[2], image.shape[3]).padding
    if not (top or bottom or left or right):
        return image
    return functional.pad(image, (left, right, top, bottom), layer.padding_mode)


def _side_names(network: Network) -> list[str]:
    """Return the nodes whose values are to tell edges by themselves: the coarse sizes' sums."""
    return [node.name for node in network.nodes if node.name in ("quarter-out", "half-out")]


def build(network: Network) -> Model:
    """Return a model with weights drawn by He's rule, from torch's generator."""
    shapes, modules = network.shapes(), nn.ModuleDict()
    last = network.nodes[-1].name
    for node in network.nodes:
        if isinstance(node.layer, Convolution):
            normed = node.layer.activation == "relu"
            depth = shapes[node.inputs[0]][0]
            modules[node.name] = _convolution(node.layer, depth, bias=not normed)
            if normed:
                modules[f"{node.name}-norm"] = nn.BatchNorm2d(node.layer.count)
    for name in _side_names(network):
        modules[f"{name}-side"] = nn.Conv2d(shapes[name][0], 1, 1)
    for name in (last, *(f"{name}-side" for name in _side_names(network))):
        nn.init.constant_(modules[name].bias, float(np.log(RARE / (1 - RARE))))
    return Model(network, modules)


def _convolution(layer: Convolution, depth: int, *, bias: bool) -> nn.Conv2d:
    made = nn.Conv2d(
        depth,
        layer.count,
        layer.kernel_size,
        stride=layer.stride,
        dilation=layer.dilation,
        groups=layer.groups,
        bias=bias,
    )
    nn.init.kaiming_normal_(made.weight, nonlinearity="relu")
    return made


def folded_weights(model: Model) -> dict[str, NDArray[np.float32]]:
    """Return weights and biases by the names of weight files, batch norm folded into them.

    A norm in evaluation is γ (x − μ) / √(σ² + ε) + β: a factor and a summand per filter.
    """
    found: dict[str, NDArray[np.float32]] = {}
    for node in model.network.nodes:
        if not isinstance(node.layer, Convolution):
            continue
        convolution = model.modules[node.name]
        weight = convolution.weight.detach().double()
        bias = torch.zeros(len(weight), dtype=torch.float64)
        if convolution.bias is not None:
            bias = convolution.bias.detach().double()
        if f"{node.name}-norm" in model.modules:
            norm = model.modules[f"{node.name}-norm"]
            factor = norm.weight.detach().double() / (norm.running_var.double() + norm.eps).sqrt()
            bias = norm.bias.detach().double() + (bias - norm.running_mean.double()) * factor
            weight = weight * factor[:, None, None, None]
        found[f"{node.name}.weight"] = weight.numpy().astype(np.float32)
        found[f"{node.name}.bias"] = bias.numpy().astype(np.float32)
    return found
