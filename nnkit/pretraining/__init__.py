"""Unsupervised pre-training: restricted Boltzmann machines, and deep belief nets, stacks of them."""

from nnkit.pretraining.dbn import DBN
from nnkit.pretraining.rbm import RBM

__all__ = ["DBN", "RBM"]
