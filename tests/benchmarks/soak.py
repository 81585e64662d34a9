"""A large batch among faults: kills, a full disk, inputs that change, vanish or are no images.

    python -m tests.benchmarks.soak [--images 2000] [--kills 30] [--seed 0] [--json FILE]

The exit code is 1 if the outputs differ from those of a batch that nobody disturbed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks.timing import machine, print_table
from tests.soak import soak


def main() -> int:
    """Run the soak, print what came of it, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("images", 2000), ("kills", 30), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default, help="default: %(default)s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        result = soak(Path(folder), images=options.images, kills=options.kills, seed=options.seed)
    seconds = time.monotonic() - started
    rows = [
        ["images", f"{result.images:,} and {result.broken} broken ones"],
        ["runs", f"{result.runs}, {result.kills} of them killed"],
        [
            "changes",
            f"{result.changes} to inputs while a batch was at work, {result.noticed} noticed",
        ],
        ["largest process", f"{result.peak / 1e6:.0f} MB"],
        ["time", f"{seconds:.0f} s"],
        ["faults", str(len(result.faults))],
    ]
    print_table(["soak", "came to"], rows)
    for fault in result.faults:
        print(fault)
    if options.json:
        figures = {"machine": machine(), **asdict(result), "seconds": seconds}
        options.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
