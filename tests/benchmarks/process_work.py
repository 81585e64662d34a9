"""The commands that are measured, as a user would type them, and the peers' for the same work."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

OPENCV_SCRIPT = """\
import sys
import cv2
import numpy as np

image = cv2.imread(sys.argv[1], cv2.IMREAD_GRAYSCALE)
kernel = np.array([[1, 0, -1]] * 3, np.float32)
response = cv2.filter2D(image, cv2.CV_16S, kernel, borderType=cv2.BORDER_REPLICATE)
cv2.imwrite(sys.argv[2], cv2.convertScaleAbs(response))
"""

SKIMAGE_SCRIPT = """\
import sys
import numpy as np
from skimage import io, filters

image = io.imread(sys.argv[1], as_gray=True)
scale = 3.0 if image.dtype == np.uint8 else 3.0 * 255  # grey files are scaled by the filter
edges = np.abs(filters.prewitt_v(image)) * (255 * 3.0 if scale == 3.0 else scale)
io.imsave(sys.argv[2], np.clip(np.rint(edges), 0, 255).astype(np.uint8), check_contrast=False)
"""

FRAMES = 240
"""Ten times the file of 24 frames."""


@dataclass(frozen=True)
class Peer:
    """Another program at the same work; ``least`` is its time over ours that is asked for."""

    name: str
    command: str
    least: float | None = None
    installed: bool = True


@dataclass(frozen=True)
class Work:
    """One row: our command and the peers'.

    ``output`` is the name of the edge map with ``{}`` for who wrote it, None where there is none
    to compare. ``pace`` is how many times as often as others it is run.
    """

    name: str
    command: str
    peers: tuple[Peer, ...] = ()
    output: str | None = None
    pace: float = 1
    most_megabytes: float | None = None
    frames: int = 0
    least_rate: float = 0

    def output_of(self, who: str) -> str:
        """Return the file that a contestant writes."""
        return output_name(self.output or "", who)


def output_name(output: str, who: str) -> str:
    """Return a file name without spaces."""
    return output.format(who.replace(" ", "-"))


def edgecli() -> str:
    """Return how to start edgecli: its installed command, else its module."""
    installed = Path(sys.executable).with_name("edgecli").exists()
    return "edgecli" if installed else "python -m edgecli"


@cache
def imagemagick() -> str | None:
    """Return ImageMagick's command; other programs are called ``convert``, too."""
    for name in ("magick", "convert-im7.q16", "convert-im6.q16", "convert"):
        if shutil.which(name):
            said = subprocess.run([name, "-version"], check=False, capture_output=True, text=True)
            if "ImageMagick" in said.stdout:
                return name
    return None


def vertical_peers(source: str, output: str, least: dict[str, float]) -> tuple[Peer, ...]:
    """Return every peer's command that writes the ``vertical`` edges of ``source`` in grey.

    vips and GraphicsMagick do what is written here alone with ``convolve``; those that cut
    negative responses to zero are let off taking the absolute value.
    """
    colour = not source.endswith((".pgm", "huge.png"))
    magick = imagemagick() or "magick"
    commands = {
        "OpenCV script": ("python with_opencv.py {source} {out}", find_spec("cv2")),
        "scikit-image script": ("python with_skimage.py {source} {out}", find_spec("skimage")),
        "ImageMagick": (
            magick + " {source} -colorspace Gray -morphology Correlate"
            " '3: 1,0,-1 1,0,-1 1,0,-1' {out}",
            imagemagick(),
        ),
        "GraphicsMagick": (
            "gm convert {source} -colorspace Gray -convolve 1,0,-1,1,0,-1,1,0,-1 {out}",
            shutil.which("gm"),
        ),
        "vips": (
            "vips colourspace {source} grey.v b-w && vips conv grey.v {out} vertical.mat"
            if colour
            else "vips conv {source} {out} vertical.mat",
            shutil.which("vips"),
        ),
        "ffmpeg": (
            "ffmpeg -v error -y -i {source} -frames:v 1"
            " -vf format=gray,convolution='1 0 -1 1 0 -1 1 0 -1' {out}",
            shutil.which("ffmpeg"),
        ),
        "gmic": (
            "gmic -v 0 {source} " + ("-luminance " if colour else "") + "'(1,0,-1;1,0,-1;1,0,-1)'"
            " -correlate[0] [1] -keep[0] -abs -cut 0,255 -o {out}",
            shutil.which("gmic"),
        ),
    }
    return tuple(
        Peer(
            name,
            command.format(source=source, out=output_name(output, name)),
            least.get(name, least.get("any")),
            found is not None,
        )
        for name, (command, found) in commands.items()
    )


