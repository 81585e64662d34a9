"""How each library filters: the lines from ``image`` and ``kernels`` to ``response``.

Borders are translated, and what a library calls correlation: all that are here correlate, except
where a comment says so. A library whose functions take no weights has its own names for operators.
"""

from __future__ import annotations

from collections.abc import Callable

from edgecli.code.task import CANNY, Task
from edgecli.code.words import Words
from edgecli.geometry import Axis
from edgecli.paint.rendering import Scale

NUMPY_MODES = {
    "zeros": "constant", "constant": "constant", "replicate": "edge", "reflect": "reflect",
    "symmetric": "symmetric", "circular": "wrap",
}  # fmt: skip
SCIPY_MODES = NUMPY_MODES | {"replicate": "nearest", "reflect": "mirror", "symmetric": "reflect"}
TORCH_MODES = NUMPY_MODES | {"replicate": "replicate", "circular": "circular"}
OPENCV_BORDERS = {
    "zeros": "CONSTANT", "constant": "CONSTANT", "replicate": "REPLICATE", "reflect": "REFLECT_101",
    "symmetric": "REFLECT", "circular": "WRAP",
}  # fmt: skip
"""Our padding modes in the words of ``numpy.pad``, SciPy, torch and OpenCV."""


def opencv(task: Task) -> Words:
    """Filter by ``cv2.filter2D``, in float64: of whole numbers the result is exact."""
    if task.plan.threshold is not None and task.plan.threshold.linked:
        return _opencv_canny(task)
    border = f"cv2.BORDER_{OPENCV_BORDERS[task.mode.mode]}"
    rows, cols = task.rows, task.cols
    lines, source, crop = [*task.kernels(), *_spread(task)], "image", ""
    if task.centred and task.mode.mode not in ("constant", "circular"):
        options = f", borderType={border}"
    else:
        sides = rows.before, rows.after, cols.before, cols.after
        if any(sides):
            value = f", value={task.mode.value:g}" if task.mode.mode == "constant" else ""
            pads = ", ".join(map(str, sides))
            lines.append(f"padded = cv2.copyMakeBorder(image, {pads}, {border}{value})")
            source = "padded"
        crop, options = f"[{_inner(rows)}, {_inner(cols)}]", ""
    return Words(
        ("import cv2",),
        [*lines, *_each(task, f"cv2.filter2D({source}, cv2.CV_64F, kernel{options}){crop}")],
    )


def _inner(axis: Axis) -> str:
    """Return the slice of what is filtered whole to where the window lies within."""
    start = axis.span // 2
    stop = start + (axis.output - 1) * axis.stride + 1
    step = f":{axis.stride}" if axis.stride > 1 else ""
    return f"{start}:{stop}{step}"


def _opencv_canny(task: Task) -> Words:
    family, _, sigma = task.plan.edge_map.name.partition(":")
    levels = task.plan.levels
    plain = task.centred and task.mode.mode == "replicate" and not task.bias
    if family != "canny" or levels is None:
        raise task.refuse("hysteresis of other filters", CANNY)
    if not plain or task.activation != "none":
        own = "leave out --padding and --padding-mode, --stride, --dilation, --bias, --activation"
        raise task.refuse("Canny's edges under another window", own)
    size = max(task.weights.shape[1] - 2, 1)
    border = "borderType=cv2.BORDER_REPLICATE"
    blur = f"cv2.GaussianBlur(grey, ({size}, {size}), {sigma or 1.4}, {border})"
    return Words(
        ("import cv2",),
        ["grey = image.astype(np.uint8)"]
        + [f"grey = {blur}"] * (sigma != "0")
        + [f"edges = cv2.Canny(grey, {levels.low:g}, {levels.high:g}, L2gradient=True)"]
        + ["# a few pixels differ: OpenCV rounds what it smooths"] * (sigma != "0"),
        finished=True,
    )


def scipy(task: Task) -> Words:
    """Filter by ``ndimage.correlate``, or by ``signal.correlate2d`` where pixels are left out."""
    lines = [*task.kernels(), *_spread(task)]
    if task.centred:
        value = f", cval={task.mode.value:g}" if task.mode.value else ""
        mode = SCIPY_MODES[task.mode.mode]
        call = f'ndimage.correlate(image, kernel, mode="{mode}"{value})'
        return Words(("from scipy import ndimage",), [*lines, *_each(task, call)])
    pad, source = _numpy_pad(task)
    call = f'signal.correlate2d({source}, kernel, mode="valid"){task.steps}'
    return Words(("from scipy import signal",), [*lines, *pad, *_each(task, call)])


