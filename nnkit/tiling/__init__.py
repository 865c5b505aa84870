"""How an op's work is cut into register tiles: what machine code and scratch buffers agree on."""
