"""Statistics and slopes over rows and columns: normalisation and PReLU."""
