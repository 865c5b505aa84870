"""From a model to a flat program: emit ops, sweep backward, fuse, plan the arena, check it, encode it."""
