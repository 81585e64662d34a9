"""Who made an image, and how: what its file says, and how a file of our own is known by it."""

from __future__ import annotations

import os
import re

from edgecli import __version__
from edgecli.records import dataclass

_HEAD = 1 << 12  # bytes; of PNG and TIFF as written here, the texts begin in the first ones
_OF_PNG = rb"(?s)\x89PNG\r\n\x1a\n((?!IDAT).)*tEXtSoftware\0edgecli \d"
_OF_ZARR = rb'(?s)\{.*"made_by": "edgecli \d'
_OF_TIFF = rb"(?s)II[*+]\0.*edgecli \d\S* (detect|network) ?"

SOFTWARE = f"edgecli {__version__}"


@dataclass(frozen=True)
class MadeBy:
    """The program, with its version, and the command line that gives the same.

    A command has no paths, and nothing that changes from run to run.

    >>> str(MadeBy("edgecli detect -f canny", "edgecli 0.1.0"))
    'edgecli 0.1.0 detect -f canny'
    """

    command: str
    software: str = SOFTWARE

    def __str__(self) -> str:
        return self.command.replace("edgecli", self.software, 1)


def is_ours(path: str) -> bool:
    """Return whether a file says that edgecli made it, as PNG and TIFF do in their first bytes.

    Stores of Zarr say so in what tells of their array. Files that are named otherwise are not
    opened.
    """
    if not path.lower().endswith((".png", ".tif", ".tiff", ".zarr")):
        return False
    try:
        with open(_told_in(path), "rb", buffering=0) as file:
            head = file.read(_HEAD)
    except OSError:  # told where the file is read
        return False
    return any(re.match(pattern, head) for pattern in (_OF_PNG, _OF_TIFF, _OF_ZARR))


def _told_in(path: str) -> str:
    return os.path.join(path, "zarr.json") if path.lower().endswith(".zarr") else path
