"""Filter banks, which slide over an image: the built-in ones, those of files, learned ones."""

from edgecli.filters.bank import LARGEST_WEIGHTS, FilterBank, concatenate, from_kernel
from edgecli.filters.builtin import (
    BUILTIN_FILTERS,
    RECIPES,
    BuiltinFilter,
    Parameter,
    builtin_filter,
)
from edgecli.filters.files import load_filter
from edgecli.filters.write import FILTER_FORMATS, dump_filter, filter_format

__all__ = [
    "BUILTIN_FILTERS",
    "FILTER_FORMATS",
    "LARGEST_WEIGHTS",
    "RECIPES",
    "BuiltinFilter",
    "FilterBank",
    "Parameter",
    "builtin_filter",
    "concatenate",
    "dump_filter",
    "filter_format",
    "from_kernel",
    "load_filter",
]
