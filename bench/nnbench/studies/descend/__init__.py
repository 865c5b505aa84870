"""Optimizers walk down functions, step by step, and each path ends with the reason why."""
