"""Filters by name, from files, and from inline rows; files are recognised by their content.

A file is NPY or NPZ by its first bytes, JSON if it begins with a brace, an array in brackets, as
programs write it (``read_arrays.py``), and otherwise a grid or a libvips matrix
(``read_text.py``). The only extension that counts is ``.mat``.
"""

from __future__ import annotations

import os
import re

from edgecli.errors import FilterError
from edgecli.filters.bank import LARGEST_WEIGHTS, FilterBank
from edgecli.filters.builtin import builtin_filter, is_builtin, suggestion
from edgecli.filters.origin import Origin, is_number, quoted, shown
from edgecli.filters.write import FILTER_FORMATS
from edgecli.numerals import UTF_16

NPY_MAGIC = b"\x93NUMPY"
ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")

LARGEST_TEXT = 2**22  # bytes: some 200 000 weights of full precision, a few seconds of reading
LARGEST_BINARY = LARGEST_WEIGHTS * 8 + 2**20  # with names, biases and headers

_SUFFIXES = {f".{name}" for name in FILTER_FORMATS} | {".tsv"}
_MAGICK = re.compile(r"\s*(\d{1,4})(?:x\d+)?(?:[+]\d+[+]\d+)?\s*:([-+\d.eE,\s]+)")
_NOT_TEXT = r"[^\t\n\r\x20-\x7e\x80-\U0010ffff]"


def load_filter(spec: str | os.PathLike[str]) -> FilterBank:
    """Return a built-in filter, the filters of a file, or those of inline rows.

    ``spec`` is the first of these that applies: a built-in name, with or without parameters (a file
    of that name is reached as ``./sobel``); a file that exists; a name with the extension of a
    filter file; an array in brackets; rows, if the first word is a number or there is a semicolon;
    a name with a slash.
    A path object is always a file. FilterError for anything else.

    >>> load_filter("1 0 -1; 1 0 -1; 1 0 -1").kernel_size
    (3, 3)
    """
    try:
        if not isinstance(spec, str):
            return _read_file(spec)
        if is_builtin(spec):
            return builtin_filter(spec)
        if is_file(spec):
            return _read_file(spec)
        inline = Origin("inline filter", "custom", row_word="row")
        _refuse_magick(spec, inline)
        if _looks_array(spec):
            from edgecli.filters.read_arrays import read_array

            return read_array(spec, Origin("inline filter", "custom"))
        if _looks_inline(spec):
            from edgecli.filters.read_text import read_inline

            return read_inline(spec, inline)
    except MemoryError as error:
        given = quoted(os.fspath(spec))
        raise FilterError(f"filter {given} does not fit into memory; use a smaller one") from error
    raise FilterError(f"filter {quoted(spec)} is unknown; {suggestion(spec.partition(':')[0])}")


def is_file(spec: str) -> bool:
    """Return whether a text that is no built-in name is the path of a filter file."""
    if os.path.lexists(spec) or os.path.splitext(spec)[1].lower() in _SUFFIXES:
        return True
    return bool(set(spec) & {"/", os.sep}) and not _looks_array(spec) and not _looks_inline(spec)


def without_folder(spec: str) -> str:
    r"""Return what a filter was loaded by as others may know it: on one line, a file by its name.

    >>> without_folder("sobel"), without_folder("my/edge.txt"), without_folder("1 0 -1\n2 0 -2")
    ('sobel', 'edge.txt', '1 0 -1; 2 0 -2')
    """
    if not is_builtin(spec) and is_file(spec):
        return os.path.basename(spec)
    lines = map(str.split, spec.strip().splitlines())
    return (" " if _looks_array(spec) else "; ").join(map(" ".join, lines))


