"""Network files: TOML that people read and write, with the weights beside it in NPZ.

name = "lenet5"
weights = "lenet5.npz"        # may be left out: then there are none
classes = ["0", "1"]          # what the values of a softmax at the end stand for; may be left out

[input]
shape = [32, 32, 3]           # height, width, channels
white = 1                     # what white becomes; left out, pixels stay as they are

[[layers]]
name = "conv1"
type = "convolution"
filters = 6                   # or names: ["vertical", "horizontal"]
kernel_size = 5               # or [height, width], like stride, padding and dilation
activation = "relu"

[[layers]]
name = "sum"
type = "add"
inputs = ["conv1", "conv2"]   # earlier layers; left out, the one before
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from functools import cache
from typing import IO, TYPE_CHECKING, Any

from edgecli.errors import EdgeCliError, NetworkError, hint
from edgecli.geometry import LARGEST_SIDE, Padding, parse_padding
from edgecli.networks.layers import LAYERS, Layer, named_filters, people_shape
from edgecli.networks.network import INPUT, MOST_LAYERS, Network, Node
from edgecli.networks.weights import OpenFile, open_binary, read_weights
from edgecli.records import replace

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

LARGEST_FILE = 2**20  # bytes; a thousand layers take a tenth of that
Table = Mapping[str, Any]


@cache
def zoo() -> Traversable:
    """Return the folder of the package's networks, each called like its file; in a zip perhaps."""
    from importlib.resources import files  # slow to load

    return files("edgecli.networks") / "zoo"


def zoo_names() -> list[str]:
    """Return the names of the networks in the package."""
    split = (os.path.splitext(file.name) for file in zoo().iterdir())
    return sorted(stem for stem, extension in split if extension == ".toml")


def _open_in_zoo(path: str) -> IO[bytes]:
    return (zoo() / os.path.basename(path)).open("rb")


def load_network(spec: str | os.PathLike[str]) -> Network:
    """Return a network of the package by its name, or one from a file.

    A path object is always a file, and so is a text such as ``./lenet5``. NetworkError, in one
    line, where the file cannot be read or its layers do not fit together.

    >>> load_network("lenet5").summary().layers[-1].output_shape
    (10,)
    """
    path = os.fspath(spec)
    if isinstance(spec, str):
        if spec in zoo_names():
            return _read_file(str(zoo() / f"{spec}.toml"), f"network {spec}", _open_in_zoo)
        if not (os.path.lexists(spec) or spec.endswith(".toml") or {"/", os.sep} & set(spec)):
            near = hint(spec, zoo_names())
            raise NetworkError(f"network {spec[:70]!r} is unknown (and no file); {near}")
    return _read_file(path, f"network file {path}")


def _read_file(path: str, label: str, open_file: OpenFile = open_binary) -> Network:
    table = _read_table(path, label, open_file)
    try:
        network = _network(table, os.path.splitext(os.path.basename(path))[0])
    except EdgeCliError as error:
        raise NetworkError(f"{label}: {error}") from error
    weights = table.get("weights")
    if weights is None:
        return replace(network, files=(path,))
    beside = os.path.join(os.path.dirname(path), weights)
    read = read_weights(beside, network.parameter_shapes(), open_file)
    return replace(network, weights=read, files=(path, beside))


def _read_bytes(path: str, label: str, open_file: OpenFile) -> bytes:
    try:
        with open_file(path) as file:
            data = file.read(LARGEST_FILE + 1)
    except FileNotFoundError as error:
        raise NetworkError(f"{label} does not exist; check the name") from error
    except IsADirectoryError as error:
        raise NetworkError(f"{label} is a folder; give a file in it") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise NetworkError(f"{label} cannot be read: {reason}") from error
    if len(data) > LARGEST_FILE:
        raise NetworkError(f"{label} is over {LARGEST_FILE:,} bytes; put weights beside it in NPZ")
    return data


