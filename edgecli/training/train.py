"""Training: drawings go in, and weights come out.

Every step is drawn from the seed and its own number, so that a run that was interrupted goes on as
if it had never stopped. The result is the running mean of the weights at the end. No photo and no
choice among checkpoints has a part in it. What is learned is a ``Lesson``: see ``edges.py`` and
``reading.py``.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from edgecli.networks import Network
from edgecli.records import dataclass
from edgecli.training.model import Model, build, unfolded
from edgecli.training.recipe import Recipe

Log = Callable[[str], None]
Batch = tuple[Tensor, ...]
"""Images ``(N, 3, H, W)``, and what a lesson asks of each."""


class Lesson(Protocol):
    """What a network learns from, and how its answers are judged."""

    def batch(self, step: int) -> Batch:
        """Return what is shown at a step; the same step always gives the same."""

    def loss(self, logits: dict[str, Tensor], *asked: Tensor) -> Tensor:
        """Return how wrong answers are."""

    def measure(self, model: Model) -> str:
        """Say how well a model does on drawings that were held out."""


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


def start(network: Network, recipe: Recipe, lesson: Lesson | None = None) -> Run:
    """Return a training run before its first step.

    It begins with the network's weights, if it has any: then the norms follow a lesson's images.
    """
    torch.manual_seed(recipe.seed)
    model = unfolded(network, lesson.batch(0)[0]) if lesson and network.weights else build(network)
    model.modules.to(memory_format=torch.channels_last)
    mean = Model(network, copy.deepcopy(model.modules))
    mean.modules.eval()
    learned = model.modules.parameters()
    optimizer = torch.optim.AdamW(learned, recipe.rate, weight_decay=recipe.decay)
    return Run(recipe, model, mean, optimizer)


def train(
    run: Run,
    lesson: Lesson,
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
    for step, batch in _batches(run.recipe, lesson, first):
        passed = (time.monotonic() - begun) / 60 / minutes
        done = max((step + 1) / total, first / total + passed)
        loss = advance(run, lesson, batch, step, min(done, 1.0))
        recent = loss if step == first else 0.98 * recent + 0.02 * loss
        if (step + 1) % 20 == 0:
            log(f"step {step + 1}/{total}, {done:.1%}, loss {recent:.4f}")
        if checkpoint is not None and (step + 1) % every == 0:
            save(run, checkpoint, step + 1)
        if (step + 1) % (5 * every) == 0:
            log(f"step {step + 1}: {lesson.measure(run.mean)}")
        if done >= 1:
            break
    log(lesson.measure(run.mean))
    return run.mean


def advance(run: Run, lesson: Lesson, batch: Batch, step: int, done: float) -> float:
    """Take one step, at a rate that depends on the share ``done``, and return the loss."""
    recipe = run.recipe
    warm = min((step + 1) / recipe.warmup, 1.0)
    for group in run.optimizer.param_groups:
        group["lr"] = recipe.rate * warm * 0.5 * (1 + math.cos(math.pi * done))
    run.model.modules.train()
    images, *asked = batch
    with torch.autocast("cpu", torch.bfloat16, enabled=is_half(recipe)):
        logits = run.model.forward(images.to(memory_format=torch.channels_last))
    loss = lesson.loss({name: value.float() for name, value in logits.items()}, *asked)
    run.optimizer.zero_grad()
    torch.autograd.backward(loss)
    run.optimizer.step()
    _follow(run.mean, run.model, min(recipe.average, (1 + step) / (10 + step)))
    return float(loss.detach())


def is_half(recipe: Recipe) -> bool:
    """Return whether values between layers have 16 bits, which is slow without AVX-512."""
    return recipe.bits == 16 and "AVX512" in torch.backends.cpu.get_cpu_capability()


def _follow(mean: Model, model: Model, kept: float) -> None:
    """Move the mean's weights and the statistics of its norms towards the model's."""
    latest = model.modules.state_dict()
    with torch.no_grad():
        for name, value in mean.modules.state_dict().items():
            if value.is_floating_point():
                value.lerp_(latest[name], 1 - kept)
            else:
                value.copy_(latest[name])


def _batches(recipe: Recipe, lesson: Lesson, first: int) -> Iterator[tuple[int, Batch]]:
    """Yield each step with its batch, which another thread prepares during the steps before."""
    with ThreadPoolExecutor(1) as executor:
        ahead: list[Future[Batch]] = []
        for step in range(first, recipe.steps):
            last = min(step + 3, recipe.steps)
            ahead += [executor.submit(lesson.batch, n) for n in range(step + len(ahead), last)]
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
