"""What a library adds to a script."""

from __future__ import annotations

from edgecli.records import dataclass


@dataclass(frozen=True)
class Words:
    """Imports, and the lines from ``image`` to ``response``, or of several filters ``responses``.

    The lines end with ``strength`` where the library itself has ``combined`` several, and with
    ``edges`` of 8 bits where they are ``finished``.
    """

    imports: tuple[str, ...]
    lines: list[str]
    combined: bool = False
    finished: bool = False
