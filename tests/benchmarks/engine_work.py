"""The work that the engine is measured at, and how each peer does the same."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

import edgecli
from edgecli import FilterBank
from edgecli.detect.plan import plan_detection
from edgecli.detect.settings import Settings
from edgecli.operators.operators import load_operators
from tests.benchmarks.pictures import photo

Array = NDArray[Any]
Run = Callable[[], Any]

THREADS = 2

SCIPY_TAPS = 2**28
"""The multiply-adds that SciPy gets, about a second's. Of larger work it gets a corner."""

LAYERS = (  # name, input channels, filters, kernel, stride, side of the image
    ("3→10 3×3", 3, 10, 3, 1, 1024),
    ("3→6 5×5", 3, 6, 5, 1, 1024),
    ("16→32 3×3", 16, 32, 3, 1, 512),
    ("32→64 3×3", 32, 64, 3, 1, 512),
    ("3→64 7×7/2", 3, 64, 7, 2, 1024),
    ("64→64 3×3", 64, 64, 3, 1, 512),
)

DENSE = (  # kernel, share of the image, least ratio to cv2.filter2D
    (3, 1.0, 0.6),
    (5, 1.0, 1.0),
    (7, 0.25, 1.3),
    (9, 0.25, 2.0),
    (11, 0.25, 2.0),
    (15, 0.25, 2.0),
    (31, 0.25, 2.0),
    (63, 0.25, 2.0),
)


@dataclass(frozen=True)
class Peer:
    """Another library at the same work; ``run`` is None where it is not installed.

    ``as_ours`` brings its result to our scale and shape, which is not timed. A peer may get only a
    corner of the image, with a ``share`` of its pixels; its time is divided by that.
    """

    name: str
    run: Run | None
    least: float | None = None
    as_ours: Callable[[Any], Array] = np.asarray
    share: float = 1.0


@dataclass(frozen=True)
class Work:
    """One row: ours, the peers, and the image, whose copy is the floor."""

    name: str
    ours: Run
    image: Array
    peers: tuple[Peer, ...]
    border: int = 0  # last rows and columns of a corner, which its own padding spoils
    rounding: float = 0  # levels by which rounded results may differ


def optional(module: str) -> Any:
    """Return a peer's module, or None where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


cv2, torch = optional("cv2"), optional("torch")
ndimage, skimage = optional("scipy.ndimage"), optional("skimage.filters")


def limit_threads() -> None:
    """Give every peer as many threads as ours has."""
    if cv2:
        cv2.setNumThreads(THREADS)
    if torch:
        torch.set_num_threads(THREADS)


def call(module: Any, run: Callable[[], Any]) -> Run | None:
    """Return the call, or None where the module that it needs is not installed."""
    return None if module is None else run


def all_work(megapixels: float) -> dict[str, Callable[[], Work]]:
    """Return every row by its name; calling it makes its images."""
    height = isqrt(int(megapixels * 1e6 * 2 / 3))
    picture = photo(height, height * 3 // 2)
    rows: dict[str, Callable[[], Work]] = {
        name: partial(derivative, picture, name)
        for name in ("vertical", "sobel-x", "prewitt-x", "scharr-x")
    }
    rows["sobel magnitude"] = partial(sobel_magnitude, picture)
    rows |= {f"integer {k}×{k}": partial(dense_integer, picture, k) for k in (3, 5)}
    for k, share, least in DENSE:
        part = corner(picture, share)
        rows[f"float {k}×{k}"] = partial(dense_float, part, k, least)
    rows["gaussian:3"] = partial(gaussian, picture)
    rows["vertical, stride 2"] = partial(strided, picture)
    rows |= {f"layer {layer[0]}": partial(network_layer, *layer) for layer in LAYERS}
    return rows


def corner(image: Array, share: float) -> Array:
    """Return the top left part of an image with about this share of its pixels."""
    height, width = (int(size * share**0.5) for size in image.shape)
    return np.ascontiguousarray(image[:height, :width])


def ours(image: Array, bank: FilterBank, **options: Any) -> Run:
    """Return our call, by default with ``same`` padding that repeats the border's pixels."""
    options = {"padding": "same", "padding_mode": "replicate", **options}
    return lambda: edgecli.convolve(image, bank, threads=THREADS, **options)


def ours_again(image: Array, bank: FilterBank) -> Run:
    """Return our call into memory that was used before, as OpenCV and SciPy are called."""
    return ours(image, bank, out=ours(image, bank)())


