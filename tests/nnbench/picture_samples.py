"""Pictures made up for the tests: every value is different, so that a mistaken index shows."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnbench.records.trials import Pictures


def pictures(
    *, filters: int = 8, size: int = 6, channels: int = 1, samples: int = 3, **changes: Any
) -> Pictures:
    """Return pictures of a 3 by 3 convolution over square images, behind a ReLU."""
    rng = np.random.default_rng([filters, size, channels])
    drawn = rng.uniform(-0.3, 0.3, (3, 3, channels, filters))
    plain = Pictures(
        layer="conv2d_0",
        activation="relu",
        n_filters=filters,
        samples=tuple(range(samples)),
        labels=tuple(9 - place for place in range(samples)),
        drawn=np.float32(drawn),
        learned=np.float32(drawn + rng.normal(scale=0.2, size=drawn.shape)),
        inputs=np.float32(rng.uniform(size=(samples, size, size, channels))),
        maps=np.float32(np.maximum(rng.normal(size=(samples, size, size, filters)), 0.0)),
    )
    return replace(plain, **changes)


def sequences(*, filters: int = 5, samples: int = 2) -> Pictures:
    """Return pictures of a convolution over sequences, behind a tanh."""
    rng = np.random.default_rng(filters)
    drawn, learned = (np.float32(rng.uniform(-1, 1, (5, 1, filters))) for _ in range(2))
    return pictures(
        filters=filters,
        samples=samples,
        layer="conv1d_0",
        activation="tanh",
        drawn=drawn,
        learned=learned,
        inputs=np.float32(rng.normal(size=(samples, 40, 1))),
        maps=np.float32(np.tanh(rng.normal(size=(samples, 19, filters)))),
    )


def _arrays(n_axes: int) -> st.SearchStrategy[Any]:
    return hnp.arrays(np.float32, hnp.array_shapes(min_dims=n_axes, max_dims=n_axes, min_side=0, max_side=3))


_names = st.text(st.characters(exclude_categories=["Cs"]))
_places = st.lists(st.integers(0, 2**31), max_size=3).map(tuple)
any_pictures = st.builds(
    Pictures,
    layer=_names,
    activation=_names,
    n_filters=st.integers(0, 2**31),
    samples=_places,
    labels=_places,
    **{name: _arrays(3) | _arrays(4) for name in ("drawn", "learned", "inputs", "maps")},
)
