"""A small expression becomes a computational graph: values forward, gradients back."""
