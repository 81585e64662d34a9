"""Which images a batch covers, and how their edge maps are named: the same on any system."""

from __future__ import annotations

import codecs
import glob
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from edgecli.errors import ImageError, UsageError
from edgecli.images.foreign import EXTRAS, OTHERS, RAW, ZARR
from edgecli.images.formats import FILES
from edgecli.images.zarr.store import is_store
from edgecli.numerals import UTF_16, decode
from edgecli.records import dataclass, field, replace

READ_ONLY = (
    ".apng", ".avif", ".bmp", ".dib", ".gif", ".ico", ".j2k", ".jfif", ".jp2", ".jpe", ".pam",
    ".pbm", ".pcx", ".pfm", ".psb", ".psd", ".qoi", ".sgi", ".tga", ".tsv", ".xbm",
)  # fmt: skip
_READ = (format_.extensions for format_ in FILES)
EXTENSIONS = frozenset(READ_ONLY).union(*_READ) - {".txt"}
"""What counts as an image in a folder, with those of extras; a list or a glob takes any file."""

OWN = "made by edgecli"
"""Counts, among what is passed over, files that say that they are edge maps already."""

JOURNAL = ".edgecli-batch.jsonl"

_NOT_EVERYWHERE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\\ud800-\udfff]')
_AT_END = re.compile(r"[. ](?=/)")  # Windows drops dots and spaces there
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


class Input(NamedTuple):
    """An input: where it is, and its place below the batch's folder, which names its output."""

    path: str
    place: str


@dataclass
class Found:
    """The inputs of a batch, in order, and what else was there.

    ``troubles`` are the folders that could not be read, with reasons; ``passed`` counts pictures in
    formats that are not read here, by extension. ``listed`` inputs were named one by one.
    """

    inputs: list[Input]
    troubles: list[tuple[str, str]] = field(default_factory=list)
    passed: Counter[str] = field(default_factory=Counter)
    listed: bool = False

    def without(self, path: str | None) -> Found:
        """Leave a file out, such as an earlier report."""
        if path is None or not os.path.exists(path):
            return self
        real, name = os.path.realpath(path), os.path.basename(path)
        kept = [e for e in self.inputs if name not in e.path or os.path.realpath(e.path) != real]
        return replace(self, inputs=kept)


def find_inputs(source: str, output: str, *, recursive: bool) -> Found:
    """Find the inputs in a folder or by a glob; UsageError where there are none.

    Hidden files and what lies in the folder ``output`` are left out. Links to folders are
    followed, but no folder is read twice.
    """
    if os.path.isdir(source) and not is_store(source):
        found = _in_folder(source, output, recursive=recursive)
    elif glob.has_magic(source):
        matches = glob.iglob(source, recursive=True)
        paths = [path for path in matches if _may_be_image(path)]
        found = Found(list(_placed(paths, recursive=recursive)))
    elif os.path.exists(source):
        kind = "an image" if is_store(source) else "a file"
        raise UsageError(f"{source} is {kind}; give a folder, or use edgecli detect {source}")
    else:
        raise UsageError(f"folder {source} does not exist; check the name")
    if not found.inputs and not found.troubles:
        if found.passed:
            others = passed_text(found.passed)
            raise UsageError(f"{source} holds no images that are read here, but {others}")
        raise UsageError(f"{source} holds no images; {_next_step(source, recursive=recursive)}")
    found.inputs.sort(key=lambda entry: entry.place)
    return found


def _next_step(source: str, *, recursive: bool) -> str:
    """Return what to do where a folder or a glob has no images."""
    if glob.has_magic(source) and not os.path.isdir(source):
        return "check the pattern"
    with os.scandir(source) as entries:
        if not recursive and any(entry.is_dir() for entry in entries):
            return "--recursive looks into folders, too"
    return "give a folder with images in it"


