"""Training in torch; collected only where torch is, see conftest.py at the root.

What torch makes of the package's weights is held in tests/golden/, so that the other tests can
compare with it where there is no torch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from edgecli.networks import load_network
from edgecli.networks.forward import forward
from edgecli.networks.layers import AveragePool, Convolution
from edgecli.networks.network import Network, Node
from edgecli.training.__main__ import main
from edgecli.training.architecture import NETWORKS, architecture
from edgecli.training.crops import crop
from edgecli.training.edges import EdgeLesson, edge_loss, tensors, total_loss
from edgecli.training.model import Model, build, folded_weights, unfolded
from edgecli.training.pool import ScenePool
from edgecli.training.recipe import EdgeRecipe
from edgecli.training.scenes import draw_scene
from edgecli.training.train import advance, start, train
from tests.conftest import GOLDEN
from tests.networks_reference import chain
from tests.test_training_architecture import golden_image
from tests.torch_networks import torch_runner

POOLED = chain((3, 8, 8), AveragePool((2, 2)), Convolution(1, (3, 3)))

SMALL = EdgeRecipe(steps=5, scenes=3, ready=2, batch=2, side=32, measured=1, warmup=2)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> EdgeLesson:
    return EdgeLesson(SMALL, ScenePool(tmp_path_factory.mktemp("scenes"), 40))


def evaluated(model: Model, image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what torch makes of an image ``(3, H, W)``, as an array ``(1, H, W)``."""
    model.modules.eval()
    with torch.no_grad():
        (logits,) = model.forward(torch.from_numpy(image)[None]).values()
    answer: NDArray[np.float32] = torch.sigmoid(logits)[0].numpy()
    return answer


