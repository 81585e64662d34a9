"""Training: crops of scenes go in, and weights that find edges come out.

Every step is drawn from the seed and its own number, so that a run that was interrupted goes on as
if it had never stopped. The result is the running mean of the weights at the end. No photo and no
choice among checkpoints has a part in it.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from edgecli.networks import Network
from edgecli.records import dataclass
from edgecli.training.crops import Crop, crop, whole
from edgecli.training.model import Model, build
from edgecli.training.pool import Pool
from edgecli.training.recipe import HELD_OUT, Recipe

Log = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Run:
    """The state of a training run, which can be saved and resumed."""

    recipe: Recipe
    model: Model
    mean: Model  # of the weights of the last steps
    optimizer: torch.optim.Optimizer

    @property
    def parts(self) -> dict[str, Any]:
        """Return everything that changes from step to step, by its name in checkpoints."""
        return {"model": self.model.modules, "mean": self.mean.modules, "optimizer": self.optimizer}


def start(network: Network, recipe: Recipe) -> Run:
    """Return a training run before its first step."""
    torch.manual_seed(recipe.seed)
    model = build(network)
    mean = Model(network, copy.deepcopy(model.modules))
    mean.modules.eval()
    learned = model.modules.parameters()
    optimizer = torch.optim.AdamW(learned, recipe.rate, weight_decay=recipe.decay)
    return Run(recipe, model, mean, optimizer)


def train(
    run: Run,
    pool: Pool,
    log: Log,
    checkpoint: Path | None = None,
    minutes: float = math.inf,
    every: int = 200,
) -> Model:
    """Train to the recipe's last step and return the mean of the weights.

    The run goes on from the ``checkpoint`` if there is one, and saves one after each ``every``
    steps. ``minutes`` end it earlier, and the rate falls the faster; the result then depends on the
    machine.
    """
    first = load(run, checkpoint) if checkpoint is not None and checkpoint.exists() else 0
    begun, total, recent = time.monotonic(), run.recipe.steps, 0.0
    for step, batch in _batches(run.recipe, pool, first):
        passed = (time.monotonic() - begun) / 60 / minutes
        done = max((step + 1) / total, first / total + passed)
        loss = advance(run, batch, step, min(done, 1.0))
        recent = loss if step == first else 0.98 * recent + 0.02 * loss
        if (step + 1) % 20 == 0:
            log(f"step {step + 1}/{total}, {done:.1%}, loss {recent:.4f}")
        if checkpoint is not None and (step + 1) % every == 0:
            save(run, checkpoint, step + 1)
        if (step + 1) % (5 * every) == 0:
            log(f"step {step + 1}: loss on scenes held out {measure(run, pool):.4f}")
        if done >= 1:
            break
    log(f"loss on scenes held out {measure(run, pool):.4f}")
    return run.mean


def advance(run: Run, batch: list[Crop], step: int, done: float) -> float:
    """Take one step, at a rate that depends on the share ``done``, and return the loss."""
    recipe = run.recipe
    warm = min((step + 1) / recipe.warmup, 1.0)
    for group in run.optimizer.param_groups:
        group["lr"] = recipe.rate * warm * 0.5 * (1 + math.cos(math.pi * done))
    run.model.modules.train()
    images, edges, weight = tensors(batch)
    logits = run.model.forward(images)
    loss = total_loss(logits, edges, weight, recipe)
    run.optimizer.zero_grad()
    torch.autograd.backward(loss)
    run.optimizer.step()
    _follow(run.mean, run.model, min(recipe.average, (1 + step) / (10 + step)))
    return float(loss.detach())


def tensors(batch: list[Crop]) -> tuple[Tensor, Tensor, Tensor]:
    """Return images ``(N, 3, H, W)``, edges and weights ``(N, 1, H, W)``."""
    images = torch.from_numpy(np.stack([one.pixels for one in batch]))
    edges = torch.from_numpy(np.stack([one.edges for one in batch])[:, None])
    weight = torch.from_numpy(np.stack([one.weight for one in batch])[:, None])
    return images, edges, weight


def total_loss(logits: dict[str, Tensor], edges: Tensor, weight: Tensor, recipe: Recipe) -> Tensor:
    """Return the loss of the output, plus a share of that of the side outputs.

    A coarse pixel is an edge where any of the pixels under it is one, and it is ignored where any
    of them is ignored.
    """
    (_, answer), *sides = logits.items()
    loss = edge_loss(answer, edges, weight, recipe.positives)
    for _, side in sides:
        scale = round(edges.shape[2] / side.shape[2])
        coarse = functional.max_pool2d(edges, scale, ceil_mode=True)
        asked = -functional.max_pool2d(-weight, scale, ceil_mode=True)
        loss = loss + recipe.sides * edge_loss(side, coarse, asked, recipe.positives)
    return loss


def edge_loss(logits: Tensor, edges: Tensor, weight: Tensor, positives: float) -> Tensor:
    """Return the mean cross-entropy where ``weight`` is not 0; edges weigh ``positives``."""
    each = functional.binary_cross_entropy_with_logits(logits, edges, reduction="none")
    counted = weight * (1 + (positives - 1) * edges)
    return (counted * each).sum() / weight.sum().clamp(min=1)


def measure(run: Run, pool: Pool) -> float:
    """Return the loss of the mean weights on scenes that were held out."""
    losses = []
    for number in range(HELD_OUT, HELD_OUT + run.recipe.measured):
        images, edges, weight = tensors([whole(pool.read(number))])
        with torch.no_grad():
            logits = run.mean.forward(images)
            losses.append(float(total_loss(logits, edges, weight, run.recipe)))
    return sum(losses) / max(len(losses), 1)


def _follow(mean: Model, model: Model, kept: float) -> None:
    """Move the mean's weights and the statistics of its norms towards the model's."""
    latest = model.modules.state_dict()
    with torch.no_grad():
        for name, value in mean.modules.state_dict().items():
            if value.is_floating_point():
                value.lerp_(latest[name], 1 - kept)
            else:
                value.copy_(latest[name])


def _batches(recipe: Recipe, pool: Pool, first: int) -> Iterator[tuple[int, list[Crop]]]:
    """Yield each step with its crops, which another thread prepares during the steps before."""

    def prepare(step: int) -> list[Crop]:
        random = np.random.default_rng([recipe.seed, step])
        drawn = random.integers(min(recipe.ready + step, recipe.scenes), size=recipe.batch)
        return [crop(random, pool.read(int(number)), recipe.side) for number in drawn]

    with ThreadPoolExecutor(1) as executor:
        ahead: list[Future[list[Crop]]] = []
        for step in range(first, recipe.steps):
            last = min(step + 3, recipe.steps)
            ahead += [executor.submit(prepare, n) for n in range(step + len(ahead), last)]
            yield step, ahead.pop(0).result()


def save(run: Run, path: Path, step: int) -> None:
    """Save the state of a training run; the file appears whole or not at all."""
    state = {"step": step, "recipe": asdict(run.recipe)}
    state |= {name: part.state_dict() for name, part in run.parts.items()}
    temporary = path.with_suffix(".part")
    torch.save(state, temporary)
    temporary.replace(path)


def load(run: Run, path: Path) -> int:
    """Bring a training run to the state in a file, and return its next step."""
    state: dict[str, Any] = torch.load(path, weights_only=True)
    for name, part in run.parts.items():
        part.load_state_dict(state[name])
    return int(state["step"])
