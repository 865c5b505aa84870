"""Intervals, tests and verdicts over the records of trials: numbers in, numbers and reasons out."""
