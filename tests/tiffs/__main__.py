"""Compare every TIFF, as the package says."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from tests.tiffs import colours
from tests.tiffs.comparing import gdals, of_colours, ours, tifffiles
from tests.tiffs.making import recipes
from tests.tiffs.readers import python_of_gdal


def say(lines: list[str]) -> None:
    """Print lines."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    made = [make() for make in recipes()]
    checks = {"edgecli": ours}
    checks |= {"tifffile": tifffiles} if find_spec("tifffile") else {}
    checks |= {"GDAL": gdals} if python_of_gdal() else {}
    for name, check in checks.items():
        lines = list(check(made))
        say([*lines, f"{name}: {len(made) - len(lines):,} of {len(made):,} agree"])
    pictures = list(colours.every())
    lines = list(of_colours(pictures))
    say([*lines, f"colours: {len(pictures) - len(lines)} of {len(pictures)} agree"])
