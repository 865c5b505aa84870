"""Trials get done and recorded."""