def filter2d(image: Array, kernel: Array, depth: str) -> Run | None:
    """Return OpenCV's call, into ``CV_16S`` or ``CV_32F``."""
    if cv2 is None:
        return None
    weight = kernel.astype(np.float32)
    run = partial(cv2.filter2D, image, getattr(cv2, depth), weight, borderType=cv2.BORDER_REPLICATE)
    return partial(run, dst=run())


def scipy_peer(image: Array, kernel: Array, dtype: Any) -> Peer:
    """Return SciPy's correlation on as much of the image as takes about a second."""
    share = min(1.0, SCIPY_TAPS / (np.count_nonzero(kernel) * image.size))
    part = corner(image, share)
    result = np.empty(part.shape, dtype)
    name = "scipy.ndimage.correlate"
    if share < 1:
        name += f" ({part.size / 1e6:.2g} MP, scaled)"
    return Peer(
        name,
        call(ndimage, lambda: ndimage.correlate(part, kernel, result, mode="nearest")),
        least=10,
        share=part.size / image.size,
    )


def derivative(image: Array, name: str) -> Work:
    """Return the row of a named derivative, into 16-bit integers."""
    bank = edgecli.load_filter(name)
    kernel = bank.weight[0, 0]
    peers = [Peer("cv2.filter2D", filter2d(image, kernel, "CV_16S"), least=2)]
    if name in ("sobel-x", "scharr-x"):
        peers.append(Peer(f"cv2.{name[:-2].title()}", _opencv_derivative(image, name), least=2))
    peers += [scipy_peer(image, kernel, np.int16), _skimage_derivative(image, name, kernel)]
    return Work(name, ours_again(image, bank), image, tuple(peers), border=1)


def _opencv_derivative(image: Array, name: str) -> Run | None:
    if cv2 is None:
        return None
    function = cv2.Sobel if name == "sobel-x" else cv2.Scharr
    run = partial(function, image, cv2.CV_16S, 1, 0, borderType=cv2.BORDER_REPLICATE)
    return partial(run, dst=run())


def _skimage_derivative(image: Array, name: str, kernel: Array) -> Peer:
    """Return scikit-image, which scales pixels to 0 … 1 and weights to a sum of 1."""
    function = "prewitt" if name == "vertical" else name[:-2]
    scale = 255 * np.abs(kernel).sum() / 2 * (-1 if name == "vertical" else 1)
    return Peer(
        f"skimage.filters.{function}",
        call(skimage, lambda: getattr(skimage, function)(image, axis=1, mode="nearest")),
        as_ours=lambda result: np.rint(result * scale),
    )


def scale_of(operator: str) -> float:
    """Return what an operator's strengths are multiplied by to be drawn, in 8 bits."""
    settings = Settings(load_operators([operator]))
    scale = plan_detection(settings, (9, 9, 1), np.dtype(np.uint8)).plans[0].paint.scale
    return scale.factor if scale else 1.0


def sobel_magnitude(image: Array) -> Work:
    """Return the row of the magnitude of Sobel's pair, scaled and saturated to 8 bits."""
    scale = scale_of("sobel")

    def opencv() -> Any:
        border = cv2.BORDER_REPLICATE
        x = cv2.Sobel(image, cv2.CV_32F, 1, 0, borderType=border)
        y = cv2.Sobel(image, cv2.CV_32F, 0, 1, borderType=border)
        return cv2.convertScaleAbs(cv2.magnitude(x, y), alpha=scale)

    def scipy() -> Any:
        return np.hypot(
            *(
                ndimage.correlate(image, kernel, output=np.float32, mode="nearest")
                for kernel in edgecli.load_filter("sobel").weight[:, 0]
            )
        )

    def saturated(magnitude: Array) -> Array:
        return np.clip(np.rint(magnitude * scale), 0, 255)

    peers = (
        Peer("cv2.Sobel ×2 + magnitude + convertScaleAbs", call(cv2, opencv), least=1.3),
        Peer("scipy.ndimage.correlate ×2 + hypot", call(ndimage, scipy), 10, saturated),
        Peer(
            "skimage.filters.sobel",
            call(skimage, lambda: skimage.sobel(image, mode="nearest")),
            as_ours=lambda result: saturated(result * (255 * 4 * 2**0.5)),
        ),
    )
    run = partial(edgecli.detect_edges, image, "sobel", threads=THREADS)
    return Work("sobel magnitude", run, image, peers, rounding=1)


