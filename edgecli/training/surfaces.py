"""How things look: natural colours, and textured surfaces ``(H, W, 3)`` under light."""

from __future__ import annotations

import colorsys
import math

import numpy as np
from numpy.typing import NDArray

from edgecli.records import dataclass
from edgecli.training.fields import Field, Random, Shape, log_uniform, slow, texture, turned

Colour = NDArray[np.float32]

FAMILIES = {
    "earth": (0.28, (0.04, 0.12), (0.15, 0.6)),
    "leaf": (0.22, (0.15, 0.36), (0.12, 0.55)),
    "sky": (0.14, (0.53, 0.65), (0.05, 0.55)),
    "grey": (0.22, (0.0, 1.0), (0.0, 0.1)),
    "paint": (0.08, (0.0, 1.0), (0.4, 1.0)),
}
"""Families of colours: frequency, and ranges of hue and saturation (HSV, 0 to 1)."""


def colour(random: Random) -> Colour:
    """Return a colour that occurs outdoors: mostly muted, often dark."""
    share, hues, saturations = zip(*FAMILIES.values(), strict=True)
    family = random.choice(len(share), p=np.array(share) / sum(share))
    hue, saturation = random.uniform(*hues[family]), random.uniform(*saturations[family])
    value = 0.04 + 0.92 * random.beta(1.3, 1.4)
    return np.array(colorsys.hsv_to_rgb(hue, saturation, value), np.float32)


@dataclass(frozen=True, eq=False)
class Palette:
    """The few colours of a scene: neighbours often have much the same."""

    colours: tuple[Colour, ...]

    def pick(self, random: Random) -> Colour:
        """Return one of the colours, lighter or darker, or now and then a new one."""
        if random.random() < 0.2:
            return colour(random)
        chosen = self.colours[random.integers(len(self.colours))]
        return vary(random, chosen, 0.35)


def palette(random: Random) -> Palette:
    """Return 2 to 6 colours, all mixed with a common one in the same proportion."""
    tint, share = colour(random), random.uniform(0, 0.5)
    count = int(random.integers(2, 7))
    mixed = ((1 - share) * colour(random) + share * tint for _ in range(count))
    return Palette(tuple(c.astype(np.float32) for c in mixed))


def vary(random: Random, base: Colour, amount: float) -> Colour:
    """Return a lighter or darker colour with a slightly different hue."""
    gain = math.exp(random.normal(0, amount))
    varied: Colour = (base * gain + random.normal(0, 0.02, 3)).clip(0.01, 1)
    return varied.astype(np.float32)


def surface(random: Random, shape: Shape, base: Colour) -> Field:
    """Return a surface of one material: its colour, texture and lighting."""
    field, is_plain = texture(random, shape)
    depth = log_uniform(random, 0.005, 0.06) if is_plain else log_uniform(random, 0.06, 0.8)
    drift = slow(random, shape, 2.6)
    light = depth * field
    if random.random() < 0.4:  # a texture that varies in strength
        light = light * np.exp(0.7 * np.roll(drift, shape[0] // 3, 0)).clip(0, 2)
    if random.random() < 0.6:
        light = light + random.uniform(0.03, 0.35) * drift
    light = light + _shading(random, shape)
    pixels = base * np.exp(light.clip(-2.5, 1.2))[..., None]
    if random.random() < 0.4:  # a texture of two colours, not one colour lighter and darker
        other = vary(random, colour(random) if random.random() < 0.3 else base, 0.3)
        share = np.tanh(field * random.uniform(0.3, 1.2)) * 0.5 * random.uniform(0.1, 0.9) + 0.5
        pixels += (other - base) * (share * min(3 * depth, 1))[..., None]
    painted: Field = pixels.astype(np.float32)
    return painted


def _shading(random: Random, shape: Shape) -> Field:
    """Return the logarithm of the shading of a ramp or dome: flat, rounded or lit from a side."""
    u, v = turned(random, shape)
    kind = random.random()
    if kind < 0.35:
        return np.float32(random.normal(0, 0.04)) * u
    if kind < 0.7:
        return np.float32(random.normal(0, 0.3)) * u
    lit = u * np.float32(random.normal(0, 0.3))
    return lit - np.float32(random.uniform(0.1, 0.7)) * (u * u + v * v)
