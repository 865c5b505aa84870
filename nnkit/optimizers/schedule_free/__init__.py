"""Schedule-free optimizers: they train at one point, and evaluate and keep the mean of others."""
