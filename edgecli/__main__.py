"""Run the command line: ``python -m edgecli``."""

from edgecli.cli import main

if __name__ == "__main__":
    main()
