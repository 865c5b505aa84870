"""Hinges: what an output lacks of being a margin on the right side."""

from nnkit.jit import kernel
from nnkit.losses.closed_form import gradient_at, value_at
from nnkit.losses.record import Loss
from nnkit.losses.rows import first_maximum, without_gradient
from nnkit.losses.two_classes import of_one_logit
from nnkit.registry import ClosedForm, Hyper
from nnkit.simd import double


@kernel
def hinge(z, is_one):
    """Return ``max(0, 1 - s z)``, s the side of the class, and its slope."""
    side = 1.0 if is_one else -1.0
    short = 1.0 - side * z
    return (0.0, 0.0) if short <= 0.0 else (short, -side)


@kernel
def squared_hinge(z, is_one):
    """Return ``max(0, 1 - s z)**2`` and its slope."""
    side = 1.0 if is_one else -1.0
    short = 1.0 - side * z
    return (0.0, 0.0) if short <= 0.0 else (short * short, -2.0 * side * short)


@kernel
def hinge_row(outputs, targets, doutputs, i, margin, form):
    """The margin that the label's output lacks before its largest rival, or before each of the others."""
    n, label = outputs.shape[1], targets[i]
    without_gradient(doutputs, i)
    hit = 1 if first_maximum(outputs, i) == label else 0
    own = double(outputs[i, label])
    if form == 1.0:
        loss = 0.0
        for k in range(n):
            short = margin - own + double(outputs[i, k])
            if k != label and not short <= 0.0:
                loss += short / n
                doutputs[i, k] = 1.0 / n
                doutputs[i, label] -= 1.0 / n
        return loss, hit
    rival = -1
    for k in range(n):
        # NaN becomes the rival, and nothing is larger.
        if k != label and (rival < 0 or outputs[i, k] > outputs[i, rival] or outputs[i, k] != outputs[i, k]):
            rival = k
    largest = double(outputs[i, rival])
    is_zero = form == 2.0 and largest <= 0.0
    short = margin - own + (0.0 if is_zero else largest)
    if short <= 0.0:
        return 0.0, hit
    doutputs[i, label] = -1.0
    if not is_zero:
        doutputs[i, rival] = 1.0
    return short, hit


HINGE = of_one_logit(
    hinge,
    name="hinge",
    aliases=("Hinge",),
    summary="What the output lacks of being on the right side by 1: the loss of support vector machines.",
    formula="L = max(0, 1 - s * y), s = 1 for class 1 and -1 for class 0",
    source="Cortes and Vapnik (1995), Machine Learning 20; Keras 3, Hinge",
    flops=(0, 6),
    closed_forms=(
        ClosedForm("an output of 0 costs 1", value_at([[0.0], [0.0]], [0, 1]), 1.0),
        ClosedForm(
            "right by more than 1 costs nothing, wrong by 2 costs 3", value_at([[1.5], [2.0]], [1, 0]), 1.5
        ),
        ClosedForm(
            "the slope is that of a straight line", gradient_at([[0.5], [9.0]], [1, 0]), [[-0.5], [0.5]]
        ),
    ),
)
SQUARED_HINGE = of_one_logit(
    squared_hinge,
    name="squared_hinge",
    aliases=("SquaredHinge",),
    summary="The square of the hinge: smooth where it ends, and steep for what is far on the wrong side.",
    formula="L = max(0, 1 - s * y)**2, s = 1 for class 1 and -1 for class 0",
    source="Lee and Mangasarian (2001), Comput. Optim. Appl. 20; Keras 3, SquaredHinge",
    flops=(0, 8),
    closed_forms=(
        ClosedForm(
            "right by more than 1 costs nothing, wrong by 2 costs 9", value_at([[1.5], [2.0]], [1, 0]), 4.5
        ),
        ClosedForm("the slope is -2 s (1 - s y)", gradient_at([[0.5], [9.0]], [1, 0]), [[-0.5], [10.0]]),
    ),
)
MULTICLASS_HINGE = Loss(
    row=hinge_row,
    name="multiclass_hinge",
    aliases=("categorical_hinge", "CategoricalHinge", "MultiMarginLoss"),
    summary="What the output of the right class lacks of being a margin above the others.",
    formula="crammer_singer: L = max(0, margin - y_t + max_{k != t} y_k);"
    " weston_watkins: L = sum_{k != t} max(0, margin - y_t + y_k) / classes;"
    " keras: L = max(0, margin - y_t + max(0, max_{k != t} y_k))",
    source="Crammer and Singer (2001), JMLR 2; Weston and Watkins (1999), ESANN",
    hyperparameters=(
        Hyper("margin", 1.0, "by how much the right class must lead", above=0.0),
        Hyper(
            "form",
            "crammer_singer",
            "weston_watkins: PyTorch's MultiMarginLoss; keras: its CategoricalHinge, rival at least 0",
            choices=("crammer_singer", "weston_watkins", "keras"),
        ),
    ),
    targets="labels",
    flops=(4, 4),
    closed_forms=(
        ClosedForm("zeros cost the margin", value_at([[0.0] * 4], [2]), 2.0, {"margin": 2.0}),
        ClosedForm("the largest rival counts alone", value_at([[1.0, 0.5, 0.25, -3.0]], [1]), 1.5),
        ClosedForm(
            "or each of the others, divided by the classes",
            value_at([[1.0, 0.5, 0.25, -3.0]], [1]),
            2.25 / 4,
            {"form": "weston_watkins"},
        ),
        ClosedForm("Keras's rival is at least 0", value_at([[-1.0, -2.0]], [0]), 2.0, {"form": "keras"}),
        ClosedForm("the others' need not be", value_at([[-1.0, -1.5]], [0]), 0.5),
        ClosedForm(
            "up for the label, down for the rival", gradient_at([[1.0, 0.5, 0.0]], [1]), [[1.0, -1.0, 0.0]]
        ),
    ),
)
MARGINS = (HINGE, SQUARED_HINGE, MULTICLASS_HINGE)
