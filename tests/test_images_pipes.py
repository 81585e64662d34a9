"""Streams that take bytes back, against plain bytes."""

from __future__ import annotations

import io
import re
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecli.images.pipes import Ahead, Pipe, peek, peek_image, unread
from tests.image_streams import piped

DATA = bytes(range(200))


def a_pipe(data: bytes, step: int = 7) -> BinaryIO:
    return piped(data, step)


@pytest.fixture(params=["pipe", "file"])
def stream(request: pytest.FixtureRequest) -> BinaryIO:
    return a_pipe(DATA) if request.param == "pipe" else io.BytesIO(DATA)


@given(st.lists(st.tuples(st.sampled_from(["read", "into", "peek", "back"]), st.integers(0, 40))))
def test_a_pipe_gives_its_bytes_in_order_whatever_is_given_back(
    calls: list[tuple[str, int]],
) -> None:
    pipe, at = a_pipe(DATA), 0
    for call, size in calls:
        expected = DATA[at : at + size]
        if call == "read":
            assert pipe.read(size) == expected
            at += len(expected)
        elif call == "into":
            buffer = bytearray(size)
            count = cast(Pipe, pipe).readinto(memoryview(buffer))
            assert buffer[:count] == expected
            at += count
        elif call == "peek":
            assert peek(pipe, size) == expected
        else:
            unread(pipe, DATA[max(at - size, 0) : at])
            at = max(at - size, 0)
    assert pipe.read() == DATA[at:]
    assert pipe.read(5) == b""


def test_what_is_there_is_given_without_waiting_for_more() -> None:
    pipe = cast(Pipe, a_pipe(DATA, 7))
    assert pipe.read1(100) == DATA[:7]
    pipe.unread(DATA[:7])
    assert pipe.read1(5) == DATA[:5]
    assert pipe.read1(100) == DATA[5:7]


def test_blanks_are_passed_over(stream: BinaryIO) -> None:
    del stream
    for blank in (a_pipe(b" \n\0" * 50 + b"P5 rest"), io.BytesIO(b"\r\t\0" * 99 + b"P5 rest")):
        assert peek_image(blank, 4) == b"P5 r"
        assert blank.read() == b"P5 rest"
    assert peek_image(a_pipe(b"\0" * 99), 4) == b""
    assert peek_image(a_pipe(b""), 4) == b""


def test_looking_ahead_takes_nothing(stream: BinaryIO) -> None:
    ahead = Ahead(stream)
    assert ahead.reach(150)
    assert not ahead.reach(201)
    assert ahead.data == DATA
    assert ahead.take(0) == b""
    assert stream.read() == DATA


@pytest.mark.parametrize("size", [0, 1, 100, 200, 999])
def test_what_is_taken_is_gone_and_the_rest_is_there(stream: BinaryIO, size: int) -> None:
    ahead = Ahead(stream)
    ahead.reach(50)
    assert ahead.take(size) == DATA[:size]
    assert stream.read() == DATA[size:]


@given(st.integers(1, 9), st.integers(0, 30), st.integers(0, 40))
def test_a_pair_of_bytes_is_found_however_it_trickles(step: int, before: int, start: int) -> None:
    data = b"a" * before + b"\xff\xd9" + b"b" * 5
    ahead = Ahead(a_pipe(data, step))
    found = ahead.find(re.compile(rb"\xff[\xd8\xd9]"), start)
    assert found == (before if start <= before else None)
