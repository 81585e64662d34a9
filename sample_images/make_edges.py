"""Draw the pictures that README.md and docs/ show, by the commands that they show.

python sample_images/make_edges.py                     draws all, into sample_images/edges/
python sample_images/make_edges.py --output /tmp/x     draws into another folder
python sample_images/make_edges.py --lecture slides    draws what docs/lecture.md shows, numbered
"""

import argparse
import os
import re
import shlex
import shutil
import tempfile
from pathlib import Path

from PIL import Image

from edgecli.cli import main as edgecli

ROOT = Path(__file__).resolve().parent.parent

PICTURES = {
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
    "colours-gray.png": "detect sample_images/colours.png --channels gray",
    "colours-max.png": "detect sample_images/colours.png --channels max",
    "shapes-signed.png": "detect sample_images/shapes.png -f sobel-x --map signed",
    "lenet5-field.png":
        "network summary lenet5 --receptive-field 2,2 --on sample_images/building.jpg",
    "slide.svg": "trace sample_images/grid-6x6.csv -f vertical --padding valid --at 1,2",
}  # fmt: skip
"""Each picture, and the command that draws it, less its ``-o``; the lecture says its own."""

LECTURE = (ROOT / "docs" / "lecture.md").read_text(encoding="utf-8")
SHOWN = set(re.findall(r"sample_images/edges/([\w.-]+)\)", LECTURE))

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


def draw_lecture(folder: Path, *, numbered: bool = False) -> list[str]:
    """Type the lecture's commands, one after another, and leave what they draw in a folder.

    That is what the lecture shows; or, numbered in its order, all that a class looks at. A file
    of a folder has the folder's name before its own.
    """
    names: list[str] = []
    with tempfile.TemporaryDirectory() as desk:
        for command in re.findall(r"^edgecli (.* -o .*)$", LECTURE, re.MULTILINE):
            for path in drawn_by(command, Path(desk)):
                name = "-".join(path.relative_to(desk).parts)
                if numbered or name in SHOWN:
                    names.append(f"{len(names) + 1:02}-{name}" if numbered else name)
                    shutil.copy(path, folder / names[-1])
        os.chdir(ROOT)
    return names


def drawn_by(command: str, desk: Path) -> list[Path]:
    """Run a command, which ends with its output, on a desk; return the pictures and pages there."""
    there = f"{ROOT.as_posix()}/sample_images/"
    words = [word.replace("sample_images/", there) for word in shlex.split(command)]
    work(words, desk)
    output = desk / words[-1]
    paths = sorted(output.iterdir()) if output.is_dir() else [output]
    return [path for path in paths if path.suffix in {".svg", ".png", ".html"}]


def run(command: str, output: Path | str) -> None:
    """Run edgecli in the root of the repository, as readers do."""
    work([*shlex.split(command), "-o", str(output)], ROOT)


def work(arguments: list[str], folder: Path) -> None:
    """Run edgecli in a folder."""
    os.chdir(folder)
    os.environ["EDGECLI_CONFIG"] = ""  # whoever draws may have defaults of their own
    edgecli.main([*arguments, "--report", "none"], standalone_mode=False)


def main(arguments: list[str] | None = None) -> None:
    """Draw every picture."""
    parser = argparse.ArgumentParser(description="Draw the pictures of README.md and docs/.")
    parser.add_argument("--output", type=Path, default=ROOT / "sample_images" / "edges")
    parser.add_argument("--lecture", type=Path, metavar="OUTPUT", help="draw the lecture alone")
    options = parser.parse_args(arguments)
    folder = (options.lecture or options.output).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if options.lecture:
        print(*draw_lecture(folder, numbered=True), sep="\n")
        return
    for name in (*PICTURES, CLIP):
        draw(name, folder)
        print(f"{folder / name} ({(folder / name).stat().st_size:,} bytes)", flush=True)
    print(*draw_lecture(folder), sep="\n")


if __name__ == "__main__":
    main()
