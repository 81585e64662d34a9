"""How well edge maps agree with what people drew: correspondence, counts, scores."""
