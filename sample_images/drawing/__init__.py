"""The pictures that `make.py` draws: a module for each, and what they share."""
