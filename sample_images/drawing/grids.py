"""Small grids of numbers, on which a convolution can be done with pencil and paper."""

Rows = tuple[str, ...]

GRIDS: dict[str, tuple[str, Rows]] = {
    "grid-6x6.csv": (
        "A 6 x 6 picture: with a 3 x 3 filter it gives a 4 x 4 result.",
        ("3 0 1 2 7 4", "1 5 8 9 3 1", "2 7 2 5 1 3", "0 1 3 1 7 8", "4 2 1 6 2 8", "2 4 5 2 3 9"),
    ),
    "half-bright-6x6.csv": (
        "A 6 x 6 picture, bright on the left and dark on the right: one upright edge.",
        ("10 10 10 0 0 0",) * 6,
    ),
    "half-dark-6x6.csv": (
        "A 6 x 6 picture, dark on the left and bright on the right: the edge the other way.",
        ("0 0 0 10 10 10",) * 6,
    ),
    "grid-7x7.csv": (
        "A 7 x 7 picture: with a 3 x 3 filter and a stride of 2 it gives a 3 x 3 result.",
        (
            "2 3 7 4 6 2 9",
            "6 6 9 8 7 4 3",
            "3 4 8 3 8 9 7",
            "7 8 3 6 6 3 4",
            "4 2 1 8 3 4 6",
            "3 2 4 1 9 8 3",
            "0 1 3 9 2 1 4",
        ),
    ),
    "stride-3x3.txt": (
        "A 3 x 3 filter to try on grid-7x7.csv with a stride of 2.",
        ("3 4 4", "1 0 2", "-1 0 3"),
    ),
}
"""What each file is, and its rows with blanks between the numbers, by its name."""


def text_of(name: str) -> str:
    """Return the contents of a grid file: a comment line, then the rows."""
    about, rows = GRIDS[name]
    if name.endswith(".csv"):
        rows = tuple(row.replace(" ", ",") for row in rows)
    return "\n".join((f"# {about}", *rows)) + "\n"
