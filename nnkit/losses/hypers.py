"""Hyper-parameters that several losses have."""

from nnkit.registry import Component, Hyper

FROM_LOGITS = Hyper(
    "from_logits",
    True,
    "false, which is Keras's default: the outputs are shares, those of a final softmax or sigmoid",
)
LABEL_SMOOTHING = Hyper(
    "label_smoothing",
    0.0,
    "the part of every target that is shared out evenly among the classes (Szegedy et al. 2016)",
    at_least=0.0,
    below=1.0,
    component=Component("label smoothing", 0.0),
)
IGNORE_LABEL = Hyper(
    "ignore_label",
    None,
    "rows with this label do not count, and the mean is over the others; -100 in PyTorch",
    at_least=-(2**31),
    at_most=2**31 - 1,
    integer=True,
    optional=True,
)


def gamma(default: float) -> Hyper:
    return Hyper("gamma", default, "how much less a row counts that is right; 0: not at all", at_least=0.0)
