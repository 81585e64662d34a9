"""From responses to edge maps: operators combine filters, and maps turn numbers into pixels."""
