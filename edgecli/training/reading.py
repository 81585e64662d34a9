"""What ``lenet5`` learns: digits are shown in colours, and their names are asked for."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from edgecli.training.digits import SIDE, Inks, shown
from edgecli.training.fields import Random
from edgecli.training.model import Model
from edgecli.training.pool import DigitPool
from edgecli.training.recipe import HELD_OUT, DigitRecipe
from edgecli.training.train import Batch

TURN, STRETCH, SHIFT = 0.08, 0.07, 1.2  # deviations: radians, a share, px


class DigitLesson:
    """Digits of a pool, each time in other colours and a little elsewhere.

    What is measured is drawn with legible fonts: what people cannot read says little.
    """

    def __init__(self, recipe: DigitRecipe, pool: DigitPool, unseen: DigitPool) -> None:
        self.recipe, self.pool, self.unseen = recipe, pool, unseen

    @cached_property
    def _inks(self) -> Inks:
        return np.concatenate([self.pool.read(number) for number in range(self.recipe.blocks)])

    def batch(self, step: int) -> Batch:
        """Return images ``(N, 3, 32, 32)`` and digits ``(N,)``."""
        random = np.random.default_rng([self.recipe.seed, step])
        chosen = random.integers(len(self._inks), size=self.recipe.batch)
        images = torch.from_numpy(shown(random, moved(random, self._inks[chosen])))
        return images, torch.from_numpy(chosen % 10)

    def loss(self, logits: dict[str, Tensor], *asked: Tensor) -> Tensor:
        """Return the mean cross-entropy."""
        (answer,) = logits.values()
        smoothing = self.recipe.smoothing
        return functional.cross_entropy(answer, asked[0], label_smoothing=smoothing)

    def measure(self, model: Model) -> str:
        """Say what share of digits that were held out is read."""
        numbers = range(HELD_OUT, HELD_OUT + self.recipe.measured)
        inks = np.concatenate([self.unseen.read(number) for number in numbers])
        images = torch.from_numpy(shown(np.random.default_rng(HELD_OUT), inks))
        with torch.no_grad():
            (answer,) = model.forward(images).values()
        read = answer.argmax(1).numpy() == np.arange(len(inks)) % 10
        return f"{read.mean():.2%} of {len(inks):,} digits held out are read"


def moved(random: Random, inks: Inks) -> Inks:
    """Return inks ``(N, 32, 32)``, each turned, stretched and shifted a little."""
    count = len(inks)
    turn, lean = random.normal(0, TURN, (2, count))
    wide, high = np.exp(random.normal(0, STRETCH, (2, count)))
    x, y = random.normal(0, 2 * SHIFT / SIDE, (2, count)).clip(-2 * SHIFT / SIDE, 2 * SHIFT / SIDE)
    c, s = np.cos(turn), np.sin(turn)
    rows = [[c * wide, (lean - s) * wide, x], [s * high, c * high, y]]
    matrix = torch.tensor(np.array(rows), dtype=torch.float32).permute(2, 0, 1)
    grid = functional.affine_grid(matrix, [count, 1, SIDE, SIDE], align_corners=False)
    image = torch.from_numpy(inks)[:, None].float()
    there = functional.grid_sample(image, grid, align_corners=False)
    return np.asarray(there[:, 0].round().byte().numpy())
