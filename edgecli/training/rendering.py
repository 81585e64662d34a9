"""A software rasteriser: triangles with textures, what is visible of them, and the light on them.

Screens have pixels ``(row, column)`` whose centres are at halves. Nearness is 1 over the distance:
it is linear on the screen, and the greatest one is seen.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgecli.records import dataclass
from edgecli.training.fields import Field, Shape

Points = NDArray[np.float32]
"""Corners of triangles: ``(F, 3, 2)`` on a screen (x, y), ``(F, 3, 3)`` in space."""

Indices = NDArray[np.intp]
SOLID = 0.45  # of opacity, from which a texel hides what is behind it


class Texture(NamedTuple):
    """An RGBA image at all its sizes: texels ``(N, 4)`` of 8 bits, one size after the other."""

    texels: NDArray[np.uint8]
    shapes: NDArray[np.int64]  # a row for each size: height, width, and where its texels start


def mipmapped(image: Image.Image, cutout: bool = False) -> Texture:
    """Return an image at all sizes down to one texel; in a ``cutout`` one, alpha is coverage.

    >>> mipmapped(Image.new("RGB", (4, 2), "red")).shapes.tolist()
    [[2, 4, 0], [1, 2, 8], [1, 1, 10]]
    """
    image = image.convert("RGBA")
    sizes, shapes, start = [], [], 0
    while True:
        sizes.append(np.asarray(image).reshape(-1, 4))
        shapes.append((image.height, image.width, start))
        start += image.height * image.width
        if max(image.size) == 1:
            return Texture(np.concatenate(sizes), np.array(shapes))
        steps = (min(image.width, 2), min(image.height, 2))
        # Hidden texels have any colour, which must not show at the smaller sizes.
        image = image.convert("RGBa").reduce(steps) if cutout else image.reduce(steps)
        image = image.convert("RGBA")


def sample(texture: Texture, uv: Field, level: Field, smooth: bool = True) -> Field:
    """Return texels ``(N, 4)`` of 0 to 1 at places ``(N, 2)``, which repeat beyond 0 to 1.

    The size of a texture halves with each level ``(N,)``.
    """
    chosen = np.rint(level).clip(0, len(texture.shapes) - 1).astype(np.intp)
    height, width, start = texture.shapes[chosen].T
    x, y = uv[:, 0] * width - 0.5 * smooth, uv[:, 1] * height - 0.5 * smooth
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)

    def texel(down: int, right: int) -> Field:
        place = start + (top + down) % height * width + (left + right) % width
        return np.asarray(texture.texels[place], np.float32)

    if not smooth:
        return texel(0, 0) / 255
    across, along = ((place - np.floor(place))[:, None] for place in (x, y))
    upper = texel(0, 0) * (1 - across) + texel(0, 1) * across
    lower = texel(1, 0) * (1 - across) + texel(1, 1) * across
    return np.asarray((upper * (1 - along) + lower * along) / 255, np.float32)


@dataclass(eq=False)
class Faces:
    """Triangles on a screen: corners ``(F, 3, 2)`` and nearness ``(F, 3)``, places on textures.

    ``skins`` are the textures; ``skin`` says which one a face has, ``cutout`` whether it has holes.
    """

    corners: Points
    nearness: Field
    uv: Points
    skins: list[Texture]
    skin: Indices
    cutout: NDArray[np.bool_]

    def shares(self, face: Indices, pixel: Indices, width: int) -> Field:
        """Return how much of each corner ``(N, 3)`` there is at pixels, in perspective."""
        y, x = np.divmod(pixel, width)
        first, second, third = self.corners[face].transpose(1, 2, 0)
        a, b = second - first, third - first
        x, y = x + 0.5 - first[0], y + 0.5 - first[1]
        area = a[0] * b[1] - a[1] * b[0]
        area[area == 0] = 1
        v, w = (x * b[1] - y * b[0]) / area, (y * a[0] - x * a[1]) / area
        flat = np.stack([1 - v - w, v, w], 1).clip(0, 1) * self.nearness[face]
        return np.asarray(flat / (flat @ np.ones((3, 1), np.float32)), np.float32)

    def levels(self) -> Field:
        """Return at what level of its texture each face is sampled."""
        sizes = np.array([skin.shapes[0, :2].prod() for skin in self.skins])[self.skin]
        texels, pixels = _area(self.uv) * sizes, np.maximum(_area(self.corners), 1e-3)
        return np.asarray(0.5 * np.log2(np.maximum(texels / pixels, 1e-6)), np.float32)

    def texels(self, face: Indices, shares: Field, smooth: bool = True) -> Field:
        """Return what textures show ``(N, 4)`` at points of faces."""
        uv, level, skin = mixed(self.uv[face], shares), self.levels(), self.skin[face]
        found = np.zeros((len(face), 4), np.float32)
        for n in np.unique(skin):
            mine = skin == n
            found[mine] = sample(self.skins[n], uv[mine], level[face[mine]], smooth)
        return found

    def visible(self, shape: Shape) -> tuple[NDArray[np.int64], Field]:
        """Return which face each pixel ``(H · W,)`` of a screen shows, else -1, and its nearness.

        Holes of cutout faces show what is behind.
        """
        face, pixel = covered(self.corners, shape)
        holes = np.flatnonzero(self.cutout[face])
        if len(holes):
            shares = self.shares(face[holes], pixel[holes], shape[1])
            hidden = self.texels(face[holes], shares, smooth=False)[:, 3] < SOLID
            face, pixel = np.delete(face, holes[hidden]), np.delete(pixel, holes[hidden])
        slope = _planes(self.corners, self.nearness)[face]
        y, x = np.divmod(pixel, shape[1])
        near = slope[:, 0] * (x + 0.5) + slope[:, 1] * (y + 0.5) + slope[:, 2]
        best = np.full(shape[0] * shape[1], -np.inf)
        np.maximum.at(best, pixel, near)
        shown = np.full(len(best), -1)
        seen = near >= best[pixel]
        shown[pixel[seen]] = face[seen]
        return shown, best


def mixed(corners: Field, shares: Field) -> Field:
    """Return what there is ``(N, C)`` at points between three corners ``(N, 3, C)`` of shares."""
    return np.asarray(np.einsum("nkc,nk->nc", corners, shares))


def covered(corners: Points, shape: Shape) -> tuple[Indices, Indices]:
    """Return the pixels of a screen whose centres are in triangles: a face and a place for each.

    Between triangles that share a side, no pixel is left out and none is in both.

    >>> corners = np.array([[[0, 0], [2, 0], [0, 2]], [[2, 0], [2, 2], [0, 2]]], np.float32)
    >>> covered(corners, (2, 2))
    (array([0, 1, 1, 1]), array([0, 1, 2, 3]))
    """
    x, y = corners[..., 0].astype(np.float64), corners[..., 1].astype(np.float64)
    first = (
        np.ceil(np.minimum(np.minimum(y[:, 0], y[:, 1]), y[:, 2]) - 0.5)
        .clip(0, shape[0])
        .astype(np.intp)
    )
    last = (
        np.ceil(np.maximum(np.maximum(y[:, 0], y[:, 1]), y[:, 2]) - 0.5)
        .clip(0, shape[0])
        .astype(np.intp)
    )
    a, b = (np.stack([x[:, k] - x[:, 0], y[:, k] - y[:, 0]]) for k in (1, 2))
    turn = np.sign(a[0] * b[1] - b[0] * a[1])
    face, row = _ranges(first, np.where(turn == 0, first, last))
    left, right = np.full(len(face), -np.inf), np.full(len(face), np.inf)
    for k in range(3):
        # Both faces beside a line must find the very same crossing, so it runs downwards in each.
        low = np.where(y[:, k] <= y[:, k - 1], k, (k - 1) % 3)
        high = np.where(y[:, k] <= y[:, k - 1], (k - 1) % 3, k)
        n = np.arange(len(x))
        dx, dy = x[n, high] - x[n, low], y[n, high] - y[n, low]
        slope = np.divide(dx, dy, out=np.zeros_like(dx), where=dy != 0)
        crossing = x[n, low][face] + slope[face] * (row + 0.5 - y[n, low][face])
        down = np.sign(y[:, k] - y[:, k - 1]) * turn
        np.maximum(left, crossing, out=left, where=(down < 0)[face])
        np.minimum(right, crossing, out=right, where=(down > 0)[face])
    start, end = (np.ceil(edge.clip(0, shape[1]) - 0.5).astype(np.intp) for edge in (left, right))
    span, column = _ranges(start, end)
    return face[span], row[span] * shape[1] + column


def _ranges(first: Indices, last: Indices) -> tuple[Indices, Indices]:
    """Return all whole numbers from first up to last, and of which pair each one is."""
    counts = np.maximum(last - first, 0)
    which = np.repeat(np.arange(len(first)), counts)
    before = np.cumsum(counts) - counts
    return which, np.arange(len(which)) - before[which] + first[which]


def _area(corners: Points) -> Field:
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return np.asarray(np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / 2)


def _planes(corners: Points, values: Field) -> NDArray[np.float64]:
    """Return x, y and constant terms ``(F, 3)`` of the planes through values at corners."""
    places = corners.astype(np.float64)
    a, b = places[:, 1] - places[:, 0], places[:, 2] - places[:, 0]
    p, q = (values[:, k].astype(np.float64) - values[:, 0] for k in (1, 2))
    area = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    area[np.abs(area) < 1e-9] = np.inf
    x, y = (p * b[:, 1] - q * a[:, 1]) / area, (q * a[:, 0] - p * b[:, 0]) / area
    constant = values[:, 0] - x * places[:, 0, 0] - y * places[:, 0, 1]
    return np.stack([x, y, constant], 1)
