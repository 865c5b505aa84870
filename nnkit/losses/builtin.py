"""The losses that nnkit brings, in print order."""

from nnkit.losses.classes import CLASSES, SPARSE_CATEGORICAL_CROSSENTROPY
from nnkit.losses.margins import MARGINS
from nnkit.losses.regression import REGRESSION
from nnkit.losses.two_classes import TWO_CLASSES

BUILTIN = (SPARSE_CATEGORICAL_CROSSENTROPY, *TWO_CLASSES, *CLASSES, *MARGINS, *REGRESSION)
