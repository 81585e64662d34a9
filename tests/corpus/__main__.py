"""Compare this tree with another one, or record what the commands give."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.corpus.command import read_commands
from tests.corpus.comparing import ROOT, compare, run_tree
from tests.corpus.record import write_record


def main() -> int:
    """Return 0 where nothing differs, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("--against", type=Path, metavar="TREE", help="a checkout to compare with")
    parser.add_argument("--tree", type=Path, default=ROOT, help="the tree that is asked about")
    parser.add_argument("--only", default="", metavar="TEXT", help="lines that contain a text")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write what the test compares")
    options = parser.parse_args()
    if options.record is not None:
        write_record(options.tree, options.record)
        return 0
    if options.against is None:
        parser.error("give --against TREE or --record FILE")
    commands = [command for command in read_commands() if options.only in command.line]
    before, after = (run_tree(tree, commands) for tree in (options.against, options.tree))
    differing = compare(before, after)
    sys.stdout.write(f"{len(commands)} commands, {differing} differ\n")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
