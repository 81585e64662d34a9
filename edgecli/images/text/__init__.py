"""Grids of numbers in text."""
