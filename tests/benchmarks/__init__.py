"""Benchmarks: how long edgecli takes, and how long others take for the same."""
