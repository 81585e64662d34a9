"""NPY and NPZ: what is read, and what hostile bytes cannot do."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgecli.errors import FilterError
from edgecli.filters import dump_filter, files, load_filter


def npy(array: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def promise(descr: str, shape: tuple[int, ...], body: bytes = b"") -> bytes:
    """Return an NPY whose header promises what its body does not hold."""
    file = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + body


def archive(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as written:
        for name, data in members.items():
            written.writestr(f"{name}.npy", data)
    return file.getvalue()


def refusal(folder: Path, data: bytes) -> str:
    path = folder / "k"
    path.write_bytes(data)
    with pytest.raises(FilterError) as caught:
        load_filter(path)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 300 + len(str(folder))
    return message.partition(": ")[2]


# --- what is read -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "array",
    [
        np.array([[1, 0, -1], [2, 0, -2]], dtype)
        for dtype in ("i1", ">i4", "<i8", "f2", ">f4", "f8", "longdouble")
    ],
    ids=lambda array: array.dtype.str,
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_of_any_type_and_order_are_read(
    tmp_path: Path, array: NDArray[Any], order: Any
) -> None:
    (tmp_path / "edges.npy").write_bytes(npy(np.asarray(array, order=order)))
    bank = load_filter(tmp_path / "edges.npy")
    assert bank.weight.tolist() == [[[[1, 0, -1], [2, 0, -2]]]]
    assert (bank.names, bank.has_bias) == (("edges",), False)


@pytest.mark.parametrize("shape", [(2, 3), (4, 2, 3), (5, 4, 2, 3)])
def test_dimensions_are_kernel_filter_bank(tmp_path: Path, shape: tuple[int, ...]) -> None:
    (tmp_path / "k").write_bytes(npy(np.ones(shape)))
    assert load_filter(tmp_path / "k").shape == (1,) * (4 - len(shape)) + shape


def test_npz_holds_biases_and_names(tmp_path: Path) -> None:
    data = npz(weight=np.ones((2, 1, 1, 1)), bias=3, names=["a", "b"])
    (tmp_path / "k").write_bytes(data)
    bank = load_filter(tmp_path / "k")
    assert (bank.bias.tolist(), bank.names, bank.has_bias) == ([3, 3], ("a", "b"), True)


def test_one_name_may_be_no_list(tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(npz(weight=np.ones((1, 1)), names="a"))
    assert load_filter(tmp_path / "k").names == ("a",)


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (npy(np.array([[{}]]), allow_pickle=True), "the array holds 'object'; save numbers there"),
        (npy([["a"]]), "the array holds '<U1'; save numbers there"),
        (npy([[1j]]), "the array holds 'complex128'; save numbers there"),
        (npy(np.zeros((1, 1), [("a", "f8")])), "the array holds \"[('a', '<f8')]\"; save"),
        (npy(3.0), "weights of 0 dimensions; write 2 (a kernel), 3"),
        (npy(np.ones((1,) * 5)), "weights of 5 dimensions"),
        (npy(np.ones((3, 0))), "the array of shape (3, 0) is empty"),
        (npy([[1, np.nan]]), "weights are finite numbers, not nan"),
        (npy(np.array([["1e4000"]]).astype("longdouble")), "weights are finite numbers, not inf"),
        (npy(np.ones((3, 3)))[:-1], "the header of the array promises 72 bytes and 71 follow"),
        (npy(np.ones((3, 3))) + b"x", "the header of the array promises 72 bytes and 73 follow"),
        (npy(np.ones((3, 3)))[:20], "damaged or no NumPy file ('its header makes no sense')"),
        (npz(bias=1), "it holds 'bias'; save weight and, if any, bias and names"),
        (npz(), "it holds nothing; save weight and, if any, bias and names"),
        (npz(weight=[[1]], scale=9), "it holds 'weight', 'scale'; save weight and"),
        (npz(weight=[[1]], names=[1]), "'names' holds 'int64'; save text there"),
        (npz(weight=[[1]], names=["a", "b"]), "2 names for 1 filter"),
        (npz(weight=[[1]], names=["a/b"]), "a filter's name is one line"),
        (npz(weight=[[1]], bias=[1, 2]), "a filter bank has one bias per filter, 1 in all"),
        (npz(weight=[[1]], bias=["1"]), "'bias' holds '<U1'; save numbers there"),
        (npz(weight=[[1]])[:-30], "damaged or no NumPy file ('File is not a zip file')"),
        (archive(weight=b"text"), "damaged or no NumPy file ('its header makes no sense')"),
    ],
)
def test_arrays_that_are_no_filter_are_refused(tmp_path: Path, data: bytes, message: str) -> None:
    assert refusal(tmp_path, data).startswith(message)


@pytest.mark.parametrize("wrap", [bytes, lambda data: archive(weight=data)], ids=["npy", "npz"])
@pytest.mark.parametrize(
    ("descr", "shape"),
    [
        ("<f8", (2**20, 2**20)),
        ("|b1", (2**27 + 1, 1)),
        ("<f8", (10**9, 10**9, 10**9, 10**9)),
        ("<f8", (10**1000, 1)),
    ],
)
def test_weights_over_the_limit_are_refused_by_the_header(
    tmp_path: Path, wrap: Any, descr: str, shape: tuple[int, ...]
) -> None:
    assert "exceeds the limit of 1 GiB" in refusal(tmp_path, wrap(promise(descr, shape)))


@pytest.mark.parametrize("wrap", [bytes, lambda data: archive(weight=data)], ids=["npy", "npz"])
def test_weights_that_do_not_follow_take_no_memory(tmp_path: Path, wrap: Any) -> None:
    message = refusal(tmp_path, wrap(promise("<f8", (2**13, 2**13))))
    assert "promises 536870912 bytes and 0 follow" in message


def test_an_archive_that_inflates_beyond_its_header_is_refused(tmp_path: Path) -> None:
    bomb = archive(weight=npy(np.ones((3, 3))) + bytes(2**24))
    assert len(bomb) < 2**16
    assert "promises 72 bytes and 16777288 follow" in refusal(tmp_path, bomb)


def test_names_have_a_limit_of_their_own(tmp_path: Path) -> None:
    data = archive(weight=npy([[1.0]]), names=promise("<U1", (2**24,)))
    assert "'names' takes 67,108,864 bytes; the limit is 16,777,216" in refusal(tmp_path, data)


def test_a_file_over_the_limit_is_refused_by_its_size(tmp_path: Path) -> None:
    with (tmp_path / "k").open("wb") as file:
        file.write(promise("<f8", (3, 3)))
        file.truncate(files.LARGEST_BINARY + 1)
    with pytest.raises(FilterError, match="larger than the limit of 1,074,790,400 bytes; use a"):
        load_filter(tmp_path / "k")


@pytest.mark.parametrize("kind", ["npy", "npz", "json", "txt"])
def test_damaged_files_give_a_filter_or_one_line(tmp_path: Path, kind: str) -> None:
    whole = dump_filter(load_filter("sobel-x"), kind)
    chance = random.Random(2)
    damaged = [bytearray(whole[:end]) for end in range(0, len(whole), 16)]
    for flipped in [bytearray(whole) for _ in range(150)]:
        flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
        damaged.append(flipped)
    messages = []
    for data in damaged:
        (tmp_path / "k").write_bytes(data)
        try:
            load_filter(tmp_path / "k")
        except FilterError as error:
            messages.append(str(error))
    assert messages
    assert all(message.isprintable() for message in messages)
