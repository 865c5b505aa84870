"""Layers, by Keras's names."""

from nnkit.layers.activation import ELU, Activation, LeakyReLU
from nnkit.layers.augment import GaussianNoise, RandomShift
from nnkit.layers.base import LAYERS, Layer, LayerRecord
from nnkit.layers.convolution import Conv1D, Conv2D
from nnkit.layers.dense import Dense
from nnkit.layers.dropout import Dropout
from nnkit.layers.dropouts import AlphaDropout, GaussianDropout, SpatialDropout1D, SpatialDropout2D
from nnkit.layers.lp_pooling import LpPooling1D, LpPooling2D
from nnkit.layers.maxout import Maxout
from nnkit.layers.normalization import BatchNormalization, LayerNormalization
from nnkit.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    MaxPooling1D,
    MaxPooling2D,
)
from nnkit.layers.prelu import PReLU
from nnkit.layers.residual import Residual
from nnkit.layers.sample_norm import GroupNormalization, InstanceNormalization, RMSNormalization
from nnkit.layers.separable import DepthwiseConv2D, SeparableConv2D
from nnkit.layers.shape import Flatten, Reshape
from nnkit.layers.transposed import Conv1DTranspose, Conv2DTranspose

names = LAYERS.names
record = LAYERS.record

__all__ = [
    "ELU",
    "LAYERS",
    "Activation",
    "AlphaDropout",
    "AveragePooling1D",
    "AveragePooling2D",
    "BatchNormalization",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GroupNormalization",
    "InstanceNormalization",
    "Layer",
    "LayerNormalization",
    "LayerRecord",
    "LeakyReLU",
    "LpPooling1D",
    "LpPooling2D",
    "MaxPooling1D",
    "MaxPooling2D",
    "Maxout",
    "PReLU",
    "RMSNormalization",
    "RandomShift",
    "Reshape",
    "Residual",
    "SeparableConv2D",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "names",
    "record",
]