def torch(task: Task) -> Words:
    """Filter by ``conv2d``, which correlates, strides and dilates, in float64."""
    rows, cols = task.rows, task.cols
    sides = cols.before, cols.after, rows.before, rows.after
    mode = task.mode.mode
    fits = mode in ("zeros", "constant", "replicate") or (
        mode != "symmetric"
        and max(rows.before, rows.after) < rows.size
        and max(cols.before, cols.after) < cols.size
    )
    pad, source = ([], "image") if fits else _numpy_pad(task)
    lines = [*task.kernels(), *pad]
    lines.append(
        f"volume = torch.from_numpy({source})[None, None]  # images, channels, rows, columns"
    )
    if any(sides) and fits:
        value = f", value={task.mode.value:g}" if mode == "constant" else ""
        lines.append(f'volume = F.pad(volume, {sides}, mode="{TORCH_MODES[mode]}"{value})')
    weight = "kernels[:, None]" if task.several else "kernel[None, None]"
    lines.append(f"weight = torch.from_numpy(np.array({weight}, float))")
    options = [
        f", {name}={values}"
        for name, values in (("stride", (rows.stride, cols.stride)), ("dilation", task.dilation))
        if values != (1, 1)
    ]
    index = "[0]" if task.several else "[0, 0]"
    name = "responses" if task.several else "response"
    lines.append(f"{name} = F.conv2d(volume, weight{''.join(options)}){index}.numpy()")
    return Words(("import torch", "import torch.nn.functional as F"), lines)


_SKIMAGE: dict[str, tuple[str, str] | tuple[str, str, int]] = {
    "sobel": ("4 * np.sqrt(2) * ", "sobel"), "prewitt": ("3 * np.sqrt(2) * ", "prewitt"),
    "scharr": ("16 * np.sqrt(2) * ", "scharr"), "farid": ("np.sqrt(2) * ", "farid"),
    "sobel-x": ("4 * ", "sobel", 1), "sobel-y": ("4 * ", "sobel", 0),
    "prewitt-x": ("3 * ", "prewitt", 1), "prewitt-y": ("3 * ", "prewitt", 0),
    "scharr-x": ("16 * ", "scharr", 1), "scharr-y": ("16 * ", "scharr", 0),
    "farid-x": ("", "farid", 1), "farid-y": ("", "farid", 0),
    "vertical": ("-3 * ", "prewitt", 1), "horizontal": ("-3 * ", "prewitt", 0),
    "roberts": ("np.sqrt(2) * ", "roberts"), "laplacian": ("-", "laplace"),
}  # fmt: skip
"""Operators by scikit-image's names: it divides each derivative by its positive weights."""


def skimage(task: Task) -> Words:
    """Filter by the functions that scikit-image has, and scale them as our weights are."""
    name = task.plan.edge_map.name
    own = task.result.detection.settings.operators[0].combine
    built_in = len(task.result.detection.settings.operators) == 1 and name in _SKIMAGE
    if not built_in or own != task.plan.edge_map.combine:
        raise task.refuse_here(f"{name}, only for operators that it names")
    geometry = task.centred or name == "roberts"
    flipped = task.result.detection.settings.convolve
    if not geometry or task.bias or task.dilation != (1, 1) or flipped:
        raise task.refuse_here("padding, dilation, bias and flips of your own")
    factor, function, *axis = _SKIMAGE[name]
    options = "".join(f", axis={number}" for number in axis)
    border = task.mode.mode
    if function not in ("roberts", "laplace"):
        value = f", cval={task.mode.value:g}" if task.mode.value else ""
        options += f', mode="{SCIPY_MODES[border]}"{value}'
    elif border not in ("replicate", "symmetric"):
        raise task.refuse_here(f"--padding-mode {border} of {name}")
    left = "strength" if task.several else "response"
    return Words(
        ("from skimage import filters",),
        [f"{left} = {factor}filters.{function}(image{options})"],
        combined=task.several,
    )


