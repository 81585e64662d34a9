"""The place of a TIFF page on a map, in the tags of GeoTIFF, read and written.

Numbers of tags and keys are those of OGC's "GeoTIFF Standard" 1.1 (2019). A page is placed by a
point and the size of a pixel, by a matrix, or by points of control; its system is said by keys,
which go along as they are: only a list of thousands of systems could put them into other words.
"""

from __future__ import annotations

from collections.abc import Sequence

from edgecli.images.tiff.directories import DOUBLE, SHORT, TEXT, Directory, Entry, Tag
from edgecli.rows.place import LARGEST, NOWHERE, Affine, Control, Place, System, is_sound

_MODEL, _RASTER, _CITATION = 1024, 1025, 1026  # keys
_GEOGRAPHIC, _GEOGRAPHIC_CITATION = 2048, 2049
_PROJECTED, _PROJECTED_CITATION = 3072, 3073
_IS_PROJECTED, _IS_GEOGRAPHIC = 1, 2  # values of _MODEL
_IS_AREA, _IS_POINT = 1, 2  # of _RASTER
_EPSG = range(1024, 32767)  # what names a system; 32767 is the user's own
_MATRIX, _CONTROL = 16, 6  # numbers of a matrix, and of a point

LEFT_OUT = "has a place on a map that is no place; it is left out"


def place_of(directory: Directory) -> tuple[Place | None, str | None]:
    """Return where a page lies, if it says so, and a note where what it says makes no sense."""
    keys = _keys(directory)
    is_point = keys.get(_RASTER) == _IS_POINT
    transform, control = _transform(directory, is_point), _control(directory, is_point)
    system = _system(directory, keys) if keys else NOWHERE
    if transform is not None and not is_sound(transform):
        return None, LEFT_OUT
    if not all(abs(number) < LARGEST for point in control for number in point):
        return None, LEFT_OUT
    if not (transform or control or keys):
        return None, None
    return Place(transform, system, () if transform else control, is_point), None


def _transform(directory: Directory, is_point: bool) -> Affine | None:
    """Return the transform of a page's pixels: a matrix, or the place of one and their size."""
    scale, points = directory.reals(Tag.PIXEL_SCALE), directory.reals(Tag.TIEPOINTS)
    if len(scale) >= 2 and all(scale[:2]) and len(points) >= _CONTROL:
        column, row, _, x, y, _ = points[:_CONTROL]
        across, down = scale[0], -abs(scale[1])  # GDAL, too, takes north for up
        return _cornered((across, 0.0, x - across * column, 0.0, down, y - down * row), is_point)
    matrix = directory.reals(Tag.MATRIX)
    if len(matrix) != _MATRIX:
        return None
    a, b, _, c, d, e, _, f = matrix[:8]
    return _cornered((a, b, c, d, e, f), is_point)


def _cornered(transform: Affine, is_point: bool) -> Affine:
    """Return a transform of corners, for one that may be of the centres of pixels."""
    a, b, c, d, e, f = transform
    half = 0.5 if is_point else 0.0
    return a, b, c - half * (a + b), d, e, f - half * (d + e)


def _control(directory: Directory, is_point: bool) -> tuple[Control, ...]:
    """Return the points of control of a page, of which a single one says too little."""
    numbers, half = directory.reals(Tag.TIEPOINTS), 0.5 if is_point else 0.0
    points = [numbers[at : at + _CONTROL] for at in range(0, len(numbers) - 5, _CONTROL)]
    if len(points) < 2:
        return ()
    return tuple((i + half, j + half, k, x, y, z) for i, j, k, x, y, z in points)


# --- keys ---------------------------------------------------------------------------------------


