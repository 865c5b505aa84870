"""Optimizers that scale the step of a whole tensor, or keep less than one number for each parameter."""
