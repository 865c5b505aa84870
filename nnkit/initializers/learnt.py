"""Initial weights that are no draw: they are learnt from the training inputs before the training."""

from nnkit.registry import Hyper, Part

DBN = Part(
    name="dbn",
    summary="Hidden sigmoid layers start as a deep belief net, pre-trained on the training inputs.",
    formula="W, c: a restricted Boltzmann machine on the layer below; the head as glorot_uniform",
    source="Hinton, Osindero and Teh (2006), Neural Computation 18(7)",
    hyperparameters=(
        Hyper("epochs", 20, "epochs of every machine", at_least=1, at_most=10_000, integer=True),
        Hyper("rate", 0.1, "learning rate of contrastive divergence", above=0.0),
        Hyper("k", 1, "steps of Gibbs sampling", at_least=1, at_most=10_000, integer=True),
    ),
)
# What the layers that are not pre-trained, and all before that, start with.
DRAWN = "glorot_uniform"


def is_learnt(choice: str) -> bool:
    """Return whether a choice on the axis of initializers names one that learns."""
    return choice.partition("(")[0].strip() == DBN.name
