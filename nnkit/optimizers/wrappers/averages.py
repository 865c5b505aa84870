"""Wrappers that evaluate and keep an average of the weights; the optimizer goes on from its own."""

from nnkit.jit import kernel
from nnkit.optimizers.adaptive.adam import integer_power
from nnkit.optimizers.closed_form import after_each
from nnkit.optimizers.wrappers.closed_form import RATE, seen_around
from nnkit.optimizers.wrappers.wrapper import Wrapper
from nnkit.registry import ClosedForm, Hyper
from nnkit.simd import fma, real


@kernel
def fade(p, g, average, start, learning_rate, step, decay, bias_correction):
    """Move the average a share of ``1 - decay`` towards the weights.

    Shapes      p, g, average, start: (n,); average in place
    """
    if step == 1:
        for i in range(p.size):
            average[i] = start[i] if bias_correction == 0.0 else real(p, 0.0)
    keep, take = real(p, decay), real(p, 1.0 - decay)
    for i in range(p.size):
        average[i] = fma(keep, average[i], take * p[i])


@kernel
def faded(p, average, step, decay, bias_correction):
    """Write the average, over the weight that all steps together have in it where it began at 0."""
    weight = 1.0 - integer_power(decay, step) if bias_correction != 0.0 else 1.0
    for i in range(p.size):
        p[i] = average[i] if bias_correction == 0.0 else average[i] / real(p, weight)


def _lag(t: int, decay: float) -> float:
    """Return ``(1 - d) * sum of d**(t - s) * s`` for s from 1 to t."""
    return t - decay * (1 - decay**t) / (1 - decay)


EMA = Wrapper(
    name="ema",
    summary="Evaluates and keeps a running mean of the weights, in which old ones fade.",
    formula="a <- decay * a + (1 - decay) * p, from the first weights;  the model is a",
    hyperparameters=(
        Hyper(
            "decay", 0.99, "share kept, Keras's; 0 is no wrapper", at_least=0.0, below=1.0, tune="complement"
        ),
        Hyper(
            "bias_correction", False, "true: from 0, divided by 1 - decay**t; the first weights count nothing"
        ),
    ),
    after=fade,
    view=faded,
    slot_names=("average",),
    neutral=("decay", 0.0),
    closed_forms=(
        ClosedForm(
            "behind gradient descent on g: learning_rate * g * (t - d (1 - d**t) / (1 - d)), d the decay",
            seen_around(0.5, 5),
            lambda p: after_each(5, lambda t: RATE * 0.5 * _lag(t, p["decay"])),
            {"decay": 0.9},
        ),
        ClosedForm(
            "with bias correction that over 1 - d**t: after one step the weights themselves",
            seen_around(0.5, 5),
            lambda p: after_each(5, lambda t: RATE * 0.5 * _lag(t, p["decay"]) / (1 - p["decay"] ** t)),
            {"decay": 0.9, "bias_correction": True},
        ),
    ),
    source="Polyak and Juditsky (1992), SIAM J. Control Optim. 30(4); fading as Keras's use_ema",
    aliases=("EMA",),
)


@kernel
def average_from(p, average, step, first):
    """Take the weights of this step into the mean over all steps behind ``first``."""
    n = step - first
    if n == 1:
        for i in range(p.size):
            average[i] = p[i]
    elif n > 1:
        weight = real(p, 1.0 / n)
        for i in range(p.size):
            average[i] = fma(weight, p[i] - average[i], average[i])


@kernel
def write_average(p, average, step, first):
    """Write the mean over the steps behind ``first``, if there are any."""
    if step > first:
        for i in range(p.size):
            p[i] = average[i]


@kernel
def average_all(p, g, average, start, learning_rate, step):
    """Take the weights into the mean over all steps.

    Shapes      p, g, average, start: (n,); average in place
    """
    average_from(p, average, step, 0)


@kernel
def averaged_all(p, average, step):
    """Write the mean over all steps."""
    write_average(p, average, step, 0)


POLYAK = Wrapper(
    name="polyak",
    summary="Evaluates and keeps the mean of the weights after every step.",
    formula="the model is (p_1 + … + p_t) / t",
    after=average_all,
    view=averaged_all,
    slot_names=("average",),
    closed_forms=(
        ClosedForm(
            "behind gradient descent on a constant g: learning_rate * g * (t + 1) / 2",
            seen_around(0.5, 5),
            after_each(5, lambda t: RATE * 0.5 * (t + 1) / 2),
        ),
    ),
    source="Polyak and Juditsky (1992), SIAM J. Control Optim. 30(4)",
    aliases=("uniform_average",),
)


@kernel
def first_of_tail(n_steps, share, from_step):
    """Return the last step that is not in the tail; ``from_step`` is NaN where the share says it."""
    return n_steps - int(share * n_steps) if from_step != from_step else int(from_step) - 1


@kernel
def average_tail(p, g, average, start, learning_rate, step, n_steps, share, from_step):
    """Take the weights into the mean over the last steps.

    Shapes      p, g, average, start: (n,); average in place
    """
    average_from(p, average, step, first_of_tail(n_steps, share, from_step))


@kernel
def averaged_tail(p, average, step, n_steps, share, from_step):
    """Write the mean over the last steps; before them the weights stay."""
    write_average(p, average, step, first_of_tail(n_steps, share, from_step))


TAIL = Wrapper(
    name="tail",
    summary="Evaluates and keeps the mean of the weights over the last part of the training.",
    formula="the model is the mean of p over the steps from from_step, or the last share of all; before: p",
    hyperparameters=(
        Hyper("share", 0.5, "part of all steps, of the last ones", above=0.0, at_most=1.0),
        Hyper(
            "from_step",
            None,
            "first step of the mean, in place of share",
            at_least=1,
            integer=True,
            optional=True,
        ),
    ),
    after=average_tail,
    view=averaged_tail,
    slot_names=("average",),
    closed_forms=(
        ClosedForm(
            "behind gradient descent on g: learning_rate * g * (t + from_step) / 2, and before that step t",
            seen_around(0.5, 6),
            lambda p: after_each(
                6, lambda t: RATE * 0.5 * (t if t < p["from_step"] else (t + p["from_step"]) / 2)
            ),
            {"from_step": 3},
        ),
    ),
    source="Rakhlin et al. (2012), Making gradient descent optimal, arXiv:1109.5647: suffix averaging",
    aliases=("suffix_average",),
)
