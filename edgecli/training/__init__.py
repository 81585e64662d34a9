"""Learned edges, from the start: scenes that are drawn, a network that learns them, its files.

    pip install 'edgecli[train]'
    python -m edgecli.training learned -o weights

Nothing else in the package imports this; torch is needed by ``model`` and ``train`` alone.
"""
