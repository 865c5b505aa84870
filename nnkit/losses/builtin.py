"""The losses that nnkit brings. Classification takes logits."""

from nnkit.kernels import loss as kernels
from nnkit.losses.record import Loss

SPARSE_CATEGORICAL_CROSSENTROPY = Loss(
    name="sparse_categorical_crossentropy",
    aliases=("cross_entropy",),
    summary="Minus the log of the softmax's share for the right class; labels are whole numbers.",
    formula="L = log(sum_j exp(z_j)) - z_target",
    source="Bridle (1990), Neurocomputing; Keras 3, SparseCategoricalCrossentropy(from_logits=True)",
    gradient_kernel=kernels.sparse_categorical_crossentropy_gradient,
    value_kernel=kernels.sparse_categorical_crossentropy_value,
    flops=(22, 31),
    gradient_flops=(23, 33),
    targets="labels",
    takes_logits=True,
)
BINARY_CROSSENTROPY = Loss(
    name="binary_crossentropy",
    summary="Minus the log of the sigmoid's share for the right one of two classes; one logit per row.",
    formula="L = log(1 + exp(z)) - target * z",
    source="Keras 3, BinaryCrossentropy(from_logits=True)",
    gradient_kernel=kernels.binary_crossentropy_gradient,
    value_kernel=kernels.binary_crossentropy_value,
    flops=(43, 0),
    gradient_flops=(67, 0),
    targets="labels",
    takes_logits=True,
    n_outputs=1,
)
MEAN_SQUARED_ERROR = Loss(
    name="mean_squared_error",
    aliases=("mse",),
    summary="The mean of the squared differences over rows and outputs.",
    formula="L = mean((y - target)**2)",
    source="Keras 3, MeanSquaredError",
    gradient_kernel=kernels.mean_squared_error_gradient,
    value_kernel=kernels.mean_squared_error_value,
    flops=(3, 2),
    gradient_flops=(5, 2),
    targets="real",
)
