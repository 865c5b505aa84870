"""The built-in activations of single values, family by family."""

from nnkit.activations.learned import LEARNED
from nnkit.activations.piecewise import PIECEWISE
from nnkit.activations.smooth import SMOOTH

BUILTIN = (*PIECEWISE, *SMOOTH, *LEARNED)
