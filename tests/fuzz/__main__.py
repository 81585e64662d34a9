"""Damage files by a seed and hold every reader to what must hold; 1 where something does not."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from tests.fuzz.running import Found, Job, load_seeds, run_job, try_again

BATCH = 200  # mutants of one child


def main(given: list[str] | None = None) -> int:
    """Return 0 where everything held."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=1e9, help="how long to go on")
    parser.add_argument("--mutants", type=int, default=10**12, help="how many to make at most")
    parser.add_argument("--seed", type=int, default=1, help="all chance comes from it")
    parser.add_argument("--first", type=int, default=0, help="the number of the first mutant")
    parser.add_argument("--corpus", type=Path, help="more files to damage; what is new is added")
    parser.add_argument("--keep", type=Path, help="where to keep mutants that fail, and a log")
    parser.add_argument("--only", default="", metavar="TEXT", help="seeds whose names contain it")
    parser.add_argument("--again", type=Path, nargs="+", help="kept mutants to try once more")
    options = parser.parse_args(given)
    if options.again:
        return _report(found for path in options.again for found in try_again(path))
    return _fuzz(options)


def _report(faults: Iterable[Found]) -> int:
    code = 0
    for found in faults:
        sys.stdout.write(f"{found.name}: {found.fault}\n")
        code = 1
    return code


def _fuzz(options: argparse.Namespace) -> int:
    begun, number, kinds = time.monotonic(), options.first, dict[str, int]()
    last = options.first + options.mutants
    while number < last and (spent := time.monotonic() - begun) < options.seconds:
        seeds = load_seeds(options.corpus, options.only)
        stop = min(number + BATCH, last)
        job = Job(options.seed, number, stop, options.corpus, begun + options.seconds)
        done, faults = run_job(job, seeds)
        for found in faults:
            kinds[found.kind] = kinds.get(found.kind, 0) + 1
            if kinds[found.kind] == 1:
                _report([found])
            if options.keep is not None and kinds[found.kind] <= 3:
                _keep(options.keep, found)
        took = time.monotonic() - begun - spent
        if options.keep is not None:
            _log(options.keep, {"seed": options.seed, "first": number, "mutants": done - number,
                                "seconds": round(took, 2), "faults": len(faults)})  # fmt: skip
        number = done
    spent, total = time.monotonic() - begun, sum(kinds.values())
    sys.stdout.write(f"{number - options.first:,} mutants in {spent:.0f} s, {total} faults\n")
    if options.keep is not None:
        sys.stdout.write(f"in all {_summed(options.keep)}\n")
    return 1 if kinds else 0


def _keep(folder: Path, found: Found) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / found.name).write_bytes(found.data)
    with (folder / "faults.txt").open("a", encoding="utf-8") as file:
        file.write(f"{found.name}: {found.fault}\n")


def _log(folder: Path, line: dict[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _summed(folder: Path) -> str:
    """Sum up all runs that kept their log in a folder."""
    text = (folder / "log.jsonl").read_text(encoding="utf-8") if folder.exists() else ""
    lines = [json.loads(line) for line in text.splitlines()]
    mutants, seconds, faults = (
        sum(line[key] for line in lines) for key in ("mutants", "seconds", "faults")
    )
    return f"{mutants:,} mutants, {seconds:,.0f} s, {faults} faults"


if __name__ == "__main__":
    sys.exit(main())
