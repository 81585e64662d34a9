"""Files of strokes: SVG, DXF, GeoJSON and points as CSV."""
