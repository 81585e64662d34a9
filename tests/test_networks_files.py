"""Network files: what is read, what is refused, and that written ones read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgecli.errors import NetworkError
from edgecli.networks.files import dump_network, load_network, zoo, zoo_names
from edgecli.networks.layers import LAYERS, Activation, AveragePool, Convolution, MaxPool, Upsample
from edgecli.networks.network import Network, Node
from edgecli.networks.scales import at_scales
from edgecli.networks.weights import dump_weights, random_weights
from tests.networks_reference import chain, encoder_decoder

HEAD = "[input]\nshape = [9, 9, 1]\n"
POOL = '[[layers]]\ntype = "max-pool"\nkernel_size = 2\n'


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "net.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def layer(text: str) -> str:
    return f"{HEAD}[[layers]]\n{text}\n"


def typed(kind: str, text: str) -> str:
    return layer(f'type = "{kind}"\n{text}')


def convolution(text: str) -> str:
    return typed("convolution", f"filters = 6\nkernel_size = 3\n{text}")


@pytest.mark.parametrize("name", zoo_names())
def test_every_network_of_the_package(name: str) -> None:
    network = load_network(name)
    assert network.name == name
    again = load_network(Path(str(zoo()), f"{name}.toml"))
    assert (again.nodes, again.input_shape, again.white, again.classes) == (
        network.nodes, network.input_shape, network.white, network.classes,
    )  # fmt: skip


EVERYTHING = """
[input]
shape = [12, 10, 3]
white = 2
[[layers]]
type = "convolution"
filters = ["sobel", "1 1 1; 1 1 1; 1 1 1"]
padding = [1, 1]
padding_mode = "constant:3"
[[layers]]
name = "c"
type = "convolution"
filters = 4
kernel_size = [3, 1]
stride = 2
dilation = [1, 2]
padding = [1, 0, 0, 0]
groups = 1
bias = false
activation = "tanh"
[[layers]]
type = "upsample"
to = "input"
"""


def test_a_file_says_what_it_says(tmp_path: Path) -> None:
    path = write(tmp_path, EVERYTHING)
    network = load_network(path)
    edges = ("sobel", "1 1 1; 1 1 1; 1 1 1")
    kernel: tuple[int, int] = (3, 3)
    assert (network.name, network.input_shape, network.white) == ("net", (3, 12, 10), 2.0)
    assert network.nodes == (
        Node(
            "convolution-1",
            Convolution(edges, kernel, padding=(1, 1, 1, 1), padding_mode="constant:3", bias=False),
            ("input",),
        ),
        Node(
            "c",
            Convolution(4, (3, 1), (2, 2), (1, 0, 0, 0), "zeros", (1, 2), 1, False, "tanh"),
            ("convolution-1",),
        ),
        Node("upsample-3", Upsample(to="input"), ("c",)),
    )


@pytest.mark.parametrize(
    "network",
    [
        encoder_decoder(),
        chain((3, 20, 20), Convolution(("sobel",), (3, 3), bias=False, padding="same")),
        chain((1, 9, 9), Convolution(2, (3, 2), padding=(1, 2, 3, 4), groups=1, bias=False)),
        chain((1, 9, 9), MaxPool((2, 2)), AveragePool((2, 3), (1, 2), "same"), Activation("tanh")),
        chain((1, 9, 9), AveragePool((2, 2), padding="same", count_padding=False)),
        *map(load_network, zoo_names()),
    ],
    ids=lambda network: network.name,
)
def test_written_networks_read_back(network: Network, tmp_path: Path) -> None:
    again = load_network(write(tmp_path, dump_network(network)))
    assert dump_network(again) == dump_network(network)
    assert (again.nodes, again.input_shape, again.white, again.name) == (
        network.nodes, network.input_shape, network.white, network.name,
    )  # fmt: skip


def test_a_written_network_is_short(tmp_path: Path) -> None:
    network = load_network("lenet5")
    assert dump_network(network, "lenet5.npz").startswith(
        'name = "lenet5"\nweights = "lenet5.npz"\n'
        'classes = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]\n\n'
        "[input]\nshape = [32, 32, 3]\nwhite = 1.0\n\n"
        '[[layers]]\nname = "conv1"\ntype = "convolution"\nfilters = 6\nkernel_size = 5\n'
        'activation = "relu"\n\n[[layers]]\nname = "pool1"\n'
    )
    weights = random_weights(network.parameter_shapes(), 3)
    (tmp_path / "lenet5.npz").write_bytes(dump_weights(weights, np.float16))
    read = load_network(write(tmp_path, dump_network(network, "lenet5.npz"))).weights
    assert list(read) == list(weights)
    for name, array in read.items():
        np.testing.assert_array_equal(array, weights[name].astype(np.float16))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", r"there is no \[input\] table"),
        (b"\xff\xfe", "is not UTF-8 text"),
        ("a = = 1", r"is not TOML: .*line 1"),
        ("[[layers]", "is not TOML"),
        ("x = " + "9" * 5000, "is not TOML"),
        ("x = " + "[" * 100_000, "nested too deeply"),
        ("\n" * (2**20 + 1), "is over 1,048,576 bytes"),
        ("colour = 1\n" + HEAD + POOL, "the file has no key 'colour'; there are name"),
        ("layer = 1\n" + HEAD, "did you mean 'layers'"),
        (HEAD, "there are no layers"),
        ("layers = 3\n" + HEAD, "there are no layers"),
        ("layers = [3]\n" + HEAD, "layer 1 is 3; write it as a"),
        (POOL, r"there is no \[input\] table"),
        ("[input]\nshape = [9, 9]\n" + POOL, r"shape \[9, 9\] is not \[height, width, channels\]"),
        ("[input]\nshape = [9, 9, -1]\n" + POOL, "the input's shape is 9×9×-1"),
        ("[input]\nshape = [9, 9, 1.5]\n" + POOL, "is not \\[height, width, channels\\]"),
        (HEAD + "white = 0\n" + POOL, "white = 0 is not a number above 0"),
        (HEAD + "white = nan\n" + POOL, "white = nan is not a number above 0"),
        (HEAD + "size = 1\n" + POOL, r"\[input\] has no key 'size'"),
        ("name = 7\n" + HEAD + POOL, "name = 7 is not a text"),
        ('name = "a\\nb"\n' + HEAD + POOL, "is not one line"),
        ('classes = "ab"\n' + HEAD + POOL, "classes 'ab' is not a list of names"),
        ('classes = ["a"]\n' + HEAD + POOL, "the last layer is no softmax over a vector"),
        ('weights = "../w.npz"\n' + HEAD + POOL, r"'\.\./w.npz' are not beside the network"),
        ('weights = ""\n' + HEAD + POOL, "'' are not beside the network"),
        ('weights = "w.npz"\n' + HEAD + POOL, "w.npz do not exist; put the file beside"),
        (layer('type = "convolute"'), "layer 1 has type 'convolute'.* did you mean 'convolution'"),
        (layer("type = 3"), "layer 1 has type 3, which is unknown; there are convolution"),
        (layer('name = "x"'), "layer 1 has type None"),
        (layer('type = "max-pool"'), r"'max-pool-1' \(max-pool\): kernel_size is missing"),
        (typed("convolution", "kernel_size = 3"), "filters is missing; write filters = "),
        (typed("convolution", "filters = -6\nkernel_size = 3"), "filters = -6 is not a"),
        (typed("convolution", "filters = 6\nkernel_size = -3"), "kernel_size = -3 is not"),
        (typed("convolution", "filters = 6\nkernel_size = [3, 0]"), "kernel_size = 0 is"),
        (typed("convolution", "filters = true\nkernel_size = 3"), "filters = True is not"),
        (typed("convolution", f"filters = {2**31}\nkernel_size = 3"), "from 1 to 2147483647"),
        (typed("convolution", f"filters = {2**30}\nkernel_size = 3"), "more than the limit"),
        (convolution("padding = -1"), "padding = -1"),
        (convolution("padding = []"), "padding = "),
        (convolution("padding = 1.5"), "padding = 1"),
        (convolution('padding = "some"'), "'some' is"),
        (convolution("padding = [1, 2, 3]"), "is not"),
        (convolution("bias = 1"), "true or false"),
        (typed("convolution", 'filters = ["sobel-z"]'), "'sobel-z' is not built in; did you"),
        (typed("convolution", 'filters = ["1 2; 3"]'), "inline filter"),
        (typed("convolution", "filters = [1]"), r"filters = \[1\] is not a whole number"),
        (typed("convolution", "filters = []"), r"filters = \[\] is not a whole number"),
        (typed("max-pool", "kernel_size = 2\nkernel = 3"), "no key 'kernel'; did you mean"),
        (typed("max-pool", "kernel_size = 10"), "over 9×9×1: kernel 10×10 is larger"),
        (typed("max-pool", 'kernel_size = 2\ninputs = "input"'), "is not a list of names"),
        (typed("max-pool", 'kernel_size = 2\ninputs = ["b"]'), "reads 'b', which is unknown"),
        (typed("max-pool", 'kernel_size = 2\ninputs = ["max-pool-1"]'), "reads itself"),
        (typed("activation", 'function = "swish"'), "function 'swish' is unknown; choose"),
        (layer('type = "add"'), "it takes two inputs or more"),
        (typed("dense", "units = 3"), "takes a vector, not 9×9×1"),
    ],
)
def test_files_that_are_no_networks(tmp_path: Path, text: str | bytes, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(NetworkError, match=said) as caught:
        load_network(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400 + len(str(path))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path, said in (
        (tmp_path / "none.toml", "none.toml does not exist"),
        (tmp_path, "is a folder"),
        (Path("a\0b"), "cannot be read"),
    ):
        with pytest.raises(NetworkError, match=said):
            load_network(path)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lenet", r"'lenet' is unknown \(and no file\); did you mean 'lenet5'\?"),
        ("what", "there are edges-rgb, example-convnet, learned, learned-small, lenet5"),
        ("./lenet5", r"network file \./lenet5 does not exist"),
        ("lenet.toml", "network file lenet.toml does not exist"),
    ],
)
def test_names_that_are_unknown(name: str, said: str) -> None:
    with pytest.raises(NetworkError, match=said):
        load_network(name)


def test_every_type_of_layer_can_be_written() -> None:
    text = dump_network(encoder_decoder()) + dump_network(load_network("lenet5"))
    text += dump_network(chain((1, 9, 9), AveragePool((2, 2)), Activation("relu")))
    text += dump_network(at_scales(load_network("learned"), (1.0, 0.5)))
    assert {line for line in text.splitlines() if line.startswith("type")} == {
        f'type = "{kind}"' for kind in LAYERS
    }
