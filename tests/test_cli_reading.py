"""``edgecli network run`` with a network that reads: classes in every format, and ``--fit``."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgecli.networks.files import dump_network
from edgecli.networks.layers import Dense, Flatten
from edgecli.networks.weights import dump_weights, random_weights
from edgecli.records import replace
from tests.conftest import SAMPLES, Refuse, Run, Save
from tests.networks_reference import chain

DIGITS = sorted(SAMPLES.glob("digit-?.png"))
SEVEN = SAMPLES / "digit-7.png"
PHOTO = SAMPLES / "digit-photo.jpg"


@pytest.mark.parametrize("path", DIGITS, ids=lambda path: path.stem)
def test_the_samples_are_read(run: Run, path: Path) -> None:
    facts = json.loads(run("network", "run", "lenet5", path, "--report", "json").stdout)
    first = facts["classes"][0]
    assert first["name"] == path.stem[-1]
    assert first["probability"] > 0.9
    assert facts["random_weights"] is False


def test_json_has_the_three_likeliest_in_order(run: Run) -> None:
    facts = json.loads(run("network", "run", "lenet5", SEVEN, "--report", "json").stdout)
    assert [set(one) for one in facts["classes"]] == [{"name", "probability"}] * 3
    likely = [one["probability"] for one in facts["classes"]]
    assert likely == sorted(likely, reverse=True)
    assert facts["layers"][-1]["max"] == pytest.approx(likely[0])
    assert not any("output" in layer for layer in facts["layers"])  # nothing was written


def test_tables_name_them_in_the_last_layers_row(run: Run) -> None:
    told = run("network", "run", "lenet5", SEVEN)
    assert (told.exit_code, told.stderr) == (0, "")
    title, table, _ = told.stdout.split("\n\n")
    assert title == f"lenet5 on {SEVEN}, 32×32×3"
    header, *_, last = table.splitlines()
    assert header.endswith("likeliest classes")
    assert " 7 9" in last
    assert last.count("%") == 3
    rows = list(
        csv.DictReader(
            run("network", "run", "lenet5", SEVEN, "--report", "csv").stdout.splitlines()
        )
    )
    assert [row["likeliest classes"][:3] for row in rows] == [""] * 7 + ["7 9"]
    marked = run("network", "run", "lenet5", SEVEN, "--report", "markdown").stdout
    assert (
        next(line for line in marked.splitlines() if "| dense |" in line and "%" in line).count(
            "| 7 9"
        )
        == 1
    )


def test_maps_are_written_beside_the_classes(run: Run, tmp_path: Path) -> None:
    told = run("network", "run", "lenet5", SEVEN, "-o", tmp_path / "maps").stdout.splitlines()
    assert told[2].endswith("  likeliest classes")
    assert len(list((tmp_path / "maps").iterdir())) == 8
    run("network", "run", "lenet5", SEVEN, "-o", tmp_path / "maps.npz", "--report", "none")
    with np.load(tmp_path / "maps.npz") as arrays:
        assert arrays["digits"].argmax() == 7


def test_other_networks_tell_no_classes(run: Run, refuse: Refuse, tmp_path: Path) -> None:
    told = run("network", "run", "edges-rgb", SEVEN, "-o", tmp_path / "a.npz", "--report", "json")
    assert "classes" not in json.loads(told.stdout)
    said = refuse("network", "run", "edges-rgb", SEVEN, code=2)
    assert "edges-rgb tells no classes, and gives only maps; say with -o where they go" in said


def test_a_photo_is_refused_without_fit_and_read_with_it(run: Run, refuse: Refuse) -> None:
    said = refuse("network", "run", "lenet5", PHOTO, code=1)
    assert "takes images 32×32×3, and this one is 320×420×3; " in said
    assert said.rstrip().endswith("give one of that shape, or --fit to bring this one there")
    told = run("network", "run", "lenet5", PHOTO, "--fit", "--report", "json")
    assert told.exit_code == 0
    assert f"image {PHOTO} was cropped to rows " in told.stderr
    facts = json.loads(told.stdout)
    assert facts["classes"][0]["name"] == "7"
    assert facts["input"]["shape"] == [320, 420, 3]
    (warning,) = facts["warnings"]
    assert "was cropped to rows" in warning


@pytest.mark.parametrize("turn", ["dark", "light", "grey", "alpha", "large", "small"])
def test_fit_reads_a_digit_however_it_is_shown(run: Run, tmp_path: Path, turn: str) -> None:
    with Image.open(SAMPLES / "digit-4.png") as image:
        shown = image.convert("RGB")
    picture = Image.new("RGB", (90, 70), shown.getpixel((0, 0)))
    picture.paste(shown, (50, 20))
    ways = {
        "dark": picture,
        "light": Image.eval(picture, lambda value: 255 - value),
        "grey": picture.convert("L"),
        "alpha": picture.convert("RGBA"),
        "large": picture.resize((1800, 1400)),
        "small": picture.resize((68, 53)),
    }
    ways[turn].save(tmp_path / "four.png")
    told = run("network", "run", "lenet5", tmp_path / "four.png", "--fit", "--report", "json")
    assert json.loads(told.stdout)["classes"][0]["name"] == "4"
    assert ("inverted" in told.stderr) == (turn == "light")


def test_maps_say_that_they_were_made_of_what_was_fitted(run: Run, tmp_path: Path) -> None:
    run("network", "run", "lenet5", PHOTO, "--fit", "-o", tmp_path / "maps")
    with Image.open(tmp_path / "maps" / "01-conv1.png") as image:
        assert "edgecli network run lenet5 --fit" in image.text.values()  # type: ignore[attr-defined]


def test_fit_finds_no_sign_on_empty_paper(refuse: Refuse, save: Save) -> None:
    paper = save("paper.png", np.full((40, 40, 3), 200, np.uint8))
    assert "shows no sign" in refuse("network", "run", "lenet5", paper, "--fit", code=1)


def test_a_network_of_ones_own_has_its_own_classes(run: Run, save: Save, tmp_path: Path) -> None:
    network = replace(
        chain((3, 4, 4), Flatten(), Dense(2, activation="softmax")), classes=("cat", "no | cat")
    )
    (tmp_path / "pets.toml").write_text(dump_network(network, "pets.npz"), encoding="utf-8")
    weights = random_weights(network.parameter_shapes())
    (tmp_path / "pets.npz").write_bytes(dump_weights(weights, np.float32))
    image = save("cat.png", np.full((4, 4, 3), 9, np.uint8))
    told = run("network", "run", tmp_path / "pets.toml", image, "--report", "json").stdout
    classes = json.loads(told)["classes"]
    assert {one["name"] for one in classes} == {"cat", "no | cat"}
    assert sum(one["probability"] for one in classes) == pytest.approx(1)
