"""Weight files: the numbers that were saved, or one line, and nothing allocated for lies."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecli.errors import NetworkError
from edgecli.networks.weights import dump_weights, random_weights, read_weights

SHAPES = {"a.weight": (2, 3, 3, 3), "a.bias": (2,), "b.weight": (4, 18)}
GOOD: dict[str, Any] = random_weights(SHAPES, 1)


def save(path: Path, arrays: dict[str, Any], *, compressed: bool = False) -> str:
    file = path / "w.npz"
    (np.savez_compressed if compressed else np.savez)(file, **arrays)
    return str(file)


@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8", ">f2", ">f4"])
@pytest.mark.parametrize("compressed", [False, True])
def test_every_precision_and_byte_order(tmp_path: Path, dtype: str, compressed: bool) -> None:
    arrays = {name: array.astype(dtype) for name, array in GOOD.items()}
    read = read_weights(save(tmp_path, arrays, compressed=compressed), SHAPES)
    assert list(read) == list(SHAPES)
    for name, array in read.items():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, arrays[name].astype(np.float32))


def test_columns_first_is_an_order_too(tmp_path: Path) -> None:
    arrays = {name: np.asfortranarray(array) for name, array in GOOD.items()}
    read = read_weights(save(tmp_path, arrays), SHAPES)
    np.testing.assert_array_equal(read["a.weight"], GOOD["a.weight"])


def test_written_weights_read_back_and_never_change(tmp_path: Path) -> None:
    data = dump_weights(GOOD)
    assert data == dump_weights(GOOD)
    path = tmp_path / "w.npz"
    path.write_bytes(data)
    for name, array in read_weights(str(path), SHAPES).items():
        np.testing.assert_array_equal(array, GOOD[name])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"a.bias": None}, "a.bias is missing; save it with shape"),
        ({"c.bias": np.zeros(3, "f4")}, "'c.bias' belongs to no layer"),
        ({"a.bias": np.zeros(3, "f4")}, r"a\.bias: the array has shape \(3,\) .* needs \(2,\)"),
        ({"a.weight": np.zeros((2, 27), "f4")}, r"has shape \(2, 27\) .* needs \(2, 3, 3, 3\)"),
        ({"a.bias": np.zeros(2, "i4")}, "a.bias holds int32; save float16"),
        ({"a.bias": np.zeros(2, "c8")}, "a.bias holds complex64"),
        ({"a.bias": np.array(["x", "y"])}, "a.bias holds <U1"),
        ({"a.bias": np.array([1, None])}, "a.bias holds object"),
        ({"a.bias": np.array([0, np.nan], "f4")}, "a.bias holds other than finite"),
        ({"a.bias": np.array([0, 1e300])}, "a.bias holds other than finite"),
    ],
)
def test_arrays_that_do_not_belong(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    arrays = {name: array for name, array in (GOOD | changed).items() if array is not None}
    with pytest.raises(NetworkError, match=said) as caught:
        read_weights(save(tmp_path, arrays), SHAPES)
    assert "\n" not in str(caught.value)


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return pytest.fail, ("unpickled",)

    file = io.BytesIO()
    np.lib.format.write_array(file, np.array([Bomb(), Bomb()]), allow_pickle=True)
    path = tmp_path / "w.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name in SHAPES:
            archive.writestr(f"{name}.npy", file.getvalue())
    with pytest.raises(NetworkError, match=r"has shape \(2,\)|holds object"):
        read_weights(str(path), SHAPES)
    with pytest.raises(NetworkError, match="holds object"):
        read_weights(str(path), dict.fromkeys(SHAPES, (2,)))


def header(shape: str, descr: str = "<f4") -> bytes:
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (header("(2,)") + b"1234567", "promises 8 bytes and 7 follow; the file is cut"),
        (header("(2,)") + b"123456789", "promises 8 bytes and 9 follow"),
        (header("(99999999999999,)"), r"has shape \(99999999999999,\)"),
        (header("(-2,)"), "has shape|damaged"),
        (header("2"), "damaged"),
        (header("(2,)")[:20], "damaged"),
        (b"\x93NUMPY\x09\x00", "damaged"),
        (b"", "damaged"),
    ],
)
def test_damaged_arrays(tmp_path: Path, member: bytes, said: str) -> None:
    path = tmp_path / "w.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.bias.npy", member)
    with pytest.raises(NetworkError, match=said):
        read_weights(str(path), {"a.bias": (2,)})


def test_files_cut_at_any_byte(tmp_path: Path) -> None:
    data, path = dump_weights(GOOD), tmp_path / "w.npz"
    for size in range(0, len(data), 7):
        path.write_bytes(data[:size])
        with pytest.raises(NetworkError, match="damaged or no NPZ file"):
            read_weights(str(path), SHAPES)


def read_or_none(path: Path) -> dict[str, Any] | None:
    """Return what is read, None where it is refused; any other exception is a failure."""
    try:
        return dict(read_weights(str(path), SHAPES))
    except NetworkError:
        return None


def test_flipped_bytes_are_found_out(tmp_path: Path) -> None:
    data, path, refused = dump_weights(GOOD), tmp_path / "w.npz", 0
    places = range(0, len(data), 5)
    for place in places:
        path.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        read = read_or_none(path)
        refused += read is None
        for name, array in (read or {}).items():  # a byte of no meaning, such as one of a date
            np.testing.assert_array_equal(array, GOOD[name])
    assert refused > 0.8 * len(places)


def test_a_bomb_is_not_inflated(tmp_path: Path) -> None:
    path = save(tmp_path, {"a.bias": np.zeros(2**25, "f4")}, compressed=True)
    tracemalloc.start()
    with pytest.raises(NetworkError, match="has shape"):
        read_weights(path, {"a.bias": (2,)})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**22


def test_files_beyond_what_layers_can_use(tmp_path: Path) -> None:
    path = save(tmp_path, {"a.bias": np.zeros(2**19, "f4")})
    with pytest.raises(NetworkError, match="have more than the 1,048,592 bytes"):
        read_weights(path, {"a.bias": (2,)})
    with pytest.raises(NetworkError, match="cannot be read"):
        read_weights(str(tmp_path), SHAPES)
    with pytest.raises(NetworkError, match="do not exist"):
        read_weights(str(tmp_path / "none.npz"), SHAPES)


def test_random_weights_are_the_same_for_the_same_seed() -> None:
    again, other = random_weights(SHAPES, 1), random_weights(SHAPES, 2)
    assert all((again[name] == GOOD[name]).all() for name in SHAPES)
    assert (other["a.weight"] != GOOD["a.weight"]).any()
    large = random_weights({"w": (50, 40, 5, 5)})["w"]
    assert abs(float(large.var()) * 40 * 25 / 2 - 1) < 0.05