def vertical(name: str, source: str, extension: str, least: dict[str, float]) -> Work:
    """Return the row of ``detect -f vertical`` from one file to another."""
    output = "{}" + f"-{Path(source).stem}-{Path(source).suffix[1:]}{extension}"
    command = f"{edgecli()} detect {source} -f vertical -o {output_name(output, 'edgecli')}"
    return Work(name, command, vertical_peers(source, output, least), output)


def start_up() -> list[Work]:
    """Return the rows where there is next to nothing to do."""
    imports = 'python -c "import numpy, PIL.Image, click"'
    detect = f"{edgecli()} detect small.jpg -f vertical -o small.png"
    click = Peer("import click", 'python -c "import click"', 1 / 1.5)
    return [
        Work("edgecli --help", f"{edgecli()} --help", (click,), pace=4),
        Work(
            "detect 481×321 JPEG, --report json",
            f"{detect} --report json",
            (Peer("import numpy, PIL.Image, click", imports, 1 / 1.2),),
            pace=4,
        ),
        Work(
            "detect 481×321 JPEG, the table",
            detect,
            (Peer("import numpy, PIL.Image, click", imports, 1 / 1.4),),
            pace=4,
        ),
    ]


def files() -> list[Work]:
    """Return the rows of single files."""
    faster = {"any": 1.0}
    screen = {
        "OpenCV script": 1 / 1.2,
        "ImageMagick": 1.0,
        "vips": 1.0,
        "scikit-image script": 1.0,
    }
    jpeg = {"OpenCV script": 1.0, "vips": 5.0, "ImageMagick": 10.0}
    return [
        vertical("24 MP JPEG → PNG", "large.jpg", ".png", jpeg),
        sobel("24 MP JPEG → PNG, sobel", "large.jpg"),
        vertical("24 MP RGB PNG → PNG", "large.png", ".png", faster),
        vertical("1920×1080 RGB PNG → PNG", "screen.png", ".png", screen),
        vertical("24 MP PGM → PGM", "large.pgm", ".pgm", {}),
    ]


def sobel(name: str, source: str) -> Work:
    """Return the row against ffmpeg's own Sobel filter."""
    output = "{}-sobel.png"
    theirs = output_name(output, "ffmpeg")
    peer = Peer(
        "ffmpeg",
        f"ffmpeg -v error -y -i {source} -frames:v 1 -vf format=gray,sobel {theirs}",
        2.0,
        shutil.which("ffmpeg") is not None,
    )
    ours = f"{edgecli()} detect {source} -f sobel -o {output_name(output, 'edgecli')}"
    return Work(name, ours, (peer,), output)


def stream() -> Work:
    """Return the row of a stream of frames through a pipe."""
    frames = "cat" + " frames.ppm" * (FRAMES // 24)
    peer = Peer(
        "ffmpeg",
        f"{frames} | ffmpeg -v error -f image2pipe -c:v ppm -i - -vf format=gray,sobel,format=rgb24"
        " -f image2pipe -c:v ppm - > /dev/null",
        None,
        shutil.which("ffmpeg") is not None,
    )
    ours = f"{frames} | {edgecli()} detect - -f sobel -o - --format ppm -q > /dev/null"
    name = f"{FRAMES} PPM frames of 1920×1080, sobel"
    return Work(name, ours, (peer,), frames=FRAMES, least_rate=60)


def huge() -> list[Work]:
    """Return the rows of the 32768×32000 image, once each unless there are many rounds."""
    work = partial(Work, pace=0.2, most_megabytes=120)
    vips = shutil.which("vips") is not None
    rows = []
    for kind in ("png", "pgm"):
        output = f"{{}}-huge.{kind}"
        peer = Peer(
            "vips",
            f"vips conv huge.{kind} {output_name(output, 'vips')} vertical.mat",
            1 / 0.75 if kind == "png" else None,
            vips,
        )
        ours = f"{edgecli()} detect huge.{kind} -f vertical -o edgecli-huge.{kind}"
        rows.append(work(f"1 Gpx {kind.upper()} → {kind.upper()}", ours, (peer,), output))
    # The pipe's bytes must be the file's: cmp fails otherwise, and the benchmark with it.
    pipe = (
        f"cat huge.png | {edgecli()} detect - -f vertical -o - -q | cat > piped.png"
        " && cmp piped.png edgecli-huge.png"
    )
    return [*rows, work("1 Gpx PNG through a pipe, compared", pipe)]


def all_work(*, gigapixel: bool) -> list[Work]:
    """Return every row."""
    return [*start_up(), *files(), stream(), *(huge() if gigapixel else [])]
