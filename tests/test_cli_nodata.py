"""No data makes no edges: the law of every operator, whatever stands where there is none."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

import edgecli
from edgecli.detect.edges import detect_edges
from edgecli.filters import load_filter
from tests.conftest import Refuse, Run
from tests.tiff_files import Page, make_pages, save_tiff

H, W = 90, 110
y, x = np.mgrid[:H, :W]
HOLE = ((x - 60) ** 2 + (y - 40) ** 2 < 20**2) | ((y > 70) & (x < 15))
LAND = (1500 + 300 * np.sin(x / 9) + 200 * np.cos(y / 7)).astype(np.int16)
GREY = (120 + 60 * np.sin(x / 9) + 40 * np.cos(y / 7)).astype(np.uint8)
PICTURES: dict[str, tuple[NDArray[Any], float]] = {
    "uint8": (GREY, 0),
    "int16": (4 * LAND, -9999),
    "int32": (LAND.astype(np.int32) * 1_000_000, -(2**31)),
    "float32": ((LAND / 4000).astype(np.float32), -9999),
    "RGB": (np.dstack([GREY, GREY[::-1], 255 - GREY]), 3),
}
"""A picture of every kind, and a number that is none of its pixels'."""

OPERATORS: list[dict[str, Any]] = [
    {"operator": "sobel"},
    {"operator": "sobel-x", "map": "signed"},
    {"operator": "vertical", "padding": "valid"},
    {"operator": "kirsch", "stride": 3, "padding": 2},
    {"operator": "scharr", "dilation": 2, "padding_mode": "circular"},
    {"operator": "gradient:1.5", "thin": True},
    {"operator": "log:1.5", "thin": True},
    {"operator": "gabor:6", "channels": "max"},
    {"operator": "canny:1", "hysteresis": (3, 8)},
    {"operator": "sobel", "threshold": "p80", "stroke": 3},
    {"operator": "gradient:2", "resize": "60%"},
    {"operator": "contours"},
    {"operator": "learned-small", "thin": True},
]


def holed(name: str, value: object = None) -> NDArray[Any]:
    """Return a picture with its number for no data, or another value, in the hole."""
    picture, no_data = PICTURES[name]
    pixels = picture.copy()
    pixels[HOLE] = no_data if value is None else value
    return pixels


# ---- what is in a hole does not matter -----------------------------------------------------------


@pytest.mark.parametrize("name", sorted(PICTURES))
@pytest.mark.parametrize("call", OPERATORS, ids=lambda call: str(call["operator"]))
def test_no_edge_runs_where_there_is_no_data_or_beside_it(name: str, call: dict[str, Any]) -> None:
    """A flat picture has no edges, and its holes make none."""
    flat, no_data = PICTURES[name][0].copy(), PICTURES[name][1]
    flat[...] = flat[0, 0]
    flat[HOLE] = no_data
    rim = detect_edges(flat, nodata=no_data, depth="float", **call)
    seen = np.nan_to_num(rim - np.nanmin(rim), nan=0)
    assert seen.max() <= (0.02 if call["operator"] == "learned-small" else 1e-6)
    assert np.isnan(rim).any()
    assert not np.isnan(rim).all()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", ["uint8", "int16", "RGB"])
def test_what_sees_no_hole_is_as_it_is_without_one(name: str, threads: int) -> None:
    whole, (_, no_data) = PICTURES[name][0], PICTURES[name]
    for operator in ("sobel", "laplacian", "gradient:2", "kirsch"):
        found = detect_edges(holed(name), operator, nodata=no_data, depth="float", threads=threads)
        expected = detect_edges(whole, operator, depth="float", threads=threads)
        data = ~np.isnan(found)
        np.testing.assert_array_equal(found[data], expected[data])


