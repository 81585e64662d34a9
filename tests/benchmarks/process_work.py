"""The commands that are measured, as a user types them, and those of peers for the same work."""

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

OPENCV_CANNY = """\
import sys
import cv2

image = cv2.imread(sys.argv[1], cv2.IMREAD_GRAYSCALE)
smooth = cv2.GaussianBlur(image, (0, 0), 1.4, borderType=cv2.BORDER_REPLICATE)
cv2.imwrite(sys.argv[2], cv2.Canny(smooth, 50, 100, L2gradient=True))
"""

SKIMAGE_SCRIPT = """\
import sys
import numpy as np
from skimage import io, filters

image = io.imread(sys.argv[1], as_gray=True)
edges = np.abs(filters.prewitt_v(image)) * (3 * 255)  # it scales pixels and weights to 1
io.imsave(sys.argv[2], np.clip(np.rint(edges), 0, 255).astype(np.uint8), check_contrast=False)
"""

VIPS_MATRIX = "3 3 1 0\n1 0 -1\n1 0 -1\n1 0 -1\n"
"""The file ``vertical.mat``."""

COMMANDS = {
    "OpenCV script": "python with_opencv.py {source} {out}",
    "scikit-image script": "python with_skimage.py {source} {out}",
    "ImageMagick": "{magick} {source} -colorspace Gray"
    " -morphology Correlate '3: 1,0,-1 1,0,-1 1,0,-1' {out}",
    "GraphicsMagick": "gm convert {source} -colorspace Gray -convolve 1,0,-1,1,0,-1,1,0,-1 {out}",
    "vips": "vips conv {source} {out} vertical.mat --precision integer",
    "ffmpeg": "ffmpeg -v error -y -i {source} -frames:v 1"
    " -vf format=gray,convolution='1 0 -1 1 0 -1 1 0 -1' {out}",
    "gmic": "gmic -v 0 {source} -luminance '(1,0,-1;1,0,-1;1,0,-1)'"
    " -correlate[0] [1] -keep[0] -abs -cut 0,255 -o {out}",
}
"""Each writes the ``vertical`` edges of a picture, in grey.

Some cut negative responses to zero where the others take the absolute value. vips computes in
floats by default, which is slower and gives no PGM of 8 bits.
"""

VIPS_OF_COLOUR = "vips colourspace {source} grey.v b-w && " + COMMANDS["vips"].replace(
    "{source}", "grey.v"
)
"""Three times as fast as ``vips conv`` of three channels."""

COLOUR = ("large.jpg", "large.png", "screen.png")

FRAMES = 240
"""Ten times the file of 24 frames."""


@dataclass(frozen=True)
class Peer:
    """Another program at the same work; ``least`` is the ratio of its time to ours to reach."""

    name: str
    command: str
    least: float | None = None
    installed: bool = True


@dataclass(frozen=True)
class Work:
    """One row: our command and the peers'.

    ``output`` is the edge map's file with ``{}`` for who wrote it; None if none is compared.
    The row has ``pace`` times as many rounds as others. ``check`` is a command that fails unless
    our output is what it should be.
    """

    name: str
    command: str
    peers: tuple[Peer, ...] = ()
    output: str | None = None
    pace: float = 1
    most_megabytes: float | None = None
    frames: int = 0
    least_rate: float = 0
    check: str | None = None

    def output_of(self, who: str) -> str:
        """Return the file that a contestant writes."""
        return output_name(self.output or "", who)


def output_name(output: str, who: str) -> str:
    """Return a file name without spaces."""
    return output.format(who.replace(" ", "-"))


def edgecli() -> str:
    """Return how to start edgecli: by its command if that is installed, else as a module."""
    installed = Path(sys.executable).with_name("edgecli").exists()
    return "edgecli" if installed else "python -m edgecli"


@cache
def imagemagick() -> str | None:
    """Return ImageMagick's command, which must say so: others are called ``convert``, too."""
    for name in ("magick", "convert-im7.q16", "convert-im6.q16", "convert"):
        if shutil.which(name):
            said = subprocess.run([name, "-version"], check=False, capture_output=True, text=True)
            if "ImageMagick" in said.stdout:
                return name
    return None


def installed(name: str) -> bool:
    """Return whether a peer of ``COMMANDS`` is installed."""
    match name:
        case "OpenCV script":
            return find_spec("cv2") is not None
        case "scikit-image script":
            return find_spec("skimage") is not None
        case "ImageMagick":
            return imagemagick() is not None
        case _:
            return shutil.which(COMMANDS[name].split()[0]) is not None


