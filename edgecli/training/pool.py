"""Scenes on disk, drawn once by any number of processes and read many times.

Scene n is always what ``draw_scene(n)`` draws, whichever process draws it and when.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from edgecli.records import dataclass
from edgecli.training.scenes import Scene, draw_scene

AFRESH = multiprocessing.get_context("spawn")  # forking amid training threads hangs


@dataclass(frozen=True)
class Pool:
    """Square scenes of one size in a folder. A missing one is drawn when it is read."""

    folder: Path
    size: int = 352

    def read(self, number: int) -> Scene:
        """Return a scene, which is drawn first if it is missing."""
        self.draw(number)
        with np.load(self.path(number)) as arrays:
            return Scene(arrays["picture"], arrays["labels"])

    def draw(self, number: int) -> None:
        """Draw a scene unless it is there; its file appears whole or not at all."""
        path = self.path(number)
        if path.exists():
            return
        scene = draw_scene(number, self.size)
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.stem}-{os.getpid()}.part")
        with temporary.open("wb") as file:
            np.savez(file, picture=scene.picture, labels=scene.labels)
        temporary.replace(path)

    def path(self, number: int) -> Path:
        """Return a scene's file."""
        return self.folder / f"scene-{self.size}-{number:07d}.npz"

    def draw_all(self, numbers: range, processes: int) -> None:
        """Draw all of these scenes that are missing, on this many processes."""
        missing = [number for number in numbers if not self.path(number).exists()]
        with ProcessPoolExecutor(processes, mp_context=AFRESH) as executor:
            list(executor.map(self.draw, missing, chunksize=8))

    @contextmanager
    def drawing(self, numbers: range, processes: int) -> Iterator[None]:
        """Draw these scenes in order on other processes, as far as they come in the context."""
        executor = ProcessPoolExecutor(processes, mp_context=AFRESH)
        for number in numbers:
            executor.submit(self.draw, number)
        try:
            yield
        finally:
            executor.shutdown(cancel_futures=True)
