"""Filter files of every kind and kernels of every size, networks, and files that are neither."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]

FLOAT_SIDES = (2, 3, 5, 7, 9, 11, 15, 31, 63)
WHOLE_SIDES = (2, 3, 5, 7, 9, 15, 31)

TEXTS = {
    "diff.txt": "# a difference\n1 0 -1\n1 0 -1\n",
    "two.txt": (
        "name: rise\nbias: 2\n1 2 1\n0 0 0\n-1 -2 -1\n\n"
        "name: box\nscale: 9\n1 1 1\n1 1 1\n1 1 1\n"
    ),
    "depth3.txt": (
        "name: opponent\n1 0 -1\n2 0 -2\n1 0 -1\n\n"
        "0 0 0\n0 1 0\n0 0 0\n\n-1 0 1\n-2 0 2\n-1 0 1\n"
    ),
    "thirds.csv": "1/3,1/3,1/3\n0,0,0\n-1/3,-1/3,-1/3\n",
    "tabs.tsv": "1\t0\t-1\n2\t0\t-2\n1\t0\t-1\n",
    "sharpen.mat": "3 3 1 0\n0 -1 0\n-1 5 -1\n0 -1 0\n",
    "offset.mat": "3 3 9 12.5\n1 1 1\n1 1 1\n1 1 1\n",
    "slope.json": json.dumps({"weight": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], "name": "slope"}),
    "pair.json": json.dumps(
        {"weight": [[[[1, -1]]], [[[2, -2]]]], "bias": [0.5, -3], "names": ["near", "twice"]}
    ),
    "huge.json": json.dumps({"weight": [[1e38, -1e38]]}),
    "large.txt": "40000 0 -40000\n70000 1 -70000\n",
    "empty.txt": "",
    "comments.txt": "# nothing but this\n",
    "word.txt": "1 0 -1\n1 x -1\n",
    "ragged.csv": "1,0,-1\n1,0\n",
    "comma.csv": "1,,0\n1,2,3\n",
    "unknown.txt": "colour: red\n1 0 -1\n",
    "broken.json": '{"weight": [[1, 0, -1],\n  [1, 0 -1]]}\n',
    "keyless.json": '{"kernel": [[1, 0, -1]]}\n',
    "ragged.json": '{"weight": [[1, 0, -1],\n  [1, 0]]}\n',
    "nan.json": '{"weight": [[1, NaN, -1]]}\n',
    "end.txt": "1,0,\n",
    "shapes.txt": "name: a\n1 2\nname: b\n1 2 3\n",
    "channels.txt": "1 2\n\n1 2 3\n",
    "twice.txt": "bias: 1\nbias: 2\n1 2\n",
    "named.txt": "name: a\n1 2\nname: b\n",
    "slash.txt": "name: a/b\n1 2\n",
    "scale.txt": "scale: 0\n1 2\n",
    "rows.mat": "2 3\n1 2\n3 4\n",
    "columns.mat": "2 2\n1 2 3\n3 4\n",
    "word.mat": "name: a\n1 1\n1\n",
    "scale.mat": "1 2 0\n1\n2\n",
    "plain.mat": "1 0 -1 0 1\n",
    "list.json": "[1, 2]",
    "key.json": '{"weight": [[1, 2]], "colour": 3}',
    "text.json": '{"weight": "1 2"}',
    "word.json": '{"weight": [[1, "x"]]}',
    "both.json": '{"weight": [[1, 2]], "name": "a", "names": ["a"]}',
    "names.json": '{"weight": [[1, 2]], "names": ["a", "b"]}',
    "number.json": '{"weight": [[1, 2]], "name": 3}',
    "biases.json": '{"weight": [[1, 2]], "bias": [1, 2]}',
    "flat.json": '{"weight": [1, 2]}',
    "binary.txt": "1 0 -1\n\x00\x01\n",
}  # fmt: skip
"""Filters to read and filters to refuse, by what is written in them."""

NETWORK = """
name = "{name}"
weights = "{name}.npz"

[input]
shape = [48, 64, 3]
white = 1

[[layers]]
name = "in"
type = "convolution"
filters = 4
kernel_size = 3
padding = "same"
padding_mode = "replicate"
activation = "relu"

