"""JPEG, and several of them in one file."""
