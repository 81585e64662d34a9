"""Draw the pictures that README.md and docs/ show, by the commands that they show.

python sample_images/make_edges.py                     draws all, into sample_images/edges/
python sample_images/make_edges.py --output /tmp/x     draws into another folder
"""

import argparse
import os
import shlex
import tempfile
from pathlib import Path

from PIL import Image

from edgecli.cli import main as edgecli

ROOT = Path(__file__).resolve().parent.parent

PICTURES = {
    "still-life-vertical.png": "detect sample_images/still-life.png --filter vertical",
    "harbour-coloring.png": "detect sample_images/harbour.png --style coloring",
    "still-life-coloring.png": "detect sample_images/still-life.png --style coloring",
    "building-mask.png": "detect sample_images/building.jpg --style mask",
    "building-pencil.png": "detect sample_images/building.jpg --style pencil --resize max:400",
    "harbour-pencil.png": "detect sample_images/harbour.png --style pencil --resize max:400",
    "still-life-pencil.png": "detect sample_images/still-life.png --style pencil --resize max:400",
    "still-life-blueprint.png":
        "detect sample_images/still-life.png --style blueprint --resize max:320",
    "still-life-mask.png": "detect sample_images/still-life.png --style mask",
    "still-life-plotter.svg": "detect sample_images/still-life.png --style plotter",
    "still-life-plotter.png": "detect sample_images/still-life.png --style plotter",
    "still-life-ember.png":
        "detect sample_images/still-life.png -f learned --colormap ember --resize max:320",
    "still-life-canny.png": "detect sample_images/still-life.png -f canny:1.4 --invert",
    "still-life-learned.png": "detect sample_images/still-life.png -f learned --invert",
    "colours-gray.png": "detect sample_images/colours.png --channels gray",
    "colours-max.png": "detect sample_images/colours.png --channels max",
    "shapes-signed.png": "detect sample_images/shapes.png -f sobel-x --map signed",
    "lenet5.svg": "network summary lenet5",
    "lenet5-why.svg": "network summary lenet5 --compare fully-connected",
    "lenet5-field.png":
        "network summary lenet5 --receptive-field 2,2 --on sample_images/building.jpg",
    "slide.svg": "trace sample_images/grid-6x6.csv -f vertical --padding valid --at 1,2",
    "slides.svg": "trace sample_images/grid-6x6.csv -f vertical --padding valid --all",
}  # fmt: skip
"""Each picture, and the command that draws it, less its ``-o``."""

CLIP = "sailing-pencil.gif"
CLIP_COMMAND = "detect sample_images/sailing.gif --all-frames --style pencil"


def draw(name: str, folder: Path) -> None:
    """Draw one picture into a folder."""
    if name == CLIP:
        draw_clip(folder / CLIP)
        return
    run(PICTURES[name], folder / name)


def draw_clip(path: Path) -> None:
    """Draw every frame of the harbour's clip, and join them in eight greys."""
    with tempfile.TemporaryDirectory() as folder:
        run(CLIP_COMMAND, f"{folder}/")
        frames = [Image.open(frame).convert("L") for frame in sorted(Path(folder).iterdir())]
    eight = [round(value * 7 / 255) * 255 // 7 for value in range(256)]
    few = [frame.point(eight) for frame in frames]
    few[0].save(path, save_all=True, append_images=few[1:], duration=80, loop=0)


def run(command: str, output: Path | str) -> None:
    """Run edgecli in the root of the repository, as readers do."""
    os.chdir(ROOT)
    os.environ["EDGECLI_CONFIG"] = ""  # whoever draws may have defaults of their own
    edgecli.main(
        [*shlex.split(command), "-o", str(output), "--report", "none"], standalone_mode=False
    )


def main(arguments: list[str] | None = None) -> None:
    """Draw every picture."""
    parser = argparse.ArgumentParser(description="Draw the pictures of README.md and docs/.")
    parser.add_argument("--output", type=Path, default=ROOT / "sample_images" / "edges")
    folder = parser.parse_args(arguments).output.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*PICTURES, CLIP):
        draw(name, folder)
        print(f"{folder / name} ({(folder / name).stat().st_size:,} bytes)", flush=True)


if __name__ == "__main__":
    main()
