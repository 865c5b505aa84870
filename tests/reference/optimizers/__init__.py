# ruff: noqa: F403
"""Optimizers as functions ``(w, g, state, learning_rate) -> (w, state)`` of one parameter array.

A state is a dict of arrays, empty before the first step; nothing is changed in place. Where published
versions differ, the difference is an argument, or a function of its own.
"""

from tests.reference.optimizers.adam_family import *
from tests.reference.optimizers.classic import *
from tests.reference.optimizers.momenta import *
from tests.reference.optimizers.types import *
