"""From lines to strokes, edges as geometry: locate, join, clean, simplify, order, write."""
