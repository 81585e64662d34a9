"""A batch before it runs: what the outputs of each input are called, and which are done."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from edgecli.batch.inputs import OWN, Found, Input, folded, name_places, passed_text
from edgecli.batch.journal import Journal, file_hash, file_state
from edgecli.batch.work import Item, Work
from edgecli.detect.outputs import choose_format, name_maps
from edgecli.detect.sheet import grid_template
from edgecli.detect.templates import fill, split, with_tree
from edgecli.errors import UsageError
from edgecli.images.made_by import is_ours
from edgecli.records import dataclass, field, replace
from edgecli.rows.base import Rows

FRAME = re.compile(r"-\d{4,}(?=\.\w+$)")  # what tells the frames of one input apart

Keyed = tuple[Input, str]
"""An input, and its path from DIR."""


@dataclass
class Totals:
    """How far a batch is."""

    inputs: int
    done: int = 0
    failed: int = 0
    skipped: int = 0
    pixels: int = 0  # of the images done
    maps: int = 0  # edge maps written
    seconds: float = 0.0
    passed: Counter[str] = field(default_factory=Counter)  # pictures that are not read, as found

    @property
    def left(self) -> int:
        """Return how many inputs are not looked at yet."""
        return self.inputs - self.done - self.failed - self.skipped


@dataclass
class Batch:
    """A batch that can be run, and run again: an item for each input, in order.

    ``lines`` says where an input's line begins in the journal, −1 where there is none yet.
    """

    items: Sequence[Item]
    journal: Journal
    totals: Totals
    lines: list[int]
    fresh: set[int] = field(default_factory=set)  # items that this run did
    failures: dict[int, str] = field(default_factory=dict)
    notes: dict[int, tuple[str, ...]] = field(default_factory=dict)  # on images that this run did
    troubles: Sequence[tuple[str, str]] = ()
    latest: tuple[str, Sequence[Rows]] = ("", ())  # the input that was done last, and its pictures

    @property
    def noted(self) -> list[str]:
        """Return what is to be known of images that were done, in the order of the inputs."""
        return [line for _, lines in sorted(self.notes.items()) for line in lines]

    @property
    def failed(self) -> list[str]:
        """Return the reasons of all failures, in the order of the inputs."""
        return [*(why for _, why in self.troubles), *(w for _, w in sorted(self.failures.items()))]

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the report of every image in order, with its ``status``; failures have ``error``.

        Reports are read from the journal as they are asked for.
        """
        for path, reason in self.troubles:
            yield _failure(path, reason)
        for number, item in enumerate(self.items):
            if number in self.failures:
                yield _failure(item.path, self.failures[number])
            elif self.lines[number] >= 0:
                entry = self.journal.read(self.lines[number])
                status = {"status": "done" if number in self.fresh else "skipped"}
                yield from (report | status for report in entry["reports"])


def _failure(path: str, reason: str) -> dict[str, Any]:
    told = {"input": {"path": path}, "error": reason, "status": "failed"}
    return {"schema": "edgecli.report/1"} | told


def plan_batch(found: Found, work: Work, journal: Journal, *, suffix: bool = False) -> Batch:
    """Name every input's outputs, and find in the journal which of them are done.

    UsageError where two inputs claim one output, or an output would be written over an input.
    """
    inputs = _with_keys(found.inputs, work.output)
    inside = any(_is_inside(key) for _, key in inputs)
    if inside:
        ours = set(journal.outputs())
        inputs = [(e, key) for e, key in inputs if not {key, FRAME.sub("", key)} & ours]
    inputs, passed = _without_maps(inputs, found, journal.offsets)
    items = _make_items(inputs, work, suffix=suffix)
    if inside:
        _claim(items, work, journal)
    lines = [-1] * len(items)
    for number, item in enumerate(items):
        offset = journal.offsets.get(item.key)
        if offset is not None and _is_done(item, journal.read_head(offset), work):
            lines[number] = offset
    skipped, failed = len(items) - lines.count(-1), len(found.troubles)
    totals = Totals(len(items) + failed, failed=failed, skipped=skipped, passed=passed)
    return Batch(items, journal, totals, lines, troubles=found.troubles)


def name_items(found: Found, work: Work, *, suffix: bool = False) -> list[Item]:
    """Name every input's outputs, without the journal; UsageError as ``plan_batch``."""
    inputs, _ = _without_maps(_with_keys(found.inputs, work.output), found)
    return _make_items(inputs, work, suffix=suffix)


def _without_maps(
    inputs: list[Keyed], found: Found, known: Container[str] = ()
) -> tuple[list[Keyed], Counter[str]]:
    """Leave out the edge maps of earlier runs, and return what is passed over with them.

    Those that were listed stay. Files that are ``known`` as inputs are not looked into again.
    """
    if found.listed:
        return inputs, found.passed
    kept = [(e, key) for e, key in inputs if key in known or not is_ours(e.path)]
    passed = found.passed + Counter({OWN: len(inputs) - len(kept)})
    if not kept and OWN in passed and not found.troubles:
        raise UsageError(f"all images are passed over: {passed_text(passed)}")
    return kept, passed


