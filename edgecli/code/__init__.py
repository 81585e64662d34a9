"""A detection as a script for another library, short enough to be shown in a lesson."""

LIBRARIES = ("opencv", "scikit-image", "scipy", "torch", "pillow")
"""The libraries that scripts are written for, as ``--code`` names them."""