def _spread(task: Task) -> list[str]:
    """Return the lines that put zeros between the weights, for a dilation."""
    down, along = task.dilation
    if down == along == 1:
        return []
    name = "kernels" if task.several else "kernel"
    shape = (task.rows.span, task.cols.span)
    full = (len(task.weights), *shape) if task.several else shape
    return [
        f"spread = np.zeros({full})",
        f"spread[..., ::{down}, ::{along}] = {name}  # dilation",
        f"{name} = spread",
    ]


def _numpy_pad(task: Task) -> tuple[list[str], str]:
    """Return the line that pads the image, if it is padded, and the name of what comes of it."""
    rows, cols = task.rows, task.cols
    sides = (rows.before, rows.after), (cols.before, cols.after)
    if not any(map(any, sides)):
        return [], "image"
    value = f", constant_values={task.mode.value:g}" if task.mode.value else ""
    return [
        f'padded = np.pad(image, {sides}, mode="{NUMPY_MODES[task.mode.mode]}"{value})'
    ], "padded"


def _each(task: Task, call: str) -> list[str]:
    """Return the line that filters by the kernel, or by each of several."""
    if not task.several:
        return [f"response = {call}"]
    return ["responses = np.array([", f"    {call}", "    for kernel in kernels", "])"]


def pillow(task: Task) -> Words:
    """Filter by ``ImageFilter.Kernel``, which is 3×3 or 5×5 and clips to 0 … 255."""
    plan, scale, span = task.plan, task.plan.paint.scale, max(task.rows.span, task.cols.span)
    if span > 5:
        raise task.refuse_here("kernels over 5×5")
    if plan.edge_map.combine in ("magnitude", "sum"):
        raise task.refuse(f"{plan.edge_map.combine}: it clips each response", "use --combine max")
    depths = {plan.paint.sample_type.name, task.result.detection.pixels.name}
    plain = task.activation == "none" and not task.bias and plan.threshold is None
    if scale is None or plan.fits or scale.offset or depths != {"uint8"} or not plain:
        raise task.refuse_here("more than 8 bits, scaled and clipped")
    side = 3 if span <= 3 else 5
    name = "kernels" if task.several else "kernel"
    widths = f"(0, {side - task.rows.span}), (0, {side - task.cols.span})"
    lines = [*task.kernels(), *_spread(task)]
    if min(task.rows.span, task.cols.span) < side:
        none = "(0, 0), " * task.several
        lines.append(f"{name} = np.pad({name}, ({none}{widths}))  # {side}×{side}")
    return Words((), [*lines, *_pillow_lines(task, side, scale)], finished=True)


def _pillow_lines(task: Task, side: int, scale: Scale) -> list[str]:
    """Return the lines that pad, filter by kernels of one side, and leave out the frame."""
    rows, cols = task.rows, task.cols
    sides = (
        (rows.before, rows.after + side - rows.span), (cols.before, cols.after + side - cols.span)
    )  # fmt: skip
    value = f", constant_values={task.mode.value:g}" if task.mode.value else ""
    pad = f'np.pad(image, {sides}, mode="{NUMPY_MODES[task.mode.mode]}"{value})'
    pads = [f"padded = {pad}"] if any(map(any, sides)) else []
    inner = ", ".join(
        f"{side // 2}:{side // 2 + (axis.output - 1) * axis.stride + 1}"
        + f":{axis.stride}" * (axis.stride > 1)
        for axis in (rows, cols)
    )
    both = "ImageChops.add(clipped(kernel), clipped(-kernel))"
    one = both if scale.absolute else "clipped(kernel)"
    kernel = f"ImageFilter.Kernel(({side}, {side}), weights, scale={1 / scale.factor!r})"
    lines = [
        *pads,
        f"picture = Image.fromarray({'padded' if pads else 'image'}.astype(np.uint8))",
        "",
        "def clipped(kernel):",
        "    weights = kernel[::-1].ravel().tolist()  # Pillow counts rows from below",
        f"    return picture.filter({kernel})",
        "",
    ]
    if task.several:
        lines += [
            'edges = Image.new("L", picture.size)',
            "for kernel in kernels:",
            f"    edges = ImageChops.lighter(edges, {one})",
        ]
    else:
        lines.append(f"edges = {one}" + "  # one of them is 0" * scale.absolute)
    return [*lines, f"edges = np.asarray(edges)[{inner}]"]


WRITERS: dict[str, Callable[[Task], Words]] = {
    "opencv": opencv, "scikit-image": skimage, "scipy": scipy, "torch": torch, "pillow": pillow,
}  # fmt: skip
"""Who writes the lines for a library."""
