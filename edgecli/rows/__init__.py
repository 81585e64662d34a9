"""How rows are asked for and computed: sources, steps, sinks; workers and their memory."""