[[layers]]
name = "small"
type = "average-pool"
kernel_size = 2
padding = "same"

[[layers]]
name = "deep"
type = "convolution"
filters = 4
kernel_size = [3, 1]
dilation = 2
groups = 2
padding = "same"
bias = false
activation = "leaky-relu"

[[layers]]
name = "large"
type = "upsample"
to = "in"
method = "{method}"

[[layers]]
name = "sum"
type = "add"
inputs = ["in", "large"]

[[layers]]
name = "both"
type = "concatenate"
inputs = ["sum", "in"]

[[layers]]
name = "out"
type = "convolution"
filters = 1
kernel_size = 1
activation = "{last}"
"""

LAYERS = """
name = "plain"

[input]
shape = [24, 24, 1]
white = 255

[[layers]]
name = "edges"
type = "convolution"
filters = ["sobel-x", "sobel-y", "laplacian"]
padding = "same"

[[layers]]
name = "bent"
type = "activation"
function = "tanh"

[[layers]]
name = "best"
type = "max-pool"
kernel_size = 3
stride = 2
padding = 1

[[layers]]
name = "low"
type = "average-pool"
kernel_size = 3
padding = 1
stride = 1
count_padding = false

[[layers]]
name = "mean"
type = "mean"
inputs = ["best", "low"]

[[layers]]
name = "flat"
type = "flatten"

