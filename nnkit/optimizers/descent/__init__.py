"""Steps along a gradient, its sign, or a decaying sum of past ones."""
