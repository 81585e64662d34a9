"""What may appear in a scene: things of an archive, and the grounds that they stand on."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from pathlib import Path
from zipfile import is_zipfile

import numpy as np

from edgecli.errors import UsageError
from edgecli.training.fields import Field, Random, Shape, choice, log_uniform, slow
from edgecli.training.meshes import Archive
from edgecli.training.rendering import Texture, mipmapped, sample
from edgecli.training.studio import Sprite, View, picture

KINDS = {
    ("fauna/", "", r"circle|shoal|flaming|dragon"): 0.32,
    ("flora/", "", "patch"): 0.14,
    ("structures/", "", r"fndn|destruct|plot|field|palisade|_wall|/wall|rubble|/merchant"): 0.22,
    ("units/", "", r"pivot|ballista|lithobolos|siege|operator|_r\.|rider|rock"): 0.22,
    ("units/", "siege|chariot|elephant|cavalry", r"pivot|rock|_r\."): 0.06,
    ("geology/", "", r"decal|water|cliff|geo_|fall"): 0.04,
}
"""A folder of actors, a pattern of names that are taken and one of names that are not; a share."""

GROUNDS = re.compile(
    r"(grass|dirt|sand|gravel|forest|forrest|shrub|scrub|plants|mud|snow|steppe|savanna|moss|clover"
    r"|tundra|highland|pebbles|flora)"
)
NO_GROUNDS = re.compile(
    r"cliff|city|tile|road|paving|norm|spec|farm|crack|wave|wavy|ripple|furrow|path|coral|ice|50_?$"
)


def view(random: Random) -> View:
    """Return a view, most often from about a person's height."""
    horizon = random.uniform(0.05, 0.6) if random.random() < 0.7 else random.uniform(-0.8, 0.05)
    height = math.atan((0.55 - horizon) * 0.7)
    sun = random.uniform(-math.pi, math.pi), random.uniform(0.5, 1.3)
    return View(max(height, 0.01), horizon, sun, random.uniform(0.3, 0.85))


class Cast:
    """All that may appear in a scene."""

    def __init__(self, path: Path) -> None:
        """Open an archive and look up what there is."""
        if not is_zipfile(path):
            raise UsageError(f"{path} is no ZIP file; give the public.zip of 0ad-data")
        self.archive = Archive(path)
        names = self.archive.names("art/actors/", ".xml")
        self.kinds = {
            tuple(
                f"{name}.xml"
                for name in names
                if name.startswith(folder)
                and re.search(taken, name)
                and not re.search(left, f"{name}.")
            ): share
            for (folder, taken, left), share in KINDS.items()
        }
        types = self.archive.names("art/textures/terrain/types/", ".cached.dds")
        plain = (name.rsplit(".", 1)[0] for name in types)
        found = zip(types, plain, strict=True)
        self.grounds = [n for n, p in found if GROUNDS.search(p) and not NO_GROUNDS.search(p)]
        if not (all(self.kinds) and self.grounds):
            raise UsageError(f"{path} lacks things of 0 A.D.; give the public.zip of 0ad-data")
        self.ground = lru_cache(24)(self._ground)

    def _ground(self, name: str) -> Texture:
        return mipmapped(self.archive.image(f"art/textures/terrain/types/{name}").convert("RGB"))

    def sprite(self, random: Random, side: int, seen: View) -> Sprite:
        """Return something whose longer side has this many pixels."""
        while True:
            name = self._name(random)
            try:
                pieces = self.archive.actor(random, name)
            except (KeyError, ValueError):
                continue
            pieces = [piece for piece in pieces if len(piece.faces)]
            if pieces and (shown := picture(random, pieces, side, seen)) is not None:
                return shown

    def _name(self, random: Random) -> str:
        """Return an actor, so that horses, which come in many colours, are no more than others."""
        names = choice(random, self.kinds)
        first = _any(random, list(names))
        if first.startswith("fauna/horse") and random.random() < 0.8:
            return self._name(random)
        return first


@lru_cache(1)
def opened(path: Path) -> Cast:
    """Return the cast of an archive, which is opened once in each process; else UsageError."""
    return Cast(path)


def floor(random: Random, theirs: Cast, shape: Shape, horizon: float) -> Field:
    """Return photographed ground ``(H, W, 3)`` seen small, below a horizon (0 top, 1 bottom).

    Two grounds, or one that is turned, pass into one another, so that none is seen to repeat.
    """
    first = _plane(random, theirs.ground(_any(random, theirs.grounds)), shape, horizon)
    second = _plane(random, theirs.ground(_any(random, theirs.grounds)), shape, horizon)
    if random.random() < 0.6:  # patches differ in lightness and in grain, but hardly in colour
        second *= first.mean((0, 1)) / np.maximum(second.mean((0, 1)), 0.02)
    share = np.tanh(slow(random, shape, 2.4) * random.uniform(0.7, 2) + random.normal(0, 0.7))
    return np.asarray(first + (second - first) * (0.5 + 0.5 * share)[..., None], np.float32)


def _any(random: Random, names: list[str]) -> str:
    return names[random.integers(len(names))]


def _plane(random: Random, texture: Texture, shape: Shape, horizon: float) -> Field:
    """Return a texture on a plane ``(H, W, 3)`` that ends at a horizon."""
    (H, W), size = shape, float(texture.shapes[0, 0])
    rows, columns = np.indices(shape, np.float32) + np.float32(0.5)
    fine = log_uniform(random, 1.5, 6)  # texels a pixel in the nearest row, and more farther away
    below = np.maximum(rows / H - np.float32(horizon), 0.5 / H) / np.float32(1 - horizon)
    across = (columns - W / 2) * np.float32(fine) / below
    away = np.float32(fine * H * (1 - horizon)) / below
    turn = random.uniform(0, 2 * math.pi)
    c, s = np.float32(math.cos(turn) / size), np.float32(math.sin(turn) / size)
    uv = np.stack([c * across - s * away, s * across + c * away], 2).reshape(-1, 2)
    level = np.log2(np.float32(fine) / below) + np.float32(random.uniform(-0.7, 0))
    pixels = sample(texture, uv, level.ravel())[:, :3].reshape(H, W, 3)
    return np.asarray(pixels, np.float32)