def _keys(directory: Directory) -> dict[int, int | str]:
    """Return the keys that are whole numbers or texts; none where their directory is broken."""
    table = [int(number) for number in directory.reals(Tag.GEO_KEYS)]
    texts = directory.text(Tag.GEO_TEXTS)
    if len(table) < 4 or table[0] != 1 or len(table) < 4 * (table[3] + 1):
        return {}
    keys: dict[int, int | str] = {}
    for at in range(4, 4 * (table[3] + 1), 4):
        key, where, count, value = table[at : at + 4]
        if where == 0:
            keys[key] = value
        elif where == Tag.GEO_TEXTS:
            keys[key] = texts[value : value + count].rstrip("|\0")
    return keys


def _system(directory: Directory, keys: dict[int, int | str]) -> System:
    """Return the system that keys name."""
    model = keys.get(_MODEL)
    geographic = model == _IS_GEOGRAPHIC
    code = keys.get(_GEOGRAPHIC if geographic else _PROJECTED)
    known = model in {_IS_GEOGRAPHIC, _IS_PROJECTED} and isinstance(code, int) and code in _EPSG
    citations = (
        (_GEOGRAPHIC_CITATION, _CITATION)
        if geographic
        else (_PROJECTED_CITATION, _CITATION, _GEOGRAPHIC_CITATION)
    )
    names = (keys.get(one) for one in citations)
    texts = directory.text(Tag.GEO_TEXTS)
    table = tuple(int(number) for number in directory.reals(Tag.GEO_KEYS))
    return System(
        epsg=int(code) if known and code is not None else None,
        is_geographic=geographic if model in {_IS_GEOGRAPHIC, _IS_PROJECTED} else None,
        name=next((str(name) for name in names if name), None),
        keys=(table, directory.reals(Tag.GEO_DOUBLES), texts),
    )


# --- writing --------------------------------------------------------------------------------------


def place_entries(place: Place | None) -> list[Entry]:
    """Return the tags that say where a page lies; its system only if GeoTIFF has keys for it."""
    if place is None:
        return []
    return [*_placing(place), *_naming(place)]


def can_name(system: System) -> bool:
    """Whether keys can say which system it is; of one that nobody named they need not."""
    told = system.epsg is not None and system.is_geographic is not None
    return system == NOWHERE or system.keys is not None or told


def _placing(place: Place) -> list[Entry]:
    half = 0.5 if place.is_point else 0.0
    if place.transform is None:
        points = [(i - half, j - half, *rest) for i, j, *rest in place.control]
        numbers = [number for point in points for number in point]
        return [(Tag.TIEPOINTS, DOUBLE, numbers)] if numbers else []
    a, b, c, d, e, f = place.transform
    c, f = c + half * (a + b), f + half * (d + e)
    if b == d == 0 and a > 0 > e:
        scale, point = (a, -e, 0.0), (0.0, 0.0, 0.0, c, f, 0.0)
        return [(Tag.PIXEL_SCALE, DOUBLE, scale), (Tag.TIEPOINTS, DOUBLE, point)]
    matrix = (a, b, 0.0, c, d, e, 0.0, f, *(0.0,) * 7, 1.0)
    return [(Tag.MATRIX, DOUBLE, matrix)]


def _naming(place: Place) -> list[Entry]:
    system = place.system
    if system.keys is not None:
        table, numbers, texts = system.keys
        text = texts.encode("latin-1") + b"\0"
    elif system.epsg is not None and system.is_geographic is not None:
        model, key = (
            (_IS_GEOGRAPHIC, _GEOGRAPHIC) if system.is_geographic else (_IS_PROJECTED, _PROJECTED)
        )
        raster = _IS_POINT if place.is_point else _IS_AREA
        rows = [(_MODEL, model), (_RASTER, raster), (key, system.epsg)]
        table = (1, 1, 0, len(rows), *(n for key, value in rows for n in (key, 0, 1, value)))
        numbers, text = (), b"\0"
    else:
        return []
    given: list[tuple[Tag, int, Sequence[float]]] = [
        (Tag.GEO_KEYS, SHORT, table),
        (Tag.GEO_DOUBLES, DOUBLE, numbers),
        (Tag.GEO_TEXTS, TEXT, text if len(text) > 1 else b""),
    ]
    return [entry for entry in given if entry[2]]
