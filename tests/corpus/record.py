"""The record of what commands gave: a line for each, and how a later outcome deviates from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.corpus.command import Command, read_commands, representative
from tests.corpus.comparing import run_tree
from tests.corpus.running import Outcome
from tests.corpus.signatures import Signature, signature

Entry = dict[str, str]
"""Exit codes under ``codes``, with a tilde where arithmetic rounds; a signature for all else."""

_PROBE = "--report json --report-file probe-{}.json"


def recorded_commands() -> list[Command]:
    """Return the commands of the record."""
    return list(representative(read_commands()))


def write_record(tree: Path, path: Path) -> None:
    """Run the commands with the package of a tree, and write down what they give."""
    commands = recorded_commands()
    outcomes = run_tree(tree, commands)
    probes = {c: c.asking(_PROBE) for c in commands}
    asked = run_tree(tree, probes.values())
    lines = []
    for command, probe in probes.items():
        outcome = outcomes[command.line]
        entry = describe(outcome, exact=is_exact(command, outcome, asked[probe.line]))
        lines.append(f"{json.dumps(command.line)}: {json.dumps(entry, separators=(',', ':'))}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8", newline="\n")


def is_exact(command: Command, outcome: Outcome, asked: Outcome) -> bool:
    """Whether commands compute whole numbers throughout, as the reports that were asked for say.

    Lossy codecs and captions are the work of other libraries, whose versions differ.
    """
    if all(outcome.codes):
        return True
    if outcome.codes != asked.codes or any("jp" in word for word in command.words):
        return False
    texts = (asked.files.get(f"probe-{n}.json", b"") for n in range(len(asked.codes)))
    return all(_is_whole(text.decode().replace("…", "0")) for text in texts)


def _is_whole(text: str) -> bool:
    """Whether a file of reports is there, and all that they tell was made of whole numbers."""
    parts = text.splitlines() if "\n{" in text else [text]
    reports = [json.loads(part) for part in parts if part]
    sheets = any("tiles" in report for report in reports)
    return bool(reports) and not sheets and all(all(_wholes(report)) for report in reports)


def _wholes(report: dict[str, Any]) -> Iterator[bool]:
    """Yield whether it tells of edge maps, their sums, and then each extreme of them, are whole."""
    yield report.get("schema") in {"edgecli.report/1", "edgecli.batch/1"}
    yield report.get("engine", {}).get("accumulator", "int").startswith("int")
    for output in report.get("outputs", [report.get("output", {})]):
        yield from (isinstance(output.get(end, 0), int) for end in ("min", "max"))


def describe(outcome: Outcome, *, exact: bool) -> Entry:
    """Return what is recorded of an outcome."""
    codes = " ".join(map(str, outcome.codes)) + "~" * (not exact)
    parts = {**{k: v for k, v in outcome.streams.items() if v}, **outcome.files}
    signatures = {name: str(signature(data, exact=exact)) for name, data in parts.items()}
    return {"codes": codes} | signatures


def deviations(entry: Entry, outcome: Outcome) -> Iterator[str]:
    """Yield how an outcome deviates from what was recorded."""
    now = describe(outcome, exact=not entry["codes"].endswith("~"))
    if entry["codes"] != now["codes"]:
        yield f"exit codes {entry['codes']} became {now['codes']}"
    for name in [name for name in entry | now if name != "codes"]:
        if name not in now:
            yield f"{name} is no longer written"
        elif name not in entry:
            yield f"{name} was not written"
        elif found := Signature.parse(entry[name]).difference(Signature.parse(now[name])):
            yield f"{name}: {found}"