def listed_inputs(names: bytes, *, zero: bool, recursive: bool) -> Found:
    """Read a list of paths, one per line or each ended by NUL; UsageError where it is none.

    It may begin with a mark of UTF-8 or UTF-16, as Windows' programs write it.
    """
    if names.startswith(UTF_16):
        names = os.fsencode(decode(names))
    names = names.removeprefix(codecs.BOM_UTF8)
    if b"\0" in names and not zero:
        raise UsageError(
            "standard input holds NUL, but is read as one path a line; give -0 where names "
            "end in NUL, and use edgecli detect - for an image"
        )
    lines = names.split(b"\0") if zero else names.splitlines()
    paths = list(dict.fromkeys(os.fsdecode(line) for line in lines if line))
    paths = [f".{os.sep}-" if path == "-" else path for path in paths]  # here a file like others
    if not paths:
        raise UsageError("the list of inputs is empty; write a path a line to standard input")
    inputs = sorted(_placed(paths, recursive=recursive), key=lambda entry: entry.place)
    return Found(inputs, listed=True)


def _in_folder(source: str, output: str, *, recursive: bool) -> Found:
    """Read folders, linked ones last so that images get the names of their true places."""
    found, seen = Found([]), set[tuple[int, int]]()
    if os.path.exists(output) and not os.path.samefile(source, output):
        seen.add(_identity(output))
    thumbnails = os.path.join(output, "gallery")
    if os.path.isdir(thumbnails) and os.path.exists(os.path.join(output, "index.html")):
        seen.add(_identity(thumbnails))
    folders, links = [source], list[str]()
    extensions = _extensions()
    while folders or links:
        folder = folders.pop() if folders else links.pop(0)
        try:
            if _identity(folder) in seen:
                continue
            seen.add(_identity(folder))
            with os.scandir(folder) as entries:
                visible = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError as error:
            reason = f"folder {folder} cannot be looked into: {error.strerror}"
            if folder == source:
                raise ImageError(f"{reason}; check its permissions") from error
            found.troubles.append((folder, reason))
            continue
        _take(visible, source, extensions, found)
        if recursive:
            others = [entry for entry in visible if not _is_store(entry)]
            folders += [entry.path for entry in others if entry.is_dir(follow_symlinks=False)]
            links += sorted(e.path for e in others if e.is_symlink() and os.path.isdir(e.path))
    return found


def _identity(folder: str) -> tuple[int, int]:
    status = os.stat(folder)
    return status.st_dev, status.st_ino


def _may_be_image(path: str) -> bool:
    """Whether what a glob matches is a file, a link or a store."""
    return os.path.isfile(path) or os.path.islink(path) or is_store(path)