def peer_at(name: str, source: str, output: str, least: float | None) -> Peer:
    """Return a peer's command from one file to another."""
    command = COMMANDS[name]
    if name == "vips" and source in COLOUR:
        command = VIPS_OF_COLOUR
    out = output_name(output, name)
    line = command.format(source=source, out=out, magick=imagemagick() or "magick")
    return Peer(name, line, least, installed(name))


def vertical(name: str, source: str, extension: str, least: dict[str, float]) -> Work:
    """Return the row of ``detect -f vertical`` from one file to another."""
    output = "{}" + f"-{Path(source).stem}-{Path(source).suffix[1:]}{extension}"
    command = f"{edgecli()} detect {source} -f vertical -o {output_name(output, 'edgecli')}"
    peers = [peer_at(peer, source, output, least.get(peer)) for peer in COMMANDS]
    return Work(name, command, tuple(peers), output)


def start_up() -> list[Work]:
    """Return the rows in which there is next to nothing to do but start."""

    def row(name: str, command: str, modules: str, least: float) -> Work:
        peer = Peer(f"import {modules}", f'python -c "import {modules}"', least)
        return Work(name, command, (peer,), pace=4)

    detect = f"{edgecli()} detect small.jpg -f vertical -o edges.png"
    of_png, imports = detect.replace("jpg", "png"), "numpy, PIL.Image, click"
    return [
        row("edgecli --help", f"{edgecli()} --help", "click", 1 / 1.5),
        row("detect 481×321 JPEG, --report json", f"{detect} --report json", imports, 1 / 1.2),
        row("detect 481×321 PNG, --report json", f"{of_png} --report json", imports, 1 / 1.2),
        row("detect 481×321 JPEG, the table", detect, imports, 1 / 1.4),
    ]


def files() -> list[Work]:
    """Return the rows of single files."""
    faster = dict.fromkeys(COMMANDS, 1.0)
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
        canny("24 MP JPEG → PNG, canny:1.4 at 50,100", "large.jpg"),
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
        installed("ffmpeg"),
    )
    ours = f"{edgecli()} detect {source} -f sobel -o {output_name(output, 'edgecli')}"
    return Work(name, ours, (peer,), output)


def canny(name: str, source: str) -> Work:
    """Return the row against OpenCV's Canny, after as much smoothing."""
    output, other = "{}-canny.png", "OpenCV script"
    theirs = f"python canny_with_opencv.py {source} {output_name(output, other)}"
    peer = Peer(other, theirs, 1.05, installed(other))
    ours = f"{edgecli()} detect {source} -f canny:1.4 --hysteresis 50,100"
    return Work(name, f"{ours} -o {output_name(output, 'edgecli')}", (peer,), output)


def stream() -> Work:
    """Return the row of a stream of frames through a pipe."""
    frames = "cat" + " frames.ppm" * (FRAMES // 24)
    peer = Peer(
        "ffmpeg",
        f"{frames} | ffmpeg -v error -f image2pipe -c:v ppm -i - -vf format=gray,sobel,format=rgb24"
        " -f image2pipe -c:v ppm - > /dev/null",
        1.2,
        installed("ffmpeg"),
    )
    ours = f"{frames} | {edgecli()} detect - -f sobel -o - --format ppm -q > /dev/null"
    name = f"{FRAMES} PPM frames of 1920×1080, sobel"
    return Work(name, ours, (peer,), frames=FRAMES, least_rate=60)


def huge() -> list[Work]:
    """Return the rows of the 32768×32000 image, once each unless there are many rounds."""
    work = partial(Work, pace=0.2, most_megabytes=120)
    rows = []
    for kind in ("png", "pgm"):
        output = f"{{}}-huge.{kind}"
        least = 1 / 0.75 if kind == "png" else None
        peer = peer_at("vips", f"huge.{kind}", output, least)
        ours = f"{edgecli()} detect huge.{kind} -f vertical -o edgecli-huge.{kind}"
        rows.append(work(f"1 Gpx {kind.upper()} → {kind.upper()}", ours, (peer,), output))
    pipe = f"cat huge.png | {edgecli()} detect - -f vertical -o - -q | cat > piped.png"
    from_file = f"{edgecli()} detect huge.png -f vertical -o edgecli-huge.png -q"
    same_bytes = f"{from_file} && cmp piped.png edgecli-huge.png"
    return [*rows, work("1 Gpx PNG through a pipe", pipe, check=same_bytes)]


def all_work(*, gigapixel: bool) -> list[Work]:
    """Return every row."""
    return [*start_up(), *files(), stream(), *(huge() if gigapixel else [])]