def _read_table(path: str, label: str, open_file: OpenFile) -> Table:
    data = _read_bytes(path, label, open_file)
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise NetworkError(f"{label} is not UTF-8 text; give a TOML file") from error
    except RecursionError as error:
        raise NetworkError(f"{label} is nested too deeply; write one table per layer") from error
    except ValueError as error:  # tomllib's own, and numbers of thousands of digits
        raise NetworkError(f"{label} is not TOML: {error}; mend it there") from error


def _network(table: Table, stem: str) -> Network:
    _check_keys("the file", table, ("name", "weights", "classes", "input", "layers"))
    weights = _text(table, "weights", stem)
    if os.path.basename(weights) != weights or not weights:
        raise NetworkError(f"weights {weights!r} are not beside the network; name a file there")
    given = table.get("input")
    if not isinstance(given, dict):
        raise NetworkError("there is no [input] table; write one with shape = [height, width, 3]")
    _check_keys("[input]", given, ("shape", "white"))
    if "shape" not in given:
        raise NetworkError("[input] has no shape; write shape = [height, width, channels]")
    match given["shape"]:
        case [int(H), int(W), int(C)]:
            shape = (C, H, W)
        case other:
            raise NetworkError(f"shape {_shown(other)} is not [height, width, channels]")
    layers = table.get("layers")
    layers = layers if isinstance(layers, list) else []
    if not 1 <= (count := len(layers)) <= MOST_LAYERS:
        raise NetworkError(f"there are {count or 'no'} layers; write 1 to {MOST_LAYERS} [[layers]]")
    name = _text(table, "name", stem)
    nodes, white = tuple(_nodes(layers)), _white(given.get("white"))
    return Network(name, shape, nodes, white, classes=_classes(table))


def _white(value: Any) -> float | None:
    if value is None:
        return None
    if type(value) not in (int, float) or not 0 < value < 1e9:
        raise NetworkError(f"white = {_shown(value)} is not a number above 0")
    return float(value)


def _nodes(tables: Iterable[Any]) -> Iterator[Node]:
    before = INPUT
    for number, table in enumerate(tables, 1):
        if not isinstance(table, dict):
            raise NetworkError(f"layer {number} is {_shown(table)}; write it as a [[layers]] table")
        kind = table.get("type")
        if not isinstance(kind, str) or kind not in LAYERS:
            near = hint(str(kind), LAYERS)
            raise NetworkError(f"layer {number} has type {_shown(kind)}, which is unknown; {near}")
        name = _text(table, "name", f"{kind}-{number}")
        try:
            yield Node(name, _layer(LAYERS[kind], table), _inputs(table, before))
        except EdgeCliError as error:
            raise NetworkError(f"layer {name[:70]!r} ({kind}): {error}") from error
        before = name


def _classes(table: Table) -> tuple[str, ...]:
    given = table.get("classes", [])
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise NetworkError(f"classes {_shown(given)} is not a list of names in quotes")
    return tuple(given)


def _inputs(table: Table, before: str) -> tuple[str, ...]:
    given = table.get("inputs", [before])
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise NetworkError(f"inputs {_shown(given)} is not a list of names of earlier layers")
    return tuple(given)


def _layer(kind: type[Layer], table: Table) -> Layer:
    """Make a spec from a table, whose keys are the spec's fields."""
    types = {field.name: str(field.type) for field in fields(kind)}
    _check_keys("a layer of this type", table, ("name", "type", "inputs", *types))
    values = {n: READERS[types[n]](n, table[n]) for n in types if n in table}
    if isinstance(values.get("filters"), tuple):
        bank = named_filters(values["filters"])
        values = {"kernel_size": bank.kernel_size, "bias": False} | values
    for field in fields(kind):
        if field.name not in values and field.default is MISSING:
            raise NetworkError(f"{field.name} is missing; write {field.name} = …")
    return kind(**values)


def _count(name: str, value: Any) -> int:
    if type(value) is not int or not 1 <= value <= LARGEST_SIDE:
        raise NetworkError(
            f"{name} = {_shown(value)} is not a whole number from 1 to {LARGEST_SIDE}"
        )
    return value


