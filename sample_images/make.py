"""Draw the sample images and number grids of this folder.

    python sample_images/make.py                     draws everything
    python sample_images/make.py shapes.png          draws only that file
    python sample_images/make.py --output /tmp/x     draws into another folder

All randomness is seeded, so the same versions of NumPy and Pillow always give the same files. The
two rendered pictures take about half a minute each.
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from drawing import building, digits, grids, harbour, page, shapes, still_life
from numpy.typing import NDArray
from PIL import Image

HERE = Path(__file__).resolve().parent

PICTURES: dict[str, Callable[[], NDArray[np.uint8]]] = {
    "still-life.png": still_life.draw,
    "building.jpg": building.draw,
    "harbour.png": harbour.draw,
    "page.png": page.draw,
    "shapes.png": shapes.draw_shapes,
    "colours.png": shapes.draw_colours,
    "digit-2.png": partial(digits.draw, 2),
    "digit-3.png": partial(digits.draw, 3, digits.WHITE, digits.BLACK),
    "digit-4.png": partial(digits.draw, 4, (150, 40, 30), (238, 226, 196)),
    "digit-7.png": partial(digits.draw, 7),
    "digit-8.png": partial(digits.draw, 8),
    "digit-photo.jpg": digits.draw_photo,
}
CLIP = "sailing.gif"
NAMES = (*PICTURES, CLIP, *grids.GRIDS)


def make(name: str, folder: Path) -> Path:
    """Draw one file into a folder and return its path."""
    path = folder / name
    if name in grids.GRIDS:
        path.write_text(grids.text_of(name), encoding="utf-8", newline="\n")
        return path
    if name == CLIP:
        save_clip(path)
        return path
    image = Image.fromarray(PICTURES[name]())
    if path.suffix == ".jpg":
        image.save(path, quality=90, optimize=True)
    else:
        image.save(path, optimize=True)
    return path


def save_clip(path: Path) -> None:
    """Draw two seconds in the harbour, half as large, in frames of 64 colours."""
    frames = [Image.fromarray(harbour.draw(number / 25)).reduce(2) for number in range(25)]
    few = [frame.quantize(64, dither=Image.Dither.NONE) for frame in frames]
    few[0].save(path, save_all=True, append_images=few[1:], duration=80, loop=0)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Return the options of a command line, by default this process's."""
    parser = argparse.ArgumentParser(description="Draw the sample images.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="files to draw (all): " + ", ".join(NAMES)
    )
    parser.add_argument("--output", type=Path, default=HERE, metavar="DIR", help="where to")
    chosen = parser.parse_args(arguments)
    for name in chosen.names:
        if name not in NAMES:
            parser.error(f"no sample is called {name!r}; there are {', '.join(NAMES)}")
    return chosen


def main(arguments: list[str] | None = None) -> None:
    """Draw the files that a command line names."""
    chosen = parse(arguments)
    chosen.output.mkdir(parents=True, exist_ok=True)
    for name in chosen.names or NAMES:
        path = make(name, chosen.output)
        print(f"{path} ({path.stat().st_size:,} bytes)", flush=True)


if __name__ == "__main__":
    main()
