"""World files and .aux.xml: those of others are read, and others read those that are written."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edgecli.images.files import open_images
from edgecli.images.formats import FORMATS
from edgecli.images.world_files import aux_name, placed_beside, system_of, world_name
from edgecli.rows.base import ImageInfo
from edgecli.rows.place import Place
from tests.conftest import Refuse, Run
from tests.places import NORTH_UP, TURNED, geotiff

ROWS = np.zeros((6, 5), np.uint8)
WORLD = "20\n0\n0\n-20\n399970\n5000030\n"  # NORTH_UP
UTM = 'PROJCS["zone 32",GEOGCS["w",AUTHORITY["EPSG","4326"]],AUTHORITY["EPSG","32632"]]'


def image(folder: Path, name: str = "a.png", **beside: str) -> Path:
    """Write an image, and files beside it: ``pgw`` is a.pgw, ``aux`` is a.png.aux.xml."""
    path = folder / name
    Image.fromarray(ROWS).save(path)
    for what, text in beside.items():
        other = f"{path}.aux.xml" if what == "aux" else path.with_suffix(f".{what}")
        Path(other).write_text(text)
    return path


def info_of(path: Path) -> ImageInfo:
    (source,) = open_images(str(path), max_pixels=99)
    return source.info


@pytest.mark.parametrize(
    ("name", "world"),
    [
        ("a.png", "pgw"), ("a.png", "PGW"), ("a.png", "pngw"), ("a.png", "wld"), ("a.jpg", "jgw"),
        ("a.jpeg", "jgw"), ("a.tif", "tfw"), ("a.tiff", "tfw"), ("a.bmp", "bpw"),
    ],
)  # fmt: skip
def test_a_world_file_is_found_by_its_name(name: str, world: str, tmp_path: Path) -> None:
    assert info_of(image(tmp_path, name, **{world: WORLD})).place == Place(NORTH_UP)


def test_a_world_file_is_of_the_centre_of_the_first_pixel(tmp_path: Path) -> None:
    a, b, c, d, e, f = TURNED
    text = "\n".join(map(str, (a, d, b, e, c + (a + b) / 2, f + (d + e) / 2)))
    assert info_of(image(tmp_path, pgw=text)).place == Place(TURNED)


def test_prj_names_the_system_of_a_world_file(tmp_path: Path) -> None:
    place = info_of(image(tmp_path, pgw=WORLD, prj=UTM)).place
    assert place is not None
    assert (place.system.epsg, place.system.wkt, place.system.is_geographic) == (32632, UTM, False)


def test_aux_xml_goes_first_then_the_image_then_a_world_file(tmp_path: Path) -> None:
    aux = "<PAMDataset><SRS>EPSG:2193</SRS><GeoTransform>1,2,3,4,5,6</GeoTransform></PAMDataset>"
    path = tmp_path / "a.tif"
    path.write_bytes(geotiff(ROWS, TURNED))
    path.with_suffix(".tfw").write_text(WORLD)
    assert (own := info_of(path).place) is not None
    assert (own.transform, own.system.epsg) == (TURNED, 32632)
    Path(f"{path}.aux.xml").write_text(aux)
    assert (beside := info_of(path).place) is not None
    assert (beside.transform, beside.system.epsg) == ((2, 3, 1, 5, 6, 4), 2193)


@pytest.mark.parametrize(
    "beside",
    [
        {"aux": "<PAMDataset>"}, {"aux": "<P><GeoTransform>1,2,3</GeoTransform></P>"},
        {"pgw": "1 2 3"}, {"pgw": "1 0 0 1 nan 3"}, {"pgw": "1 0 0 1 1e300 3"},
        {"pgw": "1 2 2 4 5 6"},
    ],
)  # fmt: skip
def test_what_is_broken_beside_an_image_is_left_out_and_said(
    beside: dict[str, str], tmp_path: Path
) -> None:
    info = info_of(image(tmp_path, **beside))
    assert info.place is None
    (note,) = info.notes
    assert "left out" in note


def test_aux_xml_of_statistics_says_nothing_of_a_place(tmp_path: Path) -> None:
    info = info_of(image(tmp_path, aux="<PAMDataset><PAMRasterBand band='1'/></PAMDataset>"))
    assert (info.place, info.notes) == (None, [])


@pytest.mark.parametrize(
    ("text", "epsg", "is_geographic"),
    [
        (UTM, 32632, False),
        ('GEOGCRS["WGS 84",DATUM["x",ID["EPSG",6326]],ID["EPSG",4326]]', 4326, True),
        ('GEOGCS["GCS_WGS_1984",DATUM["D",AUTHORITY["EPSG","6326"]],UNIT["Degree",1]]', None, True),
        ("nothing of the kind", None, None),
    ],
)
def test_the_number_of_a_system_is_its_own_and_not_a_part_s(
    text: str, epsg: int | None, is_geographic: bool | None
) -> None:
    assert (system_of(text).epsg, system_of(text).is_geographic) == (epsg, is_geographic)


@given(st.binary(max_size=60), st.sampled_from(["a.pgw", "a.png.aux.xml"]))
def test_any_bytes_beside_an_image_are_a_place_or_one_clear_line(data: bytes, name: str) -> None:
    with TemporaryDirectory() as folder:
        Path(folder, name).write_bytes(data)
        place, notes = placed_beside(None, str(Path(folder, "a.png")))
    assert len(notes) <= 1
    assert all("\n" not in note for note in notes)
    assert place is None or not notes or place.transform is None


# ---- written ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["o.png", "o.jpg", "o.jpeg", "o.webp", "o.tif"])
def test_what_is_written_beside_an_image_places_it(name: str, tmp_path: Path, run: Run) -> None:
    (tmp_path / "in.tif").write_bytes(geotiff(ROWS, TURNED))
    out = tmp_path / name
    run("detect", tmp_path / "in.tif", "-o", out, "--world-file")
    assert {one.name for one in tmp_path.iterdir()} == {
        "in.tif", name, Path(world_name(name)).name, aux_name(name)
    }  # fmt: skip
    for part in (world_name(str(out)), aux_name(str(out))):
        assert (place := info_of(out).place) is not None
        assert place.transform == pytest.approx(TURNED, rel=1e-15)
        Path(part).unlink()


def test_nothing_is_written_beside_without_being_asked_for(tmp_path: Path, run: Run) -> None:
    (tmp_path / "in.tif").write_bytes(geotiff(ROWS, TURNED))
    run("detect", tmp_path / "in.tif", "-o", tmp_path / "o.png")
    assert {one.name for one in tmp_path.iterdir()} == {"in.tif", "o.png"}


def test_files_beside_are_kept_where_files_are(tmp_path: Path, run: Run) -> None:
    (tmp_path / "in.tif").write_bytes(geotiff(ROWS, TURNED))
    (tmp_path / "o.pgw").write_text("mine")
    run("detect", tmp_path / "in.tif", "-o", tmp_path / "o.png", "--world-file", "--no-clobber")
    assert (tmp_path / "o.pgw").read_text() == "mine"
    assert (tmp_path / "o.png.aux.xml").exists()


def test_a_batch_that_is_asked_for_world_files_later_writes_them(tmp_path: Path, run: Run) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.tif").write_bytes(geotiff(ROWS, TURNED))
    args = ("batch", tmp_path / "in", "-o", tmp_path / "out", "--jobs", "1")
    for options in ((), ("--world-file",)):
        run(*args, *options)
    assert (tmp_path / "out" / "a-sobel.pgw").exists()


def test_what_cannot_be_said_beside_is_told(tmp_path: Path, run: Run) -> None:
    plain = image(tmp_path, "plain.png")
    args = ("-o", tmp_path / "o.png", "--world-file", "--report", "none")
    assert "no place on a map" in run("detect", plain, *args).stderr
    own = (34735, "H", 12, (1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 32767), True)
    path = tmp_path / "own.tif"
    path.write_bytes(geotiff(ROWS, TURNED, keys=own))
    assert "a coordinate system of its own" in run("detect", path, *args).stderr


def test_a_tiff_that_cannot_name_a_system_says_so(tmp_path: Path, run: Run) -> None:
    esri = UTM.replace(',AUTHORITY["EPSG","32632"]', "").replace("zone 32", "mine")
    path = image(tmp_path, pgw=WORLD, prj=esri)
    args = ("-o", tmp_path / "o.tif", "--report", "none")
    assert "--world-file writes it beside" in run("detect", path, *args).stderr
    assert run("detect", path, *args, "--world-file").stderr == ""
    assert "mine" in (tmp_path / "o.tif.aux.xml").read_text()


@pytest.mark.parametrize("format_", [one for one in FORMATS.values() if not one.world])
def test_formats_of_which_no_map_is_made_have_none(
    format_: object, tmp_path: Path, refuse: Refuse
) -> None:
    name = getattr(format_, "name", "")
    args = ("-o", tmp_path / "o", "--format", name, "--world-file")
    line = refuse("detect", image(tmp_path), *args, code=2)
    assert f"{name} has no place for --world-file" in line


def test_nothing_lies_beside_standard_output(tmp_path: Path, refuse: Refuse) -> None:
    args = ("-o", "-", "--format", "png", "--world-file")
    assert "nothing lies beside" in refuse("detect", image(tmp_path), *args, code=2)
