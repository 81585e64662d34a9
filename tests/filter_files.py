"""Filters for tests: a file written and read, or why it cannot be; a bank of one kernel."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

from edgecli.errors import FilterError
from edgecli.filters import FilterBank, load_filter

NUMBERS = "write numbers separated by spaces or commas"


def from_kernel(kernel: ArrayLike, name: str) -> FilterBank:
    """Return a bank of one filter of depth 1, its kernel ``(kH, kW)``."""
    return FilterBank(np.array(kernel)[np.newaxis, np.newaxis], names=[name])


def load_text(folder: Path, text: str | bytes, name: str = "k.txt") -> FilterBank:
    """Read the text as a file of that name."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_filter(path)


def refusal(folder: Path, text: str | bytes, name: str = "k.txt") -> str:
    """Return why the text is refused, without the folder's name."""
    with pytest.raises(FilterError) as caught:
        load_text(folder, text, name)
    message = str(caught.value)
    assert message.isprintable()
    return message.replace(f"{folder}{os.sep}", "")
