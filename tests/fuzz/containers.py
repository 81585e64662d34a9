"""Damage that reaches past the checks of containers: a part is changed, and its sums are right."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from random import Random

Damage = Callable[[Random, bytes], bytes]
Parts = list[tuple[bytes, bytes]]

_PNG_HEAD = 8
_NAMES = (b"IHDR", b"IDAT", b"IEND", b"PLTE", b"tRNS", b"gAMA", b"acTL", b"fcTL", b"fdAT", b"eXIf",
          b"iCCP", b"zTXt", b"iTXt", b"sBIT", b"pHYs", b"CgBI", b"aaaa", b"AAAA")  # fmt: skip


def png(random: Random, data: bytes, damage: Damage) -> bytes:
    """Change a PNG's chunks; their lengths and checksums are right again."""
    parts = _png_chunks(data)
    if not parts:
        return damage(random, data)
    if random.random() < 0.3:
        parts = _png_pixels(random, parts, damage)
    else:
        parts = _rearranged(random, parts, damage, _NAMES)
    named = ((name + body) for name, body in parts)
    return data[:_PNG_HEAD] + b"".join(
        struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part))
        for part in named
    )


def _png_chunks(data: bytes) -> Parts:
    parts, place = [], _PNG_HEAD
    while place + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        parts.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
        place += 12 + length
    return parts


def _png_pixels(random: Random, parts: Parts, damage: Damage) -> Parts:
    """Change what is compressed, and compress it again into one chunk or several."""
    packed = b"".join(body for name, body in parts if name == b"IDAT")
    with suppress(zlib.error):
        packed = zlib.compress(damage(random, zlib.decompress(packed)), random.choice((0, 1, 9)))
    cut = random.choice((len(packed), random.randint(0, len(packed))))
    pieces = [(b"IDAT", packed[:cut]), (b"IDAT", packed[cut:])]
    before = [part for part in parts if part[0] not in (b"IDAT", b"IEND")]
    return [*before, *pieces[: 1 + (cut < len(packed))], (b"IEND", b"")]


def _rearranged(random: Random, parts: Parts, damage: Damage, names: tuple[bytes, ...]) -> Parts:
    """Change, rename, remove, repeat, move or add one of the parts."""
    parts = list(parts)
    place, other = random.randrange(len(parts)), random.randrange(len(parts))
    name, body = parts[place]
    match random.randrange(9):
        case 0:
            del parts[place]
        case 1:
            parts.insert(other, parts[place])
        case 2:
            parts[place], parts[other] = parts[other], parts[place]
        case 3:
            parts[place] = random.choice(names), body
        case 4:
            parts.insert(place, (random.choice(names), random.randbytes(random.choice((0, 1, 9)))))
        case _:
            parts[place] = name, damage(random, body)
    return parts


