"""PNG, read and written a row at a time."""
