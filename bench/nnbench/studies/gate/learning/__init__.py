"""Does the head learn worse than the base? Five steps, each of which may end the question."""
