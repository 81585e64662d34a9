"""What goes through the standard streams: read but once, told by its content, never mixed."""

from __future__ import annotations

import pytest

from tests.conftest import SAMPLES, Refuse

GRID = SAMPLES / "grid-6x6.csv"
PAGE = SAMPLES / "page.png"


@pytest.mark.parametrize(
    "args",
    [
        ["detect", "-", "--mask", "-", "-o", "-"],
        ["detect", "-", str(GRID), "-", "-o", "out"],
        ["batch", "-", "--mask", "-", "-o", "out"],
        ["learn", "-", "-", "--size", "3", "-o", "out.json"],
    ],
)
def test_standard_input_is_read_for_one_thing(refuse: Refuse, args: list[str]) -> None:
    said = refuse(*args, code=2, stdin=PAGE.read_bytes())
    assert said == "standard input (-) can be read only once; give files for the others"


@pytest.mark.parametrize("stdin", [b"a.png\0b.png\0", PAGE.read_bytes()])
def test_what_holds_nul_is_no_list_of_a_path_a_line(refuse: Refuse, stdin: bytes) -> None:
    said = refuse("batch", "-", "-o", "out", code=2, stdin=stdin)
    assert said.startswith("standard input holds NUL")
    assert "give -0" in said
