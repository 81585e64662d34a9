"""Pratt's figure of merit: how near the marked pixels are to those that people drew.

I. E. Abdou and W. K. Pratt, "Quantitative design and evaluation of enhancement/thresholding edge
detectors", Proceedings of the IEEE 67 (1979).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgecli.evaluate.matching import Mask

SCALE = 1 / 9
"""The weight of a squared distance in pixels, as in the paper."""


def merit(edges: Mask, drawn: Mask) -> float:
    """Return Σ 1 / (1 + d²/9) over the marked pixels, d being the distance to the nearest drawn.

    The sum is divided by the number of marked or of drawn pixels, whichever is more. It is 1 where
    both are the same, and 1 of nothing where nothing is drawn.

    >>> drawn = np.zeros((5, 5), bool)
    >>> drawn[:, 2] = True
    >>> merit(drawn, drawn), merit(np.roll(drawn, 1, axis=1), drawn)
    (1.0, 0.9)
    """
    most = max(int(edges.sum()), int(drawn.sum()))
    if not most:
        return 1.0
    if not drawn.any():
        return 0.0
    from scipy.ndimage import distance_transform_edt

    distance: NDArray[np.float64] = distance_transform_edt(~drawn)[edges]
    return float((1 / (1 + SCALE * distance**2)).sum() / most)
