"""Why partitions move: see README."""
