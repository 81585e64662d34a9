"""One image: settings, plan, run, its files; contact sheets."""
