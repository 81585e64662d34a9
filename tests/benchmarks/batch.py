"""Folders of images against their peers: wall time, processor time, peak memory, and the start.

    python -m tests.benchmarks.batch [--only REGEX] [--rounds N] [--json FILE] [--tiny N]

The peers are what one would write instead: scripts with a pool of two processes, of OpenCV, and of
ONNX Runtime where a network finds the edges; ``mogrify``, and a shell's loop over ``vips``. Every
command begins with an empty folder.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

from edgecli.networks.files import load_network
from tests.benchmarks.process import MEGABYTE, environment, measure, run, table, workplace
from tests.benchmarks.process_work import Peer, Work, edgecli, imagemagick, installed
from tests.benchmarks.timing import (
    Comparison,
    Limit,
    chosen,
    common_options,
    publish,
    run_apart,
    say,
)

POOL_SCRIPT = """\
import os
import sys
from multiprocessing import Pool

import cv2
import numpy as np

KERNEL = np.array([[1, 0, -1]] * 3, np.float32)


def work(paths):
    source, output = paths
    image = cv2.imread(source, cv2.IMREAD_GRAYSCALE)
    response = cv2.filter2D(image, cv2.CV_16S, KERNEL, borderType=cv2.BORDER_REPLICATE)
    cv2.imwrite(output, cv2.convertScaleAbs(response))


if __name__ == "__main__":
    source, output = sys.argv[1:]
    cv2.setNumThreads(1)
    names = sorted(os.listdir(source))
    jobs = [(f"{source}/{name}", f"{output}/{name[:-4]}.png") for name in names]
    with Pool(2) as pool:
        for _ in pool.imap_unordered(work, jobs):
            pass
"""

ONNX_SCRIPT = """\
import os
import sys
from multiprocessing import Pool

import numpy as np
import onnxruntime
from PIL import Image


def begin():
    global session
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession("learned.onnx", options, ["CPUExecutionProvider"])


def work(paths):
    source, output = paths
    pixels = np.asarray(Image.open(source).convert("RGB"), np.float32) / 255
    (edges,) = session.run(None, {"input": pixels.transpose(2, 0, 1)[np.newaxis]})
    Image.fromarray(np.rint(edges[0, 0] * 255).astype(np.uint8)).save(output)


if __name__ == "__main__":
    source, output = sys.argv[1:]
    names = sorted(os.listdir(source))
    jobs = [(f"{source}/{name}", f"{output}/{name[:-4]}.png") for name in names]
    with Pool(2, begin) as pool:
        for _ in pool.imap_unordered(work, jobs):
            pass
"""

LEARNED = "200 JPEG of 481×321, learned"

MOGRIFY = (
    "{mogrify} -path mogrified -format png -colorspace Gray"
    " -morphology Correlate '3: 1,0,-1 1,0,-1 1,0,-1' {source}/*.jpg"
)
VIPS = (
    'for f in {source}/*.jpg; do vips colourspace "$f" grey.v b-w &&'
    ' vips conv grey.v "looped/$(basename "$f" .jpg).png" vertical.mat --precision integer; done'
)


def work_on(name: str, source: str, least: dict[str, float]) -> Work:
    """Return the row of ``batch -f vertical`` over a folder of JPEGs."""
    commands = {
        "OpenCV script": fresh("pooled", f"python pool.py {source} pooled"),
        "ImageMagick": fresh("mogrified", MOGRIFY.format(mogrify=mogrify(), source=source)),
        "vips": fresh("looped", VIPS.format(source=source)),
    }
    peers = [Peer(p, commands[p], least[p], installed(p)) for p in commands if p in least]
    ours = fresh("edges", f"{edgecli()} batch {source} -o edges -f vertical -q")
    return Work(name, ours, tuple(peers))


def learned(source: str) -> Work:
    """Return the row of ``batch -f learned`` over a folder of JPEGs of one size."""
    peer = "ONNX Runtime"
    command = fresh("pooled", f"python onnx_pool.py {source} pooled")
    found = find_spec("onnxruntime") is not None
    ours = fresh("edges", f"{edgecli()} batch {source} -o edges -f learned -q")
    return Work(LEARNED, ours, (Peer(peer, command, 1.0, found),))


def mogrify() -> str:
    """Return ImageMagick's command for many files, which has had two names."""
    name = imagemagick() or "magick"
    return name.replace("convert", "mogrify") if "convert" in name else f"{name} mogrify"


