"""Losses of one output per class, of labels or of shares of the classes."""

from nnkit.jit import kernel
from nnkit.kernels import loss as kernels
from nnkit.kernels.scalar import exp, log, log1p
from nnkit.losses.closed_form import gradient_at, value_at
from nnkit.losses.hypers import FROM_LOGITS, IGNORE_LABEL, LABEL_SMOOTHING, gamma
from nnkit.losses.record import Fast, Loss
from nnkit.losses.rows import first_maximum, without_gradient
from nnkit.registry import ClosedForm, Hyper
from nnkit.simd import double

share_of = target_of = None  # the open names of the templates: how a target is read


@kernel
def share_of_label(targets, i, k):
    return 1.0 if targets[i] == k else 0.0


@kernel
def label_of(targets, i):
    return targets[i]


@kernel
def share_given(targets, i, k):
    return double(targets[i, k])


@kernel
def powers(outputs, doutputs, i):
    """Write ``exp(z - largest z)`` of row i into ``doutputs``; return the largest and the sum."""
    top = double(outputs[i, 0])
    for k in range(outputs.shape[1]):
        top = double(outputs[i, k]) if outputs[i, k] > top else top
    total = 0.0
    for k in range(outputs.shape[1]):
        power = exp(double(outputs[i, k]) - top)
        total += power
        doutputs[i, k] = power
    return top, total


@kernel
def crossentropy(outputs, targets, doutputs, i, label_smoothing):
    """Minus the targets' shares of the log-softmax; the gradient is ``sum of shares * softmax - shares``."""
    n = outputs.shape[1]
    top, total = powers(outputs, doutputs, i)
    whole, logits = 0.0, 0.0
    for k in range(n):
        share = share_of(targets, i, k) * (1.0 - label_smoothing) + label_smoothing / n
        whole += share
        # Not the sum of share * z, whose rounding grows with the logits.
        logits += share * (double(outputs[i, k]) - top) if share != 0.0 else 0.0
    for k in range(n):
        share = share_of(targets, i, k) * (1.0 - label_smoothing) + label_smoothing / n
        doutputs[i, k] = double(doutputs[i, k]) * (whole / total) - share
    hit = first_maximum(outputs, i) == target_of(targets, i)
    return whole * log(total) - logits, 1 if hit else 0


_of_label = crossentropy.bind(share_of=share_of_label, target_of=label_of)
_of_shares = crossentropy.bind(share_of=share_given, target_of=first_maximum)


@kernel
def sparse_row(outputs, targets, doutputs, i, label_smoothing, ignore_label):
    """The cross-entropy of a label, unless it is the one to be ignored."""
    if targets[i] == ignore_label:
        without_gradient(doutputs, i)
        return 0.0, -1
    return _of_label(outputs, targets, doutputs, i, label_smoothing)


@kernel
def divergence_row(outputs, targets, doutputs, i):
    """The cross-entropy less the targets' own entropy."""
    loss, hit = _of_shares(outputs, targets, doutputs, i, 0.0)
    for k in range(outputs.shape[1]):
        share = double(targets[i, k])
        loss += share * log(share) if share > 0.0 else 0.0
    return loss, hit


@kernel
def log_likelihood_row(outputs, targets, doutputs, i, ignore_label):
    """Minus the output of the label, which is the logarithm of its share already."""
    without_gradient(doutputs, i)
    if targets[i] == ignore_label:
        return 0.0, -1
    doutputs[i, targets[i]] = -1.0
    hit = first_maximum(outputs, i) == targets[i]
    return -double(outputs[i, targets[i]]), 1 if hit else 0


@kernel
def focal_row(outputs, targets, doutputs, i, gamma, alpha):
    """``-alpha (1 - p)**gamma log p`` over the targets' shares, p the softmax."""
    top, total = powers(outputs, doutputs, i)
    loss, whole = 0.0, 0.0
    for k in range(outputs.shape[1]):
        share = double(targets[i, k])
        if share != 0.0:
            one, slope = focal_term(outputs, i, k, top, total, gamma)
            loss += alpha * share * one
            whole += alpha * share * slope
    for j in range(outputs.shape[1]):
        doutputs[i, j] = -whole * double(doutputs[i, j]) / total
    for k in range(outputs.shape[1]):
        share = double(targets[i, k])
        if share != 0.0:
            _, slope = focal_term(outputs, i, k, top, total, gamma)
            doutputs[i, k] += alpha * share * slope
    hit = first_maximum(outputs, i) == first_maximum(targets, i)
    return loss, 1 if hit else 0


