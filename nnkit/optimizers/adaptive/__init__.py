"""Steps scaled by each parameter's past gradients."""
