"""Learned edges from scratch: drawn scenes, a network that learns from them, and its files.

    pip install 'edgecli[train]'
    python -m edgecli.training learned -o weights

Nothing else in the package imports this; only ``model`` and ``train`` need torch.
"""
