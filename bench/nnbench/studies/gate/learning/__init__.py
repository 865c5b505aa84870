"""Whether the head learns worse than the base, in five steps each of which may end the question."""
