"""Edge maps against their peers, inside one process.

    python -m tests.benchmarks.edges [--only REGEX] [--rounds N] [--megapixels 24] [--json FILE]

Two threads each where a library has threads. Before anything is timed, every peer's edge map is
compared with ours: by the share of equal pixels for lines, by the largest difference otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

import edgecli
from edgecli.lines.hysteresis import hysteresis
from tests.benchmarks.engine import main
from tests.benchmarks.engine_work import THREADS, Peer, Work, call, optional, scale_of
from tests.benchmarks.pictures import photo, texture

Array = NDArray[Any]

cv2, skimage_feature = optional("cv2"), optional("skimage.feature")
skimage_filters = optional("skimage.filters")

SIGMA, LOW, HIGH = 1.4, 50, 100

CALLS = 100  # of a loop

AGREEMENT = 0.99
"""The share of pixels in which lines must agree. Every library smooths and rounds in its way."""


def canny_of_opencv(image: Array) -> Any:
    """Smooth, then Canny, as most programs do."""
    smooth = cv2.GaussianBlur(image, (0, 0), SIGMA, borderType=cv2.BORDER_REPLICATE)
    return cv2.Canny(smooth, LOW, HIGH, L2gradient=True)


def canny_of_skimage(image: Array) -> Any:
    """Smooth, thin and link. Its thresholds are a quarter of OpenCV's."""
    return skimage_feature.canny(image.astype(np.float32), SIGMA, LOW / 4, HIGH / 4, mode="nearest")


def canny(image: Array, least: float) -> Work:
    """Return the row of Canny: smoothing, thinning, and hysteresis with given thresholds."""
    peers = (
        Peer(
            "cv2.GaussianBlur + Canny(L2gradient)", call(cv2, lambda: canny_of_opencv(image)), least
        ),
        Peer("skimage.feature.canny", call(skimage_feature, lambda: canny_of_skimage(image)), 5),
    )
    run = partial(
        edgecli.detect_edges, image, f"canny:{SIGMA}", hysteresis=f"{LOW},{HIGH}", threads=THREADS
    )
    return Work("canny", run, image, peers)


def canny_alone(image: Array, low: int, high: int, least: float) -> Work:
    """Return the row of Canny's edges without smoothing: a noisy photo has many."""
    run = partial(
        edgecli.detect_edges, image, "canny:0", hysteresis=f"{low},{high}", threads=THREADS
    )
    peer = call(cv2, lambda: cv2.Canny(image, low, high, L2gradient=True))
    return Work("canny:0", run, image, (Peer("cv2.Canny", peer, least),))


def in_a_loop(operator: str, opencv: Callable[[Array], Any], least: float, **options: Any) -> Work:
    """Return the row of many calls on a small picture, as a program makes them."""
    image = photo(321, 481)

    def loop(run: Callable[[Array], Any]) -> Any:
        for _ in range(CALLS):
            edges = run(image)
        return edges

    ours = partial(edgecli.detect_edges, operator=operator, threads=THREADS, **options)
    peer = Peer("OpenCV", call(cv2, partial(loop, opencv)), least)
    return Work(operator, partial(loop, ours), image, (peer,), rounding=1)


def magnitude_of_opencv(image: Array, operator: str, scale: float) -> Any:
    """Return the magnitude of a pair of derivatives, scaled and saturated to 8 bits."""
    border, derivative = cv2.BORDER_REPLICATE, getattr(cv2, operator.title())
    x = derivative(image, cv2.CV_32F, 1, 0, borderType=border)
    y = derivative(image, cv2.CV_32F, 0, 1, borderType=border)
    return cv2.convertScaleAbs(cv2.magnitude(x, y), alpha=scale)


def scharr(image: Array) -> Work:
    """Return the row of the magnitude of Scharr's pair, saturated to 8 bits."""
    run = partial(edgecli.detect_edges, image, "scharr", threads=THREADS)
    theirs = call(cv2, partial(magnitude_of_opencv, image, "scharr", scale_of("scharr")))
    peer = Peer("cv2.Scharr ×2 + magnitude + convertScaleAbs", theirs, 1.3)
    return Work("scharr", run, image, (peer,), rounding=1)


