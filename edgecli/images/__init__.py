"""Pixels in and out."""

Shape = tuple[int, int, int]
"""Height, width and channels of an image."""

Resolution = tuple[float, float] | None
"""Pixels per inch across and down, where they are known."""
