"""Specs of layers: the shapes they make, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edgecli.errors import EdgeCliError, NetworkError
from edgecli.networks.layers import (
    LAYERS,
    Activation,
    Add,
    AveragePool,
    Concatenate,
    Convolution,
    Dense,
    Flatten,
    Layer,
    MaxPool,
    Mean,
    Shape,
    Upsample,
    connections,
    weight_shape,
)


@pytest.mark.parametrize(
    ("layer", "inputs", "output", "weights", "seen"),
    [
        (Convolution(6, (5, 5)), [(3, 32, 32)], (6, 28, 28), (6, 3, 5, 5), 75),
        (Convolution(8, (3, 1), groups=4), [(4, 9, 9)], (8, 7, 9), (8, 1, 3, 1), 3),
        (Convolution(2, (3, 3), (2, 2), "same"), [(1, 5, 6)], (2, 3, 3), (2, 1, 3, 3), 9),
        (Convolution(1, (3, 3), dilation=(2, 1)), [(1, 5, 3)], (1, 1, 1), (1, 1, 3, 3), 9),
        (MaxPool((2, 2)), [(6, 28, 28)], (6, 14, 14), None, 4),
        (MaxPool((3, 3), (2, 2), (1, 1, 1, 1)), [(1, 7, 8)], (1, 4, 4), None, 9),
        (AveragePool((2, 3), (1, 1)), [(2, 4, 4)], (2, 3, 2), None, 6),
        (Flatten(), [(16, 5, 5)], (400,), None, 1),
        (Dense(120), [(400,)], (120,), (120, 400), 400),
        (Activation("softmax"), [(10,)], (10,), None, 10),
        (Activation("relu"), [(2, 3, 4)], (2, 3, 4), None, 1),
        (Upsample(3, "nearest"), [(2, 3, 4)], (2, 9, 12), None, 1),
        (Upsample(2, "bilinear", "x"), [(2, 3, 4), (9, 5, 7)], (2, 5, 7), None, 4),
        (Add(), [(2, 3, 4)] * 3, (2, 3, 4), None, 3),
        (Mean(), [(2, 3, 4)] * 2, (2, 3, 4), None, 2),
        (Concatenate(), [(2, 3, 4), (5, 3, 4)], (7, 3, 4), None, 1),
        (Concatenate(), [(2,), (5,)], (7,), None, 1),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "kind") else "",
)
def test_shapes(
    layer: Layer, inputs: list[Shape], output: Shape, weights: Shape | None, seen: int
) -> None:
    assert layer.output_shape(inputs) == output
    assert weight_shape(layer, inputs) == weights
    assert connections(layer, inputs) == seen


@pytest.mark.parametrize(
    ("layer", "inputs", "said"),
    [
        (Convolution(2, (5, 5)), [(3, 4, 9)], "kernel 5×5 is larger than the padded image 4×9"),
        (Convolution(2, (1, 1), groups=2), [(3, 4, 9)], "3 channels do not divide into 2 groups"),
        (Convolution(2, (1, 1)), [(9,)], "takes a volume, .* not a vector of 9"),
        (MaxPool((2, 2)), [(1, 1, 1)], "kernel 2×2 is larger than the padded image 1×1"),
        (MaxPool((2, 2)), [(1, 4, 4)] * 2, "takes one input, not 2"),
        (Activation("relu"), [(1, 4, 4)] * 2, "takes one input, not 2"),
        (Dense(2), [], "takes one input, not 0"),
        (Dense(2), [(16, 5, 5)], "takes a vector, not 5×5×16; put a flatten layer before it"),
        (Flatten(), [(9,)], "takes a volume"),
        (Upsample(2), [(1, 2**30, 2)], "2147483648×4 has a side over 2147483647"),
        (Upsample(2, to="x"), [(1, 3, 3), (1, 7, 6)], "3×3×1 becomes 6×6, .*7×6, the size of 'x'"),
        (Upsample(2, to="x"), [(1, 3, 3), (1, 6, 4)], "3×3×1 becomes 6×6, .*6×4"),
        (Add(), [(1, 3, 3), (2, 3, 3)], "inputs are 3×3×1 and 3×3×2; add layers of one shape"),
        (Add(), [(1, 3, 3)], "takes two inputs or more"),
        (Mean(), [(1, 3, 3), (1, 3, 4)], "inputs are 3×3×1 and 3×4×1; add layers of one shape"),
        (Concatenate(), [(1, 3, 3), (1, 3, 4)], "inputs are 3×3×1 and 3×4×1"),
        (Concatenate(), [(1, 3, 3), (9,)], "inputs are 3×3×1 and 9"),
    ],
)
def test_shapes_that_do_not_fit(layer: Layer, inputs: list[Shape], said: str) -> None:
    with pytest.raises(NetworkError, match=said):
        layer.output_shape(inputs)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Convolution(0, (3, 3)), "filters is 0; write a number from 1"),
        (lambda: Convolution(2, (0, 3)), "kernel_size must be 1 or more"),
        (lambda: Convolution(2, (3, 3), stride=(0, 1)), "stride must be 1 or more"),
        (lambda: Convolution(2, (3, 3), padding=(-1, 0, 0, 0)), "padding must be 0 or more"),
        (lambda: Convolution(2, (3, 3), padding_mode="same"), "padding mode 'same' is unknown"),
        (lambda: Convolution(3, (3, 3), groups=2), "3 filters do not divide into 2 groups"),
        (lambda: Convolution(2, (3, 3), activation="relo"), "activation 'relo' is unknown"),
        (lambda: Convolution(("sobel-x",), (3, 3)), "are 3×3 and have no bias"),
        (lambda: Convolution(("sobel-x",), (5, 5), bias=False), "are 3×3 and have no bias"),
        (lambda: Convolution(("sobl-x",), (3, 3), bias=False), "'sobl-x' is not built in; did you"),
        (lambda: Convolution(("/etc/passwd",), (3, 3), bias=False), "is not built in"),
        (lambda: Convolution(("sobel-x", "log"), (3, 3), bias=False), "one kernel size"),
        (lambda: MaxPool((2, 2), padding=(2, 0, 0, 0)), "leaves whole 2×2 windows outside"),
        (lambda: AveragePool((2, 2), padding=(0, 0, 0, 2)), "leaves whole 2×2 windows outside"),
        (lambda: Dense(-1), "units is -1"),
        (lambda: Activation("step"), "function 'step' is unknown"),
        (lambda: Upsample(0), "scale is 0"),
        (lambda: Upsample(2, "cubic"), "method 'cubic' is unknown"),
    ],
)
def test_specs_that_mean_nothing(make: Callable[[], Layer], said: str) -> None:
    with pytest.raises(EdgeCliError, match=said):
        make()


def test_filters_by_name_and_by_rows() -> None:
    layer = Convolution(("vertical", "1 1 1; 0 0 0; -1 -1 -1"), (3, 3), bias=False)
    assert layer.bank is not None
    assert layer.bank.weight[0, 0].tolist() == [[1, 0, -1]] * 3
    assert layer.bank.weight[1, 0].tolist() == [[1] * 3, [0] * 3, [-1] * 3]
    assert layer.output_shape([(3, 6, 6)]) == (2, 4, 4)


def test_every_kind_of_layer_has_its_own_name() -> None:
    assert [kind.kind for kind in LAYERS.values()] == list(LAYERS)
    assert len(LAYERS) == 10
