"""Misspellings whose nearest name is known whatever the registries hold: a new part must break no test."""

from collections.abc import Iterable
from difflib import get_close_matches

from nnkit import activations, initializers, optimizers, schedules


def misspelt(names: Iterable[str]) -> tuple[str, str]:
    """Return a name with its last letter twice, and that name: the first that no other name is nearer to."""
    known = sorted(names, key=lambda name: (-len(name), name))
    for name in known:
        wrong = name + name[-1]
        if wrong not in known and get_close_matches(wrong, known, n=1) == [name]:
            return wrong, name
    raise AssertionError(known)


NO_OPTIMIZER, NEAREST_OPTIMIZER = misspelt(optimizers.names())
NO_ACTIVATION, NEAREST_ACTIVATION = misspelt(activations.names())
NO_INITIALIZER, NEAREST_INITIALIZER = misspelt(initializers.names())
NO_SCHEDULE, NEAREST_SCHEDULE = misspelt(schedules.names())
