"""The search for hyper-parameters at equal budget."""
