"""Networks as ONNX Runtime runs them: a peer of the benchmarks. Needs onnx and onnxruntime."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edgecli.networks.layers import (
    Add,
    Convolution,
    Dense,
    Flatten,
    MaxPool,
    Shape,
    Upsample,
)
from edgecli.networks.network import Network, Node

OPSET, IR = 17, 9  # of ONNX 1.12
ACTIVATIONS = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softmax": "Softmax"}
PADS = {"zeros": "constant", "replicate": "edge", "reflect": "reflect"}

Floats = NDArray[np.float32]


def onnx_runner(network: Network, images: Shape, threads: int) -> Callable[[Floats], Floats]:
    """Return a function from images of one shape, ``(N, C, H, W)`` or ``(C, H, W)``, to values."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    model = Export(network, images).model()
    session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])

    def run(pixels: Floats) -> Floats:
        found: Floats = session.run(None, {"input": pixels.reshape(-1, *images[-3:])})[0]
        return found if len(images) == 4 else found[0]

    return run


class Export:
    """A network over images of one shape as an ONNX model, each layer in one or a few nodes."""

    def __init__(self, network: Network, images: Shape) -> None:
        self._network, self._images = network, images
        self._nodes: list[Any] = []
        self._arrays = [numpy_helper.from_array(a, name) for name, a in network.weights.items()]
        self._shapes = network.shapes(images[-3:])
        for node in network.nodes:
            self._add(node)

    def model(self) -> bytes:
        """Return the bytes of an ONNX file."""
        batch = self._images[0] if len(self._images) == 4 else 1
        ends = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, (batch, *self._shapes[name]))
            for name in ("input", self._network.nodes[-1].name)
        ]
        graph = helper.make_graph(self._nodes, "network", ends[:1], ends[1:], self._arrays)
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=IR)
        return bytes(model.SerializeToString())

    def _array(self, name: str, values: Sequence[float], kind: type = np.int64) -> str:
        self._arrays.append(numpy_helper.from_array(np.array(values, kind), name))
        return name

    def _node(self, kind: str, inputs: Sequence[str], output: str, **settings: Any) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [output], **settings))
        return output

    def _learned(self, node: Node) -> list[str]:
        names = [f"{node.name}.{part}" for part in ("weight", "bias")]
        return [name for name in names if name in self._network.weights]

    def _add(self, node: Node) -> None:
        name, layer, inputs = node.name, node.layer, node.inputs
        activation = getattr(layer, "activation", "none")
        plain = name if activation == "none" else f"{name}.plain"
        match layer:
            case Convolution():
                self._convolution(node, layer, plain)
            case Dense():
                self._node("Gemm", [*inputs, *self._learned(node)], plain, transB=1)
            case MaxPool(padding="valid"):
                stride = layer.window.stride
                self._node("MaxPool", inputs, name, kernel_shape=layer.kernel_size, strides=stride)
            case Flatten():
                self._node("Flatten", inputs, name)
            case Upsample(method="bilinear"):
                self._upsample(node, layer)
            case Add():
                self._node("Add", inputs, name)
            case _:
                raise TypeError(f"{layer.kind} is not compared with ONNX Runtime")
        if activation != "none":
            self._node(ACTIVATIONS[activation], [plain], name)

    def _convolution(self, node: Node, layer: Convolution, output: str) -> None:
        """Pad by the convolution where it is with zeros, else by a node before it."""
        _, height, width = self._shapes[node.inputs[0]]
        top, bottom, left, right = layer.window.over(height, width).padding
        given, pads = node.inputs[0], [top, left, bottom, right]
        if any(pads) and layer.padding_mode != "zeros":
            sides = self._array(f"{node.name}.pads", [0, 0, top, left, 0, 0, bottom, right])
            mode = PADS[layer.padding_mode]
            given, pads = (
                self._node("Pad", [given, sides], f"{node.name}.padded", mode=mode),
                [0] * 4,
            )
        settings = {
            "strides": layer.stride,
            "dilations": layer.dilation,
            "group": layer.groups,
        }
        self._node("Conv", [given, *self._learned(node)], output, pads=pads, **settings)

    def _upsample(self, node: Node, layer: Upsample) -> None:
        """Enlarge, and crop at the bottom and right where that is too large."""
        _, height, width = self._shapes[node.inputs[0]]
        scales = self._array(f"{node.name}.scales", [1, 1, layer.scale, layer.scale], np.float32)
        shape, large = self._shapes[node.name][1:], (height * layer.scale, width * layer.scale)
        whole = node.name if shape == large else f"{node.name}.whole"
        self._node("Resize", [node.inputs[0], "", scales], whole, mode="linear")
        if shape != large:
            ends = [
                self._array(f"{node.name}.{part}", values)
                for part, values in (("starts", (0, 0)), ("ends", shape), ("axes", (2, 3)))
            ]
            self._node("Slice", [whole, *ends], node.name)
