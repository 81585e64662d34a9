"""Training on digits in torch; collected only where torch is, see conftest.py at the root."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from edgecli.networks import load_network
from edgecli.networks.forward import forward
from edgecli.records import replace
from edgecli.training.__main__ import main
from edgecli.training.architecture import architecture
from edgecli.training.digits import draw_digits
from edgecli.training.model import build, folded_weights
from edgecli.training.pool import DigitPool
from edgecli.training.reading import DigitLesson, moved
from edgecli.training.recipe import DigitRecipe
from edgecli.training.train import advance, start

SMALL = DigitRecipe(steps=40, blocks=1, batch=32, warmup=2)


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> DigitLesson:
    pytest.MonkeyPatch().setattr("edgecli.training.pool.BLOCK", 100)
    pool = DigitPool(tmp_path_factory.mktemp("digits"), {})
    return DigitLesson(SMALL, pool, pool)


def test_numpy_computes_what_torch_does() -> None:
    torch.manual_seed(0)
    model = build(architecture("digits"))
    images = torch.rand(4, 3, 32, 32)
    for _ in range(3):
        model.forward(images)
    model.modules.eval()
    with torch.no_grad():
        (logits,) = model.forward(images).values()
    network = replace(model.network, weights=folded_weights(model))
    ours = forward(network, images.numpy()).reshape(4, 10)
    np.testing.assert_allclose(ours, torch.softmax(logits, 1).numpy(), atol=1e-5)


def test_batches_repeat_and_name_their_digits(lesson: DigitLesson) -> None:
    images, digits = lesson.batch(3)
    again, named = lesson.batch(3)
    assert images.shape == (32, 3, 32, 32)
    assert torch.equal(images, again)
    assert torch.equal(digits, named)
    assert set(digits.tolist()) <= set(range(10))


def test_digits_are_moved_a_little() -> None:
    inks = draw_digits(range(50), {})
    there = moved(np.random.default_rng(0), inks)
    assert there.shape == inks.shape
    assert there.dtype == np.uint8
    assert (there != inks).any(axis=(1, 2)).all()
    middles = [np.array([np.average(np.arange(32), weights=one.sum(0)) for one in many])
               for many in (inks.astype(float), there.astype(float))]  # fmt: skip
    assert np.abs(middles[0] - middles[1]).max() < 5


def test_steps_on_one_batch_lower_its_loss(lesson: DigitLesson) -> None:
    run, batch = start(architecture("digits"), SMALL), lesson.batch(0)
    losses = [advance(run, lesson, batch, step, 0.0) for step in range(25)]
    assert losses[-1] < 0.6 * losses[0]
    assert " % of 100 digits held out" in lesson.measure(run.mean).replace("%", " %")


def test_the_command_goes_from_nothing_to_a_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgecli.training.__main__.system_fonts", dict)
    words = [word for pair in ("steps=20", "blocks=1", "batch=8") for word in ("--set", pair)]
    assert main(["digits", "-o", str(tmp_path), "--threads", "1", *words]) == 0
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("lenet5: DigitRecipe(steps=20, batch=8")
    assert told[1] == "0 fonts: none, so strokes alone"
    assert told[-1] == str(tmp_path / "lenet5.toml")
    network = load_network(tmp_path / "lenet5.toml")
    assert network.classes == tuple("0123456789")
    assert set(network.weights) == set(network.parameter_shapes())
