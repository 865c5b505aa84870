"""Linear algebra for optimizers: products, orthogonal factors, eigenvectors, in one order of sums."""
