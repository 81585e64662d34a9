"""Facts about a run, and the ways to say them."""
