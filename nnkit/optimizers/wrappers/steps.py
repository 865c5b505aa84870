"""Wrappers that change the step an optimizer has made, or the place from which it takes its gradient."""

import numpy as np

from nnkit.jit import kernel
from nnkit.kernels.update import LANES, global_norm
from nnkit.optimizers.closed_form import after_each
from nnkit.optimizers.optimizer import NO_DECAY, Shaped
from nnkit.optimizers.wrappers.closed_form import RATE, left_on_bowl, moved_around
from nnkit.optimizers.wrappers.wrapper import Wrapper, share
from nnkit.registry import ClosedForm, Hyper
from nnkit.simd import fma, real


@kernel
def keep_agreeing(p, g, start, learning_rate, step, least):
    """Take back the steps along the gradient's own sign, and lengthen the others by n / kept.

    Signs are compared, not a product: that of two small numbers would be 0. Where all agree the step stays
    to the bit, and a step to NaN stays.

    Shapes      p, g, start: (n,); p in place
    """
    zero, n_kept = real(p, 0.0), 0
    for i in range(p.size):
        n_kept += (p[i] < start[i] and g[i] > zero) or (p[i] > start[i] and g[i] < zero)
    if n_kept == p.size:
        return
    scale = real(p, 1.0 / max(n_kept / p.size, least))
    for i in range(p.size):
        moved = p[i] - start[i]
        agrees = (moved < zero and g[i] > zero) or (moved > zero and g[i] < zero)
        if agrees:
            p[i] = fma(scale, moved, start[i])
        elif moved == moved:
            p[i] = start[i]


CAUTIOUS = Wrapper(
    name="cautious",
    summary="Makes no step that its own gradient speaks against, and longer ones instead.",
    formula="u = start - p;  mask = u * g > 0;  p <- start - u * mask / max(mean(mask), least), by tensor",
    hyperparameters=(
        Hyper("least", 1e-3, "smallest mean of the mask that steps are divided by", above=0.0, at_most=1.0),
    ),
    after=keep_agreeing,
    over="tensor",
    sees_decay=False,
    closed_forms=(
        ClosedForm(
            "of two steps of momentum, 1.9 with its gradient and 0.4 against it, the first is made twice",
            moved_around(lambda t: [1.0, 1.0 if t == 1 else -0.5], 2, start=[0.0, 0.0], by="momentum"),
            RATE * np.array([[1.0, 1.0], [1.0 + 2 * 1.9, 1.0]]),
        ),
        ClosedForm(
            "decoupled decay is not masked: without a gradient adamw leaves 1 - learning_rate * 0.01",
            moved_around(0.0, 1, start=1.0, by="adamw"),
            np.array([[RATE * 0.01]]),
        ),
    ),
    source="Liang et al. (2024), Cautious optimizers, arXiv:2411.16085; decoupled decay is not masked",
    aliases=("Cautious",),
)


@kernel
def decay_agreeing(p, g, start, learning_rate, step, weight_decay):
    """Decay the weights that the step makes smaller anyway.

    Shapes      p, g, start: (n,); p in place
    """
    lost, zero = real(p, learning_rate * weight_decay), real(p, 0.0)
    for i in range(p.size):
        shrinks = (p[i] < start[i] and start[i] > zero) or (p[i] > start[i] and start[i] < zero)
        if shrinks:
            p[i] = fma(-lost, start[i], p[i])


CAUTIOUS_DECAY = Wrapper(
    name="cautious_decay",
    summary="Decoupled weight decay, only of weights that the step makes smaller too.",
    formula="u = start - p;  p <- p - learning_rate * weight_decay * start where u * start > 0",
    hyperparameters=(
        Hyper(
            "weight_decay",
            0.1,
            "multiplied by learning_rate; 0 is no wrapper",
            at_least=0.0,
            tune="log",
            component=NO_DECAY,
        ),
    ),
    after=decay_agreeing,
    sees_decay=False,
    neutral=("weight_decay", 0.0),
    closed_forms=(
        ClosedForm(
            "against g = 1 the weight 1 loses learning_rate * weight_decay besides, the weight -1 nothing",
            moved_around(1.0, 1, start=[1.0, -1.0]),
            lambda p: RATE * np.array([[1.0 + p["weight_decay"], 1.0]]),
        ),
    ),
    source="Chen et al. (2025), Cautious weight decay, arXiv:2510.12402",
)


@kernel
def look_ahead(p, g, slow, start, learning_rate, step, k, alpha):
    """Move slow weights a share of the way to the fast ones every ``k`` steps, and go on from there.

    Shapes      p, g, slow, start: (n,); p and slow in place
    """
    if step == 1:
        for i in range(p.size):
            slow[i] = start[i]
    if step % int(k) == 0:
        way = real(p, alpha)
        for i in range(p.size):
            # At a share of 1 the difference would be rounded where the weights cross 0.
            slow[i] = p[i] if alpha == 1.0 else fma(way, p[i] - slow[i], slow[i])
            p[i] = slow[i]


LOOKAHEAD = Wrapper(
    name="lookahead",
    summary="Every k steps goes back to a share of the way that the k steps made.",
    formula="every k steps: slow <- slow + alpha * (p - slow);  p <- slow",
    hyperparameters=(
        Hyper("k", 5, "steps between two of the slow weights; 6 in one library", at_least=1, integer=True),
        share("alpha", 0.5, "share of the way that the slow weights go; 1 is no wrapper"),
    ),
    after=look_ahead,
    slot_names=("slow",),
    neutral=("alpha", 1.0),
    closed_forms=(
        ClosedForm(
            "on g = 1, gradient descent is learning_rate * (alpha * k * (t // k) + t % k) away",
            moved_around(1.0, 7),
            lambda p: after_each(7, lambda t: RATE * (p["alpha"] * p["k"] * (t // p["k"]) + t % p["k"])),
            {"k": 3},
        ),
    ),
    source="Zhang et al. (2019), Lookahead optimizer, arXiv:1907.08610",
    aliases=("Lookahead",),
)


@kernel
def ascend(p, g, lanes, learning_rate, step, rho):
    """Go ``rho`` along the gradient of all parameters.

    Shapes      p, g: (n,), p in place; lanes: (LANES,) float64 scratch
    """
    way = real(p, rho / (global_norm(g, lanes) + 1e-12))
    for i in range(p.size):
        p[i] = fma(way, g[i], p[i])


def _radii(first: float, rho: float, steps: int) -> list[float]:
    """Return ``r - RATE * (r + rho)`` again and again."""
    found = [first]
    for _ in range(steps):
        found.append(found[-1] - RATE * (found[-1] + rho))
    return found[1:]


SAM = Wrapper(
    name="sam",
    summary="Sharpness-aware: takes the gradient a little uphill, so two of them a step.",
    formula="the step's gradient is that at p + rho * g / |g|",
    hyperparameters=(Hyper("rho", 0.05, "how far uphill; 0 is no wrapper", at_least=0.0, tune="log"),),
    away=ascend,
    scratch=("lanes",),
    shaped={"lanes": Shaped(lambda sizes: (LANES,), "double")},
    neutral=("rho", 0.0),
    closed_forms=(
        ClosedForm(
            "down w'w / 2 the length r of w = r (0.6, 0.8) becomes r - learning_rate * (r + rho)",
            left_on_bowl([3.0, 4.0], 3),
            lambda p: np.outer(_radii(5.0, p["rho"], 3), [0.6, 0.8]),
        ),
    ),
    source="Foret et al. (2021), Sharpness-aware minimization, arXiv:2010.01412; moving statistics and the"
    " recorded loss are those of the first gradient",
    aliases=("SAM",),
)
