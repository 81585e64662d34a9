"""Photos, and what networks answer for them: how some networks teach another.

Nobody has drawn edges into these photos. The answers are the mean of the teachers' over scales and
mirrored copies, which is better than that of any one network at one scale.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgecli.errors import UsageError
from edgecli.networks import load_network
from edgecli.networks.forward import forward
from edgecli.networks.scales import at_scales
from edgecli.records import dataclass
from edgecli.training.crops import Crop, redeveloped
from edgecli.training.fields import Field, Picture, Random, log_uniform
from edgecli.training.pool import Pool
from edgecli.training.recipe import EdgeRecipe

STARTS = (b"\xff\xd8\xff", b"RIFF")  # of JPEG and WebP
LEAST = 300  # px, of the shorter side; what is smaller is an icon
LONGER = (360, 900)  # px, the least and the greatest longer side at which a photo is shown
STRONG = 0.97  # the share of a photo's pixels that are no strong edges
TYPICAL = 0.6  # what teachers answer there, on an average photo


@dataclass(frozen=True)
class Photo:
    """A photo that is a file, or lies somewhere in one."""

    path: Path
    start: int
    length: int

    def read(self) -> Image.Image:
        """Return its pixels, in RGB."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            return Image.open(BytesIO(file.read(self.length))).convert("RGB")


def _within(path: Path) -> Iterator[Photo]:
    if path.suffix == ".rcc":
        data = path.read_bytes()
        for start in sorted(place for first in STARTS for place in _places(data, first)):
            length = int.from_bytes(data[start - 4 : start], "big")
            if start + length <= len(data) and _is_photo(data[start : start + length]):
                yield Photo(path, start, length)
    elif _is_photo(path.read_bytes()):
        yield Photo(path, 0, path.stat().st_size)


def _places(data: bytes, part: bytes) -> Iterator[int]:
    place = data.find(part, 4)
    while place >= 0:
        yield place
        place = data.find(part, place + 1)


def _is_photo(data: bytes) -> bool:
    if not data.startswith(STARTS):
        return False
    try:
        image = Image.open(BytesIO(data))
    except OSError:
        return False
    return image.mode == "RGB" and min(image.size) >= LEAST


@dataclass(frozen=True)
class Photos:
    """Photos, and the networks that answer for them, by their files or names, at some scales."""

    photos: tuple[Photo, ...]
    teachers: tuple[str, ...]
    scales: tuple[float, ...] = (1.0,)

    @classmethod
    def found(
        cls, paths: Sequence[Path], teachers: Sequence[str], scales: Sequence[float] = (1.0,)
    ) -> Photos:
        """Return all JPEG and WebP photos in files and folders.

        Resource files of Qt (``.rcc``) hold pictures as they are, each after its length in four
        bytes. Raises UsageError where there is no photo, NetworkError where a teacher is none.
        """
        for teacher in teachers:
            load_network(teacher)
        inside = [sorted(path.rglob("*")) if path.is_dir() else [path] for path in paths]
        files = [path for found in inside for path in found if path.is_file()]
        photos = tuple(photo for path in files for photo in _within(path))
        if not photos:
            raise UsageError(f"no photo in {', '.join(map(str, paths))}; give JPEG or WebP files")
        return cls(photos, tuple(teachers), tuple(scales))

    @property
    def digest(self) -> str:
        """Return a name that other photos, weights or scales do not have."""
        found = sha256(repr((self.photos, self.scales)).encode())
        for teacher in self.teachers:
            for name, weights in sorted(load_network(teacher).weights.items()):
                found.update(name.encode() + weights.tobytes())
        return found.hexdigest()[:12]


@dataclass(frozen=True)
class PhotoPool(Pool):
    """Photos at some sizes, and the answers for them."""

    source: Photos
    recipe: EdgeRecipe

    @property
    def numbers(self) -> range:
        """Return the numbers of all photos, each ``takes`` times."""
        return range(self.recipe.takes * len(self.source.photos))

    def path(self, number: int) -> Path:
        """Return a photo's file."""
        return self.folder / f"photo-{number:07d}.npz"

    def arrays(self, number: int) -> dict[str, NDArray[Any]]:
        """Return a photo at some size, and the answers in 255 steps."""
        random = np.random.default_rng([number, 0x0F070])
        photos = self.source.photos
        photo = _resized(random, photos[number % len(photos)].read(), self.recipe.side)
        told = evened(answers(self.source, photo))
        return {"picture": photo, "answers": np.rint(255 * told).astype(np.uint8)}

    def crop(self, random: Random) -> Crop:
        """Return a square of one of the photos in other tones, perhaps mirrored."""
        arrays = self.load(int(random.integers(len(self.numbers))))
        rows, cols = (slice(*_span(random, n, self.recipe.side)) for n in arrays["answers"].shape)
        turn = slice(None, None, -1 if random.random() < 0.5 else 1)
        picture, told = (arrays[name][rows, cols][:, turn] for name in ("picture", "answers"))
        pixels = redeveloped(random, picture.astype(np.float32) / 255)
        edges = told.astype(np.float32) / 255
        return Crop(np.ascontiguousarray(pixels.transpose(2, 0, 1)), edges, np.ones_like(edges))


def _resized(random: Random, photo: Image.Image, side: int) -> Picture:
    """Return a photo at a random size, no larger than it is and no smaller than a square."""
    longer = log_uniform(random, *LONGER)
    scale = min(max(longer / max(photo.size), side / min(photo.size)), 1.0)
    width, height = (math.ceil(scale * n) for n in photo.size)
    return np.asarray(photo.resize((width, height), Image.Resampling.LANCZOS))


def _span(random: Random, length: int, side: int) -> tuple[int, int]:
    """Return where a part of a line begins and ends."""
    side = min(side, length)
    start = int(random.integers(length - side + 1))
    return start, start + side


def answers(source: Photos, picture: Picture) -> Field:
    """Return the mean of what networks answer for a picture and its mirror image, of 0 to 1."""
    volume = (picture.astype(np.float32) / 255).transpose(2, 0, 1)
    told = np.zeros(picture.shape[:2], np.float32)
    for name in source.teachers:
        network = at_scales(load_network(name), source.scales)
        told += forward(network, volume, threads=1)[0]
        told += forward(network, volume[:, :, ::-1], threads=1)[0, :, ::-1]
    return told / (2 * len(source.teachers))


def evened(told: Field) -> Field:
    """Return answers for a whole photo that are weaker where its strongest ones are strong.

    People outline what matters in a photo, hazy or crisp. So half of what a photo differs by from
    others (on a logarithmic scale) is taken from its answers.
    """
    strong = max(float(np.quantile(told, STRONG)), 0.05)
    evener: Field = np.minimum(told * math.sqrt(TYPICAL / strong), 1)
    return evener
