"""A corpus of commands whose outputs stay the same: ``python -m tests.corpus --against TREE``."""