@pytest.mark.parametrize("name", ["int16", "float32"])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 3)])
def test_no_data_is_where_the_window_sees_a_hole(
    run: Run, tmp_path: Path, name: str, stride: int, dilation: int
) -> None:
    path = save_tiff(tmp_path / "a.tif", holed(name), PICTURES[name][1])
    options = ("--stride", str(stride), "--dilation", str(dilation), "--map", "raw")
    run("detect", path, "-f", "sobel-x", *options, "-o", tmp_path / "x.npy")
    found = np.load(tmp_path / "x.npy")
    kernel = load_filter("sobel-x").weight[0, 0]
    wide = np.zeros((2 * dilation + 1,) * 2)
    wide[::dilation, ::dilation] = kernel
    geometry = edgecli.convolve(LAND, "sobel-x", stride=stride, dilation=dilation).shape[1:]
    top = (max((geometry[n] - 1) * stride + len(wide) - LAND.shape[n], 0) // 2 for n in (0, 1))
    first = [len(wide) // 2 - before for before in top]
    seen = ndimage.correlate(HOLE * 1.0, (wide != 0) * 1.0, mode="nearest") > 0
    expected = ndimage.correlate(PICTURES[name][0].astype(float), wide, mode="nearest")
    seen, expected = (one[first[0] :: stride, first[1] :: stride] for one in (seen, expected))
    np.testing.assert_array_equal(np.isnan(found), seen)
    np.testing.assert_allclose(found[~seen], expected[~seen], rtol=1e-5, atol=1e-5)


def test_whole_numbers_stay_exact(run: Run, tmp_path: Path) -> None:
    deep = (LAND.astype(np.int64) * 1_000_003).astype(np.int32)
    path = save_tiff(tmp_path / "a.tif", np.where(HOLE, -1, deep).astype(np.int32), -1)
    run("detect", path, "-f", "sobel-x", "--map", "raw", "-o", tmp_path / "x.npy")
    found = np.load(tmp_path / "x.npy")
    data = ~np.isnan(found)
    expected = edgecli.convolve(deep.astype(np.int64), "sobel-x")[0]
    assert (found[data].astype(np.int64) == expected[data]).all()


def test_no_stroke_runs_along_a_hole(run: Run, tmp_path: Path) -> None:
    flat = np.where(HOLE, 0, 200).astype(np.uint8)
    flat[:, 90:] = 60
    path = save_tiff(tmp_path / "a.tif", flat, 0)
    run("detect", path, "-f", "canny:1", "-o", tmp_path / "a.csv", "--format", "points")
    told = np.genfromtxt(tmp_path / "a.csv", delimiter=",", names=True)
    assert len(told)
    assert abs(told["x"] - 90).max() < 1


# ---- what is no data -----------------------------------------------------------------------------


def report(run: Run, *args: str | Path) -> Any:
    result = run("detect", *args, "--report", "json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_file_says_what_is_no_data_and_users_know_better(run: Run, tmp_path: Path) -> None:
    path, out = save_tiff(tmp_path / "a.tif", holed("uint8"), 0), ("-o", tmp_path / "a.png")
    count = int(HOLE.sum())
    told = report(run, path, *out)
    assert told["no_data"] == {"what": "0", "pixels": count, "policy": "propagate"}
    assert told["warnings"] == [
        f"has {count:,} of 9,900 pixels without data (0); what sees them is no data, and no edge"
    ]
    assert "no_data" not in report(run, path, *out, "--nodata", "none")
    value = int(GREY[5, 5])
    other = report(run, path, *out, "--nodata", str(value))["no_data"]
    assert other["pixels"] == np.count_nonzero(holed("uint8") == value)
    planned = report(run, path, "-n")
    assert planned["no_data"] == {"what": "0", "policy": "propagate"}


def test_no_data_of_a_colour_is_all_of_its_bands(run: Run, tmp_path: Path) -> None:
    pixels = holed("RGB")
    pixels[5, 5] = 3, 3, 4
    path = save_tiff(tmp_path / "a.tif", pixels, 3, photometric="rgb")
    Image.fromarray(pixels).save(tmp_path / "a.png")
    for args in ((path,), (tmp_path / "a.png", "--nodata", "3")):
        assert report(run, *args, "-o", tmp_path / "e.png")["no_data"]["pixels"] == HOLE.sum()


@pytest.mark.parametrize("bits", [1, 8])
def test_a_mask_inside_or_beside_a_tiff_tells_it(run: Run, tmp_path: Path, bits: int) -> None:
    mask = np.where(HOLE, 0, 255).astype(np.uint8)
    if bits == 8:
        pages = Page(GREY[..., np.newaxis]), Page(mask[..., np.newaxis], {254: (4,), 262: (4,)})
        (tmp_path / "in.tif").write_bytes(make_pages(*pages))
    else:
        with tifffile.TiffWriter(tmp_path / "in.tif") as file:
            file.write(GREY)
            file.write(mask > 0, subfiletype=4, photometric="minisblack", compression="zlib")
    tifffile.imwrite(tmp_path / "beside.tif", GREY)
    tifffile.imwrite(tmp_path / "beside.tif.msk", mask)
    Image.fromarray(GREY).save(tmp_path / "beside.png")
    tifffile.imwrite(tmp_path / "beside.png.msk", mask)
    expected = detect_edges(holed("uint8"), nodata=0, depth="float")
    for name in ("in.tif", "beside.tif", "beside.png"):
        told = report(run, tmp_path / name, "--depth", "float", "-o", tmp_path / "e.tif")
        assert told["no_data"]["what"] == "its mask"
        assert told["no_data"]["pixels"] == HOLE.sum()
        np.testing.assert_array_equal(tifffile.imread(tmp_path / "e.tif"), expected)
        assert "no_data" not in report(run, tmp_path / name, "--nodata", "none", "-n")


def save_palette(path: Path) -> NDArray[Any]:
    """Write a palette TIFF with number 0 in the hole, as red as number 7; return its colours."""
    indices = GREY // 3
    indices[HOLE] = 0
    colours = np.random.default_rng(2).integers(0, 256, (256, 3))
    colours[0] = colours[7] = 255, 0, 0
    save_tiff(path, indices, 0, photometric="palette", colormap=(257 * colours.T).astype(np.uint16))
    taken: NDArray[Any] = colours[indices]
    return taken


def test_a_number_of_a_palette_is_no_data_whatever_its_colour(run: Run, tmp_path: Path) -> None:
    colours = save_palette(tmp_path / "a.tif")
    told = report(run, tmp_path / "a.tif", "--depth", "float", "-o", tmp_path / "e.tif")
    assert told["no_data"] == {"what": "0", "pixels": HOLE.sum(), "policy": "propagate"}
    pixels = colours.astype(np.float32) / 255
    pixels[HOLE] = np.nan
    luma = detect_edges(pixels, depth="float")
    ours = tifffile.imread(tmp_path / "e.tif")
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(luma))
    np.testing.assert_allclose(ours, luma, atol=0.01)  # luma is rounded to 8 bits
    other = report(run, tmp_path / "a.tif", "--nodata", "20", "-o", tmp_path / "e.tif")
    assert other["no_data"]["pixels"] == np.count_nonzero(GREY[~HOLE] // 3 == 20)
    Image.fromarray(colours.astype(np.uint8)).save(tmp_path / "a.png")
    for name, args in (("a.tif", ("--nodata", "none")), ("a.png", ())):
        assert "no_data" not in report(run, tmp_path / name, *args, "-o", tmp_path / f"{name}.npy")
    plain, coloured = (np.load(tmp_path / f"{name}.npy") for name in ("a.tif", "a.png"))
    np.testing.assert_array_equal(plain, coloured)


@pytest.mark.skipif(not shutil.which("gdal_translate"), reason="needs GDAL's gdal_translate")
@pytest.mark.parametrize("options", [(), ("--channels", "each"), ("-f", "canny", "--stride", "2")])
def test_a_palette_has_the_edges_of_what_gdal_makes_of_it(
    run: Run, tmp_path: Path, options: tuple[str, ...]
) -> None:
    save_palette(tmp_path / "a.tif")
    words = ("gdal_translate", "-q", "-expand", "rgba", "a.tif", "b.tif")
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    for name, args in (("a", ()), ("b", ("--nodata", "alpha"))):
        out = ("-o", tmp_path / f"{name}.png")
        told = report(run, tmp_path / f"{name}.tif", *args, *options, *out)
        assert told["no_data"]["pixels"] == HOLE.sum()
    ours, theirs = (np.asarray(Image.open(tmp_path / f"{name}.png")) for name in "ab")
    np.testing.assert_array_equal(ours, theirs)
    assert (ours[..., -1] == 0).any()


def test_transparency_is_no_data_on_a_map_and_where_asked(run: Run, tmp_path: Path) -> None:
    clear = np.dstack([holed("uint8"), np.where(HOLE, 0, 255).astype(np.uint8)])
    scale = (33550, "d", 3, (10.0, 10.0, 0.0), True)
    place = (33922, "d", 6, (0.0, 0.0, 0.0, 500.0, 900.0, 0.0), True)
    kind: dict[str, Any] = {"photometric": "minisblack", "extrasamples": ["unassalpha"]}
    tifffile.imwrite(tmp_path / "map.tif", clear, extratags=[scale, place], **kind)
    tifffile.imwrite(tmp_path / "logo.tif", clear, **kind)
    Image.fromarray(clear).save(tmp_path / "logo.png")
    assert report(run, tmp_path / "map.tif", "-n")["no_data"]["what"] == "alpha 0"
    assert "no_data" not in report(run, tmp_path / "map.tif", "-n", "--nodata", "none")
    for name in ("logo.tif", "logo.png"):
        assert "no_data" not in report(run, tmp_path / name, "-n")
        out = ("-o", tmp_path / "e.png", "--nodata", "alpha")
        assert report(run, tmp_path / name, *out)["no_data"]["pixels"] == HOLE.sum()


def test_an_esri_grid_keeps_whole_numbers(run: Run, tmp_path: Path) -> None:
    rows = "\n".join(" ".join(map(str, row)) for row in holed("int16"))
    head = f"ncols {W}\nnrows {H}\nxllcorner 0\nyllcorner 0\ncellsize 1\nNODATA_value -9999\n"
    (tmp_path / "a.asc").write_text(head + rows)
    told = report(run, tmp_path / "a.asc", "-f", "sobel-x", "-o", tmp_path / "e.csv")
    assert told["input"]["dtype"] == "int16"
    assert told["no_data"] == {"what": "-9999", "pixels": HOLE.sum(), "policy": "propagate"}
    found = np.loadtxt(tmp_path / "e.csv", delimiter=",")
    save_tiff(tmp_path / "a.tif", holed("int16"), -9999)
    run("detect", tmp_path / "a.tif", "-f", "sobel-x", "--map", "raw", "-o", tmp_path / "e.npy")
    np.testing.assert_array_equal(found, np.load(tmp_path / "e.npy"))


# ---- what is written -----------------------------------------------------------------------------


@pytest.mark.parametrize("extension", ["png", "tif"])
@pytest.mark.parametrize(
    "options", [(), ("-f", "canny:1"), ("--overlay", "red"), ("--threshold", "p80", "--invert")]
)
def test_pictures_are_transparent_where_there_is_no_data(
    run: Run, tmp_path: Path, extension: str, options: tuple[str, ...]
) -> None:
    path, out = save_tiff(tmp_path / "a.tif", holed("uint8"), 0), tmp_path / f"e.{extension}"
    run("detect", path, *options, "-o", out)
    with Image.open(out) as image:
        found = np.asarray(image)
    run("detect", path, *options, "-o", out, "--nan", "ignore")
    with Image.open(out) as image:
        opaque = np.asarray(image).reshape(H, W, -1)
    clear = found[..., -1] == 0
    assert (found[..., -1][~clear] == 255).all()
    assert clear[HOLE].mean() > 0.99  # a window may not see the pixel that it is around
    assert not clear[ndimage.distance_transform_edt(~HOLE) > 8].any()
    np.testing.assert_array_equal(found[..., :-1], opaque)


def test_numbers_are_nan_where_there_is_no_data(run: Run, tmp_path: Path) -> None:
    path = save_tiff(tmp_path / "a.tif", holed("int16"), -9999)
    for options in (("--map", "raw"), ("--depth", "float")):
        run("detect", path, *options, "-o", tmp_path / "e.tif")
        with tifffile.TiffFile(tmp_path / "e.tif") as file:
            assert file.pages[0].tags[42113].value == "nan"  # type: ignore[union-attr]
            found = file.asarray()
        assert found.dtype == np.float32
        run("detect", path, *options, "-o", tmp_path / "e.npy")
        np.testing.assert_array_equal(found, np.load(tmp_path / "e.npy"))
    run("detect", path, "--threshold", "300", "--map", "raw", "-o", tmp_path / "e.npy")
    assert {*np.unique(np.load(tmp_path / "e.npy")[~np.isnan(found)])} == {0, 1}


@pytest.mark.skipif(not shutil.which("gdal_translate"), reason="needs GDAL's gdal_translate")
@pytest.mark.parametrize("options", [(), ("--map", "raw"), ("--depth", "float", "-f", "log:2")])
def test_gdal_finds_no_data_where_it_is(run: Run, tmp_path: Path, options: tuple[str, ...]) -> None:
    path = save_tiff(tmp_path / "a.tif", holed("int16"), -9999)
    run("detect", path, *options, "-o", tmp_path / "e.tif")
    words = ("gdal_translate", "-q", "-b", "mask", "-co", "COMPRESS=NONE", "e.tif", "mask.tif")
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    run("detect", path, *options[2:], "--map", "raw", "-o", tmp_path / "e.npy")
    theirs, ours = tifffile.imread(tmp_path / "mask.tif"), np.load(tmp_path / "e.npy")
    np.testing.assert_array_equal(theirs == 0, np.isnan(ours))


def test_formats_without_a_place_for_it_say_so(run: Run, tmp_path: Path) -> None:
    path = save_tiff(tmp_path / "a.tif", holed("uint8"), 0)
    result = run("detect", path, "-o", tmp_path / "e.jpg")
    assert "is written as jpeg, which has no place for what is no data" in result.stderr


def test_errors_and_zeros_where_they_are_asked_for(
    run: Run, refuse: Refuse, tmp_path: Path
) -> None:
    path = save_tiff(tmp_path / "a.tif", holed("int16"), -9999)
    for options in ((), ("--resize", "50%")):
        line = refuse("detect", path, "--nan", "error", *options, code=1)
        assert "has no data at row 21, column 54; repair it" in line
    run("detect", path, "--nan", "ignore", "--map", "raw", "-o", tmp_path / "e.npy")
    found = np.load(tmp_path / "e.npy")
    run("detect", path, "--map", "raw", "-o", tmp_path / "f.npy")
    np.testing.assert_array_equal(found, np.nan_to_num(np.load(tmp_path / "f.npy")))
