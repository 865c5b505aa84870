"""Results made elsewhere: read from a file, and judged like those of a run."""