def _read_file(path: str | os.PathLike[str]) -> FilterBank:
    """Read a filter file of any format, whose module is loaded when first used."""
    origin = _origin(os.fspath(path))
    data = _read_bytes(path, origin)
    if not data:
        raise origin.error("the file is empty; write rows of numbers, such as 1 0 -1")
    if data.startswith((NPY_MAGIC, *ZIP_MAGICS)):
        from edgecli.filters.read_numpy import read_npy, read_npz

        return (read_npy if data.startswith(NPY_MAGIC) else read_npz)(data, origin)
    text = _decode(data, origin)
    if text.lstrip().startswith("{"):
        from edgecli.filters.read_json import read_json

        return read_json(text, origin)
    if _looks_array(text):
        from edgecli.filters.read_arrays import read_array

        return read_array(text, origin)
    from edgecli.filters.read_text import read_text

    _refuse_magick(text, origin)
    return read_text(text, origin)


def _refuse_magick(text: str, origin: Origin) -> None:
    """Raise FilterError for a kernel as ImageMagick has it, ``3x1: 1,0,-1``: it may turn that."""
    match = _MAGICK.fullmatch(text)
    width = int(match[1]) if match else 0
    cells = match[2].replace(",", " ").split() if match else []
    if width and cells and len(cells) % width == 0:
        rows = [" ".join(cells[at : at + width]) for at in range(0, len(cells), width)]
        raise origin.error(
            "a kernel of ImageMagick, whose -morphology Convolve turns it and Correlate does not; "
            f'write -f "{"; ".join(rows)}", for Convolve with --convolve'
        )


def _looks_array(text: str) -> bool:
    """Return whether a text begins as an array does: with a bracket, or what leads to one."""
    return bool(re.match(r"\s*([A-Za-z_]\w*\s*=\s*)?([A-Za-z_][\w.]*\s*\(\s*)?\(?\[", text))


def _looks_inline(spec: str) -> bool:
    first = re.split(r"[\s,;]", spec.strip(), maxsplit=1)[0]
    return ";" in spec or is_number(first)


def _origin(path: str) -> Origin:
    """Return the origin for a file; its stem, stripped of odd characters, names its filters."""
    stem, extension = os.path.splitext(os.path.basename(path))
    name = "".join(c if c.isprintable() and c != "\\" else "_" for c in stem).strip()
    return Origin(f"filter file {shown(path)}", name or "custom", extension.lower())


def _read_bytes(path: str | os.PathLike[str], origin: Origin) -> bytes:
    """Read a file or pipe up to the limit of its kind, known from its first bytes."""
    try:
        with open(path, "rb") as file:
            head = file.read(8)
            binary = head.startswith((NPY_MAGIC, *ZIP_MAGICS))
            limit = LARGEST_BINARY if binary else LARGEST_TEXT
            size = os.fstat(file.fileno()).st_size  # 0 for a pipe
            if size > limit:
                raise _too_large(limit, origin)
            data = head + file.read(size or limit)
    except FileNotFoundError as error:
        raise FilterError(f"{origin.label} does not exist; check the name") from error
    except IsADirectoryError as error:
        raise FilterError(f"{origin.label} is a folder; give a file in it") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FilterError(f"{origin.label} cannot be read: {reason}") from error
    if len(data) > limit:
        raise _too_large(limit, origin)
    return data


def _too_large(limit: int, origin: Origin) -> FilterError:
    advice = "save it as .npy" if limit == LARGEST_TEXT else "use a smaller kernel"
    return origin.error(f"larger than the limit of {limit:,} bytes; {advice}")


def _decode(data: bytes, origin: Origin) -> str:
    """Decode UTF-8, or UTF-16 that is marked so; FilterError on bytes that are not text."""
    fault = "not a filter file: neither UTF-8 text, NPY nor NPZ"
    try:
        text = data.decode("utf-16" if data.startswith(UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise origin.error(fault, data.count(b"\n", 0, error.start) + 1) from error
    if match := re.search(_NOT_TEXT, text):
        raise origin.error(fault, text.count("\n", 0, match.start()) + 1)
    return text