def _with_keys(inputs: Iterable[Input], output: str) -> list[Keyed]:
    """Name inputs by their path from DIR, so that both can be moved together."""
    there = os.path.realpath(output)

    @cache
    def way(folder: str) -> str:
        to = os.path.realpath(folder)
        with suppress(ValueError):  # Windows: another drive
            to = os.path.relpath(to, there)
        return "" if to == "." else f"{to}/".replace(os.sep, "/")

    parts = ((entry, *entry.path.rpartition(os.sep)) for entry in inputs)
    return [(entry, way(folder + slash) + name) for entry, folder, slash, name in parts]


def _is_inside(key: str) -> bool:
    return not key.startswith("../") and not os.path.isabs(key)


def _make_items(inputs: Sequence[Keyed], work: Work, *, suffix: bool) -> list[Item]:
    sources = {folded(key) for _, key in inputs if _is_inside(key)}
    templates, links = _templates(work), _links(work.output)
    claims: dict[str, int] = {}
    places = name_places((entry for entry, _ in inputs), suffix=suffix)
    items: list[Item] = []
    for number, ((entry, key), (folder, stem)) in enumerate(zip(inputs, places, strict=True)):
        tree = f"{folder}/" if folder else ""
        own = tuple(fill(text, tree=tree, stem=stem) for text in templates(entry.path))
        items.append(Item(entry.path, key, own))
        for name in dict.fromkeys(items[-1].names()):
            claim = folded(name)
            other = claims.setdefault(claim, number)
            if other != number:
                raise UsageError(
                    f"{items[other].path} and {entry.path} would both be written to "
                    f"{os.path.join(work.output, name)}; {work.target.apart}"
                )
            if claim in sources or name in links(name.rpartition("/")[0]):
                what = "an input of this run" if claim in sources else "a link to another file"
                where = os.path.join(work.output, name)
                raise UsageError(f"output {where} is {what}; give another folder with -o")
    return items


def _templates(work: Work) -> Callable[[str], tuple[str, ...]]:
    """Return what gives the templates of an input's outputs; most inputs have the same.

    They are of paths below DIR, to be filled in with a ``tree`` of folders and a ``stem``.
    """
    target = work.target
    if work.tiles is not None:
        template, _ = grid_template("", target)
        sheet = with_tree(split(template)[1])
        return lambda _: (sheet,)
    looks = target.format is None and work.settings.map == "raw"  # into each input

    @cache
    def templates(path: str, numbers: bool) -> tuple[str, ...]:
        settings = replace(work.settings, map="raw") if numbers else work.settings
        format_ = choose_format(path, settings, target, numbers=numbers)
        _, below = split(target.template_of("", format_))
        return name_maps(with_tree(below), settings, format_)

    def of_input(path: str) -> tuple[str, ...]:
        numbers = work.gives_numbers(path)
        return templates(path if looks or numbers else "", numbers)

    return of_input


def _links(output: str) -> Callable[[str], set[str]]:
    """Return what lists links in a folder below DIR, by their path from there.

    Writing to a link would change the file that it leads to.
    """

    @cache
    def links(folder: str) -> set[str]:
        with suppress(OSError), os.scandir(os.path.join(output, folder)) as entries:
            names = [entry.name for entry in entries if entry.is_symlink()]
            return {f"{folder}/{name}" if folder else name for name in names}
        return set()

    return links


def _claim(items: Iterable[Item], work: Work, journal: Journal) -> None:
    """Note which files in a folder of inputs will be outputs, before there are any."""
    key = f"//{work.identity}"
    outputs = [{"path": name} for item in items for name in item.names()]
    entry = {"input": key, "size": 0, "settings": None, "outputs": outputs, "reports": []}
    offset = journal.offsets.get(key)
    if offset is None or journal.read(offset) != entry:
        journal.append(key, json.dumps(entry))


def _is_done(item: Item, entry: Mapping[str, Any], work: Work) -> bool:
    """Whether settings, input and outputs are a line's; files are read only when in doubt."""
    outputs = {output["path"]: output for output in entry["outputs"]}
    maps = [output.get("of", path) for path, output in outputs.items()]
    own = {name for number in range(len(outputs)) for name in item.names(number + 1)}
    return (
        entry["settings"] == work.identity
        and all(not {name, FRAME.sub("", name)}.isdisjoint(own) for name in maps)
        and _is_same(item.path, entry)
        and all(_is_same(f"{work.output}/{path}", outputs[path]) for path in outputs)
    )


def _is_same(path: str, known: Mapping[str, Any]) -> bool:
    try:
        size, changed = file_state(path)
        if size != known.get("size"):
            return False
        return changed == known.get("mtime") or file_hash(path) == known.get("hash")
    except OSError:
        return False
