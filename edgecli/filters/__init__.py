"""Filter banks, which slide over an image: the built-in ones, those of files, learned ones."""

from edgecli.filters.bank import FilterBank, concatenate
from edgecli.filters.builtin import BUILTIN_FILTERS, RECIPES, builtin_filter
from edgecli.filters.files import load_filter
from edgecli.filters.write import FILTER_FORMATS, dump_filter, filter_format

__all__ = [
    "BUILTIN_FILTERS",
    "FILTER_FORMATS",
    "RECIPES",
    "FilterBank",
    "builtin_filter",
    "concatenate",
    "dump_filter",
    "filter_format",
    "load_filter",
]
