"""Weights of a network: drawn at random, or in NPZ files that are checked before use.

Arrays are named and shaped as in torch's state dictionaries: ``conv1.weight`` and ``conv1.bias``,
``(filters, C_in / groups, kH, kW)`` for a convolution, ``(units, n)`` for a dense layer. Files hold
half, single or double precision; the network computes in float32.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Callable, Mapping
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from edgecli.errors import NetworkError
from edgecli.filters.numpy_header import read_header
from edgecli.filters.read_numpy import BROKEN, why_broken
from edgecli.networks.layers import Shape

Weights = Mapping[str, NDArray[np.float32]]
"""Arrays by name, ``layer.weight`` and ``layer.bias``; {} for a network that has none."""

ParameterShapes = Mapping[str, Shape]

OpenFile = Callable[[str], IO[bytes]]
"""Opens a file to be read: one of the system's, or of the package, which may be in a zip."""

_PRECISIONS = ("float16", "float32", "float64")
_SLACK = 2**20  # bytes beyond the numbers: headers, names, the archive's directory


def check_weights(weights: Weights, shapes: ParameterShapes, origin: str) -> None:
    """Check that there is a finite float32 array of each shape and no other; NetworkError if not.

    ``origin`` begins the message: it says whose weights they are.
    """
    _check_names(list(weights), shapes, origin)
    for name, shape in shapes.items():
        _check_shape(name, weights[name].shape, shape, origin)
        if weights[name].dtype != np.float32 or not np.isfinite(weights[name]).all():
            raise NetworkError(f"{origin}: {name} holds other than finite float32 numbers; mend it")


def fixed(weights: Weights) -> Weights:
    """Return the arrays as views that cannot be written to: plans of a network keep its numbers."""
    views = {name: array.view() for name, array in weights.items()}
    for view in views.values():
        view.flags.writeable = False
    return views


def random_weights(shapes: ParameterShapes, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Return weights drawn by He's rule, normal with variance 2 / n_in, and biases of zero.

    The same seed gives the same numbers. With this variance responses keep their size from layer to
    layer through ReLU (He, Zhang, Ren and Sun, "Delving deep into rectifiers", 2015).
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
    """Return an NPZ file of weights in this precision; the same weights give the same bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in weights.items():
            member = io.BytesIO()
            np.save(member, array.astype(dtype), allow_pickle=False)
            # A ZipInfo that is given no time says 1980, whenever the file is written.
            info = zipfile.ZipInfo(f"{name}.npy")
            archive.writestr(info, member.getvalue(), zipfile.ZIP_DEFLATED)
    return file.getvalue()


def open_binary(path: str) -> IO[bytes]:
    """Open a file of the system's."""
    return open(path, "rb")


def read_weights(
    path: str, shapes: ParameterShapes, open_file: OpenFile = open_binary
) -> dict[str, NDArray[np.float32]]:
    """Read an NPZ file with an array of each shape and no other; NetworkError if it differs.

    Nothing is unpickled. Before an array is allocated, its header is checked against the shape that
    its layer needs and against the bytes that are there.
    """
    origin = f"weights {path}"
    limit = sum(8 * math.prod(shape) for shape in shapes.values()) + _SLACK
    data = _read_bytes(path, limit, origin, open_file)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            _check_names(list(infos), shapes, origin)
            weights = {
                name: _read_member(archive, infos[name], shape, f"{origin}, {name}")
                for name, shape in shapes.items()
            }
    except BROKEN as error:  # what NumPy and zipfile raise on damaged bytes
        raise NetworkError(
            f"{origin}: damaged or no NPZ file ({why_broken(error)}); save it with numpy.savez"
        ) from error
    except OSError as error:
        raise NetworkError(f"{origin}: damaged ({error}); save it again") from error
    check_weights(weights, shapes, origin)
    return weights


def _read_bytes(path: str, limit: int, origin: str, open_file: OpenFile) -> bytes:
    try:
        with open_file(path) as file:
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
    """Read one array; zipfile gives no more bytes than the archive's directory declares."""
    with archive.open(info) as stream:
        found, fortran, dtype = read_header(stream)
        _check_shape("the array", found, shape, origin)
        if dtype.newbyteorder("=").name not in _PRECISIONS:
            raise NetworkError(f"{origin} holds {dtype}; save {', '.join(_PRECISIONS)}")
        needed, left = math.prod(shape) * dtype.itemsize, info.file_size - stream.tell()
        if needed != left:
            raise NetworkError(
                f"{origin}: its header promises {needed} bytes and {left} follow; "
                "the file is cut or damaged, save it again"
            )
        data = stream.read(needed)
        stream.read(1)  # at the end of the data zipfile checks the checksum
    array: NDArray[Any] = np.frombuffer(data, dtype)
    with np.errstate(over="ignore"):  # too large a double becomes infinite, which is refused later
        return np.ascontiguousarray(array.reshape(shape, order="F" if fortran else "C"), np.float32)


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
