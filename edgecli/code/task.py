"""What a script has to say, taken from a plan; what no script says is refused in one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from edgecli.code.kernels import kernel_lines, quoted
from edgecli.detect.inputs import Result
from edgecli.detect.maps import MapPlan
from edgecli.errors import UsageError
from edgecli.geometry import Axis, PaddingMode
from edgecli.paint.colormaps import WHITE
from edgecli.paint.painting import Style
from edgecli.records import dataclass

_PILLOW = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP", "PGM", "PPM")
_PLANES = {"red": 0, "green": 1, "blue": 2}


Unsaid = tuple[bool, str, str]
"""Whether something is asked for that no script says, what it is, and what to do instead."""

CANNY = "write --code opencv --filter canny --hysteresis 50,100"


@dataclass(frozen=True, eq=False)
class Task:
    """One edge map of one plane: how it is read, what slides over it, and what becomes of that.

    ``weights`` are those of the filters, ``(n, kH, kW)``, flipped where they are.
    """

    library: str
    result: Result
    plan: MapPlan
    read: str
    weights: NDArray[Any]
    rows: Axis
    cols: Axis
    mode: PaddingMode
    bias: tuple[float, ...]  # () for none

    @property
    def name(self) -> str:
        """The edge map's name."""
        return self.plan.edge_map.name

    @property
    def several(self) -> bool:
        """Whether several filters make the map."""
        return len(self.weights) > 1

    @property
    def activation(self) -> str:
        """The activation's name."""
        return self.result.detection.settings.activation

    @property
    def centred(self) -> bool:
        """Whether there is an output for each pixel, of the window around it."""
        return all(
            axis.stride == 1 and axis.span % 2 and axis.before == axis.after == axis.span // 2
            for axis in (self.rows, self.cols)
        )

    @property
    def dilation(self) -> tuple[int, int]:
        """Pixels from one weight of the kernel to the next, down and to the right."""
        return self.rows.dilation, self.cols.dilation

    @property
    def steps(self) -> str:
        """The index that takes what a stride keeps; nothing for a stride of 1."""
        down, along = self.rows.stride, self.cols.stride
        return "" if down == along == 1 else f"[::{down}, ::{along}]"

    def kernels(self) -> list[str]:
        """Return the lines that make the filters, flipped; UsageError if they are too many."""
        settings, flipped = self.result.detection.settings, self.weights[:, ::-1, ::-1]
        names = settings.operators[0].bank.names if len(settings.operators) == 1 else ()
        lines = kernel_lines(names, flipped if settings.convolve else self.weights)
        if lines is None:
            what = f"{self.weights.size} weights, one by one"
            raise self.refuse(what, "write --code scipy --filter gradient:3")
        if settings.convolve:
            name = "kernels" if self.several else "kernel"
            lines.append(f"{name} = {name}[..., ::-1, ::-1]  # convolution: flipped both ways")
        return lines

    def refuse(self, what: str, advice: str) -> UsageError:
        """Return the error of something that the library's script does not say."""
        return refusal(self.library, what, advice)

    def refuse_here(self, what: str) -> UsageError:
        """Return the error of what SciPy's script says; raises that of what it does not either."""
        self.kernels()
        return self.refuse(what, "use --code scipy")


def refusal(library: str, what: str, advice: str) -> UsageError:
    """Return the error of what no script for a library says, and what to do instead."""
    return UsageError(f"--code {library} has no words for {what}; {advice}")


def task_of(result: Result, library: str) -> Task:
    """Return what a script for a library has to say; UsageError for what none says."""
    _check(result, library)
    responses, (plan,) = result.detection.responses, result.detection.plans
    slide, weights = responses.slide, responses.bank.weight[:, 0]
    assert slide is not None  # noqa: S101 (of a recipe, which was refused)
    bias = responses.bank.bias
    rows, cols = slide.geometry.rows, slide.geometry.cols
    return Task(
        library, result, plan, _reading(result, library), weights, rows, cols,
        slide.padding_mode, tuple(bias.tolist()) if bias.any() else (),
    )  # fmt: skip


def _check(result: Result, library: str) -> None:
    """Raise UsageError for whatever is more than filters over one plane, painted grey."""
    for met, what, advice in (*_of_filters(result, library), *_of_lines(result, library)):
        if met:
            raise refusal(library, what, advice)