def fresh(folder: str, command: str) -> str:
    """Return a command that first empties a folder."""
    return f"rm -rf {folder} && mkdir {folder} && {command}"


def all_work() -> dict[str, Work]:
    """Return the rows against peers."""
    rows = [
        work_on(
            "200 JPEG of 481×321", "small", {"OpenCV script": 1.1, "ImageMagick": 8, "vips": 15}
        ),
        work_on("20 JPEG of 24 MP", "large", {"OpenCV script": 1.2}),
        learned("small"),
    ]
    return {row.name: row for row in rows}


def prepare(folder: Path, names: list[str]) -> None:
    """Make the images of the rows that were chosen."""
    (folder / "pool.py").write_text(POOL_SCRIPT, "utf-8")
    (folder / "onnx_pool.py").write_text(ONNX_SCRIPT, "utf-8")
    if LEARNED in names and find_spec("onnxruntime"):
        from tests.onnx_networks import Export

        model = Export(load_network("learned"), (3, 321, 481)).model()
        (folder / "learned.onnx").write_bytes(model)
    if any("481" in name for name in names):
        run_apart("pictures", "many", str(folder / "small"), "200", "321", "481")
    if any("24 MP" in name for name in names):
        large = folder / "large"
        run_apart("pictures", "many", str(large), "4", "4000", "6000")
        for n in range(4, 20):
            os.link(large / f"photo-{n % 4:04}.jpg", large / f"photo-{n:04}.jpg")


def tiny(folder: Path, count: int) -> list[Limit]:
    """Measure a batch of many tiny images: the time to the first, the memory, and a second run."""
    run_apart("pictures", "tiny", str(folder / "tiny"), str(count))
    command = f"{edgecli()} batch tiny -o edges -f vertical -q"
    begun = seconds_to_first(folder, fresh("edges", f"exec {command}"))
    whole = run(fresh("edges", command), folder)
    again = run(command, folder)
    name = f"{count:,} PGM of 8×8"
    limits = [
        Limit(name, "first image after s", begun, 2, at_least=False),
        Limit(name, "images/s", count / whole.seconds, 0, at_least=True),
        Limit(name, "second run s", again.seconds, 5, at_least=False),
    ]
    peaks = [cost.peak / MEGABYTE for cost in (whole, again) if cost.peak is not None]
    return [*limits, *(Limit(name, "peak MB", peak, 150, at_least=False) for peak in peaks)]


def seconds_to_first(folder: Path, line: str) -> float:
    """Return how long a batch takes until its journal has a line; then it is stopped."""
    journal = folder / "edges" / ".edgecli-batch.jsonl"
    started = time.perf_counter()
    with subprocess.Popen(["sh", "-c", line], cwd=folder, env=environment()) as child:
        while child.poll() is None and not (journal.exists() and journal.stat().st_size):
            time.sleep(0.001)
        seconds = time.perf_counter() - started
        child.send_signal(signal.SIGTERM)
    return seconds


def main() -> None:
    """Measure the chosen rows, print the tables and write the figures."""
    parser = common_options(__doc__, rounds=5)
    parser.add_argument("--tiny", type=int, default=100_000, metavar="N", help="0 leaves them out")
    options = parser.parse_args()
    rows = all_work()
    names = chosen([*rows, "tiny"], options.only)
    comparisons: list[Comparison] = []
    limits: list[Limit] = []
    with workplace() as folder:
        prepare(folder, names)
        for name in names:
            say(name)
            if name in rows:
                comparisons += measure(rows[name], options.rounds, folder)
            elif options.tiny:
                limits += tiny(folder, options.tiny)
    publish(options.json, table(comparisons), comparisons, limits)


if __name__ == "__main__":
    main()
