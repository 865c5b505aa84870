"""Rprop: steps that grow while the gradient keeps its sign and shrink where it turns."""

import numpy as np

from nnkit.jit import kernel
from nnkit.optimizers.closed_form import moved
from nnkit.optimizers.descent.signum import sign_of
from nnkit.optimizers.optimizer import COMMON, Optimizer, as_number, learning_rate
from nnkit.registry import ClosedForm, Hyper
from nnkit.simd import real


@kernel
def rprop_update(p, g, previous, length, learning_rate, step, shrink, grow, shortest, longest):
    """Step by a length of each parameter's own, which the rate only starts.

    Shapes      p, g, previous, length: (n,); all but g in place
    Cost        1 product and 8 comparisons, 28 bytes per float32 parameter
    """
    zero, one, first = real(p, 0.0), real(p, 1.0), real(p, learning_rate)
    less, more, low, high = real(p, shrink), real(p, grow), real(p, shortest), real(p, longest)
    is_first = step == 1
    for index in range(p.size):
        gradient = g[index]
        before = zero if is_first else previous[index]
        # Signs are compared, not multiplied: the product of two small gradients may vanish.
        same = (gradient > zero and before > zero) or (gradient < zero and before < zero)
        turned = (gradient > zero and before < zero) or (gradient < zero and before > zero)
        reach = (first if is_first else length[index]) * (more if same else (less if turned else one))
        reach = low if reach < low else (high if reach > high else reach)
        # Where the sign turned, this step is left out and the next one compares with nothing.
        used = zero if turned else gradient
        previous[index] = used
        length[index] = reach
        p[index] -= sign_of(used) * reach


RPROP = Optimizer(
    name="rprop",
    summary="Lengthens each parameter's step while its gradient keeps the sign; for whole data sets.",
    formula="d <- clip(d * (grow if g * g' > 0 else shrink if g * g' < 0 else 1), shortest, longest);"
    "  g <- 0 where g * g' < 0;  p <- p - sign(g) * d;  g' <- g",
    hyperparameters=(
        learning_rate(0.01),
        Hyper("shrink", 0.5, "factor where the sign turned", above=0.0, below=1.0),
        Hyper("grow", 1.2, "factor where the sign stayed", above=1.0),
        Hyper("shortest", 1e-6, "least length of a step", above=0.0),
        Hyper("longest", 50.0, "largest length of a step", above=0.0),
        *COMMON,
    ),
    slot_names=("previous", "length"),
    kernel=rprop_update,
    flops=9,
    closed_forms=(
        ClosedForm(
            "signs + + + - + move by 1, 1.2, 1.44, 0 and 0.72 times the rate, whatever the gradients' size",
            moved(lambda t: (3.0, 1.0, 0.1, -2.0, 5.0)[t - 1], 5),
            lambda p: as_number(p["learning_rate"]) * np.array([[1.0], [2.2], [3.64], [3.64], [4.36]]),
        ),
    ),
    source="Riedmiller and Braun (1993), IEEE ICNN; without weight backtracking (iRprop-) as Igel and"
    " Hüsken (2000) and PyTorch. The rate is the first length; a schedule moves nothing after the first step",
    aliases=("Rprop",),
)
