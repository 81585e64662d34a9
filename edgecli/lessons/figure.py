"""A lesson as a figure: the sheets, the window's positions, and the sums written out below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from edgecli.detect.plan import Detection
from edgecli.errors import UsageError
from edgecli.lessons import look
from edgecli.lessons.equation import DIGITS, Fit, fits, is_rounded, lines_of, number, short
from edgecli.lessons.facts import Lesson, Slide
from edgecli.lessons.region import Region
from edgecli.lessons.shapes import BOLD, Box, Drawing, Group, Label, Step, width_of
from edgecli.lessons.sheets import ROOM, Sheets, Table

TOP, BOTTOM = 72.0, look.HEIGHT - 30.0
"""Between these, in px, stand the sheets and the sums."""

LEAST_SHEETS = 0.4  # of that height, for the sheets
BETWEEN = 14.0  # px between sheets and sums
READABLE = 24.0  # px of text from which larger is not better


def check_drawable(detection: Detection) -> None:
    """Raise UsageError for what has no place on a slide."""
    if detection.responses.planes > 1:
        raise UsageError(
            "a figure shows one volume, and these channels are filtered one by one; "
            "use --channels rgb or gray"
        )
    maps = len(detection.responses.bank) + sum(one.count > 1 for one in detection.maps)
    if maps > look.MOST_MAPS:
        raise UsageError(
            f"a figure has room for {look.MOST_MAPS} maps, and these filters give {maps}; "
            "give fewer filters, or have it as text: leave out -o"
        )


def draw_lesson(
    lesson: Lesson, region: Region, places: Sequence[tuple[int, int]], *, blank: bool = False
) -> Drawing:
    """Return the figure of an output's positions, in order; the last is the one that is looked at.

    ``blank`` leaves the outputs empty, and the sums away.
    """
    slides = [lesson.slide(*place) for place in places]
    sheets = Sheets(lesson, region)
    fit = None if blank else _best_fit(lesson, sheets, slides)
    height = BOTTOM - TOP - (fit.height + BETWEEN if fit else 0.0)
    table = Table.laid(sheets, sheets.arrange(height), TOP, height)
    ground = [Group("paper", (Box(0, 0, look.WIDTH, look.HEIGHT, "paper"),))]
    ground += [Group("title", tuple(_title(lesson))), *table.ground()]
    if not blank and _rounds(sheets, slides):
        ground.append(Group("note", (_note(),)))
    steps = [_step(lesson, table, slide, fit) for slide in slides]
    return Drawing(_name(lesson), _about(lesson), tuple(ground), steps)


def _best_fit(lesson: Lesson, sheets: Sheets, slides: Sequence[Slide]) -> Fit:
    """Return how sums are written so that they and the numbers on the sheets are large.

    Of ways that are as good, the one with the fewest lines is chosen, in the largest text.
    """
    room = BOTTOM - TOP

    def quality(fit: Fit) -> tuple[float, float, float]:
        smallest = sheets.arrange(room - fit.height - BETWEEN).smallest
        return smallest * min(fit.size, READABLE), -fit.height / fit.size, fit.size

    return max(fits(lesson, slides, ROOM, room * (1 - LEAST_SHEETS)), key=quality)


def _step(lesson: Lesson, table: Table, slide: Slide, fit: Fit | None) -> Step:
    where = f"row {slide.row}, column {slide.col}"
    at = Label(look.WIDTH - look.MARGIN, 50, 22, ((where, "soft"),), "end")
    moment = [Group("position", (at,)), table.window(slide), table.edges(), table.target(slide)]
    if fit is None:
        return Step(tuple(moment), ())
    moment.append(Group("sums", tuple(_sums(lesson, slide, fit))))
    return Step(tuple(moment), tuple(table.numbers(slide.row, slide.col)))


def _sums(lesson: Lesson, slide: Slide, fit: Fit) -> Iterator[Label]:
    x, y = (look.WIDTH - fit.width) / 2, BOTTOM - fit.height
    for line in lines_of(lesson, slide, fit.form):
        y += fit.size * look.LEADING
        base = y - 0.3 * fit.size
        if line.label[0]:
            yield Label(x, base, fit.size, (line.label,))
        yield Label(x + fit.label, base, fit.size, line.runs)


def _title(lesson: Lesson) -> Iterator[Label]:
    name, words = _name(lesson), "  ·  ".join(_words(lesson))
    room = ROOM - 320  # the position stands to the right
    size = min(look.TITLE, room / (width_of(name) * BOLD + 0.75 * width_of(words)))
    yield Label(look.MARGIN, 50, size, ((name, "strong"),))
    x = look.MARGIN + width_of(name) * BOLD * size + 12
    yield Label(x, 50, 0.75 * size, ((words, "soft"),))


def _name(lesson: Lesson) -> str:
    operators = lesson.detection.settings.operators
    return ", ".join(short(operator.name) for operator in operators)


def _words(lesson: Lesson) -> Iterator[str]:
    """Yield what is not as usual, in a word or two each."""
    settings = lesson.detection.settings
    for name, steps in (("stride", settings.stride), ("dilation", settings.dilation)):
        if steps != (1, 1):
            same = steps[0] == steps[1]
            yield f"{name} {steps[0]}" if same else f"{name} {steps[0]},{steps[1]}"
    yield _padding(lesson)
    if settings.convolve:
        yield "kernel flipped"
    if lesson.bank.has_bias:
        yield f"bias {', '.join(map(number, lesson.bank.bias.tolist()))}"
    if settings.activation != "none":
        yield settings.activation


def _padding(lesson: Lesson) -> str:
    padding, geometry = lesson.detection.settings.padding, lesson.geometry
    if not any(geometry.padding):
        return str(padding) if isinstance(padding, str) else "no padding"
    if isinstance(padding, str):
        return f"{padding}, {lesson.padding_mode}"
    sides = padding[:1] if len({*padding}) == 1 else padding
    return f"padding {','.join(map(str, sides))}, {lesson.padding_mode}"


def _about(lesson: Lesson) -> str:
    """Return how the figure was made, for those who find it again."""
    settings, channels = lesson.detection.settings, lesson.detection.responses.channels
    how = "convolution" if settings.convolve else "cross-correlation"
    return f"edgecli trace: {_name(lesson)} over {channels} by {how}, " + ", ".join(_words(lesson))


def _rounds(sheets: Sheets, slides: Sequence[Slide]) -> bool:
    """Whether any number that is shown is shorter than it is."""
    sums = (one for slide in slides for view in slide.views for one in view.sums)
    totals = chain.from_iterable((one.total, one.response, *one.rows.flat) for one in sums)
    return any(map(is_rounded, chain(sheets.numbers, totals)))


def _note() -> Label:
    text = f"rounded to {DIGITS} digits"
    place = look.WIDTH - look.MARGIN, look.HEIGHT - 14
    return Label(*place, look.SMALL, ((text, "soft"),), "end")
