"""Network files: TOML to be read and written by hand, with the weights beside it in NPZ.

name = "lenet5"
weights = "lenet5.npz"        # left out: none; they are drawn where needed

[input]
shape = [32, 32, 3]           # height, width, channels
white = 1                     # the value of white; left out: pixels unchanged

[[layers]]
name = "conv1"
type = "convolution"
filters = 6                   # or names: ["vertical", "horizontal"]
kernel_size = 5               # or [height, width], like stride, padding and dilation
activation = "relu"

[[layers]]
name = "sum"
type = "add"
inputs = ["conv1", "conv2"]   # earlier layers; left out: the one before
"""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from edgecli.errors import EdgeCliError, NetworkError
from edgecli.geometry import LARGEST_SIDE, Padding, parse_padding
from edgecli.networks.layers import LAYERS, Layer, named_filters
from edgecli.networks.network import INPUT, MOST_LAYERS, Network, Node
from edgecli.networks.weights import read_weights
from edgecli.records import replace

ZOO = Path(__file__).with_name("zoo")
"""The folder of the package's networks; each goes by its file's name."""

LARGEST_FILE = 2**20
"""The most bytes of a network file: a thousand layers take a tenth of that."""

Table = Mapping[str, Any]


def zoo_names() -> list[str]:
    """Return the names of the networks in the package."""
    return sorted(path.stem for path in ZOO.glob("*.toml"))


def load_network(spec: str | os.PathLike[str]) -> Network:
    """Return a network of the package by its name, or one from a file.

    A file with the name of one is written ``./lenet5``; a path object is always a file.
    NetworkError, in one line, where it cannot be read or its layers do not fit together.

    >>> load_network("lenet5").summary().layers[-1].output_shape
    (10,)
    """
    path = os.fspath(spec)
    if isinstance(spec, str):
        if spec in zoo_names():
            return _read_file(str(ZOO / f"{spec}.toml"), f"network {spec}")
        if not (os.path.lexists(spec) or spec.endswith(".toml") or os.sep in spec):
            close = difflib.get_close_matches(spec, zoo_names(), 1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(zoo_names())}"
            raise NetworkError(f"network {spec[:70]!r} is unknown (and no file); {hint}")
    return _read_file(path, f"network file {path}")


def _read_file(path: str, label: str) -> Network:
    table = _parse(_read_text(path, label), label)
    try:
        network = _network(table, Path(path).stem)
    except EdgeCliError as error:
        raise NetworkError(f"{label}: {error}") from error
    weights = table.get("weights")
    if weights is None:
        return replace(network, files=(path,))
    beside = os.path.join(os.path.dirname(path), weights)
    read = read_weights(beside, network.parameter_shapes())
    return replace(network, weights=read, files=(path, beside))


def _read_text(path: str, label: str) -> str:
    try:
        with open(path, "rb") as file:
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
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NetworkError(f"{label} is not UTF-8 text; give a TOML file") from error


def _parse(text: str, label: str) -> Table:
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise NetworkError(f"{label} is nested too deeply; write one table per layer") from error
    except ValueError as error:  # tomllib's own, and numbers of thousands of digits
        raise NetworkError(f"{label} is not TOML: {error}; mend it there") from error


def _network(table: Table, stem: str) -> Network:
    _check_keys("the file", table, ("name", "weights", "input", "layers"))
    weights = _text(table, "weights", stem)
    if os.path.basename(weights) != weights or not weights:
        raise NetworkError(f"weights {weights!r} are not beside the network; name a file there")
    given = table.get("input")
    if not isinstance(given, dict):
        raise NetworkError("there is no [input] table; write one with shape = [height, width, 3]")
    _check_keys("[input]", given, ("shape", "white"))
    match given.get("shape"):
        case [int(H), int(W), int(C)]:
            shape = (C, H, W)
        case other:
            raise NetworkError(f"shape {_shown(other)} is not [height, width, channels]")
    layers = table.get("layers")
    if not isinstance(layers, list) or not 1 <= len(layers) <= MOST_LAYERS:
        raise NetworkError(f"there are no layers; write 1 to {MOST_LAYERS} tables [[layers]]")
    name = _text(table, "name", stem)
    return Network(name, shape, tuple(_nodes(layers)), _white(given.get("white")))


