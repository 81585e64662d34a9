"""Drawings on disk, drawn once by any number of processes and read many times.

Drawing n is always the same, whichever process draws it and when.
"""

from __future__ import annotations

import multiprocessing
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.records import dataclass
from edgecli.training.digits import Inks, draw_digits
from edgecli.training.fonts import Families
from edgecli.training.scenes import Scene, draw_scene

AFRESH = multiprocessing.get_context("spawn")  # forking amid training threads hangs


@dataclass(frozen=True)
class Pool(ABC):
    """Drawings in a folder. A missing one is drawn when it is read."""

    folder: Path

    @abstractmethod
    def path(self, number: int) -> Path:
        """Return a drawing's file."""

    @abstractmethod
    def arrays(self, number: int) -> dict[str, NDArray[Any]]:
        """Return a drawing, drawn afresh."""

    def load(self, number: int) -> dict[str, NDArray[Any]]:
        """Return a drawing, which is drawn first if it is missing."""
        self.draw(number)
        with np.load(self.path(number)) as arrays:
            return dict(arrays)

    def draw(self, number: int) -> None:
        """Draw unless it is done; the file appears whole or not at all."""
        path = self.path(number)
        if path.exists():
            return
        arrays = self.arrays(number)
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.stem}-{os.getpid()}.part")
        with temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        temporary.replace(path)

    def draw_all(self, numbers: range, processes: int) -> None:
        """Draw all of these that are missing, on this many processes."""
        missing = [number for number in numbers if not self.path(number).exists()]
        with ProcessPoolExecutor(processes, mp_context=AFRESH) as executor:
            list(executor.map(self.draw, missing, chunksize=1 + len(missing) // 300))

    @contextmanager
    def drawing(self, numbers: range, processes: int) -> Iterator[None]:
        """Draw these in order on other processes, as far as they come in the context."""
        executor = ProcessPoolExecutor(processes, mp_context=AFRESH)
        for number in numbers:
            executor.submit(self.draw, number)
        try:
            yield
        finally:
            executor.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class ScenePool(Pool):
    """Square scenes of one size."""

    size: int = 352

    def path(self, number: int) -> Path:
        """Return a scene's file."""
        return self.folder / f"scene-{self.size}-{number:07d}.npz"

    def arrays(self, number: int) -> dict[str, NDArray[Any]]:
        """Return the picture and the labels of a scene."""
        scene = draw_scene(number, self.size)
        return {"picture": scene.picture, "labels": scene.labels}

    def read(self, number: int) -> Scene:
        """Return a scene."""
        return Scene(**self.load(number))


BLOCK = 2000
"""Digits of a block: block n holds those from BLOCK · n on, as many of each of the ten."""


@dataclass(frozen=True)
class DigitPool(Pool):
    """Blocks of digits, drawn with these fonts."""

    families: Families

    def path(self, number: int) -> Path:
        """Return a block's file."""
        return self.folder / f"inks-{number:07d}.npz"

    def arrays(self, number: int) -> dict[str, NDArray[Any]]:
        """Return the ink of a block's digits."""
        return {"inks": draw_digits(range(BLOCK * number, BLOCK * (number + 1)), self.families)}

    def read(self, number: int) -> Inks:
        """Return the ink of a block's digits."""
        inks: Inks = self.load(number)["inks"]
        return inks
