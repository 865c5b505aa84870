"""Every layer in an ONNX file gives what `predict` gives, and what has no form there is refused by name."""

from dataclasses import dataclass
from pathlib import Path

import pytest

import nnkit
from nnkit import layers
from nnkit.emitting.emitter import Emitter
from nnkit.errors import EnvironmentProblem, InvalidArgument
from nnkit.exchange.layers import CONVERTERS
from nnkit.layers import Layer
from nnkit.ops import Buffer
from tests.nnkit.exchange.onnx_models import scattered, worst

CLOSE = {"float32": 2e-6, "float64": 1e-12}
IMAGE, SEQUENCE, ROW = (6, 5, 4), (7, 4), (6,)
# Options that change what is computed; strides, padding and dilation of one sort stand for those of others.
TRIED: list[tuple[Layer, tuple[int, ...]]] = [
    (layers.Dense(3), ROW),
    (layers.Dense(3, "swiglu" if False else "relu", use_bias=False), SEQUENCE),
    (layers.Dense(4, "glu"), ROW),
    (layers.Maxout(3, 2), ROW),
    (layers.Maxout(3, 3), SEQUENCE),
    (layers.Activation("silu"), IMAGE),
    (layers.LeakyReLU(0.3), ROW),
    (layers.ELU(0.7), ROW),
    (layers.PReLU(), IMAGE),
    (layers.Flatten(), IMAGE),
    (layers.Flatten(), ROW),
    (layers.Reshape((5, -1)), IMAGE),
    (layers.Dropout(0.5), ROW),
    (layers.GaussianDropout(0.5), ROW),
    (layers.AlphaDropout(0.5), ROW),
    (layers.SpatialDropout1D(0.5), SEQUENCE),
    (layers.SpatialDropout2D(0.5), IMAGE),
    (layers.GaussianNoise(0.5), ROW),
    (layers.RandomShift(1), IMAGE),
    (layers.BatchNormalization(), ROW),
    (layers.BatchNormalization(epsilon=0.1), IMAGE),
    (layers.LayerNormalization(), SEQUENCE),
    (layers.GroupNormalization(2), IMAGE),
    (layers.GroupNormalization(-1), SEQUENCE),
    (layers.GroupNormalization(2), ROW),
    (layers.InstanceNormalization(), IMAGE),
    (layers.RMSNormalization(), SEQUENCE),
    (layers.Residual([layers.Dense(6, "tanh"), layers.Residual([layers.Dense(6)])]), ROW),
    (layers.Conv2D(3, 3, "tanh"), IMAGE),
]
