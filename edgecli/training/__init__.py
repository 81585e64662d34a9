"""Learned edges from scratch: scenes are drawn, and a network learns from them.

    pip install 'edgecli[train]'
    python -m edgecli.training learned -o weights

No other part of the package imports this one. Only ``model`` and ``train`` need torch.
"""
