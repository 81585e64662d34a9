"""Zarr: arrays in chunks, each a file of its own, in a folder."""
