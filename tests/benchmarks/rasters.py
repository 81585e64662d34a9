"""TIFF of hundreds of megapixels beside vips, which also makes them: memory, and time.

    python -m tests.benchmarks.rasters [--only REGEX] [--rounds N] [--json FILE]

Both write the ``vertical`` edges as an uncompressed TIFF of 8 bits.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.process import limits_of, measure, run, table, workplace
from tests.benchmarks.process_work import Peer, Work, edgecli
from tests.benchmarks.timing import chosen, common_options, publish, run_apart, say

_TILES = "--tile --tile-width 256 --tile-height 256"
_LOSSLESS = {
    "tiled deflate": ("grey.pgm", f"{_TILES} --compression deflate"),
    "strips of deflate": ("grey.pgm", "--tile-height 16 --compression deflate"),
    "BigTIFF, predictor": (
        "grey.pgm",
        f"{_TILES} --compression deflate --predictor horizontal --bigtiff",
    ),
    "tiled LZW": ("grey.pgm", f"{_TILES} --compression lzw"),
    "tiled JPEG": ("grey.pgm", f"{_TILES} --compression jpeg --Q 90"),
}


@dataclass(frozen=True)
class Raster:
    """A TIFF, how vips makes it, and what reading it may take."""

    name: str
    source: str
    options: str
    megabytes: int
    least: float | None = None  # the ratio of their time to ours

    @property
    def file(self) -> str:
        """Its file."""
        return f"{self.name.replace(' ', '-').replace(',', '')}.tif"


def rasters() -> list[Raster]:
    """Return every row."""
    one_strip = "--tile-height 12032 --compression deflate"
    fax = "--compression ccittfax4 --bitdepth 1 --tile-height 64"
    return [
        *(Raster(name, *made, 100, 1 / 1.5) for name, made in _LOSSLESS.items()),
        Raster("G4 of 1 bit", "bits.pbm", fax, 150),
        Raster("tiled RGB", "colours.ppm", f"{_TILES} --compression deflate", 150),
        Raster("16 bits, one strip of deflate", "deep.pgm", one_strip, 100),
    ]


def work_of(raster: Raster) -> Work:
    """Return the row of a raster."""
    theirs = f"vips conv {raster.file} vips.tif vertical.mat --precision integer"
    ours = f"{edgecli()} detect {raster.file} -f vertical -o ours.tif -q --depth 8"
    peer = Peer("vips", theirs, raster.least)
    return Work(raster.name, ours, (peer,), pace=0.6, most_megabytes=raster.megabytes)


def make(raster: Raster, folder: Path) -> None:
    """Write a raster's file, once what it is made of is there."""
    if not (folder / raster.source).exists():
        run_apart("pictures", "rasters", str(folder))
    run(f"vips tiffsave {raster.source} {raster.file} {raster.options}", folder)


def main() -> None:
    """Measure the chosen rasters, one file at a time, and print the tables."""
    options = common_options(__doc__, rounds=5).parse_args()
    if shutil.which("vips") is None:
        sys.exit("vips makes the files; install libvips-tools")
    rows = {raster.name: raster for raster in rasters()}
    comparisons, limits = [], []
    with workplace() as folder:
        for name in chosen(rows, options.only):
            say(name)
            make(rows[name], folder)
            lines = measure(work_of(rows[name]), options.rounds, folder)
            comparisons += lines
            if lines[0].ours:
                limits += limits_of(work_of(rows[name]), lines[0].ours)
            (folder / rows[name].file).unlink()
    publish(options.json, table(comparisons), comparisons, limits)


if __name__ == "__main__":
    main()
