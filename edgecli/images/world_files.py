"""The place of an image on a map, in files beside it, read and written: as GDAL names them.

A world file has six numbers, of the centre of the first pixel (Esri's invention; "World Files" in
GDAL's documentation of rasters); ``.prj`` names the system in WKT. ``.aux.xml`` is GDAL's own, and
has both; it goes before what an image itself says, and that goes before a world file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from edgecli.records import replace
from edgecli.rows.place import NOWHERE, Affine, Place, System, is_sound

_LONGEST = 1 << 22  # bytes of a file beside an image; histograms of all bands are in there, too
_EPSG = re.compile(r'(?:AUTHORITY|ID)\["EPSG",\s*"?(\d{1,9})"?[^\[\]]*\]\s*\]\s*$', re.IGNORECASE)
_MODELS = {"PROJCS": False, "PROJCRS": False, "GEOGCS": True, "GEOGCRS": True}


def world_name(path: str) -> str:
    """Return the name of an image's world file: the first and last letter of its extension, and w.

    >>> world_name("maps/a.tiff"), world_name("a.png"), world_name("b")
    ('maps/a.tfw', 'a.pgw', 'b.wld')
    """
    stem, extension = os.path.splitext(path)
    return f"{stem}.{extension[1]}{extension[-1]}w" if len(extension) > 1 else f"{stem}.wld"


def aux_name(path: str) -> str:
    """Return the name of the file in which GDAL keeps what an image has no place for."""
    return f"{path}.aux.xml"


def names_beside(path: str) -> list[str]:
    """Return the names that files may have which say where an image is."""
    return [aux_name(path), *_world_names(path)]


def _world_names(path: str) -> list[str]:
    """Return the names that a world file may have, in small letters and in capitals."""
    stem, extension = os.path.splitext(path)
    names = (world_name(path), f"{stem}{extension}w", f"{stem}.wld")
    both = [one for name in names for one in (name, stem + name[len(stem) :].upper())]
    return [*dict.fromkeys(both)]


# --- reading ------------------------------------------------------------------------------------


def placed_beside(place: Place | None, path: str) -> tuple[Place | None, list[str]]:
    """Return where an image lies by the files beside it, too; and notes on those that are broken.

    ``place`` is what the image itself says.
    """
    notes: list[str] = []
    transform, system = _aux(path, notes)
    if transform is None and (place is None or place.transform is None):
        transform, named = _world(path, notes)
        system = system if system != NOWHERE else named
    if transform is None and system == NOWHERE:
        return place, notes
    found = place or Place(None)
    found = replace(found, transform=transform or found.transform)
    return (found if system == NOWHERE else replace(found, system=system)), notes


def _aux(path: str, notes: list[str]) -> tuple[Affine | None, System]:
    """Return what ``.aux.xml`` says."""
    name = aux_name(path)
    if (data := _read(name)) is None:
        return None, NOWHERE
    from xml.etree import ElementTree as ET  # few images have such a file

    try:
        root = ET.fromstring(data)  # noqa: S314 (expat itself refuses texts that explode)
    except ET.ParseError:
        notes.append(f"has a broken {os.path.basename(name)} beside it; it is left out")
        return None, NOWHERE
    told = root.findtext("GeoTransform")
    text = (root.findtext("SRS") or "").strip()
    system = system_of(text) if text else NOWHERE
    if told is None:
        return None, system
    transform = _transform(told.split(","), (1, 2, 0, 4, 5, 3))
    if transform is None:
        notes.append(f"has a place in {os.path.basename(name)} that is none; it is left out")
    return transform, system


def _world(path: str, notes: list[str]) -> tuple[Affine | None, System]:
    """Return what a world file says, and in which system by a ``.prj``."""
    stem, _ = os.path.splitext(path)
    for name in _world_names(path):
        if (data := _read(name)) is None:
            continue
        transform = _transform(data.decode("latin-1").split(), (0, 2, 4, 1, 3, 5))
        if transform is None:
            file = os.path.basename(name)
            notes.append(f"has a world file, {file}, that gives no place; it is left out")
            return None, NOWHERE
        a, b, x, d, e, y = transform
        text = (_read(f"{stem}.prj") or b"").decode("utf-8", "replace").strip()
        corner = x - (a + b) / 2, y - (d + e) / 2
        return (a, b, corner[0], d, e, corner[1]), system_of(text) if text else NOWHERE
    return None, NOWHERE


def _transform(texts: list[str], order: Sequence[int]) -> Affine | None:
    """Return the transform that six numbers give, a to f by their places among them, or None."""
    try:
        a, b, c, d, e, f = (float(texts[place]) for place in order)
    except (ValueError, IndexError):
        return None
    transform = (a, b, c, d, e, f)
    return transform if len(texts) == len(order) and is_sound(transform) else None


def _read(name: str) -> bytes | None:
    """Return what a file holds; None where there is none, or one too long."""
    try:
        with open(name, "rb") as file:
            data = file.read(_LONGEST + 1)
    except (OSError, ValueError):
        return None
    return data if len(data) <= _LONGEST else None


def system_of(text: str) -> System:
    """Return the system of a text: ``EPSG:N``, or WKT, whose last words may be its number.

    >>> system_of("EPSG:32632").epsg, system_of('PROJCS["x",AUTHORITY["EPSG","32632"]]').epsg
    (32632, 32632)
    >>> system_of('GEOGCS["GCS_WGS_1984",DATUM["D"]]').name
    'GCS_WGS_1984'
    """
    if number := re.fullmatch(r"EPSG:(\d{1,9})", text, re.IGNORECASE):
        return System(int(number[1]))
    number, name = _EPSG.search(text), re.match(r'\s*(\w+)\["([^"]*)"', text)
    return System(
        epsg=int(number[1]) if number else None,
        is_geographic=_MODELS.get(name[1].upper()) if name else None,
        wkt=text,
        name=name[2] if name else None,
    )


# --- writing --------------------------------------------------------------------------------------


def files_beside(path: str, place: Place) -> Iterator[tuple[str, bytes]]:
    """Yield the names and bytes of the files that place an image: its world file, and .aux.xml."""
    if place.transform is not None:
        yield world_name(path), _world_bytes(place.transform)
    yield aux_name(path), _aux_bytes(place)


def can_say(system: System) -> bool:
    """Whether ``.aux.xml`` can say which system it is; of one that nobody named it need not."""
    return system == NOWHERE or system.epsg is not None or system.wkt is not None


def _world_bytes(transform: Affine) -> bytes:
    a, b, c, d, e, f = transform
    lines = map(_text, (a, d, b, e, c + (a + b) / 2, f + (d + e) / 2))
    return "".join(f"{line}\n" for line in lines).encode()


def _aux_bytes(place: Place) -> bytes:
    system, lines = place.system, ["<PAMDataset>"]
    if text := system.wkt or (f"EPSG:{system.epsg}" if system.epsg is not None else None):
        lines.append(f"  <SRS>{escape(text, quote=False)}</SRS>")
    if place.transform is not None:
        a, b, c, d, e, f = map(_text, place.transform)
        lines.append(f"  <GeoTransform>{c}, {a}, {b}, {f}, {d}, {e}</GeoTransform>")
    if place.is_point:
        lines.append('  <Metadata><MDI key="AREA_OR_POINT">Point</MDI></Metadata>')
    return "\n".join([*lines, "</PAMDataset>", ""]).encode()


def _text(number: float) -> str:
    """Return all digits of a number, without an exponent, which not every reader knows."""
    return np.format_float_positional(number, trim="-")
