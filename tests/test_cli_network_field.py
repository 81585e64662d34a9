"""``network summary --receptive-field``: what an output sees, in numbers and on a photo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgecli.images.frames import HEIGHT, WIDTH
from tests.conftest import SAMPLES, Refuse, Run, Save, noise

PHOTO = SAMPLES / "building.jpg"


def sees(run: Run, *args: Any) -> dict[str, Any]:
    told = run("network", "summary", *args, "--report", "json").stdout
    return {one["layer"]: one for one in json.loads(told)["sees"]}


def test_in_numbers(run: Run) -> None:
    seen = sees(run, "lenet5", "--receptive-field", "2,2")
    assert seen["pool2"] == {
        "layer": "pool2", "output": [2, 2], "rows": [8, 23], "columns": [8, 23],
    }  # fmt: skip
    assert seen["fc3"] == {"layer": "fc3", "output": None, "rows": [0, 31], "columns": [0, 31]}
    text = run("network", "summary", "lenet5", "--receptive-field", "2,2").stdout
    assert "output  sees rows  sees columns" in text
    assert "2,2    8 to 23       8 to 23" in text


def test_another_input_moves_the_bounds(run: Run) -> None:
    seen = sees(run, "learned", "--receptive-field", "50,60", "--input", "60x70x3")
    assert seen["edges"]["rows"][1] > 59
    assert seen["edges"]["output"] == [50, 60]


def test_on_a_photo(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "field.png"
    args = ("learned", "--receptive-field", "300,400", "--on", PHOTO, "-o", path)
    result = run("network", "summary", *args)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "learned, input 600×800×3" in result.stdout
    with Image.open(path) as slide:
        assert (slide.mode, slide.width) == ("RGB", WIDTH)
        assert slide.info["Comment"] == "edgecli network summary learned --receptive-field 300,400"
    again = path.read_bytes()
    run("network", "summary", *args)
    assert path.read_bytes() == again


def test_a_photo_is_scaled_where_dense_layers_allow_no_other(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "field.png"
    args = ("lenet5", "--receptive-field", "0,4", "--on", PHOTO, "-o", path)
    result = run("network", "summary", *args, "-q")
    assert result.stderr.endswith("is scaled from 600×800 to 32×32, which lenet5 takes\n")
    with Image.open(path) as slide:
        assert slide.size == (WIDTH, HEIGHT)
    assert sees(run, *args)["pool2"]["rows"] == [0, 15]


@pytest.mark.parametrize(
    "picture",
    [noise(40, 50), noise(40, 50, 4), np.float32(noise(40, 50) / 255), np.uint16(noise(40, 50))],
)
def test_any_picture_will_do(run: Run, save: Save, tmp_path: Path, picture: Any) -> None:
    image = save("picture.npy", picture)
    out = tmp_path / "field.jpg"
    args = ("edges-rgb", "--receptive-field", "0,0", "--on", image, "-o", out)
    assert run("network", "summary", *args).exit_code == 0
    with Image.open(out) as slide:
        assert np.asarray(slide).std() > 5


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["lenet5", "--receptive-field", "2"], 2, "output '2' is not ROW,COL"),
        (["lenet5", "--receptive-field", "2,-1"], 2, "output '2,-1' is not ROW,COL"),
        (["lenet5", "--receptive-field", "0,5"], 2, "from 0,0 to 4,4"),
        (["learned", "--on", PHOTO], 2, "such as --receptive-field 0,0"),
        (["learned", "--receptive-field", "0,0", "--on", PHOTO], 2, "give -o field.png"),
        (["learned", "--receptive-field", "0,0", "-o", "x.png"], 2, "name one with --on"),
        (["learned", "--receptive-field", "0,0", "--on", "no.png", "-o", "x.png"], 1, "not exist"),
        (["learned", "--receptive-field", "0,0", "--on", PHOTO, "-o", "x.svg"], 2, "field.png"),
        (["learned", "--receptive-field", "0,0", "--on", PHOTO, "-o", "-"], 2, "field.png"),
        (
            ["learned", "--receptive-field", "0,0", "--on", PHOTO, "-o", "x.png",
             "--max-pixels", "9"],
            1, "--max-pixels",
        ),
        (
            ["learned", "--receptive-field", "0,0", "--on", PHOTO, "-o", "x.png",
             "--input", "9x9x3"],
            2, "leave out --input",
        ),
        (
            ["learned", "--receptive-field", "0,0", "--compare", "fully-connected"],
            2, "drop --compare or --receptive-field",
        ),
    ],
)  # fmt: skip
def test_refusals(
    refuse: Refuse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: list[Any],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said in refuse("network", "summary", *args, code=code)
    assert not list(tmp_path.iterdir())


def test_a_photo_is_never_overwritten(refuse: Refuse, save: Save) -> None:
    image = save("photo.png", noise(40, 50, 3))
    before = image.read_bytes()
    args = ("edges-rgb", "--receptive-field", "0,0", "--on", image, "-o", image)
    assert "is also the input" in refuse("network", "summary", *args, code=2)
    assert image.read_bytes() == before