def riff(random: Random, data: bytes, damage: Damage) -> bytes:
    """Change the chunks of a WebP; lengths are right again."""
    parts, place = [], 12
    while place + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, place + 4)
        parts.append((data[place : place + 4], data[place + 8 : place + 8 + length]))
        place += 8 + length + length % 2
    if not parts:
        return damage(random, data)
    names = (b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"EXIF", b"ICCP", b"XMP ")
    parts = _rearranged(random, parts, damage, names)
    body = b"".join(
        name + struct.pack("<I", len(part)) + part + bytes(len(part) % 2) for name, part in parts
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def boxes(random: Random, data: bytes, damage: Damage) -> bytes:
    """Change the boxes of JPEG 2000 or AVIF, those in boxes too; lengths are right again."""
    parts = _boxes(data)
    if not parts:
        return damage(random, data)

    def deeper(chance: Random, body: bytes) -> bytes:
        skipped = 4 if _boxes(body[4:]) and not _boxes(body) else 0
        inner = _boxes(body[skipped:])
        if not inner or chance.random() < 0.2:
            return damage(chance, body)
        return body[:skipped] + boxes(chance, body[skipped:], damage)

    names = (
        b"ftyp",
        b"meta",
        b"iloc",
        b"ihdr",
        b"colr",
        b"jp2c",
        b"av1C",
        b"ispe",
        b"mdat",
        b"free",
    )
    parts = _rearranged(random, parts, deeper, names)
    return b"".join(struct.pack(">I", 8 + len(body)) + name + body for name, body in parts)


def _boxes(data: bytes) -> Parts:
    """Return boxes that fill the data, or none."""
    parts, place = [], 0
    while place < len(data):
        if place + 8 > len(data):
            return []
        (length,) = struct.unpack_from(">I", data, place)
        length = length or len(data) - place
        if length < 8 or place + length > len(data):
            return []
        parts.append((data[place + 4 : place + 8], data[place + 8 : place + length]))
        place += length
    return parts


def jpeg(random: Random, data: bytes, damage: Damage) -> bytes:
    """Change the segments of a JPEG; lengths are right again, and the scan is one of them."""
    parts, place = [], 2
    while data[place : place + 1] == b"\xff" and place + 4 <= len(data):
        name, (length,) = data[place : place + 2], struct.unpack_from(">H", data, place + 2)
        stop = place + 2 + length
        if name == b"\xff\xda":
            parts.append((name, data[place + 4 :]))
            break
        parts.append((name, data[place + 4 : stop]))
        place = stop
    if not parts:
        return damage(random, data)
    names = tuple(b"\xff" + bytes([n]) for n in (0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC9, 0xDA, 0xDB,
                                                 0xDD, 0xE0, 0xE1, 0xE2, 0xEE, 0xFE))  # fmt: skip
    parts = _rearranged(random, parts, damage, names)
    return data[:2] + b"".join(_segment(name, body) for name, body in parts)


def _segment(name: bytes, body: bytes) -> bytes:
    if name == b"\xff\xda":
        length = 2 * (body[0] if body else 1) + 6
        return name + struct.pack(">H", length) + body
    return name + struct.pack(">H", min(2 + len(body), 65535)) + body[:65533]


_VALUES = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 17, 24, 32, 64, 255, 256, 32768, 32773, 32946,
           65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1)  # fmt: skip
_TAGS = (254, 256, 257, 258, 259, 262, 263, 266, 270, 273, 274, 277, 278, 279, 282, 284, 292, 296,
         317, 320, 322, 323, 324, 325, 330, 332, 338, 339, 347, 530, 532, 34665, 42112, 42113,
         50706, 50718)  # fmt: skip


def tiff(random: Random, data: bytes, damage: Damage) -> bytes:
    """Change an entry of a TIFF's first directory: its tag, type, count or value."""
    order, big = ("<" if data[:2] == b"II" else ">"), data[2:4] in (b"+\0", b"\0+")
    head, number, entry = ("Q", "Q", 20) if big else ("I", "H", 12)
    try:
        (directory,) = struct.unpack_from(order + head, data, 8 if big else 4)
        (count,) = struct.unpack_from(order + number, data, directory)
        place = directory + (8 if big else 2) + entry * random.randrange(count)
        fields = list(struct.unpack_from(order + ("HHQQ" if big else "HHII"), data, place))
    except (struct.error, ValueError, OverflowError):
        return damage(random, data)
    which = random.choices((0, 1, 2, 3), (2, 2, 2, 6))[0]
    before = fields[which]
    news = _TAGS if which == 0 else range(19) if which == 1 else _VALUES
    fields[which] = random.choice((*news, before + 1, max(before - 1, 0))) % 65536 ** (
        1 if which < 2 else 4 if big else 2
    )
    return (
        data[:place]
        + struct.pack(order + ("HHQQ" if big else "HHII"), *fields)
        + data[place + entry :]
    )


def archive(random: Random, data: bytes, damage: Damage) -> bytes:
    """Change a member of a zip archive, its name or its method; the sums are right again."""
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as members:
            parts = [(name.encode(), members.read(name)) for name in members.namelist()]
    except Exception:  # it was damaged before
        parts = []
    if not parts:
        return damage(random, data)
    names = (b"weight.npy", b"bias.npy", b"names.npy", b"a", b"../b.npy", b"\xc3\xa9.npy")
    method = random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))
    with zipfile.ZipFile(out, "w", method) as members, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, body in _rearranged(random, parts, damage, names):
            info = zipfile.ZipInfo(name.decode(errors="replace"))
            members.writestr(info, body, method)
    return out.getvalue()


CONTAINERS: dict[bytes, Callable[[Random, bytes, Damage], bytes]] = {
    b"\x89PNG": png,
    b"RIFF....WEBP": riff,
    b"....(jP  |ftyp)": boxes,
    b"\xff\xd8": jpeg,
    b"II[*+]|MM\0[*+]": tiff,
    b"PK\3\4": archive,
}
"""What finds the parts of a file, by the first bytes."""