def _white(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        raise NetworkError(f"white = {_shown(value)} is not a number above 0")
    return float(value)


def _nodes(tables: Iterable[Any]) -> Iterator[Node]:
    before = INPUT
    for number, table in enumerate(tables, 1):
        if not isinstance(table, dict):
            raise NetworkError(f"layer {number} is {_shown(table)}; write it as a [[layers]] table")
        kind = table.get("type")
        if not isinstance(kind, str) or kind not in LAYERS:
            close = difflib.get_close_matches(str(kind), LAYERS, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(LAYERS)}"
            raise NetworkError(f"layer {number} has type {_shown(kind)}, which is unknown; {hint}")
        name = _text(table, "name", f"{kind}-{number}")
        try:
            yield Node(name, _layer(LAYERS[kind], table), _inputs(table, before))
        except EdgeCliError as error:
            raise NetworkError(f"layer {name[:70]!r} ({kind}): {error}") from error
        before = name


def _inputs(table: Table, before: str) -> tuple[str, ...]:
    given = table.get("inputs", [before])
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise NetworkError(f"inputs {_shown(given)} is not a list of names of earlier layers")
    return tuple(given)


def _layer(kind: type[Layer], table: Table) -> Layer:
    """Make a spec from a table's keys, each read by its field's reader."""
    known = {field.name: field for field in fields(kind)}
    _check_keys("a layer of this type", table, ("name", "type", "inputs", *known))
    values = {name: READERS[name](name, table[name]) for name in known if name in table}
    if isinstance(values.get("filters"), tuple):
        bank = named_filters(values["filters"])
        values = {"kernel_size": bank.kernel_size, "bias": False} | values
    for name, field in known.items():
        if name not in values and field.default is MISSING:
            raise NetworkError(f"{name} is missing; write {name} = …")
    return kind(**values)


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_SIDE:
        raise NetworkError(
            f"{name} = {_shown(value)} is not a whole number from 1 to {LARGEST_SIDE}"
        )
    return value


def _pair(name: str, value: Any) -> tuple[int, int]:
    match value:
        case [height, width]:
            return _count(name, height), _count(name, width)
        case _:
            return _count(name, value), _count(name, value)


def _padding(name: str, value: Any) -> Padding:
    match value:
        case str():
            return parse_padding(value)
        case [_, _] | [_, _, _, _]:
            return parse_padding(tuple(_pixels(name, side) for side in value))
        case _:
            return parse_padding(_pixels(name, value))


def _pixels(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_SIDE:
        raise NetworkError(
            f"{name} = {_shown(value)} is not valid, same, N, [H, W] or [T, B, L, R], "
            f"with whole numbers from 0 to {LARGEST_SIDE}"
        )
    return value


def _filters(name: str, value: Any) -> int | tuple[str, ...]:
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return tuple(value)
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
    "filters": _filters,
    "kernel_size": _pair,
    "stride": _pair,
    "dilation": _pair,
    "padding": _padding,
    "padding_mode": _word,
    "groups": _count,
    "units": _count,
    "scale": _count,
    "bias": _switch,
    "count_padding": _switch,
    "activation": _word,
    "function": _word,
    "method": _word,
    "to": _word,
}
"""How each key of a layer is read; NetworkError for anything else."""


def _text(table: Table, key: str, default: str) -> str:
    text = _word(key, table.get(key, default))
    if not text.isprintable() or len(text) > 200:
        raise NetworkError(f"{key} = {_shown(text)} is not one line of up to 200 characters")
    return text


def _check_keys(where: str, table: Table, known: Iterable[str]) -> None:
    for key in table:
        if key not in (names := list(known)):
            close = difflib.get_close_matches(key, names, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names)}"
            raise NetworkError(f"{where} has no key {_shown(key)}; {hint}")


def _shown(value: Any) -> str:
    """Write out a given value, shortened so that the message stays readable."""
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def dump_network(network: Network, weights: str | None = None) -> str:
    """Return a network as a file's text; ``weights`` names the NPZ to be put beside it.

    Reading it back gives equal layers. Keys with their default value are left out.
    """
    head = [_line("name", network.name)]
    head += [_line("weights", weights)] if weights is not None else []
    C, H, W = network.input_shape
    given = [_line("shape", [H, W, C])]
    given += [_line("white", network.white)] if network.white is not None else []
    blocks = [_block("", head), _block("[input]\n", given)]
    before = INPUT
    for node in network.nodes:
        lines = [_line("name", node.name), _line("type", node.layer.kind)]
        lines += [_line("inputs", list(node.inputs))] if node.inputs != (before,) else []
        lines += _changed(node.layer)
        blocks.append(_block("[[layers]]\n", lines))
        before = node.name
    return "\n".join(blocks)


def _changed(layer: Layer) -> Iterator[str]:
    """Yield the keys whose values differ from those assumed when they are left out."""
    named = isinstance(getattr(layer, "filters", None), tuple)
    for field in fields(layer):
        value = getattr(layer, field.name)
        implied = named and field.name in ("kernel_size", "bias")
        if not implied and not _is_default(field, value):
            alike = isinstance(value, tuple) and len(set(value)) == 1
            yield _line(field.name, value[0] if alike and isinstance(value[0], int) else value)


def _is_default(field: Field[Any], value: Any) -> bool:
    return field.default is not MISSING and bool(value == field.default)


def _line(key: str, value: Any) -> str:
    return f"{key} = {_toml(value)}\n"


def _block(title: str, lines: Iterable[str]) -> str:
    return title + "".join(lines)


def _toml(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case tuple() | list():
            return f"[{', '.join(map(_toml, value))}]"
    return repr(value)