[[layers]]
name = "answer"
type = "dense"
units = 5
bias = false
activation = "softmax"
"""

_LAYER = '[input]\nshape = [8, 8, 2]\n\n[[layers]]\nname = "a"\ntype = '
_CONVOLUTION = _LAYER + '"convolution"\nfilters = 2\n'

BROKEN_NETWORKS = {
    "no-toml": "name = \n",
    "no-layers": "[input]\nshape = [8, 8, 1]\n",
    "no-input": '[[layers]]\nname = "a"\ntype = "flatten"\n',
    "no-shape": _LAYER.replace("[8, 8, 2]", "8") + '"flatten"\n',
    "no-side": _LAYER.replace("8, 8", "0, 8") + '"flatten"\n',
    "no-white": _LAYER.replace("shape", "white = -1\nshape") + '"flatten"\n',
    "no-type": _LAYER + '"convolve"\n',
    "no-key": _LAYER + '"flatten"\nx = 1\n',
    "no-size": _CONVOLUTION,
    "no-fit": _CONVOLUTION + "kernel_size = 9\n",
    "no-count": _CONVOLUTION + "kernel_size = 0\n",
    "no-pair": _CONVOLUTION + "kernel_size = [1, 2, 3]\n",
    "no-padding": _CONVOLUTION + 'kernel_size = 3\npadding = "wide"\n',
    "no-mode": _CONVOLUTION + 'kernel_size = 3\npadding_mode = "wide"\n',
    "no-activation": _CONVOLUTION + 'kernel_size = 3\nactivation = "wide"\n',
    "no-groups": _CONVOLUTION + "kernel_size = 3\ngroups = 3\n",
    "no-switch": _CONVOLUTION + "kernel_size = 3\nbias = 1\n",
    "no-filter": _LAYER + '"convolution"\nfilters = ["sobell"]\n',
    "no-vector": _LAYER + '"dense"\nunits = 3\n',
    "no-others": _LAYER + '"add"\n',
    "no-name": _LAYER + '"flatten"\ninputs = ["b"]\n',
    "no-order": _LAYER + '"flatten"\ninputs = ["a"]\n',
    "no-window": _LAYER + '"max-pool"\nkernel_size = 2\npadding = 2\n',
    "no-twins": _LAYER + '"flatten"\n\n[[layers]]\nname = "a"\ntype = "flatten"\n',
    "no-room": _LAYER + '"flatten"\n\n[[layers]]\nname = "b"\ntype = "dense"\nunits = 2000000000\n',
    "no-neighbour": 'weights = "../a.npz"\n' + _CONVOLUTION + "kernel_size = 3\n",
    "no-weights": 'weights = "other.npz"\n' + _CONVOLUTION + "kernel_size = 3\n",
    "no-archive": 'weights = "float3.npy"\n' + _CONVOLUTION + "kernel_size = 3\n",
}  # fmt: skip
"""Networks to refuse, by what is wrong with them."""


def write_filters(folder: Path) -> None:
    """Write all filters, kernels and networks to a folder."""
    networks = {f"{name}.toml": text for name, text in BROKEN_NETWORKS.items()}
    for name, text in {**TEXTS, **networks, "plain.toml": LAYERS}.items():
        (folder / name).write_text(text, encoding="utf-8")
    for name, weight in kernels():
        np.save(folder / f"{name}.npy", weight)
    random = np.random.default_rng(7)
    layer, bias = random.random((10, 3, 3, 3)) - 0.5, np.arange(10) / 10
    np.savez(folder / "layer.npz", weight=layer, bias=bias, names=[f"f{n}" for n in range(10)])
    np.savez(folder / "other.npz", kernel=layer)
    np.savez(folder / "renamed.npz", weight=layer, names=["a"])
    np.save(folder / "vector.npy", np.ones(3))
    np.save(folder / "complex.npy", np.ones((3, 3)) * 1j)
    (folder / "cut.npy").write_bytes((folder / "float9.npy").read_bytes()[:300])
    _write_networks(folder)


def _write_networks(folder: Path) -> None:
    random = np.random.default_rng(8)
    shapes = {
        "in.weight": (4, 3, 3, 3), "in.bias": (4,), "deep.weight": (4, 2, 3, 1),
        "out.weight": (1, 8, 1, 1), "out.bias": (1,),
    }  # fmt: skip
    weights: dict[str, Any] = {
        name: (random.random(shape, np.float32) - np.float32(0.5)) * np.float32(3)
        for name, shape in shapes.items()
    }
    kinds = (("soft", "bilinear", "sigmoid"), ("hard", "nearest", "relu"))
    for name, method, last in kinds:
        text = NETWORK.format(name=name, method=method, last=last)
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
        np.savez(folder / f"{name}.npz", **weights)
    text = NETWORK.format(name="unweighted", method="bilinear", last="sigmoid")
    (folder / "weightless.toml").write_text(text, encoding="utf-8")
    plain = "".join(line for line in text.splitlines(True) if not line.startswith("weights"))
    (folder / "unweighted.toml").write_text(plain, encoding="utf-8")


def kernels() -> Iterator[tuple[str, Weights]]:
    """Yield kernels by name: dense and outer products, of floats and of whole numbers."""
    for side in FLOAT_SIDES:
        yield f"float{side}", _dense((side, side), side)
        yield f"outer{side}", _ranked(side, 1)
    for side in WHOLE_SIDES:
        yield f"whole{side}", np.round(_dense((side, side), side) * 18)
        yield f"whole-outer{side}", np.round(np.outer(_line(side, 1), _line(side, 2)) * 30)
    for rank in (2, 3, 4):
        yield f"rank{rank}", _ranked(15, rank)
    yield "rank2-small", _ranked(5, 2)
    yield "wide", _dense((2, 9), 1)
    yield "tall", _dense((13, 4), 2)
    yield "volume", np.random.default_rng(3).random((3, 5, 5)) - 0.5
    yield "whole-volume", np.round(_dense((15, 5), 4) * 8).reshape(3, 5, 5)
    yield "several", np.stack([_dense((7, 7), n) for n in range(6)])[:, np.newaxis]
    yield "sparse", np.eye(9) - np.eye(9)[::-1]
    yield "cascade", np.stack([_ranked(17, 1, seed) for seed in (0, 0, 0)])[:, np.newaxis]
    yield "zeros", np.zeros((3, 3))
    yield "zeros-too", np.stack([np.zeros((3, 3)), np.ones((3, 3)), -np.ones((3, 3))])[:, None]
    yield "ones", np.ones((9, 9))


def _dense(shape: tuple[int, int], seed: int) -> Weights:
    return np.random.default_rng(seed).random(shape) - 0.5


def _line(side: int, seed: int) -> Weights:
    return np.random.default_rng(100 + seed).random(side) - 0.5


def _ranked(side: int, rank: int, seed: int = 0) -> Weights:
    """Return a kernel that is a sum of so many outer products."""
    pairs = ((_line(side, 2 * n + seed), _line(side, 2 * n + 1 + seed)) for n in range(rank))
    total: Weights = np.sum([np.outer(column, row) for column, row in pairs], axis=0)
    return total