def shaken(name: str) -> Model:
    """Return a model whose norms have statistics, factors and summands of their own."""
    torch.manual_seed(1)
    model = build(architecture(name))
    model.modules.train()
    for _ in range(3):
        model.forward(torch.rand(2, 3, 40, 40))
    with torch.no_grad():
        key: str
        module: Any
        for key, module in model.modules.items():
            if key.endswith("-norm"):
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.5, 0.5)
    return model


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", [(1, 1), (7, 9), (33, 50), (40, 64)], ids=str)
def test_folded_weights_in_numpy_equal_norms_in_torch(name: str, size: tuple[int, int]) -> None:
    model = shaken(name)
    image = np.random.default_rng(0).random((3, *size), np.float32)
    network = replace(model.network, weights=folded_weights(model))
    np.testing.assert_allclose(forward(network, image), evaluated(model, image), atol=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_golden_maps_are_what_torch_makes(name: str, request: pytest.FixtureRequest) -> None:
    path = GOLDEN / f"{name}.npy"
    made = torch_runner(load_network(name))(golden_image())
    if request.config.getoption("--refresh-golden"):
        np.save(path, made)
    np.testing.assert_allclose(made, np.load(path), atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_unfolds_into_what_computes_the_same(name: str) -> None:
    network = load_network(name)
    image = golden_image()
    images = torch.from_numpy(np.stack([image, image[:, ::-1].copy()]))
    model = unfolded(network, images)
    for part, array in folded_weights(model).items():
        np.testing.assert_allclose(array, network.weights[part], rtol=1e-4, atol=1e-5)
    with torch.no_grad():
        kept = model.forward(images)["edges"]
        trained = model.modules.train() and model.forward(images)["edges"]
    np.testing.assert_allclose(kept, trained, atol=1e-3)  # the norms fit the images


def test_side_outputs_are_there_in_training_alone() -> None:
    model = build(architecture("learned-small"))
    model.modules.train()
    logits = model.forward(torch.rand(2, 3, 32, 32))
    assert {name: tuple(value.shape[1:]) for name, value in logits.items()} == {
        "edges": (1, 32, 32),
        "quarter-out": (1, 8, 8),
        "half-out": (1, 16, 16),
    }
    model.modules.eval()
    assert list(model.forward(torch.rand(2, 3, 32, 32))) == ["edges"]


def test_layers_that_are_not_trained_are_refused() -> None:
    with pytest.raises(TypeError, match="'a' \\(average-pool\\) is not trained"):
        build(POOLED).forward(torch.zeros(1, 3, 8, 8))


def test_a_network_of_one_convolution() -> None:
    network = Network("one", (3, 8, 8), (Node("a", Convolution(1, (3, 3)), ("input",)),))
    model = build(network)
    logits = model.forward(torch.zeros(1, 3, 8, 8))["a"]
    assert logits.shape == (1, 1, 6, 6)
    assert set(folded_weights(model)) == {"a.weight", "a.bias"}


# --- the loss -----------------------------------------------------------------------------------


def test_the_loss_counts_edges_more_and_ignores_what_is_not_asked_for() -> None:
    logits = torch.zeros(1, 1, 4, 4)
    edges, weight = torch.zeros(1, 1, 4, 4), torch.ones(1, 1, 4, 4)
    half = float(np.log(2))
    assert float(edge_loss(logits, edges, weight, 6)) == pytest.approx(half)
    edges[..., 0] = 1
    assert float(edge_loss(logits, edges, weight, 6)) == pytest.approx(half * (12 + 4 * 6) / 16)
    weight[..., 0] = 0
    logits[..., 0] = 50  # wrong or right, it does not count
    assert float(edge_loss(logits, edges, weight, 6)) == pytest.approx(half)
    assert float(edge_loss(logits, edges, torch.zeros(1, 1, 4, 4), 6)) == 0


def test_side_answers_count_a_share() -> None:
    edges, weight = torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8)
    logits = {"edges": torch.zeros(1, 1, 8, 8), "half-out": torch.zeros(1, 1, 4, 4)}
    alone = total_loss({"edges": logits["edges"]}, edges, weight, SMALL)
    both = total_loss(logits, edges, weight, SMALL)
    assert float(both) == pytest.approx(float(alone) * (1 + SMALL.sides))


# --- training -----------------------------------------------------------------------------------


def weights_of(model: Model) -> dict[str, list[float]]:
    return {name: array.ravel().tolist() for name, array in folded_weights(model).items()}


def test_a_run_repeats_and_ends_alike_when_taken_up_again(
    lesson: EdgeLesson, tmp_path: Path
) -> None:
    lines: list[str] = []
    whole = train(start(architecture("learned-small"), SMALL), lesson, lines.append)
    assert len(lines) == 1
    assert lines[0].startswith("loss on scenes held out ")
    checkpoint = tmp_path / "run.pt"
    kept = train(start(architecture("learned-small"), SMALL), lesson, print, checkpoint, every=2)
    resumed = train(start(architecture("learned-small"), SMALL), lesson, print, checkpoint)
    assert torch.load(checkpoint, weights_only=True)["step"] == 4
    assert weights_of(kept) == weights_of(whole) == weights_of(resumed)


def test_time_ends_a_training_early(lesson: EdgeLesson) -> None:
    lines: list[str] = []
    run = start(architecture("learned-small"), replace(SMALL, steps=10**6))
    train(run, lesson, lines.append, minutes=1e-9)
    assert len(lines) == 1
    assert all(group["lr"] < 1e-9 for group in run.optimizer.param_groups)


def test_steps_on_one_picture_lower_its_loss(lesson: EdgeLesson) -> None:
    run = start(architecture("learned-small"), replace(SMALL, steps=30))
    batch = tensors([crop(np.random.default_rng(0), draw_scene(4, 40), 32)])
    losses = [advance(run, lesson, batch, step, 0.0) for step in range(25)]
    assert losses[-1] < 0.7 * losses[0]


SETTINGS = ["steps=20", "scenes=3", "ready=2", "size=40", "batch=1", "side=32", "measured=1"]


def test_the_command_goes_from_nothing_to_a_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = [word for setting in SETTINGS for word in ("--set", setting)]
    assert main(["learned-small", "-o", str(tmp_path), "--threads", "1", *args]) == 0
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("learned-small: EdgeRecipe(steps=20, batch=1, ")
    assert told[1].startswith("step 20/20, 100.0%, loss ")
    assert told[-1] == str(tmp_path / "learned-small.toml")
    assert len((tmp_path / "learned-small.log").read_text().splitlines()) == len(told) - 1
    assert {path.name for path in (tmp_path / "scenes").iterdir()} >= {
        "scene-40-0000000.npz",
        "scene-40-9000000.npz",
    }
    edges = forward(load_network(tmp_path / "learned-small.toml"), golden_image())
    assert edges.shape == (1, 45, 61)


def test_the_command_goes_on_from_a_network_and_shows_photos(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (310, 320, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / "photo.jpg")
    settings = [*SETTINGS, "batch=2", "shown=1", "takes=2", "sides=0", "rate=0", "steps=2"]
    args = [word for setting in settings for word in ("--set", setting)]
    args += ["--photos", str(tmp_path / "photo.jpg"), "--teacher", "learned-small"]
    args += ["--start", "learned-small", "--start", "learned-small", "--threads", "1"]
    assert main(["learned-small", "-o", str(tmp_path), *args]) == 0
    assert "32 bits between layers" in capsys.readouterr().err or "AVX512" in (
        torch.backends.cpu.get_cpu_capability()
    )
    assert len(list(tmp_path.glob("photos-*/photo-*.npz"))) == 2
    before = forward(load_network("learned-small"), golden_image())
    after = forward(load_network(tmp_path / "learned-small.toml"), golden_image())
    assert 0 < np.abs(after - before).max() < 0.2  # only the norms have seen other pictures
