"""What a network learned, in NPZ files: checked before anything is allocated.

Arrays are named as in torch's state dictionaries, ``conv1.weight`` and ``conv1.bias``, and shaped
likewise: ``(filters, C_in / groups, kH, kW)`` for a convolution, ``(units, n)`` for a dense layer.
Half, single and double precision are read; the network computes in float32.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from edgecli.errors import NetworkError
from edgecli.filters.read_numpy import BROKEN, read_header
from edgecli.networks.layers import Shape

Weights = Mapping[str, NDArray[np.float32]]
"""Arrays by name, ``layer.weight`` and ``layer.bias``; {} for a network that has none."""

ParameterShapes = Mapping[str, Shape]

_PRECISIONS = ("float16", "float32", "float64")

_SLACK = 2**20
"""Bytes allowed in a file beyond its numbers: headers, names and the archive's directory."""


def check_weights(weights: Weights, shapes: ParameterShapes, origin: str) -> None:
    """Raise NetworkError unless there is a finite float32 array of each shape, and no others."""
    _check_names(list(weights), shapes, origin)
    for name, shape in shapes.items():
        _check_shape(name, weights[name].shape, shape, origin)
        if weights[name].dtype != np.float32 or not np.isfinite(weights[name]).all():
            raise NetworkError(f"{origin}: {name} holds other than finite float32 numbers; mend it")


def random_weights(shapes: ParameterShapes, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Draw weights by He's rule, normal with variance 2 / n_in, and biases of zero.

    The same seed gives the same numbers. He, Zhang, Ren and Sun, "Delving deep into rectifiers"
    (2015): responses keep their size from layer to layer through ReLU.
    """
    random = np.random.default_rng(seed)
    drawn = {}
    for name, shape in shapes.items():
        if len(shape) == 1:
            drawn[name] = np.zeros(shape, np.float32)
        else:
            scale = np.float32(math.sqrt(2 / math.prod(shape[1:])))
            drawn[name] = random.standard_normal(shape, np.float32) * scale
    return drawn


def dump_weights(weights: Weights, dtype: DTypeLike = np.float32) -> bytes:
    """Return weights as an NPZ file in this precision; the same weights give the same bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in weights.items():
            member = io.BytesIO()
            np.save(member, array.astype(dtype), allow_pickle=False)
            # A ZipInfo without a time stamp means 1980, whenever the file is written.
            info = zipfile.ZipInfo(f"{name}.npy")
            archive.writestr(info, member.getvalue(), zipfile.ZIP_DEFLATED)
    return file.getvalue()


def read_weights(path: str, shapes: ParameterShapes) -> dict[str, NDArray[np.float32]]:
    """Read an NPZ file with an array of each shape and no others; NetworkError if it differs.

    Nothing is unpickled. Every header is checked against the shape that its layer needs, and
    against the bytes present, before the array is allocated.
    """
    origin = f"weights {path}"
    limit = sum(8 * math.prod(shape) for shape in shapes.values()) + _SLACK
    data = _read_bytes(path, limit, origin)
    with _translated(origin), zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        _check_names(list(infos), shapes, origin)
        weights = {
            name: _read_member(archive, infos[name], shape, f"{origin}, {name}")
            for name, shape in shapes.items()
        }
    check_weights(weights, shapes, origin)
    return weights


def _read_bytes(path: str, limit: int, origin: str) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError as error:
        raise NetworkError(
            f"{origin} do not exist; put the file beside the network, or leave the line out"
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise NetworkError(f"{origin} cannot be read: {reason}") from error
    if len(data) > limit:
        raise NetworkError(
            f"{origin} have more than the {limit:,} bytes that the network's layers can use; "
            "give the weights of this network"
        )
    return data


def _read_member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, shape: Shape, origin: str
) -> NDArray[np.float32]:
    """Read one array; zipfile returns no more bytes than the archive's directory declares."""
    with archive.open(info) as stream:
        fortran, dtype = _check_header(stream, shape, origin)
        needed, left = math.prod(shape) * dtype.itemsize, info.file_size - stream.tell()
        if needed != left:
            raise NetworkError(
                f"{origin}: its header promises {needed} bytes and {left} follow; "
                "the file is cut or damaged, save it again"
            )
        data = stream.read(needed)
        stream.read(1)  # reach the end of the data, where zipfile checks the checksum
    array: NDArray[Any] = np.frombuffer(data, dtype)
    with np.errstate(over="ignore"):  # a double beyond float32 becomes infinite, and is rejected
        return np.ascontiguousarray(array.reshape(shape, order="F" if fortran else "C"), np.float32)


def _check_header(stream: IO[bytes], shape: Shape, origin: str) -> tuple[bool, np.dtype[Any]]:
    """Return whether the first axis runs fastest, and the type."""
    found, fortran, dtype = read_header(stream)
    _check_shape("the array", found, shape, origin)
    if dtype.newbyteorder("=").name not in _PRECISIONS:
        raise NetworkError(f"{origin} holds {dtype}; save {', '.join(_PRECISIONS)}")
    return fortran, dtype


def _check_names(found: list[str], shapes: ParameterShapes, origin: str) -> None:
    for name, shape in shapes.items():
        if name not in found:
            raise NetworkError(f"{origin}: {name} is missing; save it with shape {shape}")
    for name in found:
        if name not in shapes:
            raise NetworkError(f"{origin}: {name[:70]!r} belongs to no layer; leave it out")


def _check_shape(name: str, found: Shape, shape: Shape, origin: str) -> None:
    if found != shape:
        raise NetworkError(
            f"{origin}: {name} has shape {found} and its layer needs {shape}; "
            "give the weights of this network"
        )


@contextmanager
def _translated(origin: str) -> Iterator[None]:
    """Turn the errors of NumPy and zipfile on damaged bytes into one line."""
    try:
        yield
    except BROKEN as error:
        reason = (str(error).partition("\n")[0] or type(error).__name__)[:80]
        raise NetworkError(
            f"{origin}: damaged or no NPZ file ({reason}); save it with numpy.savez"
        ) from error
    except OSError as error:
        raise NetworkError(f"{origin}: damaged ({error}); save it again") from error
