"""nnbench: finds out which optimizer, activation and initialisation to use, and whether a change did harm."""
