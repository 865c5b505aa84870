"""Where nnbench meets nnkit: one trial, trained and recorded."""
