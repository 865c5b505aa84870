"""Claims of textbooks: what each needs is run, measured and judged."""