@kernel
def focal_term(outputs, i, k, top, total, gamma):
    """Return ``-q**gamma log p`` of class k, ``q = 1 - p``, and p times its derivative by p."""
    own = exp(double(outputs[i, k]) - top)
    others = total - own
    if own > others:  # the difference would cancel
        others = 0.0
        for j in range(outputs.shape[1]):
            others += exp(double(outputs[i, j]) - top) if j != k else 0.0
    cost = log1p(others / own) if own > others else log(total) - (double(outputs[i, k]) - top)
    wrong = others / total
    # Far off, q is 0: then q**gamma is 0, but for gamma = 0, and cost / q is 1.
    scale = exp(gamma * log(wrong)) if wrong > 0.0 else (1.0 if gamma == 0.0 else 0.0)
    ratio = cost / wrong if wrong > 0.0 else 1.0
    return scale * cost, -scale * (gamma * (own / total) * ratio + 1.0)


_LOG2, _LOG3 = 0.6931471805599453, 1.0986122886681098
_ZEROS, _SKEW = [[0.0] * 4], [[_LOG3, 0.0]]  # four classes alike; two classes, 3 : 1
_SMOOTHED = "smoothed, the least is where the softmax is the smoothed target: 3 : 1 of two at 0.5"
_HALF_SMOOTHED = [[0.0, 0.0], [-0.125, 0.125]]  # at the least, and at zeros
SPARSE_CATEGORICAL_CROSSENTROPY = Loss(
    row=sparse_row,
    name="sparse_categorical_crossentropy",
    aliases=("cross_entropy", "SparseCategoricalCrossentropy", "CrossEntropyLoss"),
    summary="Minus the log of the softmax's share for the right class; labels are whole numbers.",
    formula="L = log(sum_j exp(z_j)) - sum_k s_k z_k,"
    " s_k = (1 - label_smoothing) * (k is target) + label_smoothing / classes",
    source="Bridle (1990), Neurocomputing; Keras 3, SparseCategoricalCrossentropy(from_logits=True)",
    hyperparameters=(FROM_LOGITS, LABEL_SMOOTHING, IGNORE_LABEL),
    targets="labels",
    takes_logits=True,
    flops=(32, 40),
    fast=Fast(
        kernels.sparse_categorical_crossentropy_gradient,
        kernels.sparse_categorical_crossentropy_value,
        (23, 33),
        (22, 31),
    ),
    closed_forms=(
        ClosedForm(
            "zeros cost log C, smoothed or not", value_at(_ZEROS, [2]), 2 * _LOG2, {"label_smoothing": 0.3}
        ),
        ClosedForm("3 : 1 costs log(4 / 3) where it is right", value_at(_SKEW, [0]), 0.28768207245178085),
        ClosedForm("the gradient is softmax less one-hot", gradient_at(_SKEW, [0]), [[-0.25, 0.25]]),
        ClosedForm(
            _SMOOTHED, gradient_at([*_SKEW, [0.0, 0.0]], [0, 0]), _HALF_SMOOTHED, {"label_smoothing": 0.5}
        ),
        ClosedForm(
            "an ignored row neither costs nor counts",
            value_at([*_SKEW, [0.0, 9.0]], [0, 5]),
            0.28768207245178085,
            {"ignore_label": 5},
        ),
        ClosedForm(
            "of shares, 1/4 has the slopes -4 + 1 and 1 where shares are divided by their sum",
            gradient_at([[0.25, 0.75]], [0]),
            [[-3.0, 1.0]],
            {"from_logits": False},
        ),
    ),
)
CATEGORICAL_CROSSENTROPY = Loss(
    row=_of_shares,
    name="categorical_crossentropy",
    aliases=("CategoricalCrossentropy",),
    summary="The cross-entropy of one-hot targets, or of any shares of the classes; labels become one-hot.",
    formula="L = -sum_k s_k log(softmax(z)_k),"
    " s = (1 - label_smoothing) * target + label_smoothing / classes",
    source="Keras 3, CategoricalCrossentropy(from_logits=True); Szegedy et al. (2016), arXiv:1512.00567",
    hyperparameters=(FROM_LOGITS, LABEL_SMOOTHING),
    targets="shares",
    takes_logits=True,
    flops=(32, 40),
    closed_forms=(
        ClosedForm("zeros cost log C", value_at(_ZEROS, [[0.1, 0.2, 0.3, 0.4]]), 2 * _LOG2),
        ClosedForm("the gradient is softmax less target", gradient_at(_SKEW, [[0.5, 0.5]]), [[0.25, -0.25]]),
        ClosedForm(
            _SMOOTHED,
            gradient_at([*_SKEW, [0.0, 0.0]], [[1.0, 0.0]] * 2),
            _HALF_SMOOTHED,
            {"label_smoothing": 0.5},
        ),
        ClosedForm("shares of 2 count twice", value_at(_SKEW, [[2.0, 0.0]]), 2 * 0.28768207245178085),
    ),
)
CATEGORICAL_FOCAL_CROSSENTROPY = Loss(
    row=focal_row,
    name="categorical_focal_crossentropy",
    aliases=("CategoricalFocalCrossentropy", "focal"),
    summary="Cross-entropy in which rows that are right already count less: hard ones remain.",
    formula="L = -alpha * sum_k target_k * (1 - p_k)**gamma * log(p_k), p = softmax(z)",
    source="Lin et al. (2017), arXiv:1708.02002; Keras 3, CategoricalFocalCrossentropy(from_logits=True)",
    hyperparameters=(
        FROM_LOGITS,
        gamma(2.0),
        Hyper("alpha", 0.25, "weight of every class", above=0.0),
    ),
    targets="shares",
    takes_logits=True,
    flops=(60, 120),
    closed_forms=(
        ClosedForm(
            "zeros cost alpha (1 - 1/C)**gamma log C",
            value_at(_ZEROS, [2]),
            0.5 * 0.5625 * 2 * _LOG2,
            {"alpha": 0.5},
        ),
        ClosedForm(
            "gamma = 0 is alpha times the cross-entropy",
            gradient_at(_SKEW, [0]),
            [[-0.0625, 0.0625]],
            {"gamma": 0.0},
        ),
        ClosedForm(
            "two classes alike: slopes of alpha (1/2)**(gamma + 1) (gamma log(2) + 1)",
            gradient_at([[0.0, 0.0]], [0]),
            [[-(2 * _LOG2 + 1) / 32, (2 * _LOG2 + 1) / 32]],
        ),
    ),
)
KULLBACK_LEIBLER = Loss(
    row=divergence_row,
    name="kullback_leibler",
    aliases=("kl_divergence", "KLDivergence", "kld", "KLDivLoss"),
    summary="How far the softmax is from the target's shares: the cross-entropy less the targets' entropy.",
    formula="L = sum_k t_k log(t_k / softmax(z)_k)",
    source="Kullback and Leibler (1951), Annals of Mathematical Statistics 22; Keras 3, KLDivergence",
    hyperparameters=(FROM_LOGITS,),
    targets="shares",
    takes_logits=True,
    flops=(52, 40),
    closed_forms=(
        ClosedForm(
            "from halves to (3/4, 1/4) it is (3 log 3) / 4 - log 2, and from there nothing",
            value_at([[0.0, 0.0], [_LOG3, 0.0]], [[0.75, 0.25]] * 2),
            (0.75 * _LOG3 - _LOG2) / 2,
        ),
        ClosedForm(
            "the gradient is softmax less target", gradient_at([[0.0, 0.0]], [[0.75, 0.25]]), [[-0.25, 0.25]]
        ),
    ),
)
NEGATIVE_LOG_LIKELIHOOD = Loss(
    row=log_likelihood_row,
    name="negative_log_likelihood",
    aliases=("nll", "NLLLoss"),
    summary="Minus the output of the right class; the outputs are logarithms of shares, of a log_softmax.",
    formula="L = -y_target",
    source="PyTorch, NLLLoss",
    hyperparameters=(IGNORE_LABEL,),
    targets="labels",
    takes_logits=True,
    needs="log_softmax",
    flops=(2, 4),
    closed_forms=(
        ClosedForm(
            "minus the outputs of the labels, in the mean",
            value_at([[-1.0, -2.0], [-3.0, -7.0]], [1, 0]),
            2.5,
        ),
        ClosedForm(
            "the mean is over the rows that are not ignored",
            gradient_at([[-1.0, -2.0], [-3.0, -7.0]], [1, -100]),
            [[0.0, -1.0], [0.0, 0.0]],
            {"ignore_label": -100},
        ),
    ),
)
CLASSES = (
    CATEGORICAL_CROSSENTROPY,
    CATEGORICAL_FOCAL_CROSSENTROPY,
    KULLBACK_LEIBLER,
    NEGATIVE_LOG_LIKELIHOOD,
)
