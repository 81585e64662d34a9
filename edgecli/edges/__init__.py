"""Responses to edge maps: operators that combine filters, and maps that turn numbers to pixels."""
