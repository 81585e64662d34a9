"""TIFF of hundreds of megapixels beside vips, which also makes them, and sparse ones of thousands.

    python -m tests.benchmarks.rasters [--only REGEX] [--rounds N] [--json FILE]

Ours and vips write the ``vertical`` edges as a TIFF of 8 bits: memory, and time. Sparse rasters,
of which 1 % of the tiles are stored, have no peer: memory, and processor time.
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

    @property
    def work(self) -> Work:
        """The row."""
        theirs = f"vips conv {self.file} vips.tif vertical.mat --precision integer"
        ours = f"{edgecli()} detect {self.file} -f vertical -o ours.tif -q --depth 8"
        peer = Peer("vips", theirs, self.least)
        return Work(self.name, ours, (peer,), pace=0.6, most_megabytes=self.megabytes)

    def make(self, folder: Path) -> None:
        """Write its file, once what it is made of is there."""
        if not (folder / self.source).exists():
            run_apart("pictures", "rasters", str(folder))
        run(f"vips tiffsave {self.source} {self.file} {self.options}", folder)


@dataclass(frozen=True)
class Sparse:
    """A GeoTIFF of 10 gigapixels whose stored tiles are ``scattered`` or ``together``."""

    filter: str
    where: str

    @property
    def name(self) -> str:
        """Its name among the rows."""
        return f"sparse 10 Gpx {self.where}, {self.filter}"

    @property
    def file(self) -> str:
        """Its file."""
        return f"sparse-{self.where}.tif"

    @property
    def work(self) -> Work:
        """The row."""
        ours = (
            f"{edgecli()} detect {self.file} -f {self.filter} -o ours.tif -q --max-pixels {10**10}"
        )
        return Work(self.name, ours, pace=0.2, most_megabytes=150)

    def make(self, folder: Path) -> None:
        """Write its file."""
        run_apart("pictures", "sparse", str(folder / self.file), self.where)


def rasters() -> list[Raster | Sparse]:
    """Return every row."""
    one_strip = "--tile-height 12032 --compression deflate"
    fax = "--compression ccittfax4 --bitdepth 1 --tile-height 64"
    return [
        *(Raster(name, *made, 100, 1 / 1.5) for name, made in _LOSSLESS.items()),
        Raster("G4 of 1 bit", "bits.pbm", fax, 150),
        Raster("tiled RGB", "colours.ppm", f"{_TILES} --compression deflate", 150),
        Raster("16 bits, one strip of deflate", "deep.pgm", one_strip, 100),
        *map(Sparse, ("sobel", "vertical") * 2, ("scattered",) * 2 + ("together",) * 2),
    ]


def main() -> None:
    """Measure the chosen rasters, one file at a time, and print the tables."""
    options = common_options(__doc__, rounds=5).parse_args()
    rows = {raster.name: raster for raster in rasters()}
    names = chosen(rows, options.only)
    if shutil.which("vips") is None and any(isinstance(rows[name], Raster) for name in names):
        sys.exit("vips makes the files; install libvips-tools")
    comparisons, limits = [], []
    with workplace() as folder:
        for name in names:
            say(name)
            raster = rows[name]
            raster.make(folder)
            lines = measure(raster.work, options.rounds, folder)
            comparisons += lines
            if lines[0].ours:
                limits += limits_of(raster.work, lines[0].ours)
            (folder / raster.file).unlink()
    publish(options.json, table(comparisons), comparisons, limits)


if __name__ == "__main__":
    main()
