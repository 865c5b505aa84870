"""AdamW: Adam with a decay of the weights that the gradients' statistics do not see."""

from functools import partial

from nnkit.jit import kernel
from nnkit.optimizers.adaptive.adam import ADAM_HYPERPARAMETERS, ADAM_VARIANTS, adam_update, settled
from nnkit.optimizers.optimizer import CLIPPING, NO_DECAY, Optimizer
from nnkit.registry import Hyper
from nnkit.simd import real


@kernel
def adamw_update(
    p, g, m, v, learning_rate, step, beta_1, beta_2, epsilon, epsilon_hat, bias_correction, second_moment,
    weight_decay,
):  # fmt: skip
    """Step as Adam does, from weights that are ``1 - learning_rate * weight_decay`` of what they were."""
    kept = real(p, 1.0 - learning_rate * weight_decay)
    for index in range(p.size):
        p[index] *= kept
    adam_update(
        p, g, m, v, learning_rate, step, beta_1, beta_2, epsilon, epsilon_hat, bias_correction, second_moment
    )


ADAMW = Optimizer(
    name="adamw",
    summary="Adam, with the weights themselves decayed beside the step.",
    formula="p <- p - learning_rate * weight_decay * p - (Adam's step)",
    hyperparameters=(
        *ADAM_HYPERPARAMETERS,
        Hyper(
            "weight_decay",
            0.004,
            "Keras's; 0.01 in PyTorch; multiplied by learning_rate",
            at_least=0.0,
            tune="log",
            component=NO_DECAY,
        ),
        *CLIPPING,
    ),
    slot_names=("m", "v"),
    kernel=adamw_update,
    decays=True,
    flops=13,
    becomes=partial(settled, "adamw"),
    variants=ADAM_VARIANTS,
    source="Loshchilov and Hutter (2019), Decoupled weight decay regularization, arXiv:1711.05101;"
    " defaults of Keras 3",
)