def _is_store(entry: os.DirEntry[str]) -> bool:
    """Whether it is an image in a folder, such as Zarr's; nothing else is looked into."""
    return entry.name.lower().endswith(ZARR.extensions) and is_store(entry.path)


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is a file, or a store; a link that leads nowhere fails later, with its reason."""
    if _is_store(entry):
        return True
    if entry.is_symlink():
        return os.path.isfile(entry.path) or not os.path.exists(entry.path)
    return entry.is_file(follow_symlinks=False)


def _take(
    entries: Iterable[os.DirEntry[str]], source: str, extensions: Extensions, found: Found
) -> None:
    """Add the images of a folder below ``source``, and count the pictures that are not read."""
    for entry in entries:
        extension = os.path.splitext(entry.name)[1].lower()
        if extension in extensions.read and _is_file(entry):
            found.inputs.append(Input(entry.path, below(source, entry.path)))
        elif extension in extensions.passed and _is_file(entry):
            found.passed[extension] += 1


class Extensions(NamedTuple):
    """Of files that are read, and of pictures that are not."""

    read: frozenset[str]
    passed: frozenset[str]


def _extensions() -> Extensions:
    """Return what is read with the extras that are installed."""
    read, passed = EXTENSIONS, RAW | OTHERS
    for extra in EXTRAS:
        if extra.is_installed:
            read = read.union(extra.extensions)
        else:
            passed = passed.union(extra.extensions)
    return Extensions(read, passed)


def passed_text(passed: Counter[str]) -> str:
    """Say which pictures are not read, and what to do.

    >>> passed_text(Counter({".nef": 2}))
    '2 .nef; develop camera raw first'
    """
    counts = ", ".join(f"{count:,} {extension}" for extension, count in sorted(passed.items()))
    missing = {extension for extra in EXTRAS for extension in extra.extensions} & passed.keys()
    advice = [
        f"pip install 'edgecli[{name}]' for {' '.join(sorted(missing.intersection(extensions)))}"
        for name, extensions in _packed().items()
        if not missing.isdisjoint(extensions)
    ]
    advice += ["develop camera raw first"] * (not RAW.isdisjoint(passed))
    advice += ["save the others as PNG"] * (not OTHERS.isdisjoint(passed))
    advice += ["edgecli detect takes them by name"] * (OWN in passed)
    return f"{counts}; {', '.join(advice)}"


def _packed() -> dict[str, list[str]]:
    """Return the extensions that every extra of the package reads."""
    packed: dict[str, list[str]] = {}
    for extra in EXTRAS:
        packed.setdefault(extra.extra, []).extend(extra.extensions)
    return packed


def below(folder: str, path: str) -> str:
    """Return the way from a folder to a path that begins with it, with ``/`` on every system."""
    return path[len(folder) :].lstrip(os.sep).replace(os.sep, "/")


def _placed(paths: Sequence[str], *, recursive: bool) -> Iterator[Input]:
    """Place files by their names alone, or by the tree below the folder that all share."""
    if not recursive or not paths:
        yield from (Input(path, os.path.basename(path)) for path in paths)
        return
    full = [os.path.abspath(path) for path in paths]
    try:
        shared = os.path.commonpath([os.path.dirname(path) for path in full])
    except ValueError as error:  # Windows: several drives
        raise UsageError(f"the inputs share no folder to keep the tree of: {error}") from error
    for path, where in zip(paths, full, strict=True):
        yield Input(path, os.path.relpath(where, shared).replace(os.sep, "/"))


def name_places(inputs: Iterable[Input], *, suffix: bool) -> Iterator[tuple[str, str]]:
    """Yield for each input the folder below DIR that its edge map goes to, and the name's stem.

    With ``suffix`` stems keep the input's extension, and equal ones are numbered.

    >>> inputs = [Input("x/a.jpg", "a.jpg"), Input("x/a.png", "a.png"), Input("y/A.png", "A.png")]
    >>> list(name_places(inputs, suffix=True))
    [('', 'a-jpg'), ('', 'a-png'), ('', 'A-png-2')]
    >>> list(name_places([Input("b/x?.png", "b/x?.png")], suffix=False))
    [('b', 'x_')]
    """
    taken: dict[str, int] = {}
    for entry in inputs:
        folder, _, name = portable(entry.place).rpartition("/")
        stem, extension = os.path.splitext(name)
        if suffix:
            stem += extension.replace(".", "-")
            key = folded(f"{folder}/{stem}")
            taken[key] = taken.get(key, 0) + 1
            if taken[key] > 1:
                stem += f"-{taken[key]}"
        yield folder, stem


def portable(place: str) -> str:
    r"""Return a relative path that every system can hold, with ``_`` for what some cannot.

    >>> portable("a\udcff\n/b:c?/con/d. /e.png")
    'a__/b_c_/con_/d._/e.png'
    """
    normal = place if place.isascii() else unicodedata.normalize("NFC", place)
    clean = _NOT_EVERYWHERE.sub("_", normal)
    return clean if "/" not in clean else _without_devices(_AT_END.sub("_", clean))


def _without_devices(path: str) -> str:
    """Mark folders that Windows takes for devices; a file's name goes on after its stem."""
    *folders, name = path.split("/")
    return "/".join([*(f"{f}_" if _DEVICES.fullmatch(f) else f for f in folders), name])


def folded(path: str) -> str:
    r"""Return what names have in common that some systems take for the same.

    >>> folded("É.png") == folded("e\u0301.PNG")
    True
    """
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