def dense_integer(image: Array, size: int) -> Work:
    """Return the row of random whole weights, −9 … 9: no outer product, and hardly a zero."""
    kernel = np.random.default_rng(size).integers(-9, 10, (size, size)).astype(float)
    run = ours_again(image, FilterBank(kernel[np.newaxis, np.newaxis]))
    dtype = ours(image[:9, :9], FilterBank(kernel[np.newaxis, np.newaxis]))().dtype
    depth = "CV_16S" if dtype == np.int16 else "CV_32F"  # filter2D has no 32-bit integers
    peers = (
        Peer("cv2.filter2D", filter2d(image, kernel, depth), least=1),
        scipy_peer(image, kernel, dtype),
    )
    return Work(f"integer {size}×{size}", run, image, peers, border=size)


def dense_float(image: Array, size: int, least: float) -> Work:
    """Return the row of random weights of full rank."""
    kernel = np.random.default_rng(size).normal(size=(size, size))
    peers = (
        Peer("cv2.filter2D", filter2d(image, kernel, "CV_32F"), least),
        scipy_peer(image, kernel, np.float32),
    )
    run = ours_again(image, FilterBank(kernel[np.newaxis, np.newaxis]))
    return Work(f"float {size}×{size}", run, image, peers, border=size)


def gaussian(image: Array) -> Work:
    """Return the row of a float image that is smoothed."""
    pixels = image.astype(np.float32)
    bank = edgecli.load_filter("gaussian:3")
    kernel = bank.weight[0, 0]
    options = {"mode": "nearest", "truncate": 4.0}

    result = np.empty_like(pixels)

    def opencv() -> Any:
        return cv2.GaussianBlur(pixels, kernel.shape, 3, result, borderType=cv2.BORDER_REPLICATE)

    peers = (
        Peer("cv2.GaussianBlur", call(cv2, opencv), least=1),
        scipy_peer(pixels, kernel, np.float32),
        Peer(
            "scipy.ndimage.gaussian_filter",
            call(ndimage, lambda: ndimage.gaussian_filter(pixels, 3, **options)),
        ),
        Peer(
            "skimage.filters.gaussian",
            call(skimage, lambda: skimage.gaussian(pixels, 3, preserve_range=True, **options)),
        ),
    )
    return Work("gaussian:3", ours_again(pixels, bank), pixels, peers, border=len(kernel))


def torch_layer(volume: Array, bank: FilterBank, stride: int) -> Run | None:
    """Return torch's convolution of ``(C, H, W)``, padded with zeros to its size over the stride.

    Its tensors are made beforehand, so that no conversion is timed.
    """
    if torch is None:
        return None
    pixels = torch.from_numpy(volume.astype(np.float32))[np.newaxis]
    weight = torch.from_numpy(bank.weight.astype(np.float32))
    bias = torch.from_numpy(bank.bias.astype(np.float32)) if bank.has_bias else None
    pad = weight.shape[2] // 2

    def run() -> Any:
        with torch.inference_mode():
            return torch.nn.functional.conv2d(pixels, weight, bias, stride, pad)[0]

    return run


def strided(image: Array) -> Work:
    """Return the row of every second pixel of every second row. torch gets floats, ours bytes."""
    bank = edgecli.load_filter("vertical")
    peers = (
        Peer("torch conv2d stride 2", torch_layer(image[np.newaxis], bank, 2), least=10),
        Peer(
            "scipy.ndimage.correlate, then [::2, ::2]",
            call(ndimage, lambda: _scipy_strided(image, bank.weight[0, 0])),
            least=10,
        ),
    )
    run = ours(image, bank, padding=1, padding_mode="zeros", stride=2)
    return Work("vertical, stride 2", run, image, peers)


def _scipy_strided(image: Array, kernel: Array) -> Any:
    return ndimage.correlate(image, kernel, output=np.int16, mode="constant")[::2, ::2]


def network_layer(name: str, depth: int, filters: int, size: int, stride: int, side: int) -> Work:
    """Return the row of a layer with bias over a volume of floats as large as an image."""
    random = np.random.default_rng(depth * filters)
    volume = random.normal(size=(depth, side, side)).astype(np.float32)
    weight = random.normal(size=(filters, depth, size, size))
    bank = FilterBank(weight, bias=random.normal(size=filters))
    run = ours(volume, bank, padding=size // 2, padding_mode="zeros", stride=stride)
    peer = Peer("torch conv2d", torch_layer(volume, bank, stride), least=0.6)
    return Work(f"layer {name}", run, volume, (peer,))
