"""From words to trials: settings, axes, seeds, and the matrix they span."""
