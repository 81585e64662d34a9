"""What ``learned`` learns: crops of scenes are shown, and edges are asked for."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from edgecli.records import dataclass
from edgecli.training.crops import Crop, crop, whole
from edgecli.training.model import Model
from edgecli.training.photos import PhotoPool
from edgecli.training.pool import ScenePool
from edgecli.training.recipe import HELD_OUT, EdgeRecipe
from edgecli.training.train import Batch


@dataclass(frozen=True)
class EdgeLesson:
    """Crops of the scenes in a pool, more of them from step to step, and of photos, if any."""

    recipe: EdgeRecipe
    pool: ScenePool
    photos: PhotoPool | None = None

    def batch(self, step: int) -> Batch:
        """Return images, and what ``tensors`` says."""
        recipe, random = self.recipe, np.random.default_rng([self.recipe.seed, step])
        shown = min(recipe.shown, recipe.batch) if self.photos else 0
        drawn = random.integers(min(recipe.ready + step, recipe.scenes), size=recipe.batch - shown)
        crops = [crop(random, self.pool.read(int(n)), recipe.side) for n in drawn]
        if self.photos:
            crops += [self.photos.crop(random) for _ in range(shown)]
        return tensors(crops)

    def loss(self, logits: dict[str, Tensor], *asked: Tensor) -> Tensor:
        """Return the loss of edges and weights."""
        edges, weight = asked
        return total_loss(logits, edges, weight, self.recipe)

    def measure(self, model: Model) -> str:
        """Say the loss on whole scenes."""
        losses = []
        for number in range(HELD_OUT, HELD_OUT + self.recipe.measured):
            images, *asked = tensors([whole(self.pool.read(number))])
            with torch.no_grad():
                losses.append(float(self.loss(model.forward(images), *asked)))
        return f"loss on scenes held out {sum(losses) / max(len(losses), 1):.4f}"


def tensors(batch: list[Crop]) -> tuple[Tensor, Tensor, Tensor]:
    """Return images ``(N, 3, H, W)``, edges and weights ``(N, 1, H, W)``."""
    images = torch.from_numpy(np.stack([one.pixels for one in batch]))
    edges = torch.from_numpy(np.stack([one.edges for one in batch])[:, None])
    weight = torch.from_numpy(np.stack([one.weight for one in batch])[:, None])
    return images, edges, weight


def total_loss(
    logits: dict[str, Tensor], edges: Tensor, weight: Tensor, recipe: EdgeRecipe
) -> Tensor:
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
