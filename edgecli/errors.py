"""Everything that edgecli refuses, as one tree.

    EdgeCliError                exit code 1: this input failed, others may not
    ├── UsageError              exit code 2: the request itself cannot be carried out
    │   ├── FilterError         a filter's name, file or weights
    │   └── NetworkError        a network's name, file or shapes
    ├── GeometryError           a kernel and an image whose sizes do not fit
    └── ImageError              pixels that cannot be read
        ├── TooLargeError       more of them than the limit
        └── OutputError         pixels that cannot be written

A message is one line: the rule, what was given, what to do next. Errors of other libraries are
translated where they are called, with ``from``, so that nothing above sees a foreign exception.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class EdgeCliError(Exception):
    """Any failure that edgecli foresees; its text is one line for a person.

    ``options`` are those, as fields of the command line's record, that do not go together.
    """

    exit_code = 1

    def __init__(self, message: str, *, options: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.options = tuple(options)


class UsageError(EdgeCliError):
    """The request cannot be carried out on any image."""

    exit_code = 2


class FilterError(UsageError):
    """A filter is unknown, malformed or too large."""


class NetworkError(UsageError):
    """A network is unknown, malformed or does not fit together."""


class GeometryError(EdgeCliError):
    """A kernel, padding or stride does not fit an image."""


class ImageError(EdgeCliError):
    """An image cannot be read: missing, truncated, unsupported or too large."""


class TooLargeError(ImageError):
    """An image, or the edge map it would give, has more pixels than the limit."""


class OutputError(ImageError):
    """An edge map cannot be written."""


class EdgeCliWarning(UserWarning):
    """What must be told of a picture that was read all the same; the command line prints it."""


_ADVICE = {
    "EACCES": "check its permissions",
    "EDQUOT": "make room in your quota",
    "EFBIG": "the largest file there is set by ulimit -f, or by the file system",
    "EIO": "check the disk",
    "EMFILE": "raise the limit with ulimit -n",
    "ENAMETOOLONG": "give a shorter name",
    "ENFILE": "close other programs",
    "ENOMEM": "close other programs, or raise the limit of memory",
    "ENOSPC": "make room there",
    "EPERM": "check its permissions",
    "EROFS": "give another place",
}


def system_says(error: OSError) -> str:
    """Return why the system refused, and what to do next where that is known.

    >>> import errno
    >>> system_says(OSError(errno.ENOSPC, "No space left on device"))
    'No space left on device; make room there'
    """
    import errno  # only refusals need it

    reason = error.strerror or str(error) or type(error).__name__
    advice = _ADVICE.get(errno.errorcode.get(error.errno or 0, ""))
    return f"{reason}; {advice}" if advice else reason


def is_full(error: EdgeCliError) -> bool:
    """Return whether a disk, or somebody's quota of it, had no room for what was written."""
    import errno

    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in {errno.ENOSPC, errno.EDQUOT}


def hint(given: str, known: Iterable[str], most: int | None = None) -> str:
    """Return the known name that a mistaken one resembles, or else all of them, ``most`` at most.

    >>> hint("lenet", ["learned", "lenet5"]), hint("x", ["learned", "lenet5"])
    ("did you mean 'lenet5'?", 'there are learned, lenet5')
    """
    names = list(known)
    are = "are" if len(names) > 1 else "is"
    return meant(given, names) or f"there {are} {', '.join(names[:most])}"


def meant(given: str, known: Iterable[str], near: float = 0.6) -> str | None:
    """Ask whether the known name that a mistaken one resembles was meant, if there is one.

    ``near`` is how alike they are at least, from 0 to 1.

    >>> meant("rde", ["red", "blue"]), meant("x", ["red", "blue"])
    ("did you mean 'red'?", None)
    """
    import difflib  # only mistakes need it

    names = {name.lower(): name for name in known}
    close = difflib.get_close_matches(given.lower(), names, 1, near)
    return f"did you mean {names[close[0]]!r}?" if close else None
