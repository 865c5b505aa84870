"""From what the seeds of a claim measured to its verdict."""
