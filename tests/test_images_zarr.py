"""Zarr stores: what zarr-python writes is read, what is written zarr-python reads."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecli.errors import ImageError, OutputError
from edgecli.images.files import open_images, whole_store
from edgecli.images.made_by import is_ours
from edgecli.images.zarr.store import chunk_shape, create_store, open_store
from edgecli.images.zarr.writing import ZarrSink
from tests.conftest import Refuse, Run
from tests.corpus import scenes

zarr = pytest.importorskip("zarr")

GREY = scenes.grey(70, 50)


def save(path: Path, array: np.ndarray[Any, Any], version: int = 3, **more: Any) -> str:
    given = {"chunks": tuple(min(side, 16) for side in array.shape)} | more
    made = zarr.create_array(
        store=path, shape=array.shape, dtype=array.dtype, zarr_format=version, **given
    )
    made[...] = array
    return str(path)


def pages_of(path: str, *, all_frames: bool = True) -> Iterator[np.ndarray[Any, Any]]:
    for source in open_images(path, max_pixels=10**6, all_frames=all_frames):
        height = source.shape[0]
        cuts = [(0, 5), (3, 20), (18, height)]
        blocks = [block.copy() for block in source.blocks(cuts)]
        yield np.concatenate([blocks[0][:3], blocks[1][:15], blocks[2]])


# --- reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize(
    "dtype", ["u1", "<u2", ">u2", "i1", "<i4", "<u4", "<i8", "<f2", "<f4", ">f8"]
)
def test_numbers_are_those_that_were_stored(tmp_path: Path, dtype: str, version: int) -> None:
    array = GREY.astype(dtype)
    (page,) = pages_of(save(tmp_path / "a.zarr", array, version))
    assert np.array_equal(page[..., 0], array.astype(np.float64))


def test_booleans_are_black_and_white(tmp_path: Path) -> None:
    (page,) = pages_of(save(tmp_path / "a.zarr", GREY > 99))
    assert np.array_equal(page[..., 0], np.where(GREY > 99, 255, 0))


@pytest.mark.parametrize("shape", [(70, 50, 1), (70, 50, 2), (70, 50, 3), (70, 50, 4)])
def test_up_to_four_of_a_last_axis_are_channels(tmp_path: Path, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(1).integers(0, 255, shape, np.uint8)
    (page,) = pages_of(save(tmp_path / "a.zarr", array))
    assert np.array_equal(page, array)


@pytest.mark.parametrize("shape", [(3, 40, 30), (2, 3, 40, 30), (2, 40, 30, 3)])
def test_axes_before_height_and_width_are_pages(tmp_path: Path, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(1).integers(0, 255, shape, np.uint8)
    path = save(tmp_path / "a.zarr", array)
    channels = 3 if shape[-1] == 3 else 1
    assert np.array_equal(np.stack([*pages_of(path)]), array.reshape(-1, 40, 30, channels))
    (first,) = open_images(path, max_pixels=10**6)
    told = "of which the first is taken; --page N takes another, --all-frames them all"
    assert told in first.info.notes[0]
    (second,) = open_images(path, max_pixels=10**6, page=2)
    (rows,) = second.blocks([(0, 40)])
    assert np.array_equal(rows, array.reshape(-1, 40, 30, channels)[1])
    assert not second.info.notes


def test_chunks_of_rows_that_nobody_asks_for_are_not_read(tmp_path: Path) -> None:
    path = save(tmp_path / "a.zarr", GREY)
    (tmp_path / "a.zarr" / "c" / "1" / "1").write_bytes(b"no chunk")  # of rows 16 to 31
    (source,) = open_images(path, max_pixels=10**6)
    cuts = [(3, 9), (35, 60)]
    for (start, stop), block in zip(cuts, source.blocks(cuts), strict=True):
        assert np.array_equal(block[..., 0], GREY[start:stop])


def test_shards_are_read_by_their_inner_chunks(tmp_path: Path) -> None:
    path = save(tmp_path / "a.zarr", GREY, chunks=(8, 8), shards=(32, 32))
    assert open_store(path).chunk_rows == 8
    (page,) = pages_of(path)
    assert np.array_equal(page[..., 0], GREY)


@pytest.mark.parametrize("version", [2, 3])
def test_of_resolutions_the_largest_is_taken(tmp_path: Path, version: int) -> None:
    group = zarr.create_group(tmp_path / "a.zarr", zarr_format=version)
    for name, array in {"half": GREY[::2, ::2], "whole": GREY}.items():
        group.create_array(name, shape=array.shape, dtype="u1")[...] = array
    scales = [{"datasets": [{"path": "whole"}, {"path": "half"}]}]
    told: dict[str, Any] = {"multiscales": scales}
    group.attrs.update(told if version == 2 else {"ome": told})
    (page,) = pages_of(str(tmp_path / "a.zarr"))
    assert np.array_equal(page[..., 0], GREY)
    (page,) = pages_of(str(tmp_path / "a.zarr" / "half"))
    assert np.array_equal(page[..., 0], GREY[::2, ::2])


def test_of_a_group_the_only_array_is_taken_and_no_other_guessed(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "a.zarr")
    with pytest.raises(ImageError, match="is an empty Zarr group; give one with an array in it"):
        next(pages_of(str(tmp_path / "a.zarr")))
    group.create_array("b", shape=GREY.shape, dtype="u1")[...] = GREY
    (page,) = pages_of(str(tmp_path / "a.zarr"))
    assert np.array_equal(page[..., 0], GREY)
    group.create_array("c", shape=GREY.shape, dtype="u1")
    with pytest.raises(ImageError, match=r"is a Zarr group of 2 \(b, c\); give one of them: .*b$"):
        next(pages_of(str(tmp_path / "a.zarr")))


@pytest.mark.parametrize(
    ("shape", "dtype", "told"),
    [
        ((9,), "u1", r"has the shape \(9,\); save it as \(H, W\)"),
        ((20, 20, 9), "u1", "most likely of 9 channels"),
        ((9, 9), "c8", "holds complex64; give an array of booleans, integers or floats"),
        ((0, 9), "u1", "is an array without numbers"),
    ],
)
def test_what_is_no_image_is_refused(
    tmp_path: Path, shape: tuple[int, ...], dtype: str, told: str
) -> None:
    zarr.create_array(store=tmp_path / "a.zarr", shape=shape, dtype=dtype)
    with pytest.raises(ImageError, match=told):
        next(pages_of(str(tmp_path / "a.zarr")))


def test_a_damaged_chunk_is_refused_in_one_line(tmp_path: Path) -> None:
    path = save(tmp_path / "a.zarr", GREY)
    (tmp_path / "a.zarr" / "c" / "1" / "1").write_bytes(b"no chunk")
    with pytest.raises(ImageError, match=r"is a Zarr store that cannot be read \(.*\); get it wh"):
        next(pages_of(path))


@pytest.mark.parametrize("text", ["", "[]", '{"zarr_format": 3, "node_type": "array"}'])
def test_broken_metadata_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "zarr.json").write_text(text)
    with pytest.raises(ImageError, match=r"is a Zarr store that cannot be read \(.*\); get it wh"):
        next(pages_of(str(tmp_path / "a.zarr")))


# --- writing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1200, 50, 1), (1025, 700, 3), (3, 2, 4)])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float64"])
def test_zarr_reads_what_is_written_in_bands(
    tmp_path: Path, shape: tuple[int, int, int], dtype: str
) -> None:
    rows = np.random.default_rng(1).integers(0, 99, shape).astype(dtype)
    sink = ZarrSink(create_store(str(tmp_path / "a.zarr"), shape, np.dtype(dtype), {}))
    for start in range(0, len(rows), 100):
        sink.write(sink.encode(rows[start : start + 100]))
    sink.finish()
    read = zarr.open_array(tmp_path / "a.zarr", mode="r")
    assert read.dtype == np.dtype(dtype)
    assert read.metadata.dimension_names == ("y", "x", "channel")[: read.ndim]
    assert np.array_equal(read[...].reshape(shape), rows)


def test_a_row_of_chunks_is_no_more_than_can_be_held() -> None:
    for width in (1, 999, 30_000, 10**6, 10**7):
        for dtype in map(np.dtype, ("u1", "f8")):
            rows, cols = chunk_shape((10**6, width, 1), dtype)
            assert rows * cols == 512 * 512
            assert rows == 1 or rows * width * dtype.itemsize <= 1 << 25


def test_chunks_of_nothing_take_no_room(tmp_path: Path) -> None:
    rows = np.zeros((1024, 512, 1), np.uint8)
    rows[1000:] = 1
    sink = ZarrSink(create_store(str(tmp_path / "a.zarr"), rows.shape, rows.dtype, {}))
    sink.write(rows)
    sink.finish()
    chunks = [path for path in (tmp_path / "a.zarr").rglob("*") if path.parent.name == "1"]
    assert [path.name for path in chunks] == ["0"]
    assert not (tmp_path / "a.zarr" / "c" / "0").exists()


def test_others_may_write_their_own_chunks(tmp_path: Path) -> None:
    path = str(tmp_path / "a.zarr")
    rows = np.arange(1100 * 9, dtype=np.int32).reshape(1100, 9, 1)
    stored = create_store(path, rows.shape, rows.dtype, {})
    for start in (1024, 0, 512):
        part = rows[start : start + stored.chunk_rows]
        open_store(path, writable=True).write(start, part)
    assert np.array_equal(open_store(path).read(0, 1100), rows)


def _interrupted(folder: Path) -> None:
    save(folder, GREY[::-1])
    raise KeyboardInterrupt


def test_a_store_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = save(tmp_path / "a.zarr", GREY)
    with pytest.raises(KeyboardInterrupt), whole_store(path) as folder:
        _interrupted(Path(folder))
    (page,) = pages_of(path)
    assert np.array_equal(page[..., 0], GREY)
    with whole_store(path) as folder:
        save(Path(folder), GREY[::-1])
    (page,) = pages_of(path)
    assert np.array_equal(page[..., 0], GREY[::-1])
    assert os.listdir(tmp_path) == ["a.zarr"]


def test_nothing_but_a_store_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "photo").touch()
    told = "is there, and no Zarr store; give another name"
    with pytest.raises(OutputError, match=told), whole_store(str(tmp_path / "a.zarr")):
        pass
    assert os.listdir(tmp_path) == ["a.zarr"]


# --- the command line ---------------------------------------------------------------------------


def test_edges_of_a_store_are_those_of_its_picture(run: Run, tmp_path: Path) -> None:
    scenes_path = tmp_path / "grey.npy"
    np.save(scenes_path, GREY)
    path = save(tmp_path / "grey.zarr", GREY)
    common = ("--report", "none", "--map", "signed", "--depth", "16")
    run("detect", str(scenes_path), "-o", str(tmp_path / "a.png"), *common)
    run("detect", path + os.sep, "-o", str(tmp_path / "b.png"), *common)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    run("detect", path, "-o", str(tmp_path / "e.zarr"), *common)
    (edges,) = pages_of(str(tmp_path / "e.zarr"))
    (same,) = pages_of(str(tmp_path / "a.png"))
    assert np.array_equal(edges, same)
    assert is_ours(str(tmp_path / "e.zarr"))
    assert not is_ours(path)


def test_several_maps_are_pages_of_one_array(run: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", GREY)
    filters = ("-f", "sobel-x", "-f", "sobel-y", "--map", "raw")
    run("detect", str(tmp_path / "a.npy"), *filters, "-o", str(tmp_path / "m.zarr"))
    run("detect", str(tmp_path / "a.npy"), *filters, "-o", str(tmp_path / "m.npy"))
    maps = zarr.open_array(tmp_path / "m.zarr", mode="r")
    assert np.array_equal(np.moveaxis(maps[...], 0, -1), np.load(tmp_path / "m.npy"))


def test_no_input_is_written_over_nor_into(refuse: Refuse, tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "a.zarr")
    group.create_array("b", shape=GREY.shape, dtype="u1")[...] = GREY
    path = str(tmp_path / "a.zarr")
    for output in (path, path + os.sep):
        assert "is also the input" in refuse("detect", path, "-o", output, code=2)
    for given, output in ((f"{path}/b", path), (path, f"{path}/c.zarr")):
        told = refuse("detect", given, "-o", output, code=2)
        assert "is in one folder with the input" in told
    (page,) = pages_of(path)
    assert np.array_equal(page[..., 0], GREY)


def test_no_clobber_keeps_a_store(run: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", GREY)
    there = save(tmp_path / "e.zarr", GREY)
    told = run("detect", str(tmp_path / "a.npy"), "-o", there, "--no-clobber").stderr
    assert f"kept {there}" in told
    (page,) = pages_of(there)
    assert np.array_equal(page[..., 0], GREY)


def test_a_batch_takes_stores_and_does_them_once(run: Run, tmp_path: Path) -> None:
    photos, edges = tmp_path / "photos", tmp_path / "edges"
    save(photos / "a.zarr", GREY)
    save(photos / "sub" / "b.zarr", GREY)
    command = ("batch", photos, "-o", edges, "--format", "zarr", "--recursive", "--jobs", "1")

    def done() -> tuple[int, int]:
        told = json.loads(run(*command, "--report", "json").stdout.splitlines()[-1])
        return told["done"], told["skipped"]

    assert done() == (2, 0)
    assert {path.name for path in edges.rglob("*.zarr")} == {"a-sobel.zarr", "b-sobel.zarr"}
    assert done() == (0, 2)
    shutil.rmtree(photos / "a.zarr")
    save(photos / "a.zarr", GREY[::-1])
    assert done() == (1, 1)