def _of_filters(result: Result, library: str) -> Iterator[Unsaid]:
    """Yield what is more than filters over one plane, whether it is asked for, and advice."""
    detection, settings = result.detection, result.detection.settings
    clips, names = library == "pillow", library == "scikit-image"
    edge_map, turned = detection.plans[0].edge_map, result.info.orientation >= 5
    size = detection.graph.source_shape[1:]
    whole = (size[::-1] if turned else size) == result.info.shape[:2]
    yield settings.resize is not None or not whole, "images of another size", "drop --resize"
    simple = "vertical" if clips else "sobel"
    yield settings.recipe is not None, edge_map.name, f"use --filter {simple}"
    one = "give one --filter" + ", or --combine max" * (not names)
    yield len(detection.plans) > 1, "several edge maps", one
    grey = "use --channels gray" if settings.bank.depth == 1 else f"use --filter {simple}"
    yield detection.responses.volume[2] > 1, "several colours at once", grey
    yield settings.finish is not None, "strokes", "write png (--format png)"
    norm = "max" if clips else "magnitude"
    yield edge_map.direction, "directions", f"use --combine {norm}"
    yield settings.nan != "propagate", "NaN left out", "drop --nan"
    yield result.info.gaps is not None, "pixels of no data", "give --nodata none"


def _of_lines(result: Result, library: str) -> Iterator[Unsaid]:
    """Yield what chooses edges and colours them, whether it is asked for, and advice."""
    settings, plan = result.detection.settings, result.detection.plans[0]
    lines, threshold = settings.lines, plan.threshold
    yield lines.thin, "our thinning", "drop --thin"
    parts = lines.border or lines.mask is not None
    yield bool(parts), "parts of an image", "leave out --border and --mask"
    yield lines.min_length > 0, "short lines left out", "drop --min-length"
    yield lines.close_gaps > 0, "gaps that are closed", "drop --close-gaps"
    looks = " and ".join(_looks(settings.style))
    yield not settings.style.plain, "colours and pens", f"leave out {looks}"
    linked = threshold is not None and threshold.linked
    canny = linked and library == "opencv" and plan.levels is not None
    yield bool(linked or plan.thinning) and not canny, "edges that are linked", CANNY
    late = threshold is not None and not plan.levels
    yield late, "thresholds from the image", "give a number, such as --threshold 50"


def _looks(style: Style) -> Iterator[str]:
    """Yield the options that make a style what it is."""
    for option in ("colormap", "line", "overlay", "stroke"):
        if getattr(style, option) != getattr(Style(), option):
            yield f"--{option}"
    if style.paper != Style().paper:
        short = {None: "--alpha-out and ", WHITE: "--invert and "}
        yield f"{short.get(style.paper, '')}--paper"


def _reading(result: Result, library: str) -> str:
    """Return the lines that read the plane as ``image``, floats, upright."""
    info, responses = result.info, result.detection.responses
    path = quoted(info.path)
    if info.format == "NPY" and info.shape[2] == 1:
        return f"image = np.load({path}).astype(float)"
    if info.format == "CSV":
        return f'image = np.loadtxt({path}, delimiter=",", ndmin=2)'
    channels = result.detection.graph.source_shape[0]
    deep = info.dtype not in ("uint8", "bool")
    if info.format not in _PILLOW or info.path == "-" or (deep and channels > 1):
        what = f"images of {info.format} and {info.dtype}"
        raise refusal(library, what, "convert it to PNG of 8 bits, or to NPY")
    if channels in (2, 4):
        raise refusal(library, "transparency", "convert it to a picture without alpha")
    before, opened = "", f"Image.open({path})"
    if info.format == "JPEG" and channels == 1 < info.shape[2]:
        draft = 'picture.draft("L", picture.size)  # the luma as it is stored'
        before, opened = f"picture = {opened}\n{draft}\n", "picture"
    if info.orientation > 1:
        opened = f"ImageOps.exif_transpose({opened})"
    plane = "" if deep else '.convert("L")'
    index = ""
    if channels > 1 and responses.channels in _PLANES:
        plane, index = '.convert("RGB")', f"[..., {_PLANES[responses.channels]}]"
    return f"{before}image = np.asarray({opened}{plane}, float){index}"
