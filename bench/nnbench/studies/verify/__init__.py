"""The exact figures of the lecture notes, each measured by the product's own code."""
