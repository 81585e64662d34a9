"""Sizes, borders, halos and receptive fields, against brute force."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecli.errors import GeometryError, UsageError
from edgecli.geometry import (
    Axis,
    PaddingMode,
    Window,
    bands,
    parse_padding,
    parse_padding_mode,
)

small = st.integers(1, 9)
modes = st.sampled_from(["zeros", "replicate", "reflect", "symmetric", "circular"])


@given(small, small, small, small, st.integers(0, 5), st.integers(0, 5))
def test_output_counts_the_positions_where_the_span_fits(
    size: int, kernel: int, stride: int, dilation: int, before: int, after: int
) -> None:
    axis = Axis(size, kernel, stride, dilation, before, after)
    starts = range(0, size + before + after, stride)
    assert axis.output == sum(start + axis.span <= axis.padded for start in starts)


@given(st.integers(1, 60), small, small, st.integers(1, 4))
def test_same_padding_gives_ceil_n_over_s_with_the_odd_pixel_last(
    size: int, kernel: int, stride: int, dilation: int
) -> None:
    window = Window((kernel, kernel), (stride, stride), (dilation, dilation), "same")
    axis = window.over(size, size).rows
    assert axis.output == -(-size // stride)
    assert axis.after - axis.before in (0, 1)


@pytest.mark.parametrize("kernel", [1, 3, 5, 7, 9])
def test_same_padding_of_odd_kernels_is_half_the_kernel(kernel: int) -> None:
    padding = Window((kernel, kernel), padding="same").over(20, 20).padding
    assert padding == ((kernel - 1) // 2,) * 4


@given(st.integers(1, 7), st.integers(-20, 20))
def test_borders_repeat_the_line_as_their_pictures_show(size: int, position: int) -> None:
    line = list(range(size))
    pictures = {
        "circular": line,
        "symmetric": line + line[::-1],
        "reflect": line + line[-2:0:-1],
    }
    for mode, period in pictures.items():
        assert PaddingMode(mode).source(position, size) == period[position % len(period)]
    assert PaddingMode("replicate").source(position, size) == min(max(position, 0), size - 1)
    inside = position if 0 <= position < size else None
    assert PaddingMode("zeros").source(position, size) == inside


@given(
    small, small, small, st.integers(1, 3), st.integers(0, 9), st.integers(0, 9), modes, st.data()
)
def test_needed_rows_hold_everything_that_a_band_reads(
    size: int,
    kernel: int,
    stride: int,
    dilation: int,
    before: int,
    after: int,
    mode: str,
    data: st.DataObject,
) -> None:
    axis = Axis(size, kernel, stride, dilation, before, after)
    if not axis.output:
        return
    start = data.draw(st.integers(0, axis.output - 1))
    stop = data.draw(st.integers(start + 1, axis.output))
    padding_mode = PaddingMode(mode)
    read = {
        padding_mode.source(y * stride - before + i * dilation, size)
        for y in range(start, stop)
        for i in range(kernel)
    } - {None}
    low, high = axis.needed(start, stop, padding_mode)
    assert all(s is not None and low <= s < high for s in read)
    assert 0 <= low <= high <= size


def test_a_kernel_larger_than_the_padded_image_names_both_sizes() -> None:
    with pytest.raises(GeometryError, match=r"kernel 5×7 is larger than the padded image 6×6"):
        Window((5, 7), padding=(1, 1, 1, 1)).over(4, 4)


def test_an_empty_image_is_refused() -> None:
    with pytest.raises(GeometryError, match="empty"):
        Window((1, 1)).over(0, 5)


@pytest.mark.parametrize("field", ["stride", "dilation"])
def test_steps_below_one_are_refused(field: str) -> None:
    with pytest.raises(UsageError, match=f"{field} must be 1 or more"):
        Window((3, 3), **{field: (1, 0)})  # type: ignore[arg-type]


@given(st.integers(0, 100), st.integers(1, 30))
def test_bands_cover_every_row_once(height: int, rows: int) -> None:
    cut = [row for start, stop in bands(height, rows) for row in range(start, stop)]
    assert cut == list(range(height))


@pytest.mark.parametrize(
    ("given_as", "meant"),
    [
        ("valid", "valid"),
        ("same", "same"),
        ("2", (2, 2, 2, 2)),
        (2, (2, 2, 2, 2)),
        ("1,2", (1, 1, 2, 2)),
        ((1, 2, 3, 4), (1, 2, 3, 4)),
    ],
)
def test_padding_is_read(given_as: str | int | tuple[int, ...], meant: object) -> None:
    assert parse_padding(given_as) == meant


@pytest.mark.parametrize("wrong", ["", "some", "-1", "1,2,3", "1,-2", "1.5", "1,,2"])
def test_wrong_padding_is_named(wrong: str) -> None:
    with pytest.raises(UsageError, match="padding"):
        parse_padding(wrong)


@pytest.mark.parametrize(
    "wrong", ["mirror", "constant", "constant:", "constant:x", "constant:nan", "zeros:1"]
)
def test_wrong_padding_modes_are_named(wrong: str) -> None:
    with pytest.raises(UsageError, match="padding mode"):
        parse_padding_mode(wrong)
