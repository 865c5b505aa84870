"""Distributions, intervals and tests of one sample."""
