"""Ways to damage a file; all chance is from the ``Random`` that they are given."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from random import Random
from typing import Literal

from tests.fuzz.containers import CONTAINERS

LARGEST = 2**16  # bytes of a mutant

_BYTES = (0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF, 0x20, 0x0A, 0x2D)
_WORDS = (0, 1, 2, 3, 7, 8, 255, 256, 257, 2**15 - 1, 2**15, 2**16 - 1, 2**16, 2**20, 2**24,
          2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53, 2**63 - 1, 2**63, 2**64 - 1)  # fmt: skip
_SIZES = (1, 2, 4, 8)
_ORDERS: tuple[Literal["little", "big"], ...] = ("little", "big")
_NUMBER = re.compile(rb"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|nan|inf", re.IGNORECASE)
_TOKENS = (
    b"0", b"-0", b"1", b"-1", b"2", b"7", b"255", b"256", b"65535", b"65536", b"4294967295",
    b"2147483648", b"9223372036854775808", b"18446744073709551616", b"1e999", b"-1e999", b"1e-400",
    b"1e38", b"3.5e38", b"0.1", b".5", b"5.", b"1/3", b"1/0", b"0x10", b"1_000", b"NaN", b"-nan",
    b"inf", b"Infinity", b"true", b"null", b"x", b'"', b"", b"--1", b"1,5", b"+3", b"007",
    "\N{ARABIC-INDIC DIGIT THREE}".encode(), "\N{MINUS SIGN}1".encode(), "1\N{NO-BREAK SPACE}000"
    .encode(), "\N{FULLWIDTH DIGIT TWO}".encode(), b"\xe9", b"\0", b"9" * 5000, b"[" * 3000,
)  # fmt: skip
_BREAKS = (b"\n", b"\r", b"\r\n", b"\n\n", b" ", b"\t", b",", b";", b"#", b"=", b":", b"\0",
           b"\x1a", b"[", b"]", b"{", b"}", b"\x0b", "\N{LINE SEPARATOR}".encode())  # fmt: skip


def mutated(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Return a file with one or a few kinds of damage; ``others`` are whole files to splice in."""
    rounds = 1
    while rounds < 6 and random.random() < 0.4:
        rounds += 1
    for _ in range(rounds):
        data = _damaged(random, data, others)
    return data[:LARGEST]


def _damaged(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Damage a file once: within its container where it is one, as text, or anywhere."""
    match random.choices(("container", "text", "bytes", "splice"), (45, 15, 36, 4))[0]:
        case "container":
            for magic, container in CONTAINERS.items():
                if re.match(magic, data, re.DOTALL):
                    return container(random, data, damaged_bytes)
        case "text":
            return _damaged_text(random, data)
        case "splice":
            return _spliced(random, data, random.choice(others))
    return damaged_bytes(random, data)


def damaged_bytes(random: Random, data: bytes) -> bytes:
    """Damage bytes whatever they mean."""
    return random.choice(_ANYWHERE)(random, data) if data else random.randbytes(4)


def _place(random: Random, data: bytes, room: int = 1) -> int:
    """Return an offset, as often as not one in the header."""
    last = max(len(data) - room, 0)
    return random.randint(0, min(last, random.choice((16, 64, 400, last, last, last))))


def _span(random: Random, data: bytes) -> tuple[int, int]:
    start = _place(random, data)
    longest = random.choice((1, 2, 4, 16, 64, len(data)))
    return start, min(start + random.randint(1, longest), len(data))


def _flipped(random: Random, data: bytes) -> bytes:
    place = _place(random, data)
    return data[:place] + bytes([data[place] ^ 1 << random.randrange(8)]) + data[place + 1 :]


def _overwritten(random: Random, data: bytes) -> bytes:
    place = _place(random, data)
    value = random.choice((*_BYTES, random.randrange(256)))
    return data[:place] + bytes([value]) + data[place + 1 :]


def _with_word(random: Random, data: bytes) -> bytes:
    """Overwrite a number with an extreme, the file's length, or what it was and a little more."""
    size, order = random.choice(_SIZES), random.choice(_ORDERS)
    place = _place(random, data, size)
    before = int.from_bytes(data[place : place + size], order)
    value = random.choice((*_WORDS, len(data), before + 1, before - 1, before * 2, -before))
    word = (value & (1 << 8 * size) - 1).to_bytes(size, order)
    return data[:place] + word + data[place + size :]


def _with_float(random: Random, data: bytes) -> bytes:
    value = random.choice((float("nan"), float("inf"), -float("inf"), 1e38, 1e-45, -0.0))
    word = struct.pack(random.choice("<>") + random.choice("fd"), value)
    place = _place(random, data, len(word))
    return data[:place] + word + data[place + len(word) :]


def _cut_short(random: Random, data: bytes) -> bytes:
    return data[: random.choice((_place(random, data), len(data) - random.randint(1, 12)))]


def _removed(random: Random, data: bytes) -> bytes:
    start, stop = _span(random, data)
    return data[:start] + data[stop:]


def _repeated(random: Random, data: bytes) -> bytes:
    start, stop = _span(random, data)
    times = random.choice((2, 2, 2, 3, 50))
    return data[:start] + data[start:stop] * times + data[stop:]


def _swapped(random: Random, data: bytes) -> bytes:
    cuts = sorted(_place(random, data) for _ in range(3))
    return data[: cuts[0]] + data[cuts[1] : cuts[2]] + data[cuts[0] : cuts[1]] + data[cuts[2] :]


def _filled(random: Random, data: bytes) -> bytes:
    start, stop = _span(random, data)
    return data[:start] + bytes([random.choice(_BYTES)]) * (stop - start) + data[stop:]


def _inserted(random: Random, data: bytes) -> bytes:
    place = _place(random, data)
    return data[:place] + random.randbytes(random.choice((1, 2, 4, 30))) + data[place:]


def _noisy(random: Random, data: bytes) -> bytes:
    start, stop = _span(random, data)
    return data[:start] + random.randbytes(stop - start) + data[stop:]


_ANYWHERE: tuple[Callable[[Random, bytes], bytes], ...] = (
    _flipped, _flipped, _overwritten, _overwritten, _with_word, _with_word, _with_word,
    _with_float, _cut_short, _removed, _repeated, _swapped, _filled, _inserted, _noisy,
)  # fmt: skip


def _damaged_text(random: Random, data: bytes) -> bytes:
    """Replace a number of a text or a header, or put in what separates."""
    head = data[: random.choice((100, 1000, LARGEST))]
    numbers = list(_NUMBER.finditer(head))
    if numbers and random.random() < 0.7:
        found = random.choice(numbers)
        return data[: found.start()] + random.choice(_TOKENS) + data[found.end() :]
    place = _place(random, data)
    skipped = random.choice((0, 0, 1))
    return data[:place] + random.choice(_BREAKS + _TOKENS) + data[place + skipped :]


def _spliced(random: Random, data: bytes, other: bytes) -> bytes:
    """Return the beginning of one file and the end of another."""
    if random.random() < 0.3:
        return data + other
    return data[: _place(random, data)] + other[_place(random, other) :]
