"""The command that trains: its recipe, and what it refuses."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from edgecli.errors import UsageError
from edgecli.networks import load_network
from edgecli.training import __main__ as command
from edgecli.training.architecture import write_network
from edgecli.training.recipe import HELD_OUT, DigitRecipe, EdgeRecipe, changed


def test_settings_change_numbers_and_no_others() -> None:
    recipe = changed(EdgeRecipe(), ["steps=10", "rate=1e-4", "seed=0", "steps=20"])
    assert (recipe.steps, recipe.rate, recipe.seed) == (20, 1e-4, 0)
    assert recipe.scenes == EdgeRecipe().scenes


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("stesp=3", "'stesp' is not in the recipe; there are steps, batch"),
        ("steps", "steps= is no whole number from 1; write steps=1 or more"),
        ("steps=0", "steps=0 is no whole number from 1"),
        ("steps=1.5", "steps=1.5 is no whole number"),
        ("rate=-1", "rate=-1 is no number from 0"),
        ("rate=inf", "rate=inf is no number"),
        ("rate=nan", "rate=nan is no number"),
        ("bits=8", "values of 8 bits are not trained with; take 16 or 32"),
    ],
)
def test_settings_that_are_refused(setting: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        changed(EdgeRecipe(), [setting])


@pytest.mark.parametrize(
    "recipe", [EdgeRecipe(), EdgeRecipe(scenes=9), EdgeRecipe(steps=3)], ids=str
)
def test_every_scene_is_drawn_once_and_none_that_is_held_out(recipe: EdgeRecipe) -> None:
    numbers = [*recipe.first_scenes, *recipe.later_scenes]
    assert numbers == list(range(min(recipe.ready + recipe.steps, recipe.scenes)))
    assert numbers[-1] < HELD_OUT


def test_digits_and_scenes_have_recipes_of_their_own() -> None:
    assert changed(DigitRecipe(), ["blocks=3"]).blocks == 3
    with pytest.raises(UsageError, match="'scenes' is not in the recipe"):
        changed(DigitRecipe(), ["scenes=3"])
    assert DigitRecipe().blocks < HELD_OUT


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["learnt"], "network 'learnt' is not trained here; try learned"),
        (["digit"], "network 'digit' is not trained here; try digits"),
        (["digits", "--set", "scenes=3"], "'scenes' is not in the recipe; there are steps, batch"),
        (["learned", "--set", "steps=x"], "steps=x is no whole number from 1"),
        (["digits", "--photos", "x.jpg"], "digits are not learned from photos; drop --photos"),
        (["learned", "--photos", "x.jpg"], "photos need networks that answer for them; give --ph"),
        (["learned", "--start", "learned-small"], "learned-small has other layers than learned"),
        (["learned", "--scales", "3"], "scales '3' are not among 0.5, 1, 2; write 1, or 0.5,1"),
        (
            ["learned", "--teacher", "learned-small", "--photos", "pyproject.toml"],
            "no photo in pyproject.toml; give JPEG or WebP files",
        ),
    ],
)
def test_the_command_refuses_in_one_line(
    args: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([*args, "-o", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"edgecli.training: {said}")
    assert told.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_training_may_begin_with_the_mean_of_networks(tmp_path: Path) -> None:
    known = load_network("learned-small")
    doubled = {name: 2 * array for name, array in known.weights.items()}
    other = write_network(known, doubled, tmp_path)
    args = ["learned-small", "-o", "x", "--start", "learned-small", "--start", str(other)]
    begun = command.first_network(command.parse(args))
    for name, array in begun.weights.items():
        np.testing.assert_allclose(array, 1.5 * known.weights[name], rtol=1e-3, atol=1e-7)
    for name, array in command.first_network(command.parse(args[:5])).weights.items():
        np.testing.assert_array_equal(array, known.weights[name])


def test_without_torch_the_command_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(name: str) -> object:
        return None if name == "torch" else find_spec(name)

    monkeypatch.setattr(command, "find_spec", find)
    assert command.main(["learned", "-o", str(tmp_path)]) == 2
    assert "training needs torch; pip install 'edgecli[train]'" in capsys.readouterr().err
