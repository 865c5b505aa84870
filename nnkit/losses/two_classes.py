"""Losses of one logit, which parts class 0 from class 1; several outputs answer a question each."""

from typing import Any

from nnkit.jit import Kernel, kernel
from nnkit.kernels import loss as kernels
from nnkit.kernels.scalar import exp, sigmoid, softplus
from nnkit.losses.closed_form import gradient_at, value_at
from nnkit.losses.hypers import FROM_LOGITS, LABEL_SMOOTHING, gamma
from nnkit.losses.record import Fast, Loss
from nnkit.losses.rows import row_of_one_logit
from nnkit.registry import ClosedForm, Hyper


@kernel
def crossentropy(z, is_one, label_smoothing):
    """Return the cross-entropy of the sigmoid's share and its slope."""
    share = (1.0 - label_smoothing if is_one else 0.0) + 0.5 * label_smoothing
    # No difference of large numbers: each side is small where it is right.
    loss = share * softplus(-z) + (1.0 - share) * softplus(z)
    return loss, (1.0 - share) * sigmoid(z) - share * sigmoid(-z)


@kernel
def focal(z, is_one, gamma, alpha, apply_class_balancing):
    """Return ``w q**gamma`` times the cross-entropy, q the share of the wrong class, and its slope."""
    side = 1.0 if is_one else -1.0
    u = side * z
    weight = (alpha if is_one else 1.0 - alpha) if apply_class_balancing != 0.0 else 1.0
    cost, wrong = softplus(-u), sigmoid(-u)
    # log q = -softplus(u), so that no power of 0 is taken.
    scale = weight * exp(-gamma * softplus(u))
    return scale * cost, -side * scale * (gamma * (1.0 - wrong) * cost + wrong)


def of_one_logit(each: Kernel, **about: Any) -> Loss:
    return Loss(row=row_of_one_logit.bind(each=each), targets="labels", n_outputs=1, **about)


_LOG2, _LOG3 = 0.6931471805599453, 1.0986122886681098
BINARY_CROSSENTROPY = of_one_logit(
    crossentropy,
    name="binary_crossentropy",
    aliases=("BinaryCrossentropy", "BCEWithLogitsLoss"),
    summary="Minus the log of the sigmoid's share for the right one of two classes; one logit per label.",
    formula="L = log(1 + exp(z)) - s * z, s = target * (1 - label_smoothing) + label_smoothing / 2",
    source="Keras 3, BinaryCrossentropy(from_logits=True)",
    hyperparameters=(FROM_LOGITS, LABEL_SMOOTHING),
    takes_logits=True,
    flops=(0, 110),
    fast=Fast(kernels.binary_crossentropy_gradient, kernels.binary_crossentropy_value, (67, 0), (43, 0)),
    closed_forms=(
        ClosedForm("a logit of 0 costs log 2", value_at([[0.0], [0.0]], [0, 1]), _LOG2),
        ClosedForm(
            "odds of 3 to 1 cost log(4 / 3) where they are right",
            value_at([[_LOG3]], [1]),
            0.28768207245178085,
        ),
        ClosedForm("and have the slope -1/4", gradient_at([[_LOG3]], [1]), [[-0.25]]),
        ClosedForm(
            "smoothed, the least is where the odds are (1 - s/2) : s/2, here 3 : 1 at s = 0.5",
            gradient_at([[_LOG3], [-_LOG3], [0.0]], [1, 0, 1]),
            [[0.0], [0.0], [-0.25 / 3]],
            {"label_smoothing": 0.5},
        ),
        ClosedForm(
            "of shares instead of logits, 1/4 costs log 4 and has the slope -4",
            gradient_at([[0.25]], [1]),
            [[-4.0]],
            {"from_logits": False},
        ),
    ),
)
BINARY_FOCAL_CROSSENTROPY = of_one_logit(
    focal,
    name="binary_focal_crossentropy",
    aliases=("BinaryFocalCrossentropy", "sigmoid_focal_loss"),
    summary="Binary cross-entropy in which rows that are right already count less: hard ones remain.",
    formula="L = -w * (1 - p)**gamma * log(p), p the share of the right class;"
    " w = 1, or with apply_class_balancing alpha for class 1 and 1 - alpha for class 0",
    source="Lin et al. (2017), arXiv:1708.02002; Keras 3, BinaryFocalCrossentropy; torchvision balances",
    hyperparameters=(
        FROM_LOGITS,
        gamma(2.0),
        Hyper("alpha", 0.25, "weight of class 1 where classes are balanced", at_least=0.0, at_most=1.0),
        Hyper("apply_class_balancing", False, "true: the weights of the paper"),
    ),
    takes_logits=True,
    flops=(0, 120),
    closed_forms=(
        ClosedForm(
            "a logit of 0 costs log(2) / 2**gamma",
            value_at([[0.0], [0.0]], [0, 1]),
            _LOG2 / 8,
            {"gamma": 3.0},
        ),
        ClosedForm("gamma = 0 is the cross-entropy", value_at([[_LOG3]], [0]), 2 * _LOG2, {"gamma": 0.0}),
        ClosedForm(
            "balanced, class 1 weighs alpha and class 0 weighs 1 - alpha: slopes 3 : 1 at alpha = 1/4",
            lambda loss: gradient_at([[0.0]], [0])(loss) / gradient_at([[0.0]], [1])(loss),
            [[-3.0]],
            {"apply_class_balancing": True},
        ),
        ClosedForm(
            "at 0 the slope is -(1/2)**(gamma + 1) * (gamma * log(2) + 1)",
            gradient_at([[0.0]], [1]),
            [[-(2 * _LOG2 + 1) / 8]],
        ),
    ),
)
TWO_CLASSES = (BINARY_CROSSENTROPY, BINARY_FOCAL_CROSSENTROPY)
