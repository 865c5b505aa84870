"""Fitting, evaluating, and saving a model."""