def kirsch(image: Array) -> Work:
    """Return the row of the largest of eight compass filters, scaled and saturated to 8 bits."""
    kernels = edgecli.load_filter("kirsch").weight[:, 0].astype(np.float32)
    scale = scale_of("kirsch")

    def opencv() -> Any:
        largest = None
        for kernel in kernels:
            one = cv2.filter2D(image, cv2.CV_16S, kernel, borderType=cv2.BORDER_REPLICATE)
            size = cv2.absdiff(one, 0.0)
            largest = size if largest is None else cv2.max(largest, size)
        return cv2.convertScaleAbs(largest, alpha=scale)

    run = partial(edgecli.detect_edges, image, "kirsch", threads=THREADS)
    peer = Peer("cv2.filter2D ×8 + absdiff + max + convertScaleAbs", call(cv2, opencv), 3)
    return Work("kirsch", run, image, (peer,), rounding=1)


def hysteresis_alone(image: Array, low: float, high: float) -> Work:
    """Return the row of hysteresis of Sobel's magnitude, 4-connected like scikit-image's."""
    x, y = edgecli.convolve(image, "sobel", padding="same", padding_mode="replicate")
    strength = np.hypot(x, y, dtype=np.float32)
    run = partial(hysteresis, strength, low, high, corners=False, threads=THREADS)
    peer = call(
        skimage_filters, lambda: skimage_filters.apply_hysteresis_threshold(strength, low, high)
    )
    name = f"hysteresis {low:g},{high:g}"
    return Work(name, run, strength, (Peer("skimage apply_hysteresis_threshold", peer, 2),))


def all_work(megapixels: float) -> dict[str, Callable[[], Work]]:
    """Return every row by its name; calling it makes what it needs."""
    height = isqrt(int(megapixels * 1e6 * 2 / 3))
    shape = height, height * 3 // 2
    image, noisy = photo(*shape), texture(*shape)
    calls = f"{CALLS} × 481×321"
    magnitude = partial(magnitude_of_opencv, operator="sobel", scale=scale_of("sobel"))
    return {
        "canny": partial(canny, image, 0.7),
        "canny:0 100,200": partial(canny_alone, image, 100, 200, 0.8),
        "canny:0 30,90": partial(canny_alone, image, 30, 90, 0.45),
        "texture, canny": partial(canny, noisy, 0.45),
        "texture, canny:0 100,200": partial(canny_alone, noisy, 100, 200, 0.45),
        "texture, canny:0 30,90": partial(canny_alone, noisy, 30, 90, 0.45),
        f"sobel, {calls}": partial(in_a_loop, "sobel", magnitude, 0.8),
        f"canny, {calls}": partial(
            in_a_loop, f"canny:{SIGMA}", canny_of_opencv, 0.3, hysteresis=(LOW, HIGH)
        ),
        "scharr": partial(scharr, image),
        "kirsch": partial(kirsch, image),
        "hysteresis 60,120": partial(hysteresis_alone, image, 60, 120),
        "hysteresis 20,60": partial(hysteresis_alone, image, 20, 60),
    }


def difference(work: Work, peer: Peer, result: Array, theirs: Array) -> str:
    """Return how a peer's edge map differs from ours, or nothing where they agree."""
    result, theirs = np.asarray(result), peer.as_ours(theirs)
    if theirs.dtype == bool:
        theirs, result = theirs.view(np.uint8), (result > 0).view(np.uint8)
    if set(np.unique(theirs)) <= {0, 1, 255}:
        agreement = float((theirs == result).mean())
        return "" if agreement >= AGREEMENT else f"{agreement:.2%} of pixels agree"
    error = int(np.abs(result.astype(int) - theirs).max())
    return "" if error <= work.rounding else f"differs by {error}"


if __name__ == "__main__":
    main(__doc__, 5, all_work, difference)