def _pair(name: str, value: Any) -> tuple[int, int]:
    height, width = value if isinstance(value, list) and len(value) == 2 else (value, value)
    return _count(name, height), _count(name, width)


def _padding(name: str, value: Any) -> Padding:
    match value:
        case str():
            return parse_padding(value)
        case [_, _] | [_, _, _, _]:
            return parse_padding(tuple(_pixels(name, side) for side in value))
        case _:
            return parse_padding(_pixels(name, value))


def _pixels(name: str, value: Any) -> int:
    if type(value) is not int or not 0 <= value <= LARGEST_SIDE:
        raise NetworkError(
            f"{name} = {_shown(value)} is not valid, same, N, [H, W] or [T, B, L, R], "
            f"with whole numbers from 0 to {LARGEST_SIDE}"
        )
    return value


def _filters(name: str, value: Any) -> int | tuple[str, ...]:
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return tuple(value)
    if type(value) is not int or value < 1:
        raise NetworkError(
            f"{name} = {_shown(value)} is not a whole number from 1 up, nor a list of filters; "
            'write 6, or ["vertical"]'
        )
    return _count(name, value)


def _switch(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise NetworkError(f"{name} = {_shown(value)} is not true or false")
    return value


def _word(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise NetworkError(f"{name} = {_shown(value)} is not a text in quotes")
    return value


READERS: dict[str, Callable[[str, Any], Any]] = {
    "int": _count,
    "bool": _switch,
    "str": _word,
    "str | None": _word,
    "Pair": _pair,
    "Pair | None": _pair,
    "Padding": _padding,
    "int | tuple[str, ...]": _filters,
}
"""How a key is read, by the annotation of its field in ``layers.py``."""


def _text(table: Table, key: str, default: str) -> str:
    text = _word(key, table.get(key, default))
    if not text.isprintable() or len(text) > 200:
        raise NetworkError(f"{key} = {_shown(text)} is not one line of up to 200 characters")
    return text


def _check_keys(where: str, table: Table, known: Sequence[str]) -> None:
    for key in table:
        if key not in known:
            raise NetworkError(f"{where} has no key {_shown(key)}; {hint(key, known)}")


def _shown(value: Any) -> str:
    """Return a value as text, shortened so that a message stays readable."""
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def dump_network(network: Network, weights: str | None = None) -> str:
    """Return a network as a file's text; ``weights`` names the NPZ that will lie beside it.

    Reading it back gives equal layers. Keys with their default value are left out.
    """
    shape = people_shape(network.input_shape)
    blocks = [
        _block("", name=network.name, weights=weights, classes=network.classes or None),
        _block("[input]\n", shape=shape, white=network.white),
    ]
    before = INPUT
    for node in network.nodes:
        inputs = None if node.inputs == (before,) else node.inputs
        head = {"name": node.name, "type": node.layer.kind, "inputs": inputs}
        blocks.append(_block("[[layers]]\n", **head, **_changed(node.layer)))
        before = node.name
    return "\n".join(blocks)


def _changed(layer: Layer) -> dict[str, Any]:
    """Return the keys whose values differ from those assumed when they are left out."""
    named = isinstance(getattr(layer, "filters", None), tuple)
    found = {}
    for field in fields(layer):
        value = getattr(layer, field.name)
        implied = named and field.name in ("kernel_size", "bias")
        if not implied and value != field.default:
            alike = isinstance(value, tuple) and len(set(value)) == 1
            found[field.name] = value[0] if alike and isinstance(value[0], int) else value
    return found


def _block(title: str, **keys: Any) -> str:
    """Return a title and a line for each key that has a value, which TOML writes as JSON does."""
    given = {key: value for key, value in keys.items() if value is not None}
    lines = (f"{key} = {json.dumps(given[key], ensure_ascii=False)}\n" for key in given)
    return title + "".join(lines)
