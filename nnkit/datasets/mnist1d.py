"""MNIST-1D: ten digit-like curves, moved, scaled, sheared and buried in noise, 40 values each.

The construction and its constants are those of Greydanus (2020), "Scaling down deep learning", and its
public code. The random numbers are drawn in the published order, so the data are the published ones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnkit.datasets.dataset import Arrays, DatasetRecord, round_off

Floats = NDArray[np.float64]

# One curve per digit, drawn by hand in the publication.
_CURVES = (
    (5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5),
    (5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5),
    (5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5),
    (5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5),
    (5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5),
    (5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5),
    (5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5),
    (5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5),
)
_N_SAMPLES = 5000
_N_TRAIN = 4000
_SEED = 42
_LEAST_PADDING, _MOST_PADDING = 36, 60
_LENGTH = 12 + _MOST_PADDING  # of a padded curve, once stretched
_FINAL_LENGTH = 40
_SCALE_RANGE = 0.4
_N_SHIFTS = 48
_CORRELATED_NOISE, _FILTER_SIGMA = 0.25, 2.0
_WHITE_NOISE = 0.02
_SHEAR_RANGE = 0.75


@dataclass(frozen=True, slots=True)
class _Draws:
    """The random numbers behind the samples: one row each, uniform in [0, 1) or standard normal."""

    padding: Floats
    scale: Floats
    shift: NDArray[np.int64]
    correlated: Floats  # (samples, _LENGTH)
    white: Floats  # (samples, _LENGTH)
    shear: Floats


def mnist1d() -> Arrays:
    """Return all 5000 samples, the 4000 of the published training part first."""
    x, labels, _ = _published()
    return x, labels


def mnist1d_shuffled() -> Arrays:
    """Return the same samples with the 40 positions permuted, alike in every row."""
    x, labels, positions = _published()
    return x[:, positions], labels


def _published() -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    stream = np.random.RandomState(_SEED)
    labels = np.repeat(np.arange(len(_CURVES)), _N_SAMPLES // len(_CURVES))
    x = _samples(labels, _draw(stream))
    order = stream.permutation(_N_SAMPLES)
    positions = stream.permutation(_FINAL_LENGTH)  # drawn last, so both variants share all the rest
    x = x[order]
    return round_off((x - x.mean()) / x.std()), labels[order], positions


def _draw(stream: np.random.RandomState) -> _Draws:
    """Draw sample by sample, in the published order: each normal takes a varying share of the stream."""
    draws = _Draws(
        padding=np.empty(_N_SAMPLES),
        scale=np.empty(_N_SAMPLES),
        shift=np.empty(_N_SAMPLES, dtype=np.int64),
        correlated=np.empty((_N_SAMPLES, _LENGTH)),
        white=np.empty((_N_SAMPLES, _LENGTH)),
        shear=np.empty(_N_SAMPLES),
    )
    for i in range(_N_SAMPLES):
        draws.padding[i] = stream.random_sample()
        draws.scale[i] = stream.random_sample()
        draws.shift[i] = stream.randint(_N_SHIFTS)
        draws.correlated[i] = stream.standard_normal(_LENGTH)
        draws.white[i] = stream.standard_normal(_LENGTH)
        draws.shear[i] = stream.random_sample()
    return draws


def _samples(labels: NDArray[np.int64], draws: _Draws) -> Floats:
    padding_index = (draws.padding * (_MOST_PADDING - _LEAST_PADDING + 1)).astype(np.int64)
    signal = _stretched_curves()[labels, padding_index]
    signal = signal * (1.0 + _SCALE_RANGE * (draws.scale - 0.5))[:, None]
    signal = _rolled(signal, draws.shift)
    background = _smoothed(_CORRELATED_NOISE * draws.correlated)
    signal = np.where(signal != 0.0, signal, background) + _WHITE_NOISE * draws.white
    slope = _SHEAR_RANGE * (draws.shear - 0.5)
    return _resampled(signal - slope[:, None] * np.linspace(-0.5, 0.5, _LENGTH))


def _stretched_curves() -> Floats:
    """Return every curve with every padding, stretched to one length: (digits, paddings, _LENGTH)."""
    curves = np.array(_CURVES)
    curves = (curves - curves.mean(axis=1, keepdims=True)) / curves.std(axis=1, keepdims=True)
    # Lifted off zero: a value of exactly 0 marks padding, which the correlated noise then replaces.
    curves = (curves - curves[:, :1]) / 6.0 + 1e-8
    n_paddings = _MOST_PADDING - _LEAST_PADDING + 1
    stretched = np.empty((len(curves), n_paddings, _LENGTH))
    for digit, curve in enumerate(curves):
        for index in range(n_paddings):
            padded = np.concatenate([curve, np.zeros(_LEAST_PADDING + index)])
            places = np.linspace(0.0, 1.0, len(padded))
            stretched[digit, index] = np.interp(np.linspace(0.0, 1.0, _LENGTH), places, padded)
    return stretched


def _rolled(signal: Floats, shift: NDArray[np.int64]) -> Floats:
    """Return each row moved right by its own shift, what falls off coming in at the left."""
    columns = (np.arange(_LENGTH) - shift[:, None]) % _LENGTH
    return np.take_along_axis(signal, columns, axis=1)


def _smoothed(noise: Floats) -> Floats:
    """Return each row under a Gaussian filter cut at four sigma, the ends mirrored."""
    reach = int(4 * _FILTER_SIGMA + 0.5)
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / _FILTER_SIGMA) ** 2)
    taps /= taps.sum()
    mirrored = np.pad(noise, ((0, 0), (reach, reach)), mode="symmetric")
    smooth = np.zeros_like(noise)
    for k, tap in enumerate(taps):
        smooth += tap * mirrored[:, k : k + _LENGTH]
    return smooth


def _resampled(signal: Floats) -> Floats:
    """Return each row at ``_FINAL_LENGTH`` evenly spaced places, by linear interpolation."""
    places = np.linspace(0.0, _LENGTH - 1.0, _FINAL_LENGTH)
    left = np.minimum(places.astype(np.int64), _LENGTH - 2)
    return signal[:, left] + (places - left) * (signal[:, left + 1] - signal[:, left])


_SOURCE = "Greydanus (2020), Scaling down deep learning, arXiv:2011.14439; code at greydanus/mnist1d"
_LICENCE = "computed by nnkit (MIT); construction and curves published under Apache-2.0"

MNIST1D = DatasetRecord(
    name="mnist1d",
    summary="MNIST in one dimension: 40 values, hard for linear models, easy for convolutions.",
    formula="pad, stretch, scale, roll, add smooth noise outside the curve, white noise, shear, resample",
    source=_SOURCE,
    licence=_LICENCE,
    task="classification",
    n_samples=_N_SAMPLES,
    input_shape=(_FINAL_LENGTH,),
    n_classes=10,
    n_official_train=_N_TRAIN,
    build=mnist1d,
)

MNIST1D_SHUFFLED = DatasetRecord(
    name="mnist1d_shuffled",
    summary="MNIST-1D with its 40 positions permuted alike in all rows: neighbours mean nothing.",
    formula="mnist1d, then one permutation of the positions",
    source=_SOURCE,
    licence=_LICENCE,
    task="classification",
    n_samples=_N_SAMPLES,
    input_shape=(_FINAL_LENGTH,),
    n_classes=10,
    n_official_train=_N_TRAIN,
    build=mnist1d_shuffled,
)
