"""A network spec in torch, with what training needs: batch norm and side outputs.

The spec's nodes are interpreted one after another, so that the network is described only once.
``folded_weights`` folds the norms into the weights and drops the side outputs; the package's
forward pass then computes the same as torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from edgecli.networks import Network
from edgecli.networks.layers import Add, Convolution, Dense, Flatten, MaxPool, Upsample
from edgecli.networks.network import INPUT, Node
from edgecli.records import dataclass

Weighing = TypeVar("Weighing", nn.Conv2d, nn.Linear)

RARE = 0.03  # the share of edge pixels that an untrained network predicts
SIDES = ("quarter-out", "half-out")  # the nodes with a side output: edges at a coarse size


@dataclass(frozen=True, eq=False)
class Model:
    """A network and its modules by node; ``NODE-norm`` is a norm, ``NODE-side`` a side output.

    A convolution with a ReLU has a norm. The last layer's sigmoid or softmax is left to the loss.
    """

    network: Network
    modules: nn.ModuleDict

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the last layer's logits and, in training, those of side outputs.

        ``images`` are ``(N, 3, H, W)`` of 0 to 1. TypeError where a layer is not trained.
        """
        values = {INPUT: images}
        for node in self.network.nodes:
            values[node.name] = self._apply(node, values)
        last = self.network.nodes[-1].name
        logits = {last: values[last]}
        for name in _side_names(self.network) if self.modules.training else []:
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
                return inputs[0] + inputs[1]
            case MaxPool(padding="valid") as layer:
                return functional.max_pool2d(inputs[0], layer.kernel_size, layer.stride)
            case Flatten():
                return inputs[0].flatten(1)
            case Dense() as layer:
                value = self.modules[node.name](inputs[0])
                return functional.relu(value) if layer.activation == "relu" else value
        raise TypeError(f"{node} is not trained")


def _padded(image: Tensor, layer: Convolution) -> Tensor:
    top, bottom, left, right = layer.window.over(image.shape[2], image.shape[3]).padding
    if not (top or bottom or left or right):
        return image
    return functional.pad(image, (left, right, top, bottom), layer.padding_mode)


def _side_names(network: Network) -> list[str]:
    return [node.name for node in network.nodes if node.name in SIDES]


def build(network: Network) -> Model:
    """Return a model for training, with weights drawn by He's rule from torch's generator."""
    modules, shapes = nn.ModuleDict(), network.parameter_shapes()
    for node in network.nodes:
        if isinstance(node.layer, Convolution):
            depth = shapes[f"{node.name}.weight"][1]
            normed = node.layer.activation == "relu"
            modules[node.name] = _convolution(node.layer, depth, bias=not normed)
            if normed:
                modules[f"{node.name}-norm"] = nn.BatchNorm2d(node.layer.count)
        elif isinstance(node.layer, Dense):
            made = nn.Linear(shapes[f"{node.name}.weight"][1], node.layer.units)
            modules[node.name] = _started(made)
    heads: list[Any] = []
    if isinstance(network.nodes[-1].layer, Convolution):  # whose answers are edges
        heads.append(modules[network.nodes[-1].name])
    for name in _side_names(network):
        modules[f"{name}-side"] = nn.Conv2d(network.shapes()[name][0], 1, 1)
        heads.append(modules[f"{name}-side"])
    for head in heads:
        nn.init.constant_(head.bias, math.log(RARE / (1 - RARE)))
    return Model(network, modules)


def _convolution(layer: Convolution, depth: int, *, bias: bool) -> nn.Conv2d:
    made = nn.Conv2d(
        depth, layer.count, layer.kernel_size, layer.stride, 0, layer.dilation, layer.groups, bias
    )
    return _started(made)


def _started(made: Weighing) -> Weighing:
    nn.init.kaiming_normal_(made.weight, nonlinearity="relu")
    return made


def unfolded(network: Network, images: Tensor) -> Model:
    """Return a model that computes what a network with weights does, to be trained on.

    Every filter gets the size that He's rule gives, and its norm the statistics of these images.
    """
    model = build(network)
    model.modules.eval()
    handles = []
    for node in network.nodes:
        if not isinstance(node.layer, Convolution | Dense):
            continue
        layer: Any = model.modules[node.name]
        weight, bias = (
            torch.tensor(network.weights[f"{node.name}.{part}"]) for part in ("weight", "bias")
        )
        with torch.no_grad():
            if f"{node.name}-norm" not in model.modules:
                layer.weight.copy_(weight)
                layer.bias.copy_(bias)
                continue
            norm: Any = model.modules[f"{node.name}-norm"]
            size = (weight.flatten(1).std(1) / layer.weight.std()).clamp(min=1e-6)
            layer.weight.copy_(weight / size[:, None, None, None])
            norm.weight.copy_(size * math.sqrt(1 + norm.eps))
            norm.bias.copy_(bias)
            handles.append(norm.register_forward_pre_hook(_adopt))
    with torch.no_grad():
        model.forward(images)
    for handle in handles:
        handle.remove()
    return model


def _adopt(norm: Any, inputs: tuple[Tensor]) -> None:
    """Give a norm the statistics of what it sees; it computes the same as before."""
    mean, variance = inputs[0].mean((0, 2, 3)), inputs[0].var((0, 2, 3), correction=0)
    before = (norm.running_var + norm.eps).sqrt()
    norm.bias += norm.weight * (mean - norm.running_mean) / before
    norm.weight *= (variance + norm.eps).sqrt() / before
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)


def folded_weights(model: Model) -> dict[str, NDArray[np.float32]]:
    """Return weights and biases by their names in weight files, with the norms folded in.

    In evaluation a norm is γ (x − μ) / √(σ² + ε) + β: a factor and a summand for each filter.
    """
    found: dict[str, NDArray[np.float32]] = {}
    for node in model.network.nodes:
        if isinstance(node.layer, Convolution | Dense):
            weight, bias = _folded(model.modules, node.name)
            found[f"{node.name}.weight"] = weight.float().numpy()
            found[f"{node.name}.bias"] = bias.float().numpy()
    return found


def _folded(modules: nn.ModuleDict, name: str) -> tuple[Tensor, Tensor]:
    """Return the weights and biases of a layer with its norm, in double precision."""
    layer: Any = modules[name]
    weight = layer.weight.detach().double()
    if f"{name}-norm" not in modules:
        return weight, layer.bias.detach().double()
    norm: Any = modules[f"{name}-norm"]  # which a convolution has instead of biases
    factor = norm.weight.detach().double() / (norm.running_var.double() + norm.eps).sqrt()
    bias = norm.bias.detach().double() - norm.running_mean.double() * factor
    return weight * factor[:, None, None, None], bias
